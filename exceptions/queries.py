"""Subjects of exceptions, what is granted for them, and what one more would do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet, Sum

from core import sql
from exceptions import rules
from exceptions.models import ExceptionPart, ExceptionSettings, RiskException, title_of
from inventory.models import MachineGroup, Software
from recommendations import relief, score_queries
from recommendations.impacts import together
from recommendations.models import Recommendation, RecommendationStat
from recommendations.recommendation_queries import scale_of, total_weight
from weaknesses.models import Weakness

LOCK = "exceptions"
Key = tuple[int | None, int | None, int | None]  # ids of recommendation, weakness, software


@dataclass(frozen=True, slots=True)
class Subject:
    """What an exception is about: a recommendation, a weakness, or a weakness in one software."""

    recommendation: Recommendation | None = None
    weakness: Weakness | None = None
    software: Software | None = None

    @property
    def key(self) -> Key:
        return (
            self.recommendation.pk if self.recommendation else None,
            self.weakness.pk if self.weakness else None,
            self.software.pk if self.software else None,
        )

    @property
    def title(self) -> str:
        return title_of(self.recommendation, self.weakness, self.software)

    @property
    def kind_label(self) -> str:
        if self.recommendation:
            return self.recommendation.get_kind_display()
        return "Weakness in one software" if self.software else "Weakness"

    @property
    def of_weakness(self) -> bool:
        return self.weakness is not None

    def exceptions(self) -> QuerySet[RiskException]:
        return RiskException.objects.filter(recommendation=self.recommendation, weakness=self.weakness, software=self.software)


@dataclass(frozen=True, slots=True)
class Measure:
    """`machines` that are exposed, and the plain `impact` in points of the organisation's score."""

    machines: int
    impact: float


@dataclass(frozen=True, slots=True)
class GroupChoice:
    """A machine group that an exception could be for. `exposed` of its `machines`."""

    id: int
    name: str
    exposed: int
    machines: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Both scores after exceptions; None: nothing was scored, or nothing checked."""

    exposure: float | None
    configuration: float | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What an exception would do. `machines` it covers; `remaining` exposed machines and their `impact` after it.

    `waits`: one for all machines is in effect, so it starts when that ends.
    """

    subjects: int
    machines: int
    remaining: int
    impact: float
    before: Scores
    after: Scores
    waits: bool = False


def subject_of(exception: RiskException) -> Subject:
    return Subject(exception.recommendation, exception.weakness, exception.software)


def settings() -> ExceptionSettings:
    """The row of rules, with the defaults where nobody has stored any."""
    return ExceptionSettings.objects.first() or ExceptionSettings()


