"""What can stand in the way of a request. Messages are for the one who makes it."""

from __future__ import annotations


class NothingToDo(Exception):
    """No machine of the chosen groups needs it."""


class AlreadyCompleted(Exception):
    """Somebody, or the last machine, completed it in the meantime."""


class NotConnected(Exception):
    """The ticket system is off, or was switched off in the meantime."""


class NotInThisState(Exception):
    """Somebody else was faster: the ticket is not in a state in which this can be done. The text names the state."""


class NothingToSend(Exception):
    """The delivery is done, or on its way this moment."""


class NotReady(Exception):
    """Something that is needed has not been entered. The text says what."""
