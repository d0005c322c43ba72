"""A small fleet written straight into the tables, as a finished run leaves them: every page has something to show.

Sums are computed from the rows with `recommendations.rules`, so that pages can be checked against each other.
"""

from __future__ import annotations

import datetime as dt
import math
import random
from collections import defaultdict
from dataclasses import dataclass, field

from inventory.actions import default_group
from inventory.models import (
    Alert,
    Configuration,
    ConfigurationResult,
    Installation,
    InstallationEvidence,
    Machine,
    MachineGroup,
    Software,
    SoftwareStat,
    Version,
    VersionStat,
)
from recommendations import rules
from recommendations.models import (
    Exposure,
    GroupScore,
    MachineScore,
    Recommendation,
    RecommendationDay,
    RecommendationStat,
    Run,
    ScoreDay,
    ScoringSettings,
    VersionScore,
    WeaknessStat,
)
from recommendations.records import Weights
from weaknesses.models import AffectedRange, Event, ExploitEvidence, Product, SoftwareProduct, VersionWeakness, Weakness

NOW = dt.datetime(2026, 3, 15, 12, 40, tzinfo=dt.UTC)
VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H"
NAMES = (
    ("Google", "Chrome"),
    ("Microsoft", "Office 2016"),
    ("RARLAB", "WinRAR"),
    ("Mozilla", "Firefox"),
    ("Igor Pavlov", "7-Zip"),
    ("VMware", "Tools"),
    ("Oracle", "Java SE 8"),
    ("Sudo project", "Sudo"),
    ("Notepad++", "Notepad++"),
    ("VideoLAN", "VLC"),
)
CHECKS = ("Turn on LSA protection", "Block executable content from mail", "Disable SMBv1", "Require a screen lock", "Turn on the firewall")
WEIGHTS = Weights()


@dataclass
class Population:
    """What was made, in the order it was made."""

    groups: list[MachineGroup] = field(default_factory=list)
    software: list[Software] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    weaknesses: list[Weakness] = field(default_factory=list)
    recommendations: list[Recommendation] = field(default_factory=list)
    checks: list[Configuration] = field(default_factory=list)
    machines: list[Machine] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


def populate(
    *, machines: int = 5, software: int = 5, weaknesses: int = 3, checks: int = 5, days: int = 30, now: dt.datetime = NOW
) -> Population:
    """`weaknesses` for each software, two versions of it, the newer one without; history falls towards `now`."""
    made = Population()
    chance = random.Random(20260315)
    ScoringSettings.objects.get_or_create(pk=1)
    made.groups = [default_group(), MachineGroup.objects.create(name="Internet-facing services", rank=1)]
    for index in range(software):
        _software(made, index=index, weaknesses=weaknesses, now=now)
    _checks(made, count=checks, now=now)
    _machines(made, count=machines, chance=chance, now=now)
    _scores(made, chance=chance, now=now)
    _history(days=days, now=now)
    _events(made, now=now)
    Run.objects.create(kind=Run.Kind.FULL, started_at=now - dt.timedelta(seconds=4), finished_at=now, machines=machines, settings={})
    return made


