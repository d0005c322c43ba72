"""Vulnerable machines: how many there are, were, and which. Counts are sums over the chosen groups and never read machines."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Lower
from django.utils.text import slugify

from core import keyset, sql
from core.lists import ListState
from recommendations.machine_queries import COUNTED, system_of
from recommendations.models import GroupScore, MachineRisk
from recommendations.models.risks import WORST
from recommendations.recommendation_queries import PLATFORMS
from recommendations.risk_rules import AGE_LABELS, Age, age_parameters, days_of
from weaknesses.models import Weakness

POINTS = 31
SORTS = ("name", "severity", "published")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A value of a way of counting. `key` names it in addresses, `value` in the tables."""

    key: str
    label: str
    value: int | str
    tone: str


@dataclass(frozen=True, slots=True)
class Way:
    """A way of counting machines, each once. `rule`: how, in words."""

    key: str
    title: str
    rule: str
    buckets: tuple[Bucket, ...]

    def values(self, keys: Sequence[str]) -> list[int | str] | None:
        """Table values of these keys; None: any."""
        return [bucket.value for bucket in self.buckets if bucket.key in keys] or None


@dataclass(frozen=True, slots=True)
class RiskFilter:
    """Which vulnerable machines; None is any. `sort`: one of SORTS, "-" falls."""

    groups: Sequence[int]
    today: dt.date
    severity: list[int] | None = None
    exploit: list[int] | None = None
    age: list[int] | None = None
    platform: list[str] | None = None
    release: list[str] | None = None
    text: str = ""
    sort: str = "-severity"


@dataclass(frozen=True, slots=True)
class Counts:
    """Machines by way and table value (as text). `total`: each machine once."""

    total: int
    by_way: dict[str, dict[str, int]]

    def of(self, way: Way, bucket: Bucket) -> int:
        return self.by_way.get(way.key, {}).get(str(bucket.value), 0)


@dataclass(frozen=True, slots=True)
class History:
    """`days`, oldest first, with the machines of each by way and table value."""

    days: tuple[dt.date, ...]
    machines: dict[tuple[dt.date, str, str], int] = field(default_factory=dict)

    def of(self, day: dt.date, way: Way, bucket: Bucket) -> int:
        return self.machines.get((day, way.key, str(bucket.value)), 0)


@dataclass(frozen=True, slots=True)
class VulnerableMachine:
    """`published_on`: of its oldest weakness; None: not known. `score` and `level`: see MachineScore."""

    id: int
    name: str
    domain: str
    group: str
    system: str
    platform: str
    release: str
    severity: int
    exploit: int
    exploit_label: str
    published_on: dt.date | None
    score: float | None
    level: int | None
    last_seen: dt.datetime


def ways(*, first: dt.date | None = None) -> tuple[Way, ...]:
    """The five ways of counting, with the platforms and releases there are now, or were since `first`."""
    places = sql.rows("recommendations/read_risk_places", {"first": first or dt.date.max})
    platforms = list(dict.fromkeys(str(row["platform"]) for row in places))
    releases = list(dict.fromkeys(str(row["release"]) for row in places if row["release"]))
    return (
        Way("severity", "Severity level", "By the worst weakness of a machine.", _severities()),
        Way("exploit", "Exploit availability", "By the highest exploit level among the weaknesses of a machine.", _exploits()),
        Way("age", "Vulnerability age", "By the day on which the oldest weakness of a machine was published.", _ages()),
        Way("platform", "OS platform", "Machines exposed by what is installed on them, by operating system.", _places(platforms)),
        Way("release", "Windows version", "Windows machines by feature release.", _places(sorted(releases, reverse=True))),
    )


def counts(chosen: RiskFilter) -> Counts:
    """How many there are now."""
    found: dict[str, dict[str, int]] = {}
    for row in sql.rows("recommendations/read_risk_stats", {**_parameters(chosen), "day": chosen.today, **age_parameters()}):
        found.setdefault(row["way"], {})[row["value"]] = row["machines"]
    return Counts(sum(found.pop("", {}).values()), found)


