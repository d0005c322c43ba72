"""Which machines are vulnerable: the set-based run against plain Python, over random fleets and what becomes of them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.bulk import mark_dirty
from inventory.models import Machine, Software, Version
from recommendations import actions, risk_rules
from recommendations.models import MachineRisk, RiskDay, RiskStat
from recommendations.records import Fleet, FleetMachine
from recommendations.risk_rules import Age, Risk
from tests.integration.recommendations.agreement import in_a_scratch_database, random_fleets
from tests.integration.recommendations.stored_fleets import NOW, Stored, store, store_machine
from tests.unit.recommendations.fleets import CVES, fleets
from weaknesses.models import VersionWeakness, Weakness

pytestmark = pytest.mark.django_db

Published = dict[str, int | None]  # weakness -> days before NOW; None: not known
SYSTEMS = (
    ({"family": "windows", "platform": "windows", "os_name": "Windows 11", "os_build": "26100.3476"}, ("windows", "Windows 11 24H2")),
    ({"family": "windows", "platform": "windows", "os_name": "Windows 10", "os_build": "10.0.17763.1"}, ("windows", "Windows 10 1809")),
    (
        {"family": "windows", "platform": "windows", "os_name": "Windows Server 2019", "os_build": "10.0.17763.1"},
        ("windows", "Windows Server 2019"),
    ),
    ({"family": "windows", "platform": "windows", "os_name": "Windows XP", "os_build": ""}, ("windows", "Windows XP")),
    ({"family": "linux", "platform": "debian-12", "os_name": "Debian", "os_build": ""}, ("debian", "")),
    ({"family": "linux", "platform": "", "os_name": "", "os_build": ""}, ("linux", "")),
)
published = st.fixed_dictionaries({cve: st.none() | st.sampled_from((0, 30, 31, 60, 61, 90, 91, 92, 4000)) for cve in CVES})
steps = st.lists(
    st.tuples(st.sampled_from(("machine", "weakness", "afresh")), st.integers(0, 50), st.sampled_from(CVES), st.integers(0, 200)),
    max_size=5,
)


def build(fleet: Fleet, days: Published) -> Stored:
    stored = store(fleet)
    for cve, pk in stored.weaknesses.items():
        tell(pk, days[cve])
    for number, pk in enumerate(sorted(stored.machines.values())):
        Machine.objects.filter(pk=pk).update(**SYSTEMS[number % len(SYSTEMS)][0])
    return stored


def tell(weakness: int, days: int | None) -> None:
    Weakness.objects.filter(pk=weakness).update(published_at=None if days is None else NOW - dt.timedelta(days=days))


def agree(fleet: Fleet, days: Published, stored: Stored, *, now: dt.datetime) -> None:
    """Rows, sums and the rows of a day are what the fleet says."""
    wanted, sums = {}, Counter[tuple[object, ...]]()
    order = sorted(stored.machines.values())
    for name, machine in fleet.machines.items():
        if machine.active:
            place = SYSTEMS[order.index(stored.machines[name]) % len(SYSTEMS)][1]
            risk = reference(machine, fleet, days)
            wanted[stored.machines[name]] = (stored.groups[machine.group], risk, place)
            if risk:
                age = risk_rules.age_of(risk.published_on, today=now.date())
                sums[(stored.groups[machine.group], risk.severity, risk.exploit, age.value, *place)] += 1
    found = {
        row.machine_id: (
            row.group_id,
            None if row.severity is None else Risk(row.severity, row.exploit or 0, row.published_on),
            (row.platform, row.release),
        )
        for row in MachineRisk.objects.all()
    }
    assert found == wanted
    kept = Counter[tuple[object, ...]]()
    for row in RiskStat.objects.all():
        age = risk_rules.age_of(row.counted_on, today=now.date())
        kept[(row.group_id, row.severity, row.exploit, age.value, row.platform, row.release)] += row.machines
    assert kept == sums
    actions.snapshot(day=now.date())
    columns = ("group_id", "severity", "exploit", "age", "platform", "release", "machines")
    day = {tuple(row[:-1]): row[-1] for row in RiskDay.objects.filter(day=now.date()).values_list(*columns)}
    assert day == dict(sums)
    assert sum(day.values()) == sum(1 for _, risk, _ in wanted.values() if risk)


def reference(machine: FleetMachine, fleet: Fleet, days: Published) -> Risk | None:
    found = {cve for version in machine.versions for cve in fleet.versions[version].matches}
    return risk_rules.worst(
        Risk(
            fleet.weaknesses[cve].severity,
            risk_rules.exploit_level(exploit=fleet.weaknesses[cve].exploit, exploited=fleet.weaknesses[cve].exploited),
            None if (age := days[cve]) is None else (NOW - dt.timedelta(days=age)).date(),
        )
        for cve in found
    )


@random_fleets
@given(fleet=fleets(), days=published, changes=steps)
def test_rows_and_sums_are_what_plain_python_says(fleet: Fleet, days: Published, changes: list[tuple[str, int, str, int]]) -> None:
    def check() -> None:
        stored, now, told, known = build(fleet, days), NOW, dict(days), fleet
        actions.recompute(now=now)
        agree(known, told, stored, now=now)
        for kind, number, cve, age in changes:
            if kind == "machine" and known.machines:
                name = sorted(known.machines)[number % len(known.machines)]
                versions = frozenset(version for index, version in enumerate(known.versions) if number >> index & 1)
                machine = replace(known.machines[name], versions=versions, group=("default", "servers")[number % 2], active=number % 7 > 0)
                known = replace(known, machines={**known.machines, name: machine})
                system = Machine.objects.filter(pk=stored.machines[name]).values("family", "platform", "os_name", "os_build").get()
                store_machine(name, machine, stored)
                Machine.objects.filter(pk=stored.machines[name]).update(**system)
                mark_dirty(now=now, machine_ids=[stored.machines[name]])
                actions.refresh_dirty(now=now)
            elif kind == "weakness":
                told[cve] = age
                tell(stored.weaknesses[cve], age)
                actions.recompute(now=now)
            else:
                actions.recompute(now=now, afresh=True)
            agree(known, told, stored, now=now)

    in_a_scratch_database(check)


@random_fleets
@given(fleet=fleets(), days=published, later=st.sampled_from((1, 29, 30, 31, 61, 91)))
def test_the_calendar_alone_makes_machines_older(fleet: Fleet, days: Published, later: int) -> None:
    def check() -> None:
        stored = build(fleet, days)
        actions.recompute(now=NOW)
        now = NOW + dt.timedelta(days=later)
        Machine.objects.filter(last_seen=NOW).update(last_seen=now)
        agree(fleet, days, stored, now=now)  # nothing was computed since
        actions.recompute(now=now)
        agree(fleet, days, stored, now=now)

    in_a_scratch_database(check)


def test_a_match_that_ends_while_its_carriers_wait_is_seen_by_all_of_them() -> None:
    """An incremental run takes some of the carriers; the full run that follows makes the others again."""
    weakness = Weakness.objects.create(cve="CVE-2026-0001", severity=4, source="test", published_at=NOW)
    stored = store(Fleet())
    software = Software.objects.create(key="acme-_-editor", ecosystem="cpe", name="Editor", first_seen=NOW)
    version = Version.objects.create(software=software, version="1", first_seen=NOW, matched_at=NOW)
    VersionWeakness.objects.create(
        version=version, weakness=weakness, range_id=0, source="test", confidence=100, fix=1, fixed="2", first_matched_at=NOW
    )
    stored.versions["acme-_-editor@1"] = version.pk
    for name in ("a", "b", "c"):
        store_machine(name, FleetMachine(versions=frozenset({"acme-_-editor@1"})), stored)
    actions.recompute(now=NOW)
    assert sum(row.machines for row in RiskStat.objects.all()) == 3
    VersionWeakness.objects.all().delete()
    actions.score_versions(version_ids=[version.pk], now=NOW)
    mark_dirty(now=NOW, version_ids=[version.pk])
    actions.refresh_dirty(now=NOW, limit=1)
    assert sum(row.machines for row in RiskStat.objects.all()) == 2
    actions.recompute(now=NOW)
    assert not RiskStat.objects.exists()
    assert set(MachineRisk.objects.values_list("severity", flat=True)) == {None}


def test_ages_have_the_bounds_of_their_names() -> None:
    today = NOW.date()
    for age in Age:
        first, last = risk_rules.days_of(age, today=today)
        assert risk_rules.age_of(first, today=today) == age
        assert risk_rules.age_of(last, today=today) == age
