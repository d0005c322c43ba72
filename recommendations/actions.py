"""Computing what to do and what it gains: the full run, the incremental run, exceptions' effects, daily rows.

All of them exclude each other by one lock, and each is one transaction: readers see the figures of before or of
after. Ingest goes on meanwhile; what it changes is marked dirty and taken by the next incremental run.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Max

from core import sql
from core.partitions import ensure_month
from inventory.models import VersionStat
from recommendations import bulk, fanned, risks, runs
from recommendations.bulk import Scope
from recommendations.models import Cause, Run, ScoreChangeDay


@dataclass(frozen=True, slots=True)
class Pass:
    """One computation over everything. `cause`: of all it changes; empty: each change has its own."""

    weights: bulk.Parameters
    cause: str = ""
    effects_before: bool = False
    half_hazard_before: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many machines a pass rebuilt, how many have another score, and software whose recommendations may read otherwise."""

    step: int
    changed: int
    rescored: int
    restated: frozenset[int]


@transaction.atomic
def recompute(*, now: dt.datetime, kind: str = Run.Kind.FULL, afresh: bool = False) -> Run:
    """A full run: version scores, recommendations, exposures, machine scores, stats, counters, events.

    Every machine's installations and results are checked against those its scores were computed from; the machines
    that differ are rebuilt, and all sums are added up again. `afresh` forgets what was computed and rebuilds everything.
    """
    began = time.perf_counter()
    bulk.lock()
    bulk.plan_for_everything(megabytes=runs.FULL_MEMORY_MB)
    chosen, previous, dirty = runs.current_settings(), runs.last_full_run(), _dirty_machines()
    unfinished = fanned.under_way() is not None
    if afresh:
        sql.run("recommendations/forget_everything")
        fanned.forget_holdings()
    bulk.start_changes()
    bulk.find_dirty(Scope())
    outcomes = [_score_everything(one, now=now) for one in _passes(previous, chosen, now=now)]
    weights, changed = runs.parameters(chosen, previous, now=now, step=outcomes[-1].step), max(outcome.changed for outcome in outcomes)
    risks.refresh(Scope(), now=now)
    restated = sorted(frozenset[int]().union(*(outcome.restated for outcome in outcomes)))
    moved = bool(restated or any(outcome.changed or outcome.rescored for outcome in outcomes)) or runs.moved_since(previous, chosen)
    runs.sum_everything(weights, Scope(), recommendations=moved)
    runs.store_sums(weights, recommendations=moved)
    bulk.describe(weights, now=now, software_ids=restated)
    bulk.settle(now=now)
    sql.run("recommendations/forget_old_facts", weights)
    sql.run("recommendations/store_version_signatures")
    runs.look_back(previous, moved=moved, now=now)
    bulk.clear_dirty(dirty)
    if unfinished:
        fanned.end()
    run = Run(kind=kind, started_at=now, settings=chosen)
    return runs.finish(run, weights, previous, now=now, machines=changed, seconds=time.perf_counter() - began)


@transaction.atomic
def refresh_dirty(*, now: dt.datetime, limit: int = 500) -> int:
    """An incremental run over at most `limit` dirty machines; returns how many were taken.

    What they contributed is taken out of every sum, they are rebuilt, and what they contribute now is added. Uses the
    settings of the last full run: those edited since take effect on everything at once, with the next full run.
    """
    began = time.perf_counter()
    bulk.lock()
    previous = runs.last_full_run()
    machines = _take_dirty(limit)
    if not machines:
        return 0
    unfinished = fanned.under_way() is not None
    if previous is None:
        if unfinished:
            return 0  # the first full run has not ended yet
        recompute(now=now)
        return len(machines)
    weights = runs.parameters(previous.settings, previous, now=now)
    bulk.start_changes()
    for scope, summed in fanned.split(machines) if unfinished else [(Scope(tuple(machines)), False)]:
        _refresh(weights, scope, now=now, lend=unfinished)
        if summed:
            fanned.keep_sums()
    sql.run("recommendations/drop_dirty", {"machines": machines})
    run = runs.incremental(previous, now=now)
    runs.finish(run, weights, previous, now=now, machines=len(machines), seconds=time.perf_counter() - began)
    return len(machines)


