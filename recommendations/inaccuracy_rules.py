"""The life of a report of an inaccuracy. Pure."""

from __future__ import annotations

from core.transitions import Transitions

TRANSITIONS: Transitions = {
    "open": {"correct": "corrected", "decline": "declined"},
    "corrected": {"reopen": "open"},
    "declined": {"reopen": "open"},
}
ANSWERS = {"corrected": "correct", "declined": "decline"}  # the state that an answer gives -> its verb
