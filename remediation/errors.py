"""What can stand in the way of a request. Messages are for the one who makes it."""

from __future__ import annotations


class NothingToDo(Exception):
    """No machine of the chosen groups needs it."""


class AlreadyCompleted(Exception):
    """Somebody, or the last machine, completed it in the meantime."""
