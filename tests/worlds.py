"""A small believable organisation, written straight into the tables: what screens are tested on.

The rows are those that a full run leaves behind; that runs compute them is tested elsewhere. Deterministic.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass

from inventory.models import (
    Alert,
    Configuration,
    ConfigurationResult,
    Installation,
    Machine,
    MachineGroup,
    Software,
    SoftwareStat,
    Version,
    VersionStat,
)
from recommendations.models import (
    Exposure,
    GroupScore,
    MachineScore,
    Recommendation,
    RecommendationDay,
    RecommendationStat,
    Run,
    ScoreDay,
    VersionScore,
    WeaknessStat,
)
from weaknesses.models import VersionWeakness, Weakness

NOW = dt.datetime(2026, 3, 15, 12, 40, tzinfo=dt.UTC)
GROUPS = ("Internet-facing services", "Servers, data centre", "Workstations, head office", "Workstations, field")
UPDATE, UPGRADE, UNINSTALL, ATTENTION = (
    Recommendation.Kind.UPDATE,
    Recommendation.Kind.UPGRADE,
    Recommendation.Kind.UNINSTALL,
    Recommendation.Kind.ATTENTION,
)
# key, name, vendor, kind, old version, version to reach, share of machines, worst CVSS, EPSS, exploit, exploited
PRODUCTS = (
    ("google-_-chrome", "Google Chrome", "Google", UPDATE, "144.0.7559.60", "146.0.7680.71", 0.8, 8.8, 0.31, 2, True),
    ("microsoft-_-windows_11", "Microsoft Windows 11", "Microsoft", UPDATE, "10.0.26100.3000", "10.0.26100.3476", 0.7, 9.8, 0.62, 3, True),
    ("rarlab-_-winrar", "RARLAB WinRAR", "RARLAB", UPDATE, "7.01", "7.20", 0.3, 7.8, 0.44, 2, True),
    ("microsoft-_-office_2016", "Microsoft Office 2016", "Microsoft", UPDATE, "16.0.5400", "16.0.5539", 0.35, 7.8, 0.2, 1, False),
    ("zimbra-_-collaboration", "Zimbra Collaboration", "Zimbra", ATTENTION, "10.0.4", "", 0.04, 9.1, 0.5, 2, False),
    ("debian-_-sudo", "Sudo", "Debian", UPDATE, "1.9.13p3-1", "1.9.17p1-1", 0.25, 7.8, 0.12, 1, False),
    ("oracle-_-java_se_7", "Oracle Java SE 7", "Oracle", UNINSTALL, "1.7.0_80", "", 0.1, 9.8, 0.4, 2, False),
    ("7-zip-_-7-zip", "7-Zip", "Igor Pavlov", UPDATE, "24.07", "26.00", 0.4, 7.0, 0.05, 0, False),
    ("vmware-_-tools", "VMware Tools", "VMware", UPDATE, "12.4.0", "12.5.4", 0.2, 7.1, 0.01, 0, False),
    ("debian-_-openssl", "OpenSSL", "Debian", UPDATE, "3.0.11-1~deb12u2", "3.0.19-1~deb12u1", 0.2, 7.5, 0.02, 0, False),
    ("mozilla-_-firefox", "Mozilla Firefox", "Mozilla", UPDATE, "146.0", "148.0", 0.3, 8.8, 0.01, 0, False),
    ("nodejs-_-node.js", "Node.js", "OpenJS Foundation", UPGRADE, "18.20.4", "22.14.0", 0.1, 7.5, 0.01, 0, False),
    ("putty-_-putty", "PuTTY", "Simon Tatham", UPDATE, "0.80", "0.83", 0.15, 5.9, 0.01, 0, False),
)
# name, category, sub-category, impact, share that fails
CHECKS = (
    ("Block executable content from mail and webmail", "controls", "Attack surface", 9, 1.0),
    ("Turn on LSA protection", "os", "", 8, 0.6),
    ("Disable SMBv1 server", "network", "", 7, 0.1),
    ("Set the account lockout threshold to 10 or fewer", "accounts", "", 5, 0.3),
)


@dataclass(frozen=True)
class World:
    groups: Sequence[MachineGroup]
    machines: Sequence[Machine]
    recommendations: Sequence[Recommendation]
    run: Run


def fleet(*, machines: int = 24, extra: int = 0, days: int = 30, seed: int = 7, now: dt.datetime = NOW) -> World:
    """So many machines in four groups with every kind of recommendation, `extra` further updates, and days of history."""
    chance = random.Random(seed)
    default, _ = MachineGroup.objects.get_or_create(is_default=True, defaults={"name": "Ungrouped"})
    groups = [default, *(MachineGroup.objects.create(name=name, rank=rank) for rank, name in enumerate(GROUPS, 1))]
    people = _machines(groups, machines, chance, now)
    builder = _Builder(people, groups, chance, now)
    for product in (*PRODUCTS, *(_extra_product(number) for number in range(extra))):
        builder.add_software(*product)
    for check in CHECKS:
        builder.add_check(*check)
    builder.score(days)
    run = Run.objects.create(kind=Run.Kind.FULL, started_at=now - dt.timedelta(minutes=1), finished_at=now, machines=machines, score=46)
    return World(groups, people, builder.recommendations, run)


def _extra_product(number: int) -> tuple[str, str, str, str, str, str, float, float, float, int, bool]:
    name = f"Product {number:03}"
    return (f"vendor-_-product_{number:03}", name, "Vendor", UPDATE, "1.0", "2.0", 0.1, 4.0 + number % 5, 0.005, 0, False)


def _machines(groups: Sequence[MachineGroup], number: int, chance: random.Random, now: dt.datetime) -> list[Machine]:
    machines = [
        Machine(
            external_id=f"host-{index}",
            name=f"{('web-edge', 'srv-dc', 'ho-ws', 'field-lt')[index % 4]}-{index:04}",
            domain="corp.example",
            family="linux" if index % 4 < 2 else "windows",
            platform="debian-12" if index % 4 < 2 else "windows",
            os_name="Debian GNU/Linux" if index % 4 < 2 else "Windows 11",
            os_version="12" if index % 4 < 2 else "24H2",
            group=groups[1 + index % 4] if index % 17 else groups[0],
            value=2 if index % 11 == 0 else 1,
            internet_facing=index % 4 == 0,
            first_seen=now - dt.timedelta(days=200),
            last_seen=now - dt.timedelta(minutes=chance.randrange(600)),
        )
        for index in range(number)
    ]
    return Machine.objects.bulk_create(machines)


class _Builder:
    def __init__(self, machines: Sequence[Machine], groups: Sequence[MachineGroup], chance: random.Random, now: dt.datetime) -> None:
        self.machines, self.groups, self.chance, self.now = machines, groups, chance, now
        self.recommendations: list[Recommendation] = []
        self.hazards: dict[int, float] = {machine.pk: 0.0 for machine in machines}
        self.needs: dict[int, tuple[set[int], set[int], float]] = {}
        self.weights = {machine.pk: (0.5, 1.0, 3.0)[machine.value] for machine in machines}

    def add_software(
        self,
        key: str,
        name: str,
        vendor: str,
        kind: str,
        old: str,
        new: str,
        share: float,
        cvss: float,
        epss: float,
        exploit: int,
        exploited: bool,
    ) -> None:
        software = Software.objects.create(
            key=key,
            name=name,
            vendor=vendor,
            ecosystem="deb" if key.startswith("debian") else "cpe",
            first_seen=self.now,
            support=Software.Support.ENDED if kind == UNINSTALL else Software.Support.UPCOMING_VERSIONS if "office" in key else 0,
            support_ends_on=dt.date(2022, 7, 31) if kind == UNINSTALL else None,
        )
        platform = "debian-12" if key.startswith("debian") else ""
        versions = [
            Version(software=software, version=text, platform=platform, sort_key=text, first_seen=self.now, matched_at=self.now)
            for text in filter(None, (old, new))
        ]
        Version.objects.bulk_create(versions)
        weaknesses = self._weaknesses(software, cvss, epss, exploit, exploited)
        fix = VersionWeakness.Fix.NONE if kind == ATTENTION else VersionWeakness.Fix.VERSION
        VersionWeakness.objects.bulk_create(
            VersionWeakness(
                version=versions[0],
                weakness=weakness,
                range_id=1,
                source="nvd",
                confidence=100,
                fix=fix,
                fixed=new,
                fixed_key=new,
                first_matched_at=self.now,
            )
            for weakness in weaknesses
        )
        carriers = {machine.pk for machine in self.machines if self.chance.random() < share} or {self.machines[0].pk}
        exposed = {pk for pk in carriers if not new or self.chance.random() < 0.6} or set(list(carriers)[:1])
        Installation.objects.bulk_create(
            Installation(machine_id=pk, version=versions[0] if pk in exposed else versions[-1], first_seen=self.now)
            for pk in sorted(carriers)
        )
        threat = max(epss, 1.0 if exploited else (0.01, 0.3, 0.6, 0.8)[exploit])
        peak = cvss / 10 * threat
        recommendation = Recommendation.objects.create(
            key=f"va-_-{key}{'-_-upgrade' if kind == UPGRADE else '-_-attention' if kind == ATTENTION else ''}",
            kind=kind,
            software=software,
            title=_title(kind, name, new),
            component=name,
            category=Configuration.Category.APPLICATION,
            families=["linux" if platform else "any"],
            recommended_version=new,
            weakness_count=len(weaknesses),
            exploit=exploit,
            exploited=exploited,
            zero_day=kind == ATTENTION,
            top_weakness_id=weaknesses[0].pk,
            top_severity=cvss / 10,
            top_threat=threat,
            first_seen=self.now - dt.timedelta(days=26),
        )
        VersionScore.objects.create(
            version=versions[0],
            recommendation=recommendation,
            peak=peak,
            sum=peak * 1.2,
            weaknesses=len(weaknesses),
            exploit=exploit,
            exploited=exploited,
        )
        base = 0.9 * peak + 0.1 * peak * 1.2
        Exposure.objects.bulk_create(Exposure(machine_id=pk, recommendation=recommendation, base=base) for pk in sorted(exposed))
        self._keep(recommendation, exposed, carriers, base)
        self._stats(software, versions, exposed, carriers)
        self._count(weaknesses, exposed)

    def add_check(self, name: str, category: str, subcategory: str, impact: int, share: float) -> None:
        check = Configuration.objects.create(
            source="demo",
            external_id=name,
            name=name,
            category=category,
            subcategory=subcategory,
            impact=impact,
            description=f"{name} on every machine it applies to. Assessed on Windows 10 version 1709 and later and on Windows Server 2019.",
            risk="An attacker who runs code on the machine gets further than needed.",
            remediation="Set it by group policy.",
            benchmarks=["CIS", "STIG"],
            user_impact="Some macros stop working." if category == "controls" else "",
        )
        applicable = {machine.pk for machine in self.machines if machine.family == "windows"} or {self.machines[0].pk}
        failing = {pk for pk in applicable if self.chance.random() < share} or set(list(applicable)[:1])
        ConfigurationResult.objects.bulk_create(
            ConfigurationResult(machine_id=pk, configuration=check, passed=pk not in failing, changed_at=self.now)
            for pk in sorted(applicable)
        )
        label = Configuration.Category(category).label
        recommendation = Recommendation.objects.create(
            key=f"sca-_-{check.key}",
            kind=Recommendation.Kind.CONFIGURATION,
            configuration=check,
            title=name,
            category=category,
            weakness_count=1,
            component=f"{label} ({subcategory})" if subcategory else label,
            first_seen=self.now - dt.timedelta(days=90),
            status=Recommendation.Status.PARTIAL if category == "controls" else Recommendation.Status.ACTIVE,
        )
        self._keep(recommendation, failing, applicable, 0.05)

    def score(self, days: int) -> None:
        """Machine scores, sums by group, and history that leads to them."""
        weight = self.weights
        MachineScore.objects.bulk_create(
            MachineScore(
                machine=machine,
                group_id=machine.group_id,
                weight=weight[machine.pk],
                likelihood=0.68,
                pass_share=0.6,
                hazard=self.hazards[machine.pk],
                hazard_after=self.hazards[machine.pk],
                score=100 * _f(self.hazards[machine.pk]),
                level=_level(100 * _f(self.hazards[machine.pk])),
                exposures=sum(machine.pk in exposed for exposed, _, _ in self.needs.values()),
            )
            for machine in self.machines
        )
        Alert.objects.create(external_id="a-1", machine=self.machines[0], title="Suspicious child process", opened_at=self.now)
        history: list[RecommendationDay] = []
        stats: list[RecommendationStat] = []
        for recommendation in self.recommendations:
            exposed, carriers, base = self.needs[recommendation.pk]
            drift = self.chance.choice((-0.5, -0.3, 0, 0, 0.4, 0.8))
            for group in self.groups:
                members = {machine.pk for machine in self.machines if machine.group_id == group.pk}
                here, there = exposed & members, carriers & members
                if not there:
                    continue
                hazard = 0.68 * base
                impact = sum(weight[pk] * (_f(self.hazards[pk]) - _f(self.hazards[pk] - hazard)) for pk in here)
                sums = sum(weight[pk] for pk in here)
                stats.append(
                    RecommendationStat(
                        recommendation=recommendation,
                        group=group,
                        exposed=len(here),
                        installed=len(there),
                        weight=sums,
                        base=sums * base,
                        hazard=sums * hazard,
                        impact=impact,
                        exposed_after=len(here),
                        impact_after=impact,
                        alerts=int(self.machines[0].pk in here),
                    )
                )
                for ago in range(days):
                    past = max(0, min(len(there), round(len(here) * (1 - drift * ago / max(days, 1)))))
                    history.append(
                        RecommendationDay(
                            day=self.now.date() - dt.timedelta(days=ago),
                            recommendation=recommendation,
                            group=group,
                            exposed=past,
                            installed=len(there),
                            impact=impact,
                        )
                    )
        RecommendationStat.objects.bulk_create(stats)
        RecommendationDay.objects.bulk_create(history, batch_size=2000)
        self._group_scores(days)

    def _group_scores(self, days: int) -> None:
        for group in self.groups:
            members = [machine for machine in self.machines if machine.group_id == group.pk]
            scores = [(self.weights[machine.pk], _f(self.hazards[machine.pk])) for machine in members]
            levels = [_level(100 * score) for _, score in scores]
            weight, exposure = sum(w for w, _ in scores), sum(w * score for w, score in scores)
            split = {"none": levels.count(0), "low": levels.count(1), "medium": levels.count(2), "high": levels.count(3)}
            GroupScore.objects.create(
                group=group, machines=len(members), weight=weight, exposure=exposure, exposure_after=exposure, **split
            )
            MachineGroup.objects.filter(pk=group.pk).update(machine_count=len(members))
            ScoreDay.objects.bulk_create(
                ScoreDay(
                    day=self.now.date() - dt.timedelta(days=ago),
                    group=group,
                    machines=len(members),
                    weight=weight,
                    exposure=exposure,
                    exposure_after=exposure,
                    **split,
                )
                for ago in range(days)
            )

    def _keep(self, recommendation: Recommendation, exposed: set[int], carriers: set[int], base: float) -> None:
        self.recommendations.append(recommendation)
        self.needs[recommendation.pk] = (exposed, carriers, base)
        for pk in exposed:
            self.hazards[pk] += 0.68 * base

    def _weaknesses(self, software: Software, cvss: float, epss: float, exploit: int, exploited: bool) -> list[Weakness]:
        number = 10_000 + Weakness.objects.count()
        count = self.chance.randrange(2, 12)
        return Weakness.objects.bulk_create(
            Weakness(
                cve=f"CVE-2026-{number + index}",
                title=f"Memory corruption in {software.name}",
                severity=_severity(cvss) if not index else 2,
                cvss=cvss if not index else 5.5,
                epss=epss if not index else 0.004,
                exploit=exploit if not index else 0,
                exploited=exploited and not index,
                published_at=self.now - dt.timedelta(days=30 + index),
                source="nvd",
            )
            for index in range(count)
        )

    def _count(self, weaknesses: Sequence[Weakness], exposed: set[int]) -> None:
        Weakness.objects.filter(pk__in=[weakness.pk for weakness in weaknesses]).update(exposed_count=len(exposed))
        here = {group.pk: sum(machine.group_id == group.pk for machine in self.machines if machine.pk in exposed) for group in self.groups}
        WeaknessStat.objects.bulk_create(
            WeaknessStat(weakness=weakness, group_id=group, exposed=count)
            for weakness in weaknesses
            for group, count in here.items()
            if count
        )

    def _stats(self, software: Software, versions: Sequence[Version], exposed: set[int], carriers: set[int]) -> None:
        for group in self.groups:
            members = {machine.pk for machine in self.machines if machine.group_id == group.pk}
            old, new = len(exposed & members), len((carriers - exposed) & members)
            SoftwareStat.objects.create(software=software, group=group, installed=old + new, exposed=old)
            VersionStat.objects.create(version=versions[0], group=group, installed=old)
            if versions[-1] is not versions[0]:
                VersionStat.objects.create(version=versions[-1], group=group, installed=new)


def _title(kind: str, name: str, new: str) -> str:
    titles: dict[str, str] = {
        UPDATE: f"Update {name} to {new}",
        UPGRADE: f"Upgrade {name} to {new}",
        UNINSTALL: f"Uninstall {name}",
        ATTENTION: f"Attention: no fix yet for {name}",
    }
    return titles[kind]


def _f(hazard: float) -> float:
    return hazard / (hazard + 1)


def _level(score: float) -> int:
    return 0 if score == 0 else 1 if score < 30 else 2 if score < 70 else 3


def _severity(cvss: float) -> int:
    return 4 if cvss >= 9 else 3 if cvss >= 7 else 2 if cvss >= 4 else 1
