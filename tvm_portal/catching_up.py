"""Changed machines computed anew, batch after batch, by one worker at a time."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection

from tvm_portal import pipeline

SECONDS = 20.0  # after which the worker looks after other tasks again
FIRST, LEAST, MOST = 500, 100, 5_000  # machines in a batch
BATCH_SECONDS = 3.0


def catch_up(*, clock: Callable[[], dt.datetime], seconds: float = SECONDS) -> int:
    """Compute until no changed machine waits, or so many seconds have passed; returns how many were computed.

    0 at once where another worker is at it, so that a full run, which all wait for, does not take every worker with it.
    """
    with _alone() as alone:
        if not alone:
            return 0
        end, done, limit = time.monotonic() + seconds, 0, FIRST
        while True:
            began = time.monotonic()
            taken = pipeline.refresh(now=clock(), limit=limit)
            done += taken
            if taken < limit or time.monotonic() >= end:
                return done
            limit = next_limit(limit, took=time.monotonic() - began)


def next_limit(limit: int, *, took: float) -> int:
    """A batch costs a fixed part and one per machine: as large as fits BATCH_SECONDS, growing to the double at most."""
    wanted = limit * BATCH_SECONDS / max(took, 0.001)
    return int(min(max(wanted, LEAST), 2 * limit, MOST))


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether no other process is here. The lock goes with the connection, however this ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext('portal.catching_up'))")
        (alone,) = cursor.fetchone()
    try:
        yield alone
    finally:
        if alone and connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtext('portal.catching_up'))")
