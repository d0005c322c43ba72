"""How long a mail waits for its next attempt, and which states lead where."""

from __future__ import annotations

from itertools import pairwise

from core.outbox_rules import PAUSES, TRANSITIONS, pause
from core.transitions import allows


def test_pauses_grow_until_it_is_given_up() -> None:
    waits = [pause(number) for number in range(1, len(PAUSES) + 2)]
    assert waits[-1] is None
    assert all(later > earlier for earlier, later in pairwise(PAUSES))


def test_only_what_was_given_up_is_tried_again_by_hand() -> None:
    assert [state for state in TRANSITIONS if allows(TRANSITIONS, state, "replay")] == ["failed"]
    assert {state for verbs in TRANSITIONS.values() for state in verbs.values()} <= set(TRANSITIONS)