def lock() -> None:
    """One change of exceptions at a time: held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [LOCK])


def all_groups() -> list[int]:
    return list(MachineGroup.objects.values_list("pk", flat=True))


def current(subject: Subject) -> list[RiskException]:
    """Those that wait for approval, are in effect or suspended, with their groups."""
    return current_of([subject])[subject.key]


def current_of(subjects: Collection[Subject]) -> dict[Key, list[RiskException]]:
    """Key of each subject -> its current exceptions. Two statements."""
    found: dict[Key, list[RiskException]] = {subject.key: [] for subject in subjects}
    about = Q(recommendation__in=[s.recommendation for s in subjects if s.recommendation])
    about |= Q(weakness__in=[s.weakness for s in subjects if s.weakness])
    for exception in RiskException.objects.filter(about, status__in=rules.CURRENT).prefetch_related("parts").order_by("id"):
        key = (exception.recommendation_id, exception.weakness_id, exception.software_id)
        if key in found:  # an exception of the same weakness in one software is about something else
            found[key].append(exception)
    return found


def held_of(subjects: Collection[Subject]) -> tuple[RiskException | None, set[int]]:
    """(a current one for all machines of any of these subjects, groups that any current one holds)."""
    whole, places = held(exception for listed in current_of(subjects).values() for exception in listed)
    return whole, set(places)


def standing(exceptions: Iterable[RiskException]) -> list[rules.Standing]:
    return [rules.Standing(e.pk, e.status, e.all_machines, frozenset(live_groups(e))) for e in exceptions]


def live_groups(exception: RiskException) -> list[int]:
    """The groups that it still is for."""
    return [part.group_id for part in exception.parts.all() if part.group_id is not None and part.cancelled_at is None]


def held(exceptions: Iterable[RiskException]) -> tuple[RiskException | None, dict[int, RiskException]]:
    """(the current one for all machines, group -> the current one that holds it)."""
    listed = list(exceptions)
    whole = next((e for e in listed if e.all_machines), None)
    return whole, {group: e for e in listed if not e.all_machines for group in live_groups(e)}


def measure(subject: Subject, *, groups: Sequence[int] | None) -> Measure:
    """Exposed machines of these groups (None: all) and what they cost, without regard to exceptions."""
    if subject.recommendation is None:
        assert subject.weakness is not None
        places, exposed = _wanted(groups), _exposed([subject])
        machines = sum(exposed.get(group, 0) for group in places)
        return Measure(machines, relief.impact(weakness_id=subject.weakness.pk, software_id=subject.key[2], groups=places))
    stats = RecommendationStat.objects.filter(recommendation=subject.recommendation)
    if groups is not None:
        stats = stats.filter(group_id__in=groups)
    sums = stats.aggregate(machines=Sum("exposed", default=0), impact=Sum("impact", default=0.0))
    return Measure(sums["machines"], sums["impact"] * scale_of(total_weight(all_groups())))


def group_choices(subjects: Sequence[Subject], *, groups: Collection[int]) -> tuple[GroupChoice, ...]:
    """The groups that hold no exception for any of the subjects yet, of those the user may handle, in their order of rank."""
    _, taken = held_of(subjects)
    exposed = _exposed(subjects)
    found = MachineGroup.objects.filter(pk__in=set(groups) - taken).order_by("is_default", "rank", "id")
    return tuple(GroupChoice(g.pk, g.name, exposed.get(g.pk, 0), g.machine_count) for g in found)


def preview(
    subjects: Sequence[Subject], *, groups: Sequence[int] | None, justification: str, seen: Collection[int] | None = None
) -> Preview:
    """What one more exception would do, on the machines of these groups (None: all machines). Exact: computed as its grant would.

    `seen`: the groups whose figures are shown (None: all).
    """
    shown = sorted(all_groups() if seen is None else seen)
    before, share = scores_after(shown), _share(shown)
    first = subjects[0]
    if first.weakness is not None:
        return _preview_weakness(first, first.weakness, groups=groups, before=before, shown=shown, share=share)
    listed = current_of(subjects)
    adds = set(_wanted(groups)) if rules.mitigates(justification, of_weakness=False) else set()
    changes = [_change(subject, listed[subject.key], adds=adds, everywhere=groups is None) for subject in subjects]
    drop = relief.drop_after([pair for change in changes for pair in change.pairs if pair[1] in set(shown)])
    stats = _stats_after(subjects, shown)
    left = [_left(subject, change, stats.get(subject.key[0] or 0, {})) for subject, change in zip(subjects, changes, strict=True)]
    gained = sum(gain for _, _, gain in left)
    return Preview(
        subjects=len(subjects),
        machines=_machines(subjects, [group for group in _wanted(groups) if group in set(shown)]),
        remaining=sum(machines for machines, _, _ in left),
        impact=sum(impact for _, impact, _ in left) * scale_of(total_weight(shown)),
        before=before,
        after=Scores(_less(before.exposure, drop * share), _gained(before.configuration, gained, shown)),
        waits=any(change.waits for change in changes),
    )


def scores_after(groups: Sequence[int] | None = None) -> Scores:
    """Both scores of these groups (None: the organisation) after exceptions."""
    shown = all_groups() if groups is None else list(groups)
    exposure = score_queries.exposure_score(groups=shown, settings=score_queries.scoring_settings())
    configuration = score_queries.configuration_score(groups=shown)
    return Scores(exposure.after if exposure else None, configuration.total.percent_after if configuration else None)


def software_with(weakness: Weakness, *, limit: int = 20) -> list[Software]:
    """Software on the fleet that has it, the most installed first."""
    rows = sql.rows("recommendations/read_software_of_weakness", {"weakness": weakness.pk, "software": None})
    found = Software.objects.filter(pk__in=[row["software_id"] for row in rows], installed_count__gt=0)
    return list(found.order_by("-installed_count", "name")[:limit])


def ending_soon(*, now: dt.datetime) -> QuerySet[RiskException]:
    """In effect, and over within a week."""
    return RiskException.objects.filter(status=rules.IN_EFFECT, ends_at__gt=now, ends_at__lte=now + rules.NOTICE)


def part_names(exception: RiskException) -> list[str]:
    return [part.name for part in exception.parts.all() if part.cancelled_at is None]


def parts_of(exception: RiskException) -> list[ExceptionPart]:
    return sorted(exception.parts.all(), key=lambda part: part.name.lower())


@dataclass(frozen=True, slots=True)
class _Change:
    """(recommendation, group, 1 covered or -1 no longer): what moves the sums."""

    pairs: tuple[tuple[int, int, int], ...]
    waits: bool


def _change(subject: Subject, listed: Sequence[RiskException], *, adds: set[int], everywhere: bool) -> _Change:
    """`adds`: groups in which it would come to be covered."""
    whole, _ = held(listed)
    waits = whole is not None and whole.status == rules.IN_EFFECT
    if waits or subject.recommendation is None:
        return _Change((), waits)
    by_id = {e.pk: e for e in listed}
    places = rules.covered(standing(listed))
    now = {group for group, pk in places.items() if group is not None and rules.mitigates(by_id[pk].justification, of_weakness=False)}
    then = adds if everywhere else now | adds
    pk = subject.recommendation.pk
    return _Change((*((pk, group, 1) for group in then - now), *((pk, group, -1) for group in now - then)), waits)


def _exposed(subjects: Sequence[Subject]) -> dict[int, int]:
    """group -> exposed machines; of several subjects, those of each added up."""
    recommendations = [s.recommendation.pk for s in subjects if s.recommendation]
    rows = RecommendationStat.objects.filter(recommendation_id__in=recommendations).values_list("group_id").annotate(Sum("exposed"))
    found: dict[int, int] = dict(rows.order_by())
    for subject in subjects:
        if subject.weakness is not None:
            for group, exposed in relief.carriers(weakness_id=subject.weakness.pk, software_id=subject.key[2]).items():
                found[group] = found.get(group, 0) + exposed
    return found


def _machines(subjects: Sequence[Subject], groups: Sequence[int]) -> int:
    """Machines that any of them covers, each once."""
    if len(subjects) == 1:
        return sum(count for group, count in _exposed(subjects).items() if group in set(groups))
    return together(recommendation_ids=[s.recommendation.pk for s in subjects if s.recommendation], group_ids=groups).machines


def _stats_after(subjects: Sequence[Subject], groups: Sequence[int]) -> dict[int, dict[int, dict[str, Any]]]:
    """recommendation -> group -> sums."""
    names = ("recommendation_id", "group_id", "exposed", "impact", "exposed_after", "impact_after", "installed")
    found: dict[int, dict[int, dict[str, Any]]] = {}
    wanted = Q(recommendation_id__in=[s.recommendation.pk for s in subjects if s.recommendation], group_id__in=groups)
    for row in RecommendationStat.objects.filter(wanted).values(*names):
        found.setdefault(row["recommendation_id"], {})[row["group_id"]] = row
    return found


def _preview_weakness(
    subject: Subject, weakness: Weakness, *, groups: Sequence[int] | None, before: Scores, shown: Sequence[int], share: float
) -> Preview:
    listed = current(subject)
    whole, _ = held(listed)
    waits = whole is not None and whole.status == rules.IN_EFFECT
    places = rules.covered(standing(listed))
    wanted, software = [group for group in _wanted(groups) if group in set(shown)], subject.key[2]
    exposed = _exposed([subject])
    rest = [] if None in places else [group for group in shown if group not in wanted and group not in places]
    drop = 0.0 if waits else relief.impact_after(weakness_id=weakness.pk, software_id=software, groups=wanted)
    left = relief.impact_after(weakness_id=weakness.pk, software_id=software, groups=rest) if rest else 0.0
    return Preview(
        subjects=1,
        machines=sum(exposed.get(group, 0) for group in wanted),
        remaining=sum(exposed.get(group, 0) for group in rest),
        impact=left * share,
        before=before,
        after=Scores(_less(before.exposure, drop * share), before.configuration),
        waits=waits,
    )


def _share(shown: Sequence[int]) -> float:
    """What turns points of the organisation into points of these groups."""
    weight = total_weight(shown)
    return total_weight(all_groups()) / weight if weight else 0.0


def _left(subject: Subject, change: _Change, rows: dict[int, dict[str, Any]]) -> tuple[int, float, float]:
    """(exposed machines, sum of impact, points of the configuration score won) after a change, of one recommendation."""
    moved = {group: sign for _, group, sign in change.pairs}
    machines, impact, passing = 0, 0.0, 0
    for group, row in rows.items():
        after = row["exposed_after"]
        if group in moved:
            after = 0 if moved[group] > 0 else row["exposed"]
        machines += after
        impact += {1: 0.0, -1: row["impact"]}.get(moved.get(group, 0), row["impact_after"])
        passing += row["exposed_after"] - after
    check = subject.recommendation.configuration if subject.recommendation else None
    installed = sum(row["installed"] for row in rows.values())
    return machines, impact, check.impact * passing / installed if check and installed else 0.0


def _gained(percent: float | None, points: float, shown: Sequence[int]) -> float | None:
    """The configuration score of these groups with these points more."""
    configuration = score_queries.configuration_score(groups=shown) if points else None
    if percent is None or configuration is None or not configuration.total.maximum:
        return percent
    return percent + 100 * points / configuration.total.maximum


def _wanted(groups: Sequence[int] | None) -> list[int]:
    return all_groups() if groups is None else list(groups)


def _less(score: float | None, drop: float) -> float | None:
    return None if score is None else max(0.0, score - drop)
