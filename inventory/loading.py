"""Many files into the inventory, in their order: each is read by a thread while the one before is stored."""

from __future__ import annotations

import datetime as dt
import gc
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from core.ahead import Ahead
from inventory import aliases
from inventory.arrivals import Arrival
from inventory.ingestion import Batch, Ingestion, limits
from inventory.models import IngestRun
from inventory.sources.opening import Opened, open_plain


class Loaded(NamedTuple):
    """A file and the account of it."""

    arrival: Arrival
    run: IngestRun


class _Piece(NamedTuple):
    """A batch of a file. One that says nothing has a piece too, without a batch."""

    arrival: Arrival
    file: Ingestion
    batch: Batch | None = None


def load(
    arrivals: Iterable[Arrival], *, source: str | None, machine: str, platform: str, clock: Callable[[], dt.datetime]
) -> Iterator[Loaded]:
    """Store what the files say is installed, and yield the account of each as it is done; see actions.ingest.

    A file that cannot be read ends in a run that FAILED. Two files about one machine: the later one holds.
    `machine` and `platform` are of all files, where given; else those that a file's place tells. `clock`: the time now.
    """
    edition = aliases.current()

    def pieces() -> Iterator[_Piece]:
        for arrival in arrivals:
            run = IngestRun(source=source or "", label=arrival.name[:300], started_at=clock())
            file = Ingestion(
                run=run,
                filename=arrival.name,
                machine=machine or arrival.machine,
                platform=platform or arrival.platform,
                now=run.started_at,
                edition=edition,
                meanwhile=coming.begin,
            )
            opened = _opened(arrival, file)
            if opened is None:
                yield _Piece(arrival, file)
                continue
            with closing(opened.file):
                batches = file.batches(opened, source)
                try:
                    first = next(batches, None)
                except Exception:  # raised where the file is stored, whose run tells it
                    yield _Piece(arrival, file)
                    raise
                yield _Piece(arrival, file, first)
                yield from (_Piece(arrival, file, batch) for batch in batches)

    with _brisk(), Ahead(pieces()) as coming:
        for (arrival, file), of_file in groupby(coming, key=attrgetter("arrival", "file")):
            edition = aliases.current()  # of the file that is read meanwhile: names may be curated while many are loaded
            file.run.save()
            file.complete(piece.batch for piece in of_file if piece.batch is not None)
            yield Loaded(arrival, file.run)


def _opened(arrival: Arrival, file: Ingestion) -> Opened | None:
    if arrival.file is None:
        file.fail(arrival.fault)
        return None
    try:
        return open_plain(arrival.file, limit=limits().bytes)
    except OSError as error:
        file.fail(f"cannot be read: {error.strerror}")
        return None


@contextmanager
def _brisk() -> Iterator[None]:
    """Collect garbage seldom, as records are many and cycles few; and let the thread that has an answer of the database go on soon."""
    thresholds, interval = gc.get_threshold(), sys.getswitchinterval()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    sys.setswitchinterval(0.0002)
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        gc.set_threshold(*thresholds)
        gc.unfreeze()