def _software(made: Population, *, index: int, weaknesses: int, now: dt.datetime) -> None:
    vendor, name = NAMES[index % len(NAMES)]
    if index >= len(NAMES):
        name = f"{name} {index}"
    key = f"{vendor}-_-{name}".lower().replace(" ", "_")
    software = Software.objects.create(
        key=key,
        ecosystem="cpe",
        name=f"{vendor} {name}" if name in ("Chrome", "Tools") else name,
        vendor=vendor,
        category="Browser" if index == 0 else "",
        support=Software.Support.ENDED_VERSIONS if index % 4 == 1 else 0,
        weakness_count=weaknesses,
        first_seen=now - dt.timedelta(days=400),
    )
    product = Product.objects.create(key=f"cpe:a:{key.replace('-_-', ':')}")
    SoftwareProduct.objects.create(software=software, product=product, origin="alias", confidence=100)
    old, new = (
        Version.objects.create(
            software=software,
            version=text,
            platform="windows",
            sort_key=text,
            first_seen=now - dt.timedelta(days=back),
            matched_at=now,
            support_ends_on=now.date() - dt.timedelta(days=20) if text == "1.2.0" and index % 4 == 1 else None,
        )
        for text, back in (("1.2.0", 200), ("1.3.1", 12))
    )
    fix = Recommendation.objects.create(
        key=f"va-_-{key}",
        kind="update",
        software=software,
        title=f"Update {software.name} to 1.3.1",
        component=software.name,
        category="application",
        families=["windows"],
        recommended_version="1.3.1",
        weakness_count=weaknesses,
        first_seen=now - dt.timedelta(days=40),
    )
    risks = [_weakness(made, index=index, number=n, product=product, old=old, now=now) for n in range(weaknesses)]
    if risks:
        top = max(risks, key=lambda pair: pair[1])[0]
        fix.exploit, fix.exploited, fix.top_weakness_id = top.exploit, top.exploited, top.pk
        fix.top_severity = (top.cvss or 0) / 10
        fix.top_threat = max(risk for _, risk in risks) / max(fix.top_severity, 0.01)
        fix.save()
        VersionScore.objects.create(
            version=old,
            recommendation=fix,
            peak=max(r for _, r in risks),
            sum=sum(r for _, r in risks),
            weaknesses=weaknesses,
            exploit=top.exploit,
            exploited=top.exploited,
        )
    made.software.append(software)
    made.versions += [old, new]
    made.recommendations.append(fix)


def _weakness(made: Population, *, index: int, number: int, product: Product, old: Version, now: dt.datetime) -> tuple[Weakness, float]:
    exploited, exploit = (number == 0 and index % 3 == 0), (2 if number == 0 and index % 2 == 0 else 0)
    cvss = round(9.8 - (number * 1.7 + index * 0.3) % 7, 1)
    weakness = Weakness.objects.create(
        cve=f"CVE-2026-{1000 + index * 50 + number}",
        title=f"Use after free in {old.software.name}",
        severity=4 if cvss >= 9 else 3 if cvss >= 7 else 2 if cvss >= 4 else 1,
        description=f"Use after free in {old.software.name} before 1.3.1 lets a remote attacker run code through a crafted page.",
        cvss=cvss,
        cvss_vector=VECTOR,
        cwes=["CWE-416"],
        references=["https://vendor.example/advisory"],
        epss=0.01 + 0.02 * number,
        epss_percentile=0.8,
        exploit=exploit,
        exploited=exploited,
        exploited_since=now.date() if exploited else None,
        source="nvd",
        published_at=now - dt.timedelta(days=26 + number),
        modified_at=now - dt.timedelta(days=1),
    )
    affected = AffectedRange.objects.create(
        weakness=weakness,
        product=product,
        source="nvd",
        fingerprint=f"{index:016}{number:016}",
        end="1.3.1",
        end_key="1.3.1",
        fixed="1.3.1",
    )
    VersionWeakness.objects.create(
        version=old,
        weakness=weakness,
        range_id=affected.pk,
        source="nvd",
        confidence=100,
        fix=1,
        fixed="1.3.1",
        first_matched_at=now - dt.timedelta(days=9),
    )
    if exploit:
        ExploitEvidence.objects.create(
            cve=weakness.cve,
            source="exploit-db",
            reference=str(50000 + index),
            level=2,
            title="Proof of concept",
            url="https://exploits.example/1",
            day=now.date(),
        )
    made.weaknesses.append(weakness)
    floor = 1.0 if exploited else (0.01, 0.3, 0.6, 0.8)[exploit]
    return weakness, cvss / 10 * max(weakness.epss, floor)


def _checks(made: Population, *, count: int, now: dt.datetime) -> None:
    categories = Configuration.Category.values
    for index in range(count):
        name = CHECKS[index] if index < len(CHECKS) else f"Check {index}"
        check = Configuration.objects.create(
            source="demo",
            external_id=f"c{index}",
            name=name,
            category=categories[index % 5],
            subcategory="Hardening",
            impact=5 + index % 5,
            remediation="Set the policy.",
        )
        made.checks.append(check)
        made.recommendations.append(
            Recommendation.objects.create(
                key=f"sca-_-{check.key}",
                kind="configuration",
                configuration=check,
                title=name,
                component=check.get_category_display(),
                category=check.category,
                first_seen=now - dt.timedelta(days=90),
            )
        )


