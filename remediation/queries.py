"""Activities as screens show them: the list, one of them with its machines, and what a request would reach."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Count, Exists, F, FloatField, IntegerField, OuterRef, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Lower, TruncDate

from core import keyset, sql
from core.lists import ListState
from core.people import name_of
from inventory.models import MachineGroup
from recommendations import score_queries
from recommendations.models import Recommendation, RecommendationStat
from recommendations.recommendation_queries import platform_name, scale_of
from remediation import rules, ticket_queries
from remediation.models import Activity, ActivityTarget, Ticket
from remediation.ticket_queries import Mark


def priority_order(field: str) -> Case:
    """High, medium, low as numbers that sort."""
    whens = (When(**{field: name}, then=Value(rank)) for rank, name in enumerate(("high", "medium", "low")))
    return Case(*whens, output_field=IntegerField())


SHARE = Case(When(target_count=0, then=Value(0.0)), default=F("fixed_count") * 1.0 / F("target_count"), output_field=FloatField())
SORTS: dict[str, Any] = {
    "title": F("title"),
    "component": F("component"),
    "kind": F("kind"),
    "priority": F("priority_order"),
    "progress": F("share"),
    "due": F("due_on"),
    "status": F("status"),
    "created": F("created_at"),
}
PANEL = 3
COUNTED = 10_000
TARGET_ORDER = keyset.Order(Lower("machine__name"), str, pk="machine_id")


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One activity. `done` of `total` machines are fixed, both in the chosen groups; `total` 0: nothing to measure.

    `due_state`: overdue, soon, later or none; `due_words`: 3 days left.
    """

    id: str
    title: str
    component: str
    kind: str
    kind_label: str
    priority: str
    priority_label: str
    done: int
    total: int
    due_on: dt.date | None
    due_state: str
    due_words: str
    status: str
    status_label: str
    requester: str
    created_at: dt.datetime
    completed_at: dt.datetime | None
    completed_by: str
    tickets: tuple[Mark, ...]
    reach_label: str


@dataclass(frozen=True, slots=True)
class Counts:
    """`overdue` of those `in_progress`; `completed`: within the last thirty days."""

    in_progress: int
    overdue: int
    completed: int


@dataclass(frozen=True, slots=True)
class TargetRow:
    machine_id: int
    name: str
    group: str
    system: str
    level: int | None
    last_seen: dt.datetime
    fixed_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class GroupReach:
    """Exposed machines of one group."""

    id: int
    name: str
    exposed: int


@dataclass(frozen=True, slots=True)
class Reach:
    """What a request would reach: machines, and the exposure score of the organisation now and when it is done everywhere there.

    The scores are None where they are not computed, or only a part of the machines is asked for.
    """

    machines: int
    before: float | None
    after: float | None

    @property
    def drop(self) -> float:
        return (self.before or 0) - (self.after or 0)


@dataclass(frozen=True, slots=True)
class Steps:
    steps: tuple[str, ...]
    aims: tuple[tuple[str, str], ...]


def visible(groups: Sequence[int] | None) -> QuerySet[Activity]:
    """Activities with a target in the groups, or asked for there where nothing is measured; None: all.

    Cost: a walk down the targets of each activity to the first in the groups; for every group none at all.
    """
    if groups is None:
        return Activity.objects.all()
    target = ActivityTarget.objects.filter(activity=OuterRef("pk"), machine__group_id__in=groups)
    names = MachineGroup.objects.filter(pk__in=groups).values("name")
    unmeasured = Q(target_count=0, group_names__overlap=ArraySubquery(names))
    return Activity.objects.filter(Exists(target) | unmeasured)


def page(state: ListState, *, groups: Sequence[int] | None, today: dt.date) -> tuple[int, tuple[ActivityRow, ...]]:
    """How many fit, and a page of them. `groups` None: all, whose figures are kept."""
    found = _found(state, groups=groups, today=today)
    total = found.count()
    return total, _rows(found[state.part(total)], groups=groups, today=today)


