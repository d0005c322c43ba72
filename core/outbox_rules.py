"""When a mail that was not taken is tried again. Pure."""

from __future__ import annotations

import datetime as dt

from core.transitions import Transitions

TRANSITIONS: Transitions = {
    "waiting": {"take": "sending"},
    "sending": {"take": "sending", "taken": "sent", "put off": "waiting", "refused": "failed"},
    "failed": {"replay": "waiting"},
    "sent": {},
}
PAUSES = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440))
LEASE = dt.timedelta(minutes=15)  # longer than any attempt takes
KEPT = dt.timedelta(days=180)


def pause(attempts: int) -> dt.timedelta | None:
    """How long to wait after so many attempts since it was queued or replayed; None: give up."""
    return PAUSES[attempts - 1] if attempts <= len(PAUSES) else None
