"""The life of a report of an inaccuracy. Pure."""

from __future__ import annotations

from collections.abc import Mapping

TRANSITIONS: Mapping[str, Mapping[str, str]] = {
    "open": {"correct": "corrected", "decline": "declined"},
    "corrected": {"reopen": "open"},
    "declined": {"reopen": "open"},
}
ANSWERS = {"corrected": "correct", "declined": "decline"}  # the state that an answer gives -> its verb


def may(state: str, verb: str) -> bool:
    return verb in TRANSITIONS[state]