def every(state: ListState, *, groups: Sequence[int] | None, today: dt.date) -> Iterator[ActivityRow]:
    """All that fit, for an export."""
    found = _found(state, groups=groups, today=today).iterator(chunk_size=1000)
    while part := list(islice(found, 1000)):
        done = progress([activity.pk for activity in part], groups)
        yield from (_row(activity, done.get(activity.pk), today=today) for activity in part)


def counts(*, groups: Sequence[int] | None, now: dt.datetime) -> Counts:
    active, month = Q(status=Activity.Status.ACTIVE), now - dt.timedelta(days=30)
    found = visible(groups).aggregate(
        in_progress=Count("id", filter=active),
        overdue=Count("id", filter=active & Q(due_on__lt=now.date())),
        completed=Count("id", filter=Q(status=Activity.Status.COMPLETED, completed_at__gte=month)),
    )
    return Counts(**found)


def facet_counts(*, groups: Sequence[int] | None, today: dt.date) -> dict[str, dict[str, int]]:
    """facet -> value -> activities, whatever else is chosen."""
    found: dict[str, dict[str, int]] = {}
    for name in ("status", "kind", "priority"):
        found[name] = dict(visible(groups).values_list(name).annotate(Count("id")).order_by())
    tickets = Ticket.objects.all() if groups is None else Ticket.objects.filter(activity__in=visible(groups))
    found["ticket"] = dict(tickets.values_list("state").annotate(Count("activity", distinct=True)).order_by())
    found["due"] = visible(groups).aggregate(
        **{state: Count("id", filter=_due(state, today)) for state in ("overdue", "soon", "later", "none")}
    )
    return found


def of_recommendation(
    recommendation: Recommendation, *, groups: Sequence[int] | None, today: dt.date
) -> tuple[int, tuple[ActivityRow, ...]]:
    """How many there were, and the newest."""
    found = (
        visible(groups)
        .filter(recommendation=recommendation)
        .select_related("requested_by")
        .prefetch_related("tickets")
        .order_by("-created_at", "id")
    )
    return found.count(), _rows(found[:PANEL], groups=groups, today=today)


def row_of(activity: Activity, *, groups: Sequence[int] | None, today: dt.date) -> ActivityRow:
    return _row(activity, progress([activity.pk], groups).get(activity.pk), today=today)


def steps_of(activity: Activity) -> Steps:
    aims = tuple((platform_name(aim["platform"]) or "any platform", aim["version"]) for aim in activity.aims)
    check = activity.recommendation.configuration
    instruction = check.remediation if check else ""
    return Steps(rules.steps(kind=activity.kind, component=activity.component, aims=aims, instruction=instruction), aims)


def every_target(activity: Activity, *, groups: Sequence[int], fixed: bool | None, text: str = "") -> Iterator[TargetRow]:
    """All targets, the fixed ones or those still to be fixed, read in chunks from one server-side cursor."""
    found = keyset.ordered(_targets(activity, groups=groups, fixed=fixed, text=text), TARGET_ORDER)
    return (_target(target) for target in found.select_related("machine__group", "machine__score").iterator(chunk_size=2000))


def target_page(
    activity: Activity, state: ListState, *, groups: Sequence[int], everything: bool, fixed: bool | None
) -> tuple[int, bool, keyset.Slice, tuple[TargetRow, ...]]:
    """How many targets fit, whether that is all, and the page of the address: all, the fixed ones, or those still to be fixed.

    Of every group (`everything`) the activity keeps the number; else they are counted up to COUNTED.
    """
    found = _targets(activity, groups=groups, fixed=fixed, text=state.q)
    if everything and not state.q:
        kept = {None: activity.target_count, True: activity.fixed_count, False: activity.target_count - activity.fixed_count}
        total, exact = kept[fixed], True
    else:
        counted = found[: COUNTED + 1].count()
        total, exact = min(counted, COUNTED), counted <= COUNTED
    part = keyset.read(found, TARGET_ORDER, state, total=total if exact else 0)
    rows = {
        row.machine_id: row for row in activity.targets.filter(machine_id__in=part.ids).select_related("machine__group", "machine__score")
    }
    return total, exact, part, tuple(_target(rows[pk]) for pk in part.ids if pk in rows)


