"""How many posted reports a web process takes on; the others are asked to come again (429 with Retry-After).

Two bounds keep a crowd of agents from taking everything: INGEST_SEATS posts are inside at once, so that the server's other threads
stay with the pages, and INGEST_AT_ONCE of these are read and stored, the others waiting for their turn. Two more keep what changes
from running away from what is computed: INGEST_MAX_DIRTY machines, and INGEST_MAX_DIRTY_SECONDS, waiting to be computed anew. Posts
that repeat what is stored need a seat and no turn, so they are answered all the while.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from core import sql

PATIENCE = 2.0  # seconds that a post waits for its turn
WINDOW = 30.0  # seconds over which a crowd is measured
SHORTEST, LONGEST = 5.0, 900.0  # seconds over which a crowd is spread
BACKLOG_SPREAD = 300.0
DRAINED = 2_097_152  # bytes of a post that is put off, read to be able to say so
_LOOK_EVERY = 2.0


class Busy(Exception):
    """The report was not taken; the sender should send it again after so many seconds."""

    def __init__(self, sentence: str, retry_after: int) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after

    def tell(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """The answer that says so. The body is read first: a connection closed while it is sent looks like a fault to the sender."""
        left = DRAINED
        while left > 0 and (piece := request.read(min(left, 65_536))):
            left -= len(piece)
        response["Retry-After"] = str(self.retry_after)
        return response


class Gate:
    """The places of one process. Thread-safe."""

    def __init__(self, *, seats: int, at_once: int, max_dirty: int, max_dirty_seconds: int) -> None:
        self._seats, self._turns = threading.BoundedSemaphore(seats), threading.BoundedSemaphore(at_once)
        self._max_dirty, self._max_dirty_seconds = max_dirty, max_dirty_seconds
        self._lock = threading.Lock()
        self._crowd = _Crowd()
        self._looked, self._behind = 0.0, ""

    @contextmanager
    def seat(self) -> Iterator[None]:
        """For the length of a post. Raises Busy."""
        if not self._seats.acquire(blocking=False):
            raise self._busy("Too many reports are coming in at once.")
        try:
            yield
            with self._lock:
                self._crowd.serve()
        finally:
            self._seats.release()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """For the reading and storing of a report, within a seat. Raises Busy."""
        if behind := self._backlog():
            raise Busy(behind, 1 + int(random.uniform(BACKLOG_SPREAD / 10, BACKLOG_SPREAD)))
        if not self._turns.acquire(timeout=PATIENCE):
            raise self._busy("Other reports are being stored.")
        try:
            yield
        finally:
            self._turns.release()

    def _busy(self, sentence: str) -> Busy:
        with self._lock:
            spread = self._crowd.turn_away()
        return Busy(f"{sentence} Send the report again later.", 1 + int(random.uniform(0, spread)))

    def _backlog(self) -> str:
        """Why nothing that changes is taken now; "" where it is. Looked up every other second."""
        with self._lock:
            if time.monotonic() < self._looked + _LOOK_EVERY:
                return self._behind
            self._looked = time.monotonic()
        row = sql.rows("tvm_portal/read_backlog")[0]
        behind = ""
        if row["machines"] > self._max_dirty or row["seconds"] > self._max_dirty_seconds:
            behind = f"{row['machines']:,} machines wait to be computed anew, the first for {int(row['seconds']):,} seconds."
        with self._lock:
            self._behind = f"{behind} Send the report again later." if behind else ""
        return self._behind


class _Crowd:
    """Posts served and turned away of late: the longer it takes to serve those turned away, the wider they are spread."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._served = self._away = 0

    def serve(self) -> None:
        self._roll()
        self._served += 1

    def turn_away(self) -> float:
        """Seconds within which the crowd should come back, at random."""
        self._roll()
        self._away += 1
        lasted = max(time.monotonic() - self._since, 1.0)
        return min(max(self._away * lasted / max(self._served, 1), SHORTEST), LONGEST)

    def _roll(self) -> None:
        """Older posts count for less and less."""
        now = time.monotonic()
        if now - self._since > WINDOW:
            age = now - self._since
            share = WINDOW / 2 / age
            self._since = now - WINDOW / 2
            self._served, self._away = int(self._served * share), int(self._away * share) if age < 2 * WINDOW else 0


@cache
def gate() -> Gate:
    """This process's."""
    return Gate(
        seats=settings.INGEST_SEATS,
        at_once=settings.INGEST_AT_ONCE,
        max_dirty=settings.INGEST_MAX_DIRTY,
        max_dirty_seconds=settings.INGEST_MAX_DIRTY_SECONDS,
    )
