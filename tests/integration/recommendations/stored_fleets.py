"""Writes a fleet of the reference model to the database, and reads back what a run made of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection

from inventory.actions import default_group
from inventory.models import Alert, Configuration, ConfigurationResult, Installation, Machine, MachineGroup, Software, Version
from recommendations.models import ExceptionEffect, GroupScore, Recommendation, RecommendationStat, WeaknessEffect
from recommendations.records import Effect, ExceptedWeakness, Fleet, FleetMachine, FleetVersion
from weaknesses.models import VersionWeakness, Weakness

NOW = dt.datetime(2026, 3, 17, 12, tzinfo=dt.UTC)
LONG_AGO = NOW - dt.timedelta(days=90)


@dataclass(frozen=True)
class Stored:
    """Ids by the names of the fleet."""

    machines: dict[str, int]
    versions: dict[str, int]
    groups: dict[str, int]
    checks: dict[str, int]
    weaknesses: dict[str, int]

    def key(self, recommendation: str) -> str:
        """The database's key: a check is numbered there."""
        kind, _, name = recommendation.partition("-_-")
        return f"sca-_-scid-{self.checks[name]}" if kind == "sca" else recommendation


def store(fleet: Fleet) -> Stored:
    """A fleet in an empty database. Version `a@0` of software `a` is version "0" of it."""
    groups = {"default": default_group().pk}
    groups["servers"] = MachineGroup.objects.get_or_create(name="Servers", defaults={"rank": 1})[0].pk
    weaknesses = {cve: _weakness(cve, fleet) for cve in fleet.weaknesses}
    versions = {name: _version(name, fleet, weaknesses) for name in fleet.versions}
    checks = {
        name: Configuration.objects.create(source="test", external_id=name, name=name, category=check.category, impact=check.impact).pk
        for name, check in fleet.checks.items()
    }
    stored = Stored({}, versions, groups, checks, weaknesses)
    for name, machine in fleet.machines.items():
        stored.machines[name] = store_machine(name, machine, stored)
    _alerts_naming(fleet)
    return stored


def store_machine(name: str, machine: FleetMachine, stored: Stored) -> int:
    """One machine, new or as it has become; anything it had before is replaced."""
    row, _ = Machine.objects.update_or_create(
        external_id=name,
        defaults={
            "name": name,
            "family": "linux",
            "group_id": stored.groups[machine.group],
            "value": machine.value,
            "internet_facing": machine.internet_facing,
            "first_seen": LONG_AGO,
            "last_seen": NOW if machine.active else LONG_AGO,
        },
    )
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM inventory_installation WHERE machine_id = %s", [row.pk])
        cursor.execute("DELETE FROM inventory_configurationresult WHERE machine_id = %s", [row.pk])
    Installation.objects.bulk_create(
        Installation(machine_id=row.pk, version_id=stored.versions[version], first_seen=NOW) for version in machine.versions
    )
    ConfigurationResult.objects.bulk_create(
        ConfigurationResult(machine_id=row.pk, configuration_id=stored.checks[check], passed=ok, changed_at=NOW)
        for check, ok in machine.checks.items()
    )
    Alert.objects.filter(machine=row, cve="").delete()
    if machine.alerted:
        Alert.objects.create(external_id=f"alert {name}", machine=row, title="Alert", opened_at=NOW)
    return row.pk


def become(fleet: Fleet, stored: Stored) -> None:
    """Everything but the exceptions, as this fleet has it: machines it lacks are deleted."""
    for name in set(stored.machines) - set(fleet.machines):
        Machine.objects.filter(pk=stored.machines.pop(name)).delete()
    for cve, facts in fleet.weaknesses.items():
        Weakness.objects.filter(cve=cve).update(
            cvss=facts.cvss, severity=facts.severity, epss=facts.epss, exploit=facts.exploit, exploited=facts.exploited
        )
    for name, check in fleet.checks.items():
        Configuration.objects.filter(pk=stored.checks[name]).update(impact=check.impact)
    for name, version in fleet.versions.items():
        Software.objects.filter(key=version.software).update(support=4 if version.ended else 0)
        if name in stored.versions:
            _match(Version.objects.get(pk=stored.versions[name]), version, stored.weaknesses)
        else:
            stored.versions[name] = _version(name, fleet, stored.weaknesses)
    for name, machine in fleet.machines.items():
        stored.machines[name] = store_machine(name, machine, stored)
    Alert.objects.exclude(cve="").delete()
    _alerts_naming(fleet)