def _targets(activity: Activity, *, groups: Sequence[int], fixed: bool | None, text: str) -> QuerySet[ActivityTarget]:
    found = ActivityTarget.objects.filter(activity=activity, machine__group_id__in=groups)
    if fixed is not None:
        found = found.filter(fixed_at__isnull=not fixed)
    if text:
        found = found.filter(machine__name__icontains=text)
    return found


def fixed_by_day(activity: Activity, *, groups: Sequence[int] | None, last: dt.date) -> tuple[tuple[dt.date, int], ...]:
    """Machines fixed so far at the end of each day since it was asked for."""
    targets = activity.targets.filter(fixed_at__isnull=False)
    targets = targets if groups is None else targets.filter(machine__group_id__in=groups)
    days = dict(targets.values_list(TruncDate("fixed_at")).annotate(Count("machine")).order_by())
    day, total, found = activity.created_at.date(), 0, []
    while day <= last:
        total += days.get(day, 0)
        found.append((day, total))
        day += dt.timedelta(days=1)
    return tuple(found)


def untouchable(activity: Activity, *, groups: Sequence[int] | None) -> bool:
    """Whether it is also about machines outside of the groups (None: all), so that it is not theirs to end."""
    if groups is None:
        return False
    if not activity.target_count:
        return not set(activity.group_names) <= set(MachineGroup.objects.filter(pk__in=groups).values_list("name", flat=True))
    return ActivityTarget.objects.filter(activity=activity).exclude(machine__group_id__in=groups).exists()


def groups_of(recommendation: Recommendation, *, groups: Sequence[int]) -> tuple[GroupReach, ...]:
    """Groups with exposed machines, in their order of rank."""
    return groups_of_several([recommendation.pk], groups=groups)


def groups_of_several(ids: Sequence[int], *, groups: Sequence[int]) -> tuple[GroupReach, ...]:
    """Groups in which a machine needs any of these recommendations. `exposed` adds them up: a machine may need several."""
    stats = RecommendationStat.objects.filter(recommendation__in=ids, group_id__in=groups, exposed__gt=0)
    exposed = dict(stats.values_list("group_id").annotate(Sum("exposed")).order_by())
    names = MachineGroup.objects.filter(pk__in=exposed).order_by("is_default", "rank", "id").values_list("id", "name")
    return tuple(GroupReach(pk, name, exposed[pk]) for pk, name in names)


def machines_each(ids: Sequence[int], *, groups: Sequence[int]) -> dict[int, int]:
    """Machines of these groups that need it, by recommendation."""
    stats = RecommendationStat.objects.filter(recommendation__in=ids, group_id__in=groups)
    return dict(stats.values_list("recommendation_id").annotate(Sum("exposed")).order_by())


def in_progress_of(ids: Sequence[int], *, groups: Sequence[int] | None) -> dict[int, str]:
    """The newest activity in progress, by recommendation."""
    found = visible(groups).filter(recommendation__in=ids, status=Activity.Status.ACTIVE).order_by("created_at")
    return {recommendation: str(pk) for recommendation, pk in found.values_list("recommendation_id", "pk")}


def undisturbed(recommendation: Recommendation, *, groups: Sequence[int]) -> int | None:
    """Machines of the groups that need a configuration change and whose users would not notice it. None: another kind of fix."""
    if recommendation.configuration_id is None:
        return None
    parameters = {"configuration": recommendation.configuration_id, "tag": rules.UNDISTURBED_TAG, "groups": list(groups)}
    return int(sql.rows("remediation/count_undisturbed", parameters)[0]["machines"])


def reach(recommendation: Recommendation, *, chosen: Sequence[int], groups: Sequence[int]) -> Reach:
    """What doing it on the machines of the `chosen` groups does to the exposure score over `groups`: sums of a few rows, exact."""
    sums = RecommendationStat.objects.filter(recommendation=recommendation, group_id__in=chosen)
    found = sums.aggregate(machines=Sum("exposed", default=0), impact=Sum("impact", default=0.0))
    score = score_queries.exposure_score(groups=groups, settings=score_queries.scoring_settings())
    if score is None:
        return Reach(found["machines"], None, None)
    return Reach(found["machines"], score.score, score.score - found["impact"] * scale_of(score.weight))