def _machines(made: Population, *, count: int, chance: random.Random, now: dt.datetime) -> None:
    for index in range(count):
        facing = index % 6 == 0
        machine = Machine.objects.create(
            external_id=f"host-{index}",
            name=f"{'web-edge' if facing else 'ho-ws'}-{index:03}",
            domain="corp.example",
            family="windows",
            platform="windows",
            os_name="Windows 11",
            os_version="24H2",
            os_build="26100.3476",
            ip_addresses=[f"10.20.{index // 250}.{index % 250 + 1}"],
            group=made.groups[1 if facing else 0],
            value=2 if facing else 1,
            internet_facing=facing,
            tags=["dmz"] if facing else [],
            first_seen=now - dt.timedelta(days=400),
            last_seen=now - dt.timedelta(minutes=9 + index),
        )
        made.machines.append(machine)
        for number, (old, new) in enumerate(zip(made.versions[::2], made.versions[1::2], strict=True)):
            if number and chance.random() < 0.25:
                continue
            version = old if index == 0 or chance.random() < 0.25 + 0.05 * (number % 5) else new
            Installation.objects.create(machine=machine, version=version, first_seen=now - dt.timedelta(days=30))
            if number == 0:
                InstallationEvidence.objects.create(machine=machine, version=version, evidence=["C:\\Program Files\\Google\\Chrome"])
        for check in made.checks:
            ConfigurationResult.objects.create(
                machine=machine, configuration=check, passed=chance.random() < 0.6, changed_at=now - dt.timedelta(days=3)
            )
    if made.machines and made.weaknesses:
        Alert.objects.create(
            external_id="a-1",
            machine=made.machines[0],
            cve=made.weaknesses[0].cve,
            title="Suspicious process started by the browser",
            opened_at=now - dt.timedelta(hours=3),
            source="edr",
        )


