"""Plays the demo organisation's last days through the portal's own actions, so that its history is computed, not drawn.

The shipped intelligence is a picture of one day. The replay moves that picture's last days onto the days before now:
what was published then is learned on the day that corresponds, and machines patch as fast as their role does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Max

from inventory.actions import default_group, load_aliases
from inventory.models import Alert, Configuration, Machine, MachineGroup
from inventory.records import InstalledSoftware, MachineFacts, Report
from recommendations.actions import held
from tvm_portal import pipeline
from tvm_portal.demo import checks, exceptions, requests, store
from tvm_portal.demo.catalogue import Package, version_on
from tvm_portal.demo.organisation import DOMAIN, GROUPS, DemoMachine, address, machines
from tvm_portal.demo.shipped import catalogue
from weaknesses import starter
from weaknesses.models import Weakness

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Replay:
    fleet: tuple[DemoMachine, ...]
    days: int
    seed: int
    now: dt.datetime
    stamp: dt.date  # the day of the intelligence that corresponds to now
    learns: bool  # the shipped intelligence arrives day by day; off where feeds have been synced
    packages: dict[str, tuple[Package, ...]] = field(default_factory=dict)

    def moment(self, age: int) -> dt.datetime:
        return self.now - dt.timedelta(days=age)

    def day(self, age: int) -> dt.date:
        return self.stamp - dt.timedelta(days=age)


def play(*, count: int, days: int, seed: int, now: dt.datetime, progress: Progress) -> None:
    """Build the fleet and its history. Run again, it replaces what an earlier run built."""
    learns = not Weakness.objects.exclude(source="starter").exists()
    fleet = tuple(machines(count=count, days=days, seed=seed))
    shelf = catalogue()
    replay = Replay(
        fleet=fleet,
        days=days,
        seed=seed,
        now=now,
        stamp=starter.AS_OF,
        learns=learns,
        packages={machine.name: tuple(shelf.on(machine, seed=seed)) for machine in fleet},
    )
    make_frame(now=replay.moment(days))
    exceptions.remove()
    if learns:
        store.forget_intelligence_after(replay.day(days))
    for age in range(days, -1, -1):
        with held():  # a worker would take the machines of a day long past for silent ones
            _play_day(replay, age)
        progress(days - age + 1, days + 1)
    if learns:
        store.past_scores(first=replay.moment(days).date(), last=now.date())


def make_frame(*, now: dt.datetime) -> None:
    """Groups, checks and aliases: what stands before the first report."""
    load_aliases(now=now)
    default_group()
    with transaction.atomic():
        for name, rank, rule in GROUPS:
            _make_group(name, rank, rule)
        for check in checks.catalogue():
            Configuration.objects.update_or_create(
                source="demo",
                external_id=check.external_id,
                defaults={
                    "name": check.name,
                    "risk": check.risk,
                    "remediation": check.remediation,
                    "category": check.category,
                    "subcategory": check.subcategory,
                    "impact": check.impact,
                    "benchmarks": list(check.benchmarks),
                    "user_impact": check.user_impact,
                    "is_demo": True,
                },
            )


def _make_group(name: str, rank: int, rule: list[dict[str, str]]) -> None:
    """At its rank, or below all others where that rank is taken."""
    if MachineGroup.objects.filter(rank=rank).exclude(name=name).exists():
        rank = 1 + (MachineGroup.objects.aggregate(lowest=Max("rank"))["lowest"] or 0)
    MachineGroup.objects.get_or_create(name=name, defaults={"rank": rank, "rule": rule, "description": store.GROUP_NOTE})


def _play_day(replay: Replay, age: int) -> None:
    moment, day = replay.moment(age), replay.day(age)
    first = age == replay.days
    if replay.learns and (first or day in starter.days_with_news()):
        starter.load(now=moment, known_on=day)
    reporting = [machine for machine in replay.fleet if machine.joined >= age and (machine.silent is None or machine.silent <= age)]
    store.reports([_report(replay, machine, day) for machine in reporting], now=moment)
    arrived = [machine for machine in reporting if machine.joined == age]
    if arrived:
        store.machine_traits(arrived, now=moment)
    _store_results(replay, reporting, arrived, age)
    _raise_alerts(replay, age)
    pipeline.run(now=moment)
    requests.ask(age=age, now=moment)
    exceptions.decide(age=age, now=moment)


def _store_results(replay: Replay, reporting: list[DemoMachine], arrived: list[DemoMachine], age: int) -> None:
    part, before = age / max(replay.days, 1), (age + 1) / max(replay.days, 1)
    results = [
        *checks.changed_results(arrived, age=part, before=None, seed=replay.seed),
        *checks.changed_results(reporting, age=part, before=before, seed=replay.seed),
    ]
    store.check_results({row[:2]: row for row in results}.values(), now=replay.moment(age))


def _report(replay: Replay, machine: DemoMachine, day: dt.date) -> Report:
    software = []
    for package in replay.packages[machine.name]:
        version = version_on(package, machine, day=day, seed=replay.seed)
        if version is not None:
            software.append(InstalledSoftware(package.ecosystem, package.name, version, package.vendor))
    system = next((row for row in software if row.ecosystem == "os"), None)
    facts = MachineFacts(
        external_id=machine.external_id,
        name=machine.name,
        domain=DOMAIN,
        family=machine.family,
        platform=machine.platform if machine.family == "linux" else machine.family,
        os_name=system.name if system else machine.platform,
        os_version=system.version if system else "",
        os_build=system.version if system and machine.family == "windows" else "",
        architecture="arm64" if machine.family == "macos" else "x86_64",
        ip_addresses=(address(machine, replay.seed),),
    )
    covers = {"os", "cpe"} | {row.ecosystem for row in software}
    return Report(machine=facts, software=tuple(software), covers=frozenset(covers))


# days before the end: a machine of this prefix, what is seen, days until it is closed (None: still open)
ALERTS = (
    (41, "fld-lt", "Credential theft tool started", "", 6),
    (19, "web-edge", "Web shell written below the document root", "", 4),
    (9, "ho-ws", "Browser process started a shell", "CVE-2026-2441", None),
    (3, "fld-lt", "Archive dropped a program into the start-up folder", "CVE-2025-8088", None),
)


def _raise_alerts(replay: Replay, age: int) -> None:
    for number, (opened, prefix, title, cve, open_for) in enumerate(ALERTS, start=1):
        key = f"demo-alert-{number}"
        if age == opened:
            machine = Machine.objects.filter(is_demo=True, name__startswith=prefix).order_by("name")[6:7].first()
            machine = machine or Machine.objects.filter(is_demo=True).order_by("name").first()
            if machine is not None:
                defaults = {
                    "machine": machine,
                    "title": title,
                    "cve": cve,
                    "source": "demo",
                    "opened_at": replay.moment(age),
                    "closed_at": None,
                }
                Alert.objects.update_or_create(external_id=key, defaults=defaults)
        if open_for is not None and age == opened - open_for:
            Alert.objects.filter(external_id=key).update(closed_at=replay.moment(age))
