"""What a request asks of IT, in words; what may happen to a ticket; when a delivery is tried again. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

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

# What may happen to a ticket: state -> verb -> state. In the queue of the portal people say the verbs; another system's answers are turned
# into them by VERB_TO, so that whatever somebody does there has a way to arrive here.
TICKET: Transitions = {
    "creating": {"made": "pending", "fail": "failed"},
    "pending": {"accept": "accepted", "reject": "rejected", "complete": "completed"},
    "accepted": {"reopen": "pending", "reject": "rejected", "complete": "completed"},
    "rejected": {"reopen": "pending", "accept": "accepted", "complete": "completed"},
    "completed": {"reopen": "pending", "accept": "accepted", "reject": "rejected"},
    "failed": {"retry": "creating"},
}
VERB_TO = {"pending": "reopen", "accepted": "accept", "rejected": "reject", "completed": "complete"}
OFFERED = {"pending": ("accept", "reject"), "accepted": ("complete", "reject"), "rejected": ("reopen",), "completed": ("reopen",)}

# Standard Webhooks 1.0.0: seconds before each try. https://github.com/standard-webhooks/standard-webhooks
DELAYS = (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
SPREAD = (0.9, 1.2)
LONGEST_WAIT = 86_400.0  # seconds: what another side asks for beyond that is a broken clock

READ_EVERY = ((dt.timedelta(hours=2), 120.0), (dt.timedelta(days=2), 600.0), (dt.timedelta(days=60), 3_600.0))  # age below -> seconds
READ_SELDOM = 21_600.0
STOP_READING = dt.timedelta(days=30)


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


def next_delay(tries: int, *, spread: float, wait: float | None = None) -> float | None:
    """Seconds until the next try after `tries` that did not work, at least what the other side asks for; None: give up.

    `spread` is a number within SPREAD, another for every call, so that not everything comes back at once.
    """
    if tries >= len(DELAYS):
        return None
    return max(DELAYS[tries] * spread, min(wait or 0.0, LONGEST_WAIT))


def read_delay(state: str, *, age: dt.timedelta, since: dt.timedelta) -> float | None:
    """Seconds until a ticket of this age is read again, `since` its state changed; None: no more, it has been settled for a month."""
    if state in ("rejected", "completed"):
        return None if since > STOP_READING else READ_SELDOM if since > dt.timedelta(days=1) else 1_800.0
    return next((seconds for limit, seconds in READ_EVERY if min(age, since) < limit), READ_SELDOM)


def reread_delay(tries: int, *, refused: bool, wait: float | None = None) -> float:
    """Seconds until the state is asked for again after `tries` readings in a row that did not work."""
    return max(READ_SELDOM if refused else min(60.0 * 2**tries, READ_SELDOM), min(wait or 0.0, LONGEST_WAIT))


def news(before: str, now: str) -> str:
    """What a conversation that is read as a whole says beyond what it said last."""
    old, new = before.strip(), now.strip()
    if not new or new == old or (old and new in old):
        return ""
    if old and old in new:
        return new.replace(old, "", 1).strip()
    return new