def store_effects(effects: tuple[Effect, ...], stored: Stored) -> None:
    """Exceptions, on the recommendations that exist."""
    ExceptionEffect.objects.all().delete()
    for effect in effects:
        found = Recommendation.objects.filter(key=stored.key(effect.recommendation)).first()
        if found is not None:
            group = stored.groups[effect.group] if effect.group else None
            ExceptionEffect.objects.create(recommendation=found, group_id=group, mitigates=effect.mitigates)


def store_excepted(excepted: tuple[ExceptedWeakness, ...], stored: Stored) -> None:
    """Excepted weaknesses, of the software that exists."""
    WeaknessEffect.objects.all().delete()
    for one in excepted:
        software = Software.objects.filter(key=one.software).first() if one.software else None
        if software is not None or one.software is None:
            group = stored.groups[one.group] if one.group else None
            WeaknessEffect.objects.create(weakness_id=stored.weaknesses[one.weakness], software=software, group_id=group)


def scores() -> tuple[float, float]:
    """S, plain and after exceptions."""
    weight = sum(group.weight for group in GroupScore.objects.all())
    if not weight:
        return 0.0, 0.0
    plain = sum(group.exposure for group in GroupScore.objects.all())
    after = sum(group.exposure_after for group in GroupScore.objects.all())
    return 100 * plain / weight, 100 * after / weight


def impacts() -> dict[str, tuple[int, float, float]]:
    """Exposed machines, impact and impact after exceptions in points, by recommendation key; needed ones only."""
    weight = sum(group.weight for group in GroupScore.objects.all())
    found: dict[str, tuple[int, float, float]] = {}
    for stat in RecommendationStat.objects.select_related("recommendation").filter(exposed__gt=0):
        exposed, impact, after = found.get(stat.recommendation.key, (0, 0.0, 0.0))
        key = stat.recommendation.key
        found[key] = exposed + stat.exposed, impact + 100 * stat.impact / weight, after + 100 * stat.impact_after / weight
    return found


def _weakness(cve: str, fleet: Fleet) -> int:
    facts = fleet.weaknesses[cve]
    return Weakness.objects.create(
        cve=cve, cvss=facts.cvss, severity=facts.severity, epss=facts.epss, exploit=facts.exploit, exploited=facts.exploited, source="test"
    ).pk


def _version(name: str, fleet: Fleet, weaknesses: dict[str, int]) -> int:
    facts = fleet.versions[name]
    software, _ = Software.objects.get_or_create(
        key=facts.software,
        defaults={"ecosystem": "cpe", "name": facts.software, "first_seen": LONG_AGO, "support": 4 if facts.ended else 0},
    )
    version = Version.objects.create(
        software=software,
        version=name.partition("@")[2],
        first_seen=LONG_AGO,
        matched_at=NOW,
    )
    _match(version, facts, weaknesses)
    return version.pk


def _match(version: Version, facts: FleetVersion, weaknesses: dict[str, int]) -> None:
    version.support_ends_on = LONG_AGO.date() if facts.line_ended else None
    version.save()
    VersionWeakness.objects.filter(version=version).delete()
    VersionWeakness.objects.bulk_create(
        VersionWeakness(
            version=version,
            weakness_id=weaknesses[cve],
            range_id=0,
            source="test",
            confidence=100,
            fix=1 if match.fixed else 0,
            fixed="9" if match.fixed else "",
            fixed_key="9" if match.fixed else "",
            first_matched_at=NOW,
        )
        for cve, match in facts.matches.items()
    )


def _alerts_naming(fleet: Fleet) -> None:
    """Alerts that name a weakness, on a machine that is left out of the scores: only the name counts."""
    outsider, _ = Machine.objects.get_or_create(
        external_id="outsider",
        defaults={"name": "outsider", "group": default_group(), "excluded": True, "first_seen": LONG_AGO, "last_seen": NOW},
    )
    for cve, facts in fleet.weaknesses.items():
        if facts.alerted:
            Alert.objects.create(external_id=f"alert {cve}", machine=outsider, cve=cve, title="Alert", opened_at=NOW)
