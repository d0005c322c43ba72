"""What all kinds of runs do alike, inside the caller's transaction: parameters, rebuilding what changed, adding up, their row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db.models import Sum
from django.forms.models import model_to_dict

from core import sql
from recommendations import bulk
from recommendations.bulk import Scope
from recommendations.models import GroupScore, PresentWeakness, Run, ScoringSettings, WeaknessStat

FULL_MEMORY_MB = 192
EVERYTHING_FROM = 5_000  # more changed machines than this are rebuilt by reading everything once


def current_settings() -> dict[str, Any]:
    row, _ = ScoringSettings.objects.get_or_create(id=1)
    return {**model_to_dict(row), "active_days": settings.ACTIVE_DAYS}


def parameters(chosen: Mapping[str, Any], previous: Run | None, *, now: dt.datetime, step: int | None = None) -> bulk.Parameters:
    """The settings, the moment, and the number of this computation and of the last full one."""
    days = chosen.get("active_days", settings.ACTIVE_DAYS)
    steps = {"step": bulk.next_step() if step is None else step, "full_step": previous.step if previous else 0}
    return {**chosen, **steps, "today": now.date(), "active_since": now - dt.timedelta(days=days)}


def last_full_run() -> Run | None:
    return Run.objects.filter(kind=Run.Kind.FULL, finished_at__isnull=False).order_by("-finished_at", "-id").first()


def incremental(previous: Run, *, now: dt.datetime) -> Run:
    """Incremental runs follow each other by the second: the row of the last one is used again."""
    newest = Run.objects.order_by("-id").first()
    if newest is not None and newest.kind == Run.Kind.INCREMENTAL:
        newest.started_at = now
        return newest
    return Run(kind=Run.Kind.INCREMENTAL, started_at=now, settings=previous.settings)


def rebuild_changed(weights: bulk.Parameters, scope: Scope, *, now: dt.datetime) -> int:
    """Rebuild the machines in scope (everything, or a slice) that differ from what their scores rest on; returns how many did.

    The change of holdings is left in part_holding.
    """
    changed = bulk.changed_machines(scope)
    if changed:
        due, sliced = _narrowed(scope, changed), scope.tables is not None
        bulk.read_contents(weights, due, now=now, matched=not sliced)
        moved = _narrowed(scope, bulk.moved_machines(due))  # reports came in since `changed` was read
        bulk.count_holdings(due, moved=moved, sign=-1)
        bulk.store_contents({**weights, "incremental": sliced}, due, now=now)
        bulk.count_holdings(due, moved=moved, sign=1)
    return len(changed)


def sum_everything(weights: bulk.Parameters, scope: Scope, *, recommendations: bool) -> None:
    """Adds to part_contribution and part_group what the machines in scope contribute."""
    if recommendations:
        bulk.sum_contributions(weights, scope, sign=1)
    bulk.sum_groups(weights, scope, sign=1)


def store_sums(weights: bulk.Parameters, *, recommendations: bool) -> None:
    """The stats as part_contribution and part_group say; those per recommendation only where something they are made of moved."""
    if recommendations:
        bulk.store_stats()
    bulk.store_groups(weights)


def look_back(previous: Run | None, *, moved: bool, now: dt.datetime) -> None:
    """Counts per weakness, and the timeline: what is here now against what the last full run found."""
    first = previous is None or not PresentWeakness.objects.exists()
    moment = {"now": now, "today": now.date(), "first": first, "previous": previous.started_at if previous else None}
    if first or moved or not WeaknessStat.objects.exists():
        bulk.count_weaknesses()
    if first or moved:
        sql.run("recommendations/record_events", moment)
    sql.run("recommendations/record_milestones", moment)


def moved_since(previous: Run | None, chosen: Mapping[str, Any]) -> bool:
    """Whether the stored sums may be others than the last full run's: incremental runs since, or other settings."""
    if previous is None or previous.settings != chosen:
        return True
    return Run.objects.filter(kind=Run.Kind.INCREMENTAL, finished_at__gte=previous.finished_at).exists()


def finish(
    run: Run, weights: bulk.Parameters, previous: Run | None, *, now: dt.datetime, machines: int, seconds: float, effects: bool = True
) -> Run:
    """Store the run, and why the score moved; not where the last full run did not record what figures rest on.

    `effects`: the figures take into account the exceptions of now.
    """
    total = GroupScore.objects.aggregate(weight=Sum("weight", default=0.0), exposure=Sum("exposure", default=0.0))
    run.finished_at, run.machines, run.step, run.seconds = now, machines, weights["step"], seconds
    run.weight = total["weight"]
    run.score = 100 * total["exposure"] / total["weight"] if total["weight"] else None
    run.save()
    if effects:
        bulk.store_effects()
    if previous is None or previous.step:
        bulk.store_changes(run_id=run.pk)
    return run


def _narrowed(scope: Scope, machines: Sequence[int]) -> Scope:
    return scope.among(machines) if len(machines) <= EVERYTHING_FROM else scope
