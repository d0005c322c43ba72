"""What can be wrong with a report as a whole, or with a value someone gives. Messages are for the one who sent it."""

from __future__ import annotations


class UnreadableReport(Exception):
    """Nothing of the file can be used; the message says why."""


class UnknownFormat(UnreadableReport):
    """No source reads this file."""


class TooLarge(UnreadableReport):
    """More bytes than the limit, as sent or after decompression."""


class NoMachineNamed(UnreadableReport):
    """The format names no machine and the caller gave none."""


class BadTag(ValueError):
    """A tag cannot be used; the message says why."""


class AgentRevoked(Exception):
    """An agent that was turned away tried to enrol."""


class FleetUnavailable(Exception):
    """The Fleet server gave no usable answer; the message says what to do."""


class BadGroup(ValueError):
    """A machine group cannot be as asked for; the message says why."""
