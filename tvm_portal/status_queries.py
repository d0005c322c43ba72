"""How the portal itself is doing: what waits, how old its data is, how long runs took."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count

from core import sql
from recommendations.models import Run, RunSlice

RUNS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Work:
    """Counts of the last hour (`reports*`, `machines_reported`, `records_refused`) and of now. `oldest_dirty_seconds` None: none waits."""

    dirty_machines: int
    oldest_dirty_seconds: float | None
    deliveries_waiting: int
    deliveries_failed: int
    reports: int
    reports_failed: int
    machines_reported: int
    records_refused: int
    database_bytes: int


@dataclass(frozen=True, slots=True)
class RunLine:
    kind: str
    started_at: dt.datetime
    seconds: float | None
    machines: int


@dataclass(frozen=True, slots=True)
class Ages:
    """Seconds since the last run of each kind ended, and how long it took. None: there was none."""

    full: float | None
    full_took: float | None
    incremental: float | None
    incremental_took: float | None


def work(*, now: dt.datetime) -> Work:
    row = sql.rows("tvm_portal/read_work", {"now": now})[0]
    oldest = row.pop("oldest_dirty_seconds")
    return Work(
        oldest_dirty_seconds=None if oldest is None else max(float(oldest), 0.0), **{name: int(value) for name, value in row.items()}
    )


def runs() -> tuple[RunLine, ...]:
    """The last finished runs, the newest first."""
    found = Run.objects.filter(finished_at__isnull=False).order_by("-finished_at", "-id")[:RUNS_SHOWN]
    return tuple(RunLine(run.get_kind_display(), run.started_at, run.seconds, run.machines) for run in found)


def shared_run() -> str:
    """How far a full run is that workers share: "3 of 8" slices. Empty: none is under way."""
    found = RunSlice.objects.aggregate(done=Count("done_at"), slices=Count("number"))
    return f"{found['done']} of {found['slices']}" if found["slices"] else ""


def ages(*, now: dt.datetime) -> Ages:
    found: list[float | None] = []
    for kind in (Run.Kind.FULL, Run.Kind.INCREMENTAL):
        run = Run.objects.filter(kind=kind, finished_at__isnull=False).order_by("-finished_at", "-id").first()
        found += (
            [None, None] if run is None or run.finished_at is None else [max((now - run.finished_at).total_seconds(), 0.0), run.seconds]
        )
    return Ages(*found)
