"""The life of an exception: what may follow what, precedence, and words."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.transitions import NotAllowed, move
from exceptions import rules
from exceptions.models import RiskException
from exceptions.rules import Standing

NOW = dt.datetime(2026, 3, 17, 12, tzinfo=dt.UTC)
ENDED = {rules.EXPIRED, rules.CANCELLED, rules.RESURFACED, rules.REJECTED}

standings = st.lists(
    st.builds(
        Standing,
        id=st.integers(1, 99),
        state=st.sampled_from(rules.CURRENT),
        everywhere=st.booleans(),
        groups=st.frozensets(st.integers(1, 5), max_size=3),
    ).filter(lambda one: not one.everywhere or one.state != rules.SUSPENDED),
    max_size=5,
    unique_by=lambda one: one.id,
)


def test_the_table_knows_every_state_and_ends_where_it_ends() -> None:
    assert set(rules.TRANSITIONS) == set(RiskException.Status.values)
    assert {state for state, verbs in rules.TRANSITIONS.items() if not verbs} == ENDED
    assert {state for verbs in rules.TRANSITIONS.values() for state in verbs.values()} <= set(rules.TRANSITIONS)


@pytest.mark.parametrize("state", [rules.PENDING, rules.IN_EFFECT, rules.SUSPENDED])
def test_whatever_holds_can_be_cancelled_and_expires(state: str) -> None:
    assert move(rules.TRANSITIONS, state, "cancel") == rules.CANCELLED
    assert move(rules.TRANSITIONS, state, "expire") == rules.EXPIRED


def test_what_is_over_cannot_be_moved() -> None:
    with pytest.raises(NotAllowed):
        move(rules.TRANSITIONS, rules.EXPIRED, "cancel")


@given(standings)
def test_precedence_leaves_nothing_to_do(listed: list[Standing]) -> None:
    verbs = rules.precedence(listed)
    after = [
        Standing(o.id, move(rules.TRANSITIONS, o.state, verbs[o.id]) if o.id in verbs else o.state, o.everywhere, o.groups) for o in listed
    ]
    assert not rules.precedence(after)
    ruled = any(o.everywhere and o.state == rules.IN_EFFECT for o in after)
    if ruled:
        assert not any(o.state == rules.IN_EFFECT and not o.everywhere for o in after)
        assert set(rules.covered(after)) == {None}


def test_groups_wait_while_one_for_all_machines_is_in_effect() -> None:
    whole, part = Standing(1, rules.IN_EFFECT, everywhere=True), Standing(2, rules.IN_EFFECT, everywhere=False, groups=frozenset({7}))
    assert rules.precedence([whole, part]) == {2: "suspend"}
    assert rules.precedence([Standing(2, rules.SUSPENDED, everywhere=False, groups=frozenset({7}))]) == {2: "resume"}
    assert rules.covered([part]) == {7: 2}


def test_only_a_control_takes_a_recommendation_out_of_the_sums() -> None:
    assert [m.key for m in rules.meanings(of_weakness=False) if rules.mitigates(m.key, of_weakness=False)] == ["control"]
    assert all(rules.mitigates(m.key, of_weakness=True) for m in rules.meanings(of_weakness=True))
    assert {m.key for m in rules.MEANINGS} == set(RiskException.Justification.values)


def test_words() -> None:
    assert rules.more_words(["In effect", "Expired", "Expired"]) == "In effect (+1 more)"
    assert rules.more_words(["In effect", "In effect"]) == "In effect"
    assert rules.places_words(everywhere=False, groups=1) == "1 group"
    assert rules.places_words(everywhere=True, groups=0) == "All machines"
    assert rules.days_left(NOW + dt.timedelta(days=3, hours=1), now=NOW) == "3 days left"
    assert rules.days_left(NOW + dt.timedelta(hours=1), now=NOW) == "ends within a day"


def test_the_last_day_counts() -> None:
    assert rules.end_of(NOW.date()) == dt.datetime(2026, 3, 17, 23, 59, 59, tzinfo=dt.UTC)
    assert rules.ends_soon(NOW + dt.timedelta(days=7), now=NOW)
    assert not rules.ends_soon(NOW + dt.timedelta(days=8), now=NOW)
    assert not rules.ends_soon(NOW, now=NOW)
