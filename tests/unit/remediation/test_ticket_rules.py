"""What may happen to a ticket, when deliveries and readings come again, and what is new in a conversation."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.transitions import after
from remediation import rules

LIVE = ("pending", "accepted", "rejected", "completed")


def test_every_state_can_be_reached_and_left() -> None:
    reached = {"creating"}
    for _ in rules.TICKET:
        reached |= {state for one in reached for state in rules.TICKET[one].values()}
    assert reached == set(rules.TICKET)
    assert all(rules.TICKET.values())


@pytest.mark.parametrize("before", LIVE)
@pytest.mark.parametrize("reached", LIVE)
def test_whatever_another_system_says_has_a_way_to_arrive(before: str, reached: str) -> None:
    expected = None if before == reached else reached
    assert after(rules.TICKET, before, rules.VERB_TO[reached]) == expected


def test_what_is_offered_is_possible() -> None:
    for state, verbs in rules.OFFERED.items():
        assert all(after(rules.TICKET, state, verb) for verb in verbs)


def test_nothing_happens_to_a_ticket_that_is_not_there_yet() -> None:
    for state in ("creating", "failed", "never heard of"):
        assert all(after(rules.TICKET, state, verb) is None for verb in rules.VERB_TO.values())


def test_a_delivery_is_given_up_after_the_last_delay() -> None:
    delays = [rules.next_delay(tries, spread=1.0) for tries in range(1, 12)]
    assert delays == [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400, None, None]


@given(st.integers(1, 9), st.floats(*rules.SPREAD), st.none() | st.floats(0, 1e9))
def test_a_wait_that_is_asked_for_is_kept_within_a_day(tries: int, spread: float, wait: float | None) -> None:
    delay = rules.next_delay(tries, spread=spread, wait=wait)
    assert delay is not None
    assert delay >= rules.DELAYS[tries] * rules.SPREAD[0]
    assert delay >= min(wait or 0, rules.LONGEST_WAIT)
    assert delay <= max(rules.DELAYS[tries] * rules.SPREAD[1], rules.LONGEST_WAIT)


def test_readings_grow_rare_and_end() -> None:
    hour, day = dt.timedelta(hours=1), dt.timedelta(days=1)
    assert rules.read_delay("pending", age=hour, since=hour) == 120
    assert rules.read_delay("pending", age=5 * day, since=hour) == 120  # something happened
    assert rules.read_delay("accepted", age=5 * day, since=5 * day) == 3_600
    assert rules.read_delay("completed", age=5 * day, since=2 * day) == rules.READ_SELDOM
    assert rules.read_delay("rejected", age=90 * day, since=40 * day) is None
    assert rules.reread_delay(1, refused=False) == 120
    assert rules.reread_delay(20, refused=False) == rules.READ_SELDOM
    assert rules.reread_delay(1, refused=True) == rules.READ_SELDOM
    assert rules.reread_delay(1, refused=False, wait=9_000) == 9_000


@pytest.mark.parametrize(
    ("before", "now", "new"),
    [
        ("", "", ""),
        ("", "One.", "One."),
        ("One.", "One.", ""),
        ("One.", "One.\nTwo.", "Two."),
        ("One.", "Two.\nOne.", "Two."),  # the newest on top
        ("One.", "Three.", "Three."),
        ("One.\nTwo.", "Two.", ""),  # taken back there
        ("One.", "", ""),
    ],
)
def test_what_is_new_in_a_conversation(before: str, now: str, new: str) -> None:
    assert rules.news(before, now) == new
