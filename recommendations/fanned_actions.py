"""A full run over slices of the fleet, in several transactions and, if wanted, several processes: `prepare`, `score_slice` for each
slice in any order, `sum_slice` for those that are `left_to_sum`, `finish`. The figures are those of `actions.recompute`.

Slices share the lock of all computations, so incremental runs and exceptions come in between. Each stage is done once however often
it is asked for, and what a killed process left is taken up by whoever asks next.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Q

from core import sql
from core.slices import slices
from recommendations import bulk, fanned, risks, runs
from recommendations.errors import RunUnderWay
from recommendations.models import FannedRun, Run, RunSlice


@dataclass(frozen=True, slots=True)
class Progress:
    """The run under way. `left`: slices that are not done. `idle`: nobody has worked on it for a while."""

    token: uuid.UUID
    began_at: dt.datetime
    slices: int
    left: tuple[int, ...]
    idle: bool


def prepare(*, now: dt.datetime, kind: str = Run.Kind.FULL) -> uuid.UUID | None:
    """Version scores, and what the slices must rebuild. Returns the token of the run.

    None where it takes `actions.recompute`: other settings or exceptions than those of the stored figures are told apart by several
    passes, which are one transaction. Raises RunUnderWay where another run over slices has not ended; it is told to be done again.
    """
    while True:
        try:
            return _prepare(now=now, kind=kind)
        except RunUnderWay:
            if FannedRun.objects.update(again=True):
                raise  # else it has just ended


@transaction.atomic
def _prepare(*, now: dt.datetime, kind: str) -> uuid.UUID | None:
    bulk.lock()
    if fanned.under_way() is not None:
        raise RunUnderWay
    count = len(slices(fanned.TABLES))
    previous, chosen = runs.last_full_run(), runs.current_settings()
    if count < 2 or (previous is not None and (not previous.step or previous.settings != chosen or bulk.effects_moved())):
        return None
    bulk.plan_for_everything(megabytes=runs.FULL_MEMORY_MB)
    weights = runs.parameters(chosen, previous, now=now)
    bulk.store_effects()
    bulk.score_versions(weights, now=now, software_ids=None)
    risks.prepare()
    sql.run("recommendations/keep_restated")
    sql.run("recommendations/store_version_signatures")
    sql.run("recommendations/foresee_checks", {**weights, "now": now})
    RunSlice.objects.bulk_create(RunSlice(number=number) for number in range(count))
    run = FannedRun.objects.create(
        kind=kind, now=now, began_at=_clock(), settings=chosen, step=weights["step"], newest_version=_newest_version()
    )
    return run.token


@transaction.atomic
def score_slice(*, token: uuid.UUID, number: int) -> bool:
    """Rebuild and score the machines of a slice that differ from what their scores rest on; what it does to the sums waits for `finish`.

    False where that run has ended. One that is being done by another process is waited for, and not done again.
    """
    bulk.share_lock()
    run, part = _locked(token, number)
    if run is None:
        return False
    if part.done_at is not None:
        return True
    bulk.plan_for_everything(megabytes=runs.FULL_MEMORY_MB)
    scope, previous = fanned.scope_of(number), runs.last_full_run()
    weights = runs.parameters(run.settings, previous, now=run.now)
    sql.run("recommendations/recall_restated")
    marks = bulk.find_dirty(scope, newest_version=run.newest_version)
    bulk.start_changes()
    bulk.find_live(weights, scope, effects_before=True)
    part.changed = runs.rebuild_changed(weights, scope, now=run.now)
    part.rescored = bulk.store_machine_scores(weights, scope)
    risks.refresh_slice(scope, now=run.now)
    fanned.keep_changes()
    if part.changed or part.rescored or runs.moved_since(previous, run.settings):
        _keep_sums(part, weights, scope)
    bulk.clear_dirty(marks)
    part.done_at = _clock()
    part.save()
    return True


@transaction.atomic
def sum_slice(*, token: uuid.UUID, number: int) -> bool:
    """Add up a slice that found nothing to do, because another did (`left_to_sum`). False where that run has ended."""
    bulk.share_lock()
    run, part = _locked(token, number)
    if run is None or part.done_at is None:
        return False
    if not part.summed:
        bulk.plan_for_everything(megabytes=runs.FULL_MEMORY_MB)
        scope, weights = fanned.scope_of(number), runs.parameters(run.settings, runs.last_full_run(), now=run.now)
        bulk.find_live(weights, scope, effects_before=True)
        _keep_sums(part, weights, scope)
        part.save()
    return True


def finish(*, token: uuid.UUID, now: dt.datetime) -> Run | None:
    """Add up what the slices left and end the run, once. The figures are those of its preparation; `now` is when they are shown.

    Does the slices that are not done itself. None where that run has ended.
    """
    for number in left():
        score_slice(token=token, number=number)
    for number in left_to_sum():
        sum_slice(token=token, number=number)
    return _finish(token, now)


def progress(*, lease: dt.timedelta = dt.timedelta(minutes=5)) -> Progress | None:
    """How far the run under way is. It is idle where no slice was done for the time of `lease`, and none is being worked on."""
    with transaction.atomic():
        run = fanned.under_way()
        if run is None:
            return None
        parts = list(RunSlice.objects.order_by("number"))
        left = tuple(part.number for part in parts if part.done_at is None)
        free = RunSlice.objects.select_for_update(skip_locked=True).filter(done_at=None)
        latest = max([run.began_at, *(part.done_at for part in parts if part.done_at is not None)])
        idle = len(free) == len(left) and _clock() - latest >= lease
    return Progress(run.token, run.began_at, len(parts), left, idle)


def left() -> tuple[int, ...]:
    """Slices of the run under way that are not done."""
    return tuple(RunSlice.objects.filter(done_at=None).order_by("number").values_list("number", flat=True))


def left_to_sum() -> tuple[int, ...]:
    """Slices whose sums are needed and were not added up, as no machine of theirs changed: the end would add them up, while all wait."""
    parts = RunSlice.objects.order_by("number")
    if not parts.filter(Q(changed__gt=0) | Q(rescored__gt=0)).exists():
        return ()
    return tuple(parts.filter(summed=False).exclude(done_at=None).values_list("number", flat=True))


def asked_again() -> bool:
    """Whether another full run was asked for since the one under way began."""
    return FannedRun.objects.filter(again=True).exists()


@transaction.atomic
def _finish(token: uuid.UUID, now: dt.datetime) -> Run | None:
    bulk.lock()
    run = FannedRun.objects.filter(token=token).first()
    if run is None:
        return None
    bulk.plan_for_everything(megabytes=runs.FULL_MEMORY_MB)
    previous, parts = runs.last_full_run(), list(RunSlice.objects.order_by("number"))
    weights = runs.parameters(run.settings, previous, now=run.now, step=run.step)
    bulk.start_changes()
    bulk.start_sums(effects_before=True)
    fanned.take_changes()
    bulk.apply_holdings()
    _score_late_versions(run, weights)
    sql.run("recommendations/recall_restated")
    sql.run("recommendations/match_pairs", {**weights, "everything": True, "software_ids": []})
    restated = sorted(bulk.restated_software())
    moved = bool(restated or any(part.changed or part.rescored for part in parts)) or runs.moved_since(previous, run.settings)
    fanned.take_sums()
    for part in parts:
        if not part.summed:
            runs.sum_everything(weights, fanned.scope_of(part.number), recommendations=moved)
    runs.store_sums(weights, recommendations=moved)
    risks.count()
    bulk.describe(weights, now=run.now, software_ids=restated)
    bulk.settle(now=run.now)
    sql.run("recommendations/forget_old_facts", weights)
    runs.look_back(previous, moved=moved, now=run.now)
    fanned.end()
    ended = Run(kind=run.kind, started_at=run.now, settings=run.settings)
    seconds = (_clock() - run.began_at).total_seconds()
    return runs.finish(ended, weights, previous, now=now, machines=sum(part.changed for part in parts), seconds=seconds, effects=False)


def _keep_sums(part: RunSlice, weights: bulk.Parameters, scope: bulk.Scope) -> None:
    runs.sum_everything(weights, scope, recommendations=True)
    fanned.keep_sums()
    part.summed = True


def _score_late_versions(run: FannedRun, weights: bulk.Parameters) -> None:
    """Their carriers are marked still: an incremental run rebuilds them."""
    late = [row["software_id"] for row in sql.rows("recommendations/read_late_software", {"newest_version": run.newest_version})]
    if late:
        bulk.score_versions({**weights, "step": bulk.next_step()}, now=run.now, software_ids=late, effects_before=True)


def _locked(token: uuid.UUID, number: int) -> tuple[FannedRun | None, RunSlice]:
    """The run, and its slice for this transaction alone."""
    part = RunSlice.objects.select_for_update().filter(number=number).first()
    run = FannedRun.objects.filter(token=token).first()
    return (run, part) if part is not None else (None, RunSlice(number=number))


def _clock() -> dt.datetime:
    """The clock of the database, which all hosts share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: dt.datetime = cursor.fetchone()[0]
        return moment


def _newest_version() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM inventory_version")
        return int(cursor.fetchone()[0])
