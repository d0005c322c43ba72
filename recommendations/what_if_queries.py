"""What would be if some recommendations were done: the scores then, and what each of them adds. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recommendations import impacts, recommendation_queries, score_queries
from recommendations.recommendation_queries import RecommendationRow
from recommendations.score_queries import ExposureScore, Points

MOST_LEVELS = 20_000  # machines touched, up to which their levels afterwards are looked up
LEVELS = (("high", "High"), ("medium", "Medium"), ("low", "Low"), ("none", "None"))


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """`adds`: points that it adds after those before it; `score`: the exposure score then."""

    row: RecommendationRow
    adds: float
    machines: int
    score: float


@dataclass(frozen=True, slots=True)
class LevelCount:
    tone: str
    label: str
    now: int
    then: int

    @property
    def change(self) -> int:
        return self.then - self.now


@dataclass(frozen=True, slots=True)
class Plan:
    """Picked recommendations done together. `now` None: not computed yet. `gone`: picked, but needed no more.

    `levels` empty: too many machines to look at. `gain`: configuration points. `single`: their impacts added, to compare with.
    """

    rows: tuple[PlannedRow, ...]
    gone: int
    now: ExposureScore | None
    band_medium: float
    band_high: float
    impact: float
    machines: int
    band: str
    gain: float
    configuration: Points | None
    levels: tuple[LevelCount, ...] = ()

    @property
    def then(self) -> float | None:
        return None if self.now is None else max(self.now.score - self.impact, 0.0)

    @property
    def single(self) -> float:
        return sum(planned.row.impact for planned in self.rows)

    @property
    def difference(self) -> float:
        """How much more (or less) they do together than their single impacts add up to."""
        return self.impact - self.single

    @property
    def overlap(self) -> float:
        return max(-self.difference, 0.0)

    @property
    def configuration_then(self) -> float | None:
        """The configuration score then, in percent."""
        points = self.configuration
        return None if points is None or not points.maximum else 100 * (points.points + self.gain) / points.maximum


def plan(ids: Sequence[int], *, groups: Sequence[int], with_levels: bool = False) -> Plan:
    """The picked recommendations in this order, on the machines of these groups. As many statements for one as for a hundred."""
    rows = recommendation_queries.picked(ids, groups=groups)
    settings = score_queries.scoring_settings()
    now = score_queries.exposure_score(groups=groups, settings=settings)
    needed = [row.id for row in rows]
    steps = impacts.step_by_step(recommendation_ids=needed, group_ids=groups)
    few = with_levels and now is not None and 0 < steps.whole.machines <= MOST_LEVELS
    moves = impacts.level_moves(recommendation_ids=needed, group_ids=groups) if few else ()
    configuration = score_queries.configuration_score(groups=groups)
    then = max(now.score - steps.whole.impact, 0.0) if now else 0.0
    return Plan(
        rows=_planned(rows, steps.steps, now.score if now else 0.0),
        gone=len(ids) - len(rows),
        now=now,
        band_medium=settings.band_medium,
        band_high=settings.band_high,
        impact=steps.whole.impact,
        machines=steps.whole.machines,
        band=score_queries.band(then, settings),
        gain=sum(row.gain or 0.0 for row in rows),
        configuration=configuration.total if configuration else None,
        levels=_levels(now, moves) if few and now else (),
    )


def _planned(rows: Sequence[RecommendationRow], steps: Sequence[impacts.Step], score: float) -> tuple[PlannedRow, ...]:
    planned = []
    for row, step in zip(rows, steps, strict=True):
        score = max(score - step.impact, 0.0)
        planned.append(PlannedRow(row, step.impact, step.machines, score))
    return tuple(planned)


def _levels(now: ExposureScore, moves: Sequence[impacts.LevelMove]) -> tuple[LevelCount, ...]:
    """All machines by level, now and then: those touched move, the others stay."""
    ranks = {"none": 0, "low": 1, "medium": 2, "high": 3}
    counts = []
    for tone, label in LEVELS:
        rank, before = ranks[tone], getattr(now, tone)
        coming = sum(move.machines for move in moves if move.after == rank)
        leaving = sum(move.machines for move in moves if move.before == rank)
        counts.append(LevelCount(tone, label, before, before + coming - leaving))
    return tuple(counts)
