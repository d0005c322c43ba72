"""A fleet too large to be played day by day: what stands before the first report, and then all machines at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from tvm_portal.demo import bulk_load, replay
from weaknesses import starter
from weaknesses.models import Weakness

THRESHOLD = 20_000  # machines


def make(*, count: int, seed: int, now: dt.datetime, workers: int, say: Callable[[str], None]) -> None:
    """The machines as of `now`; scores come with the next full run."""
    if not Weakness.objects.exclude(source=starter.SOURCE).exists():
        starter.load(now=now)
    replay.make_frame(now=now)
    bulk_load.load(count=count, seed=seed, now=now, stamp=starter.AS_OF, workers=workers, say=say)
