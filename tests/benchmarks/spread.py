"""A full run shared among Celery workers, against one worker and against one transaction in one process, on the fleet of `recompute`.

Workers are processes of their own, on the queue of long tasks; what is timed is from the preparation to the end.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from recommendations import actions, fanned_actions
from recommendations.models import FannedRun, RunSlice
from tests.benchmarks import Row
from tests.benchmarks.recompute import NOW, TABLES, _execute, _timed, build

NO_GOAL = float("inf")


def run(scale: int) -> list[Row]:
    first = {"one transaction": _first(scale, workers=0), "one worker": _first(scale, workers=1), "two workers": _first(scale, workers=2)}
    try:
        _execute("ANALYZE")
        moved = {"one transaction": _moved(workers=0), "one worker": _moved(workers=1), "two workers": _moved(workers=2)}
        with _workers(1):
            unchanged = {"one worker": _timed(_share)}
        parts = RunSlice.objects.count()
        assert parts == 0
    finally:
        _execute(f"TRUNCATE {TABLES} CASCADE")
    rows = []
    for work, found, floor in (
        ("first time", first, first["one worker"]),
        ("every EPSS score moved", moved, moved["one worker"]),
        ("unchanged fleet", unchanged, moved["one worker"]),
    ):
        rows += [Row(f"Full run, {work}, {how}", scale, value, "s", floor, value / floor, NO_GOAL) for how, value in found.items()]
    return rows


def _first(scale: int, *, workers: int) -> float:
    build(scale)
    return _full_run(workers)


def _moved(*, workers: int) -> float:
    _execute("UPDATE weaknesses_weakness SET epss = least(1, epss * 1.01 + 0.00001)")
    return _full_run(workers)


def _full_run(workers: int) -> float:
    if not workers:
        return _timed(lambda: actions.recompute(now=NOW))
    with _workers(workers):
        return _timed(_share)


def _share() -> None:
    from tvm_portal import tasks

    token = fanned_actions.prepare(now=NOW)
    assert token is not None
    tasks.share(token, fanned_actions.left())
    while FannedRun.objects.exists():
        time.sleep(0.05)


@contextmanager
def _workers(count: int) -> Iterator[None]:
    """That many worker processes, ready."""
    from tvm_portal.celery import app

    command = [sys.executable, "-m", "celery", "-A", "tvm_portal", "worker", "-Q", "long", "-P", "threads", "-c", "1", "-l", "WARNING"]
    running = [subprocess.Popen([*command, "-n", f"bench{number}@%h"]) for number in range(count)]
    try:
        while len(app.control.ping(timeout=1)) < count:
            pass
        yield
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()
