"""Reports whose reading was interrupted: the web server, the command or the database was killed in the middle."""

from __future__ import annotations

import datetime as dt

from inventory.models import IngestRun

LONGEST = dt.timedelta(hours=6)  # what reads for longer was killed; the largest files take less than one
SAID = "interrupted: what read it was killed; the same report again completes it"


def close_interrupted(*, now: dt.datetime) -> int:
    """End the accounts of reports that nobody reads any more; returns how many. What they stored stays. Safe to run again."""
    running = IngestRun.objects.filter(state=IngestRun.State.RUNNING, started_at__lt=now - LONGEST)
    return running.update(state=IngestRun.State.FAILED, finished_at=now, error=SAID)
