"""Which machines a list holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Case, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When

from inventory.models import Alert, Installation, Machine, Software
from recommendations.models import MachineBasis, MachineScore

INACTIVE_AFTER = dt.timedelta(days=7)
RISKS = {3: "High", 2: "Medium", 1: "Low", 0: "Informational"}
_MILDER = {"medium": 2, "low": 1, "info": 0}  # severities of alerts; every other one is high


@dataclass(frozen=True, slots=True)
class MachineFilter:
    """Which machines; an empty choice is any. `state`: active (in the scores), silent (left out: silent or excluded) or empty.

    `levels`: MachineScore.Level, `risks`: keys of RISKS or None (no open alert), `values`: Machine.Value, `tags`: any of them.
    `health`: active, inactive, no-data, excluded, as of `inactive_since`. `internet`: reachable from it, or not.
    `empty`: nothing installed, `filled`: something. `unsupported_on`: its system's support is over by that day.
    """

    groups: Sequence[int]
    text: str = ""
    levels: tuple[int, ...] = ()
    risks: tuple[int | None, ...] = ()
    families: tuple[str, ...] = ()
    values: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()
    health: tuple[str, ...] = ()
    inactive_since: dt.datetime | None = None
    state: str = "active"
    internet: bool | None = None
    empty: bool = False
    filled: bool = False
    unsupported_on: dt.date | None = None
    sort: str = "-score"


def matching(chosen: MachineFilter) -> QuerySet[Machine]:
    """Machines of the filter, not ordered."""
    machines = Machine.objects.filter(group_id__in=chosen.groups)
    if chosen.state == "active" or chosen.levels:
        machines = machines.filter(_scored(chosen))
    if chosen.state not in {"", "active"}:
        machines = machines.exclude(Exists(MachineScore.objects.filter(machine_id=OuterRef("pk"))))
    if chosen.empty:
        machines = machines.filter(_bare(chosen))
    if chosen.filled:
        machines = machines.filter(_installed())
    if chosen.unsupported_on:
        systems = Installation.objects.filter(machine_id=OuterRef("pk"), version__software__ecosystem=Software.Ecosystem.OS)
        ended = Q(version__support_ends_on__lt=chosen.unsupported_on) | Q(version__software__support=Software.Support.ENDED)
        machines = machines.filter(Exists(systems.filter(ended)))
    return machines.filter(_conditions(chosen))


def _scored(chosen: MachineFilter) -> Q:
    """In a score, of the levels. On a walk down the groups machines are looked up: `+ 0` keeps the planner from reading scores by id."""
    levels = {"level__in": chosen.levels} if chosen.levels else {}
    if chosen.sort.removeprefix("-") == "group":
        return Q(Exists(MachineScore.objects.filter(machine_id=OuterRef("pk") + 0, **levels)))
    return Q(score__isnull=False, **{f"score__{name}": value for name, value in levels.items()})


def described(machines: QuerySet[Machine]) -> QuerySet[Machine]:
    """The machines with what a row of a list shows: `alert_risk` (a key of RISKS or None) and `has_data`."""
    rank = Case(*[When(severity=name, then=Value(rank)) for name, rank in _MILDER.items()], default=Value(3), output_field=IntegerField())
    alerts = Alert.objects.filter(machine_id=OuterRef("pk"), closed_at__isnull=True).annotate(rank=rank).order_by("-rank")
    return machines.select_related("group", "score").annotate(alert_risk=Subquery(alerts.values("rank")[:1]), has_data=_installed())


def risk_of(severities: Sequence[str]) -> int | None:
    """The risk level of a machine with open alerts of these severities."""
    return max((_MILDER.get(severity, 3) for severity in severities), default=None)


def health_of(machine: Machine, *, has_data: bool, now: dt.datetime) -> tuple[str, str, str]:
    """(tone, icon, words) of a machine's health: excluded, silent for more than a week, or reporting nothing that is installed."""
    if machine.excluded:
        return "", "pause", "Excluded"
    if now - machine.last_seen > INACTIVE_AFTER:
        return "part", "pause", "Inactive"
    return ("done", "", "Active") if has_data else ("part", "warn", "No sensor data")


def named(text: str) -> Q:
    """Machines with this in their name or domain, or with this very tag or address."""
    return Q(name__icontains=text) | Q(domain__icontains=text) | Q(tags__contains=[text]) | Q(ip_addresses__contains=[text])


def _installed() -> Exists:
    return Exists(Installation.objects.filter(machine_id=OuterRef("pk")))


def _bare(chosen: MachineFilter) -> Q:
    """Nothing is installed: for machines in the scores as their last computation found it, by an index; the others are looked at."""
    if chosen.state == "active":
        return Q(pk__in=MachineBasis.objects.filter(versions=[]).values("machine_id"))
    return ~Q(_installed())


def _conditions(chosen: MachineFilter) -> Q:
    conditions = Q()
    if chosen.text:
        conditions &= named(chosen.text)
    if chosen.risks:
        conditions &= _any([_risk(rank) for rank in chosen.risks])
    if chosen.families:
        conditions &= Q(family__in=chosen.families)
    if chosen.values:
        conditions &= Q(value__in=chosen.values)
    if chosen.tags:
        conditions &= Q(tags__overlap=list(chosen.tags))
    if chosen.health and chosen.inactive_since:
        conditions &= _any([_health(name, chosen.inactive_since, _bare(chosen)) for name in chosen.health])
    if chosen.internet is not None:
        conditions &= Q(internet_facing=chosen.internet)
    return conditions


def _any(conditions: Sequence[Q]) -> Q:
    found = conditions[0]
    for condition in conditions[1:]:
        found |= condition
    return found


def _risk(rank: int | None) -> Q:
    """Machines whose worst open alert is of this rank; none is open for None. Starts from the open alerts, which are few."""
    alerts = Alert.objects.filter(closed_at__isnull=True)
    if rank is None:
        return ~Q(pk__in=alerts.values("machine_id"))
    milder = [name for name, other in _MILDER.items() if other < rank]
    own = alerts.exclude(severity__in=_MILDER) if rank == 3 else alerts.filter(severity__in=[n for n, r in _MILDER.items() if r == rank])
    worse = alerts.exclude(severity__in=[*milder, *(name for name, other in _MILDER.items() if other == rank)])
    return Q(pk__in=own.values("machine_id")) & (Q() if rank == 3 else ~Q(pk__in=worse.values("machine_id")))


def _health(name: str, since: dt.datetime, bare: Q) -> Q:
    if name == "excluded":
        return Q(excluded=True)
    if name == "inactive":
        return Q(excluded=False, last_seen__lt=since)
    seen = Q(excluded=False, last_seen__gte=since)
    return seen & Q(_installed()) if name == "active" else seen & bare