@transaction.atomic
def score_versions(*, version_ids: Sequence[int], now: dt.datetime) -> None:
    """Version scores and recommendations after the matches of some versions changed.

    The machines that carry them are for the caller to mark dirty. Does nothing before the first full run.
    """
    bulk.lock()
    weights = _weights_of_now(now)
    if weights is None or not version_ids:
        return
    software_ids = _software_of(version_ids)
    bulk.score_versions(weights, now=now, software_ids=software_ids)
    bulk.describe(weights, now=now, software_ids=software_ids)
    if VersionStat.objects.filter(version_id__in=version_ids).exists():
        bulk.count_weaknesses()


@transaction.atomic
def rescore_alerted(*, now: dt.datetime) -> list[int]:
    """Version scores and recommendations after alerts of dirty machines opened or closed; returns the versions with other scores.

    An open alert that names a weakness raises its threat on every machine, so those that carry the versions are for the caller
    to mark dirty. Does nothing before the first full run.
    """
    bulk.lock()
    weights = _weights_of_now(now)
    software_ids = [row["software_id"] for row in sql.rows("recommendations/read_alerted_software")]
    if weights is None or not software_ids:
        return []
    sql.run("recommendations/remember_version_scores", {"software_ids": software_ids})
    bulk.score_versions(weights, now=now, software_ids=software_ids)
    bulk.describe(weights, now=now, software_ids=software_ids)
    return [row["version_id"] for row in sql.rows("recommendations/read_rescored_versions", {"software_ids": software_ids})]


@transaction.atomic
def apply_effects(*, now: dt.datetime, sums: bool = True) -> None:
    """Bring statuses and all figures after exceptions in line with ExceptionEffect and WeaknessEffect, which the caller has just changed.

    Call it in the transaction of that change. Plain figures stay as they are. `sums` False: only what hides changed, so statuses alone.
    """
    began = time.perf_counter()
    bulk.lock()
    previous = runs.last_full_run()
    if previous is None:
        return
    if not sums:
        bulk.settle(now=now)
        return
    bulk.plan_for_everything(megabytes=runs.FULL_MEMORY_MB)
    weights = runs.parameters(previous.settings, previous, now=now)
    bulk.start_changes()
    bulk.find_live(weights, Scope(), effects_before=True)
    bulk.store_machine_scores(weights, Scope())
    bulk.plan_for_some()
    bulk.except_weaknesses(weights)
    bulk.plan_for_everything(megabytes=runs.FULL_MEMORY_MB)
    bulk.find_live(weights, Scope())
    bulk.store_machine_scores(weights, Scope(), cause=Cause.EXCEPTIONS)
    if fanned.under_way() is not None:
        fanned.absorb()
    runs.sum_everything(weights, Scope(), recommendations=True)
    runs.store_sums(weights, recommendations=True)
    bulk.settle(now=now)
    run = runs.incremental(previous, now=now)
    runs.finish(run, weights, previous, now=now, machines=0, seconds=time.perf_counter() - began)


@transaction.atomic
def snapshot(*, day: dt.date) -> None:
    """The sums of now as the rows of `day`, for trends, and why they moved. Safe to run again: the last one of a day stays."""
    bulk.lock()
    ensure_month("recommendations_recommendationday", day)
    ensure_month("recommendations_scoreday", day)
    sql.run("recommendations/store_day", {"day": day})
    risks.snapshot(day=day)
    last = Run.objects.filter(day__isnull=False).order_by("-id").values_list("day", flat=True).first()
    sql.run("recommendations/store_change_days", {"day": day, "last": last or day, "open": ScoreChangeDay.OPEN})
    Run.objects.filter(pk=Run.objects.aggregate(newest=Max("pk"))["newest"]).update(day=day)