def _scores(made: Population, *, chance: random.Random, now: dt.datetime) -> None:
    scores = {score.version_id: score for score in VersionScore.objects.all()}
    fix_of = {r.software_id: r for r in made.recommendations if r.software_id}
    check_fix = {r.configuration_id: r for r in made.recommendations if r.configuration_id}
    stats: dict[tuple[int, int], RecommendationStat] = {}
    groups = {group.pk: GroupScore(group=group) for group in made.groups}
    carried: dict[tuple[int, int], int] = defaultdict(int)
    used: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    alerted = set(Alert.objects.values_list("machine_id", flat=True))
    for machine in made.machines:
        installed = list(Installation.objects.filter(machine=machine).select_related("version"))
        results = list(ConfigurationResult.objects.filter(machine=machine).select_related("configuration"))
        total = sum(r.configuration.impact for r in results)
        share = sum(r.configuration.impact for r in results if r.passed) / total if total else None
        chance_of = rules.likelihood(alerted=machine.pk in alerted, internet_facing=machine.internet_facing, share=share, weights=WEIGHTS)
        bases = {}
        for item in installed:
            carried[item.version_id, machine.group_id] += 1
            use = used[item.version.software_id, machine.group_id]
            use[0] += 1
            if item.version_id in scores:
                use[1] += 1
                score = scores[item.version_id]
                bases[fix_of[item.version.software_id].pk] = rules.base_hazard([(score.peak, score.sum)], WEIGHTS)
        hazard = chance_of * sum(bases.values())
        exposure = rules.saturate(hazard, WEIGHTS)
        weight = rules.value_weight(machine.value, WEIGHTS)
        level = rules.level(
            100 * exposure, exposed=bool(bases), exploit=0, exploited=machine.pk in alerted, alerted=machine.pk in alerted, weights=WEIGHTS
        )
        MachineScore.objects.create(
            machine=machine,
            group=machine.group,
            weight=weight,
            likelihood=chance_of,
            pass_share=share,
            hazard=hazard,
            hazard_after=hazard,
            score=100 * exposure,
            level=level,
            exposures=len(bases),
        )
        Exposure.objects.bulk_create(Exposure(machine=machine, recommendation_id=pk, base=base) for pk, base in bases.items())
        group = groups[machine.group_id]
        group.machines += 1
        group.weight += weight
        group.exposure += weight * exposure
        group.exposure_after += weight * exposure
        name = ("none", "low", "medium", "high")[level]
        setattr(group, name, getattr(group, name) + 1)
        for pk, base in bases.items():
            stat = stats.setdefault((pk, machine.group_id), RecommendationStat(recommendation_id=pk, group_id=machine.group_id))
            stat.exposed += 1
            stat.weight += weight
            stat.base += weight * base
            stat.hazard += weight * chance_of * base
            stat.impact += weight * (exposure - rules.saturate(hazard - chance_of * base, WEIGHTS))
            stat.alerts += machine.pk in alerted
        for result in results:
            pk = check_fix[result.configuration_id].pk
            stat = stats.setdefault((pk, machine.group_id), RecommendationStat(recommendation_id=pk, group_id=machine.group_id))
            stat.installed += 1
            stat.exposed += not result.passed
    for (version_id, group_id), count in carried.items():
        VersionStat.objects.create(version_id=version_id, group_id=group_id, installed=count)
    for (software_id, group_id), (installed_count, exposed) in used.items():
        SoftwareStat.objects.create(software_id=software_id, group_id=group_id, installed=installed_count, exposed=exposed)
        if (fix_of[software_id].pk, group_id) in stats:
            stats[fix_of[software_id].pk, group_id].installed = installed_count
    RecommendationStat.objects.bulk_create(stats.values())
    GroupScore.objects.all().delete()
    GroupScore.objects.bulk_create(groups.values())
    for match in VersionWeakness.objects.select_related("weakness"):
        here = {group: count for (version, group), count in carried.items() if version == match.version_id}
        match.weakness.exposed_count = sum(here.values())
        match.weakness.save()
        WeaknessStat.objects.bulk_create(WeaknessStat(weakness=match.weakness, group_id=group, exposed=n) for group, n in here.items())


def _history(*, days: int, now: dt.datetime) -> None:
    for back in range(days):
        day = now.date() - dt.timedelta(days=back)
        swing = 1 + 0.004 * back + 0.05 * math.sin(back / 3)
        for group in GroupScore.objects.all():
            ScoreDay.objects.create(
                day=day,
                group_id=group.pk,
                machines=group.machines,
                weight=group.weight,
                exposure=group.exposure * (swing if back else 1),
                exposure_after=group.exposure,
                none=group.none,
                low=group.low,
                medium=group.medium,
                high=group.high,
            )
        RecommendationDay.objects.bulk_create(
            RecommendationDay(
                day=day,
                recommendation_id=stat.recommendation_id,
                group_id=stat.group_id,
                installed=stat.installed,
                impact=stat.impact,
                exposed=min(stat.installed, round(stat.exposed * (swing if back else 1))),
            )
            for stat in RecommendationStat.objects.all()
        )


def _events(made: Population, *, now: dt.datetime) -> None:
    kinds = [Event.Kind.VERIFIED, Event.Kind.NEW_WEAKNESS, Event.Kind.KIT, Event.Kind.EXPLOITED, Event.Kind.NEW_EXPLOIT, Event.Kind.FIXED]
    ids = [w.pk for w in made.weaknesses]
    for index, software in enumerate(made.software):
        made.events.append(
            Event.objects.create(
                kind=kinds[index % len(kinds)],
                at=now - dt.timedelta(days=index * 2 % 28, hours=1),
                software=software,
                weakness_ids=ids[index : index + 3],
                machines=len(made.machines),
                machines_total=len(made.machines),
                score_change=round(2.1 - 0.4 * index, 1),
            )
        )
    if made.checks:
        made.events.append(
            Event.objects.create(
                kind="new_configuration",
                at=now - dt.timedelta(days=4),
                configuration=made.checks[0],
                machines=3,
                machines_total=len(made.machines),
            )
        )
