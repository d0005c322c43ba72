"""Computing scores over a fleet, against the floor of one pass that groups the same installations by machine.

At scale N: the large demo fleet of N machines (tvm_portal.demo.bulk_load): eleven platforms in six groups, 100 installations each of
50 x the square root of N versions, real ones with their weaknesses beside a long tail, about 18 results of checks each.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from django.db import connection

from recommendations import actions
from tests.benchmarks import Row
from tvm_portal.demo import bulk_load, replay
from weaknesses import starter
from weaknesses.actions import match_versions

NOW = dt.datetime(2026, 3, 17, 12, tzinfo=dt.UTC)
# Up to here the versions and their weaknesses, which grow far slower than the machines, take most of a full run.
GOAL_FULL, GOAL_FROM, NO_GOAL = 3.0, 100_000, float("inf")
FLOOR = "SELECT machine_id, count(*), sum(version_id) FROM inventory_installation GROUP BY machine_id"
TABLES = (
    "inventory_machine, inventory_software, inventory_configuration, inventory_installation, inventory_configurationresult, "
    "inventory_dirtymachine, weaknesses_weakness, weaknesses_event, recommendations_exposure, recommendations_machinebasis, "
    "recommendations_machinescore, recommendations_groupscore, recommendations_run"
)


def run(scale: int) -> list[Row]:
    build(scale)
    try:
        first = _timed(_recompute)
        _execute("ANALYZE")
        floor = min(_timed(lambda: _execute(FLOOR)) for _ in range(3))
        unchanged = min(_timed(_recompute) for _ in range(3))
        one, many = _refresh(1), _refresh(min(500, scale))
        _execute("UPDATE weaknesses_weakness SET epss = least(1, epss * 1.01 + 0.00001)")
        restated = _timed(_recompute)
    finally:
        clear()
    return [
        Row(
            "Full recompute, unchanged fleet", scale, unchanged, "s", floor, unchanged / floor, GOAL_FULL if scale >= GOAL_FROM else NO_GOAL
        ),
        Row("Full recompute, first time", scale, first, "s", floor, first / floor, NO_GOAL),
        Row("Full recompute, every EPSS score moved", scale, restated, "s", floor, restated / floor, NO_GOAL),
        Row("Incremental, 1 changed machine", scale, one, "s", floor, one / floor, NO_GOAL),
        Row("Incremental, 500 changed machines", scale, many, "s", floor, many / floor, NO_GOAL),
    ]


def build(scale: int, *, now: dt.datetime = NOW, afresh: bool = True, matched: bool = True) -> None:
    """The fleet with its matches, before the first run; 0: what stands before the machines."""
    if afresh:
        clear()
        starter.load(now=now)
        replay.make_frame(now=now)
    if scale:
        workers = os.cpu_count() or 1
        bulk_load.load(count=scale, seed=1, now=now, stamp=starter.AS_OF, workers=workers, say=lambda _: None)
    if scale and matched:
        match_versions(now=now, relink=True)
        _execute("ANALYZE")


def clear() -> None:
    _execute(f"TRUNCATE {TABLES} CASCADE")


def _recompute() -> None:
    actions.recompute(now=NOW)


def _refresh(machines: int) -> float:
    """Move one core installation of some machines to another version, and bring the scores up to date."""
    _execute(
        """
        WITH chosen AS (SELECT id FROM inventory_machine ORDER BY id DESC LIMIT %(machines)s),
        moved AS (
            SELECT DISTINCT ON (i.machine_id) i.machine_id, i.version_id, o.id AS other
            FROM inventory_installation i
            JOIN inventory_version v ON v.id = i.version_id
            JOIN inventory_version o ON o.software_id = v.software_id AND o.id <> v.id
            WHERE i.machine_id IN (SELECT id FROM chosen)
              AND NOT EXISTS (SELECT FROM inventory_installation x WHERE x.machine_id = i.machine_id AND x.version_id = o.id)
            ORDER BY i.machine_id, i.version_id, o.id
        ), gone AS (
            DELETE FROM inventory_installation i USING moved m WHERE i.machine_id = m.machine_id AND i.version_id = m.version_id
        ), come AS (
            INSERT INTO inventory_installation (machine_id, version_id, first_seen) SELECT machine_id, other, %(now)s FROM moved
        )
        INSERT INTO inventory_dirtymachine (machine_id, since) SELECT machine_id, %(now)s FROM moved
        """,
        {"machines": machines, "now": NOW},
    )
    return _timed(lambda: actions.refresh_dirty(now=NOW, limit=machines))


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _execute(statement: str, parameters: Mapping[str, Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