@contextmanager
def held() -> Iterator[None]:
    """Keep other processes from computing scores for a while, over several transactions: what is told to them meanwhile waits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [bulk.LOCK])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [bulk.LOCK])


def _passes(previous: Run | None, chosen: Mapping[str, Any], *, now: dt.datetime) -> list[Pass]:
    """What a full run does one after the other, so that each change has one cause: the fleet as it has become, by the settings and
    exceptions of the stored figures; then other exceptions; then other settings. One pass where these stayed.
    """
    step = bulk.next_step()
    new = runs.parameters(chosen, previous, now=now, step=step)
    if previous is None or not previous.step:
        return [Pass(new)]
    old = runs.parameters(previous.settings, previous, now=now, step=step)
    excepted, weighed = bulk.effects_moved(), _weighing(old) != _weighing(new)
    passes = [Pass(old if weighed else new, effects_before=excepted)]
    if excepted:
        passes.append(Pass(passes[0].weights, cause=Cause.EXCEPTIONS))
    if weighed:
        passes.append(Pass(new, cause=Cause.SETTINGS, half_hazard_before=old["half_hazard"]))
    return passes


def _weighing(weights: bulk.Parameters) -> dict[str, Any]:
    """All that the scores depend on: bands only name them."""
    return {name: value for name, value in weights.items() if not name.startswith("band_")}


def _weights_of_now(now: dt.datetime) -> bulk.Parameters | None:
    """By the settings of the last full run, or of the first one that is under way. None before it."""
    previous, first = runs.last_full_run(), fanned.under_way()
    chosen = previous.settings if previous else first.settings if first else None
    return None if chosen is None else runs.parameters(chosen, previous, now=now)


def _score_everything(one: Pass, *, now: dt.datetime) -> Outcome:
    bulk.score_versions(one.weights, now=now, software_ids=None, effects_before=one.effects_before)
    bulk.find_live(one.weights, Scope(), effects_before=one.effects_before)
    fanned.take_changes()
    changed = runs.rebuild_changed(one.weights, Scope(), now=now)
    bulk.apply_holdings()
    rescored = bulk.store_machine_scores(one.weights, Scope(), cause=one.cause, half_hazard_before=one.half_hazard_before)
    return Outcome(step=one.weights["step"], changed=changed, rescored=rescored, restated=frozenset(bulk.restated_software()))


def _refresh(weights: bulk.Parameters, scope: Scope, *, now: dt.datetime, lend: bool) -> None:
    if software_ids := _software_of_new_versions(scope):
        bulk.score_versions(weights, now=now, software_ids=software_ids)
    bulk.find_live(weights, scope)
    bulk.remember_versions(scope)
    bulk.count_holdings(scope, moved=scope, sign=-1)
    bulk.sum_contributions(weights, scope, sign=-1)
    bulk.sum_groups(weights, scope, sign=-1)
    bulk.read_contents(weights, scope, now=now, matched=False)
    bulk.store_contents({**weights, "incremental": True}, scope, now=now)
    bulk.store_machine_scores(weights, scope)
    bulk.count_holdings(scope, moved=scope, sign=1)
    bulk.sum_contributions(weights, scope, sign=1)
    bulk.sum_groups(weights, scope, sign=1)
    bulk.apply_holdings(lend=lend)
    flipped = bulk.flipped_software()
    bulk.apply_stats(weights, scope, population=_population_changed(scope))
    sql.run("recommendations/move_weakness_counts", scope.parameters)
    if flipped:
        sql.run("recommendations/match_pairs", {**weights, "everything": False, "software_ids": flipped})
        bulk.describe(weights, now=now, software_ids=flipped)
    bulk.settle(now=now)
    risks.refresh(scope, now=now)


def _dirty_machines() -> dict[int, dt.datetime]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT machine_id, since FROM inventory_dirtymachine")
        return dict(cursor.fetchall())


def _take_dirty(limit: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT machine_id FROM inventory_dirtymachine ORDER BY since, machine_id LIMIT %s FOR UPDATE SKIP LOCKED", [limit])
        return [row[0] for row in cursor.fetchall()]


def _software_of(version_ids: Sequence[int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT software_id FROM inventory_version WHERE id = ANY(%s)", [list(version_ids)])
        return [row[0] for row in cursor.fetchall()]


def _software_of_new_versions(scope: Scope) -> list[int]:
    return [row["software_id"] for row in sql.rows("recommendations/read_new_software", scope.parameters)]


def _population_changed(scope: Scope) -> bool:
    """Whether a machine of this run came to the scored ones, left them, or is not one of them."""
    return bool(sql.rows("recommendations/read_population_change", scope.parameters)[0]["changed"])
