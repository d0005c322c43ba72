"""What a request asks of IT, in words. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from core.transitions import Transitions

DUE_SOON = dt.timedelta(days=7)
DEFAULT_DAYS = {"high": 7, "medium": 30, "low": 90}
MARKS = (1, 3, 7, 14, 30, 60, 90)  # days after a request at which it is told how much was fixed
UNDISTURBED_TAG = "no user impact"  # of machines whose users notice no change of configuration

# An activity: active, or how it was completed (Activity.Completion).
ACTIVITY: Transitions = {
    "active": {"complete": "manual", "confirm": "automatic"},
    "manual": {"reopen": "active"},
    "automatic": {"regress": "active"},
}


@dataclass(frozen=True, slots=True)
class Aim:
    """The version that a platform has to reach. `key` orders it; empty: any version that is not affected."""

    platform: str
    version: str
    key: str


def steps(*, kind: str, component: str, aims: Sequence[tuple[str, str]], instruction: str = "") -> tuple[str, ...]:
    """What IT has to do, one sentence a step. `aims`: (platform in words, version); `instruction`: what the check itself says."""
    if kind == "configuration":
        return (instruction or f"Change the setting: {component}.", "Wait for the next report: machines that comply count as done.")
    if kind == "uninstall":
        return (
            f"Uninstall {component}, or replace it by software that is still supported.",
            "Machines count as done once they report that it is gone.",
        )
    if kind == "attention":
        return (f"There is no update of {component} yet: apply the maker's workaround, or limit its use.", "Watch for an update.")
    targets = tuple(f"Bring {component} on {platform} to {version} or later." for platform, version in aims if version)
    verb = "Upgrade" if kind == "upgrade" else "Update"
    return (
        *(targets or (f"{verb} {component} to a version that is not affected.",)),
        "Machines count as done once they report that version; weaknesses that become known later ask for a request of their own.",
    )


def due_state(due_on: dt.date | None, *, today: dt.date, completed: bool) -> str:
    """overdue, soon (within a week), later, or none: without a date, or completed."""
    if due_on is None or completed:
        return "none"
    if due_on < today:
        return "overdue"
    return "soon" if due_on - today <= DUE_SOON else "later"


def days_left(due_on: dt.date, *, today: dt.date) -> str:
    """3 days left; due today; 2 days overdue."""
    days = (due_on - today).days
    if days == 0:
        return "due today"
    words = f"{abs(days)} day{'' if abs(days) == 1 else 's'}"
    return f"{words} left" if days > 0 else f"{words} overdue"
