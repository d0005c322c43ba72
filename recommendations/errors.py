"""What can stand in the way of a change. Messages are for the one who asked for it."""

from __future__ import annotations


class AlreadyAnswered(Exception):
    """Somebody else answered the report in the meantime."""


class RunUnderWay(Exception):
    """A full run over slices has not ended; another will follow it."""