def history(chosen: RiskFilter, *, first: dt.date, last: dt.date) -> History:
    """How many there were at the end of at most POINTS days of a window."""
    step = -(-((last - first).days + 1) // POINTS)
    rows = sql.rows("recommendations/read_risk_days", {**_parameters(chosen), "first": first, "last": last, "step": step})
    days = tuple(dict.fromkeys(row["day"] for row in rows))
    return History(days, {(row["day"], row["way"], row["value"]): row["machines"] for row in rows})


def is_counted() -> bool:
    """Whether a full run has counted machines yet."""
    return MachineRisk.objects.exists()


def scored_machines(groups: Sequence[int]) -> int:
    """Active machines, vulnerable or not."""
    return int(GroupScore.objects.filter(group_id__in=groups).aggregate(machines=Sum("machines", default=0))["machines"])


def machines(chosen: RiskFilter, state: ListState, *, total: int = 0) -> tuple[keyset.Slice, tuple[VulnerableMachine, ...]]:
    """The page of the address, by an index."""
    part = keyset.read(matching(chosen), _order(chosen), state, total=total)
    found = MachineRisk.objects.select_related("machine__group", "machine__score").in_bulk(part.ids)
    return part, tuple(_machine(found[pk]) for pk in part.ids if pk in found)


def count_machines(chosen: RiskFilter) -> tuple[int, bool]:
    """How many there are, and whether that is all: with a search they are counted up to COUNTED."""
    if not chosen.text:
        return counts(chosen).total, True
    found = matching(chosen)[: COUNTED + 1].count()
    return min(found, COUNTED), found <= COUNTED


def every_machine(chosen: RiskFilter, *, chunk: int = 500) -> Iterator[VulnerableMachine]:
    """All of them in their order, read in chunks from one server-side cursor."""
    for row in _ordered(chosen).iterator(chunk_size=chunk):
        yield _machine(row)


def matching(chosen: RiskFilter) -> QuerySet[MachineRisk]:
    """Rows of the filter, not ordered."""
    conditions = Q(severity__isnull=False, group_id__in=chosen.groups)
    for name in ("severity", "exploit", "platform", "release"):
        if (values := getattr(chosen, name)) is not None:
            conditions &= Q(**{f"{name}__in": values})
    if chosen.age is not None:
        conditions &= _published(chosen.age, today=chosen.today)
    if chosen.text:
        conditions &= Q(machine__name__icontains=chosen.text) | Q(machine__domain__icontains=chosen.text)
    return MachineRisk.objects.filter(conditions)


def platform_label(platform: str) -> str:
    return PLATFORMS.get(platform, platform.capitalize())


def _parameters(chosen: RiskFilter) -> dict[str, object]:
    names = ("severity", "exploit", "age", "platform", "release")
    return {"groups": list(chosen.groups), **{name: getattr(chosen, name) for name in names}}


def _published(ages: Sequence[int], *, today: dt.date) -> Q:
    conditions = Q()
    for age in map(Age, ages):
        first, last = days_of(age, today=today)
        conditions |= Q(published_on__isnull=True) if age == Age.UNKNOWN else Q(published_on__range=(first, last))
    return conditions


def _order(chosen: RiskFilter) -> keyset.Order:
    key, falls = chosen.sort.removeprefix("-"), chosen.sort.startswith("-")
    if key == "severity":
        return keyset.Order(WORST, int, falls, not falls)
    if key == "published":
        return keyset.Order(F("published_on"), dt.date, falls, falls, nullable=True)
    return keyset.Order(Lower("machine__name"), str, falls, falls)


def _ordered(chosen: RiskFilter) -> QuerySet[MachineRisk]:
    return keyset.ordered(matching(chosen).select_related("machine__group", "machine__score"), _order(chosen))


def _machine(row: MachineRisk) -> VulnerableMachine:
    machine, score = row.machine, getattr(row.machine, "score", None)
    return VulnerableMachine(
        id=machine.pk,
        name=machine.name,
        domain=machine.domain,
        group=machine.group.name,
        system=system_of(machine),
        platform=platform_label(row.platform),
        release=row.release,
        severity=row.severity or 0,
        exploit=row.exploit or 0,
        exploit_label=row.get_exploit_display(),
        published_on=row.published_on,
        score=score.score if score else None,
        level=score.level if score else None,
        last_seen=machine.last_seen,
    )


def _severities() -> tuple[Bucket, ...]:
    named = tuple(Bucket(s.label.lower(), s.label, s.value, s.label.lower()) for s in reversed(Weakness.Severity) if s)
    return (*named, Bucket("none", "Not rated", Weakness.Severity.NONE.value, "none"))


def _exploits() -> tuple[Bucket, ...]:
    levels = ((MachineRisk.Exploit.VERIFIED, "verified", "critical"), (MachineRisk.Exploit.PUBLIC, "public", "medium"))
    known = tuple(Bucket(key, level.label, level.value, tone) for level, key, tone in levels)
    return (*known, Bucket("none", MachineRisk.Exploit.NONE.label, MachineRisk.Exploit.NONE.value, "none"))


def _ages() -> tuple[Bucket, ...]:
    keys = {Age.OLD: "over-90", Age.MONTHS_2: "61-90", Age.MONTHS_1: "31-60", Age.FRESH: "0-30", Age.UNKNOWN: "unknown"}
    tones = {Age.OLD: "critical", Age.MONTHS_2: "high", Age.MONTHS_1: "medium", Age.FRESH: "low", Age.UNKNOWN: "none"}
    return tuple(Bucket(keys[age], AGE_LABELS[age], age.value, tones[age]) for age in AGE_LABELS)


def _places(names: Sequence[str]) -> tuple[Bucket, ...]:
    return tuple(Bucket(slugify(name), platform_label(name) if name.islower() else name, name, "") for name in names)
