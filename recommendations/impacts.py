"""The impact of several recommendations carried out together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.forms.models import model_to_dict

from core import sql
from recommendations.models import Run, ScoringSettings


@dataclass(frozen=True, slots=True)
class Together:
    """`impact`: points of the exposure score; `machines`: machines that any of them touches."""

    impact: float
    machines: int


def together(*, recommendation_ids: Sequence[int], group_ids: Sequence[int] | None = None) -> Together:
    """What the score drops by when all of these are done on the machines of these groups (None: all), now.

    Computed with their sum on each machine. Single impacts never add up to it: each is the drop if only it were done.
    """
    if not recommendation_ids:
        return Together(0.0, 0)
    row = sql.rows("recommendations/read_together", _parameters(recommendation_ids, group_ids))[0]
    return Together(row["impact"], row["machines"])


@dataclass(frozen=True, slots=True)
class Step:
    """One of several recommendations, done after those before it. `impact`: points it then still adds; `machines`: that need it."""

    impact: float
    machines: int


@dataclass(frozen=True, slots=True)
class Steps:
    """`steps` add up to `whole.impact`; `whole.machines`: machines that any of them touches."""

    steps: tuple[Step, ...]
    whole: Together


@dataclass(frozen=True, slots=True)
class LevelMove:
    """Machines (MachineScore.Level) whose level is `before` now, and would be `after`."""

    before: int
    after: int
    machines: int


def step_by_step(*, recommendation_ids: Sequence[int], group_ids: Sequence[int] | None = None) -> Steps:
    """What each of these adds when they are done in this order, on the machines of these groups. One statement."""
    if not recommendation_ids:
        return Steps((), Together(0.0, 0))
    found = {row["step"]: row for row in sql.rows("recommendations/read_what_if", _parameters(recommendation_ids, group_ids))}
    nothing = {"impact": 0.0, "machines": 0}
    rows = [found.get(step, nothing) for step in range(1, len(recommendation_ids) + 1)]
    whole = found.get(None, nothing)
    return Steps(tuple(Step(row["impact"], row["machines"]) for row in rows), Together(whole["impact"], whole["machines"]))


def level_moves(*, recommendation_ids: Sequence[int], group_ids: Sequence[int] | None = None) -> tuple[LevelMove, ...]:
    """The levels of the machines they touch, now and after. Costs the versions of those machines: ask for few."""
    rows = sql.rows("recommendations/read_what_if_levels", _parameters(recommendation_ids, group_ids)) if recommendation_ids else []
    return tuple(LevelMove(row["before"], row["after"], row["machines"]) for row in rows)


def settings_in_use() -> dict[str, Any]:
    """Those of the run that computed what is stored, and its day (`today`); edited ones count from the next full run."""
    run = Run.objects.filter(finished_at__isnull=False).order_by("-finished_at", "-id").first()
    today = run.finished_at.date() if run and run.finished_at else None
    return {**model_to_dict(ScoringSettings()), **(run.settings if run else {}), "today": today}


def _parameters(recommendation_ids: Sequence[int], group_ids: Sequence[int] | None) -> dict[str, Any]:
    names = ("half_hazard", "likelihood_checks", "band_medium", "band_high")
    weights = settings_in_use()
    return {name: weights[name] for name in names} | {
        "recommendation_ids": list(recommendation_ids),
        "groups": None if group_ids is None else list(group_ids),
    }
