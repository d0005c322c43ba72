"""What exceptions may do, and what they mean. Pure: no database, no clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from core.transitions import Transitions

PENDING, IN_EFFECT, SUSPENDED = "pending", "in_effect", "suspended"
EXPIRED, CANCELLED, RESURFACED, REJECTED = "expired", "cancelled", "resurfaced", "rejected"
CURRENT = (PENDING, IN_EFFECT, SUSPENDED)
NOTICE = dt.timedelta(days=7)
DURATIONS = (30, 60, 90)
SEARCHED_FROM = 20  # more machine groups than this are picked by search

# state -> verb -> state. What is not here cannot happen.
TRANSITIONS: Transitions = {
    PENDING: {"approve": IN_EFFECT, "reject": REJECTED, "cancel": CANCELLED, "expire": EXPIRED},
    IN_EFFECT: {"suspend": SUSPENDED, "renew": IN_EFFECT, "cancel": CANCELLED, "expire": EXPIRED, "resurface": RESURFACED},
    SUSPENDED: {"resume": IN_EFFECT, "renew": SUSPENDED, "cancel": CANCELLED, "expire": EXPIRED},
    EXPIRED: {},
    CANCELLED: {},
    RESURFACED: {},
    REJECTED: {},
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """A justification in words. `mitigates`: what a recommendation's exception covers leaves the sums after exceptions."""

    key: str
    label: str
    about: str
    mitigates: bool = False
    weaknesses_only: bool = False

    @property
    def effect(self) -> str:
        """What an exception of a recommendation does with it. One of a weakness always leaves the scores after exceptions."""
        return (
            "The scores after exceptions improve." if self.mitigates else "Hides it only: the scores stay, machines still count as exposed."
        )


MEANINGS = (
    Meaning(
        "control",
        "Compensating/alternate control",
        "Something else already keeps it from being used: a firewall, a third-party product, a setting.",
        mitigates=True,
    ),
    Meaning("productivity", "Productivity/business need", "The fix would break a workflow that the business cannot do without."),
    Meaning("accept", "Accept risk", "The risk is low, or a control would cost more than it is worth."),
    Meaning("planned", "Planned remediation (grace)", "It is planned, and waits for its window or an approval."),
    Meaning("other", "Other", "Another reason, which the context says."),
    Meaning("no_patch", "CVE with no patch", "There is no fix yet, and nothing that can be done meanwhile.", weaknesses_only=True),
    Meaning("false_pos", "False positive", "It was looked at, and these machines are not affected.", weaknesses_only=True),
)
BY_KEY = {meaning.key: meaning for meaning in MEANINGS}


def meanings(*, of_weakness: bool) -> tuple[Meaning, ...]:
    return tuple(meaning for meaning in MEANINGS if of_weakness or not meaning.weaknesses_only)


def mitigates(justification: str, *, of_weakness: bool) -> bool:
    """Whether what it covers leaves the sums after exceptions. For a weakness the justification does not decide."""
    return of_weakness or BY_KEY[justification].mitigates


@dataclass(frozen=True, slots=True)
class Standing:
    """An exception of a subject as precedence sees it. `groups`: those that it still is for; not asked where it is for all machines."""

    id: int
    state: str
    everywhere: bool
    groups: frozenset[int] = frozenset()


def precedence(standing: Iterable[Standing]) -> dict[int, str]:
    """id -> verb that brings the exceptions of one subject in order: groups wait while one for all machines is in effect."""
    listed = list(standing)
    ruled = any(one.everywhere and one.state == IN_EFFECT for one in listed)
    verbs = {}
    for one in listed:
        if not one.everywhere and one.state == IN_EFFECT and ruled:
            verbs[one.id] = "suspend"
        elif one.state == SUSPENDED and not ruled:
            verbs[one.id] = "resume"
    return verbs


def covered(standing: Iterable[Standing]) -> dict[int | None, int]:
    """group (None: all machines) -> id of the exception that covers it, of one subject in order."""
    ruling = [one for one in standing if one.state == IN_EFFECT]
    whole = next((one for one in ruling if one.everywhere), None)
    return {None: whole.id} if whole else {group: one.id for one in ruling for group in one.groups}


def latest_end(*, now: dt.datetime, longest_days: int) -> dt.datetime:
    return now + dt.timedelta(days=longest_days)


def end_of(day: dt.date) -> dt.datetime:
    """An exception until a day holds until the last second of that day, in UTC."""
    return dt.datetime.combine(day, dt.time(23, 59, 59), dt.UTC)


def ends_soon(ends_at: dt.datetime, *, now: dt.datetime) -> bool:
    return now < ends_at <= now + NOTICE


def days_left(ends_at: dt.datetime, *, now: dt.datetime) -> str:
    """12 days left; ends today."""
    days = (ends_at - now).days
    if days < 1:
        return "ends within a day"
    return f"{days} day{'' if days == 1 else 's'} left"


def more_words(labels: Collection[str]) -> str:
    """In effect (+1 more): the first label, and how many others."""
    listed = list(dict.fromkeys(labels))
    return f"{listed[0]} (+{len(listed) - 1} more)" if len(listed) > 1 else (listed[0] if listed else "")


def places_words(*, everywhere: bool, groups: int) -> str:
    """All machines; 9 groups."""
    if everywhere:
        return "All machines"
    return f"{groups} group{'' if groups == 1 else 's'}"