def _found(state: ListState, *, groups: Sequence[int] | None, today: dt.date) -> QuerySet[Activity]:
    found = (
        visible(groups)
        .select_related("requested_by")
        .prefetch_related("tickets")
        .annotate(priority_order=priority_order("priority"), share=SHARE)
    )
    for name in ("status", "kind", "priority"):
        if values := state.chosen.get(name):
            found = found.filter(**{f"{name}__in": values})
    if tickets := state.chosen.get("ticket"):
        found = found.filter(pk__in=Ticket.objects.filter(state__in=tickets).values("activity_id"))
    if dues := state.chosen.get("due"):
        wanted = Q()
        for due in dues:
            wanted |= _due(due, today)
        found = found.filter(wanted)
    for word in state.q.split()[:8]:
        found = found.filter(Q(title__icontains=word) | Q(component__icontains=word) | Q(notes__icontains=word))
    by = SORTS[state.sort.removeprefix("-")]
    return found.order_by(by.desc(nulls_last=True) if state.sort.startswith("-") else by.asc(nulls_last=True), "-created_at", "id")


def _due(state: str, today: dt.date) -> Q:
    """The same states as rules.due_state, as a condition."""
    active, soon = Q(status=Activity.Status.ACTIVE), today + rules.DUE_SOON
    dated = {"overdue": Q(due_on__lt=today), "soon": Q(due_on__gte=today, due_on__lte=soon), "later": Q(due_on__gt=soon)}
    return active & dated[state] if state in dated else ~active | Q(due_on__isnull=True)


def _rows(activities: QuerySet[Activity], *, groups: Sequence[int] | None, today: dt.date) -> tuple[ActivityRow, ...]:
    shown = list(activities)
    done = progress([activity.pk for activity in shown], groups)
    return tuple(_row(activity, done.get(activity.pk), today=today) for activity in shown)


def progress(ids: Sequence[Any], groups: Sequence[int] | None) -> dict[Any, tuple[int, int]]:
    """(fixed, targeted) by activity, of the machines of these groups. None: all, whose figures are kept on the activity."""
    if groups is None:
        return {}
    found = ActivityTarget.objects.filter(activity_id__in=ids, machine__group_id__in=groups)
    counted = found.values_list("activity_id").annotate(Count("fixed_at"), Count("machine")).order_by()
    return dict.fromkeys(ids, (0, 0)) | {pk: (fixed, total) for pk, fixed, total in counted}


def _row(activity: Activity, kept: tuple[int, int] | None, *, today: dt.date) -> ActivityRow:
    done, total = kept if kept is not None else (activity.fixed_count, activity.target_count)
    completed = activity.status == Activity.Status.COMPLETED
    return ActivityRow(
        id=str(activity.pk),
        title=activity.title,
        component=activity.component,
        kind=activity.kind,
        kind_label=activity.get_kind_display(),
        priority=activity.priority,
        priority_label=activity.get_priority_display(),
        done=done,
        total=total,
        due_on=activity.due_on,
        due_state=rules.due_state(activity.due_on, today=today, completed=completed),
        due_words=rules.days_left(activity.due_on, today=today) if activity.due_on and not completed else "",
        status=activity.status,
        status_label=activity.get_status_display(),
        requester=name_of(activity.requested_by),
        created_at=activity.created_at,
        completed_at=activity.completed_at,
        completed_by=activity.completed_by,
        tickets=ticket_queries.marks(activity.tickets.all(), completed=completed),
        reach_label=activity.get_reach_display() if activity.reach != Activity.Reach.ALL else "",
    )


def _target(target: ActivityTarget) -> TargetRow:
    machine = target.machine
    score = getattr(machine, "score", None)
    return TargetRow(
        machine_id=machine.pk,
        name=machine.name,
        group=machine.group.name,
        system=f"{machine.os_name} {machine.os_version}".strip(),
        level=score.level if score else None,
        last_seen=machine.last_seen,
        fixed_at=target.fixed_at,
    )
