"""Life-cycles: the tables, and the page drawn from them."""

from __future__ import annotations

import pytest

from core.transitions import NotAllowed, Transitions, allows, move
from scripts.state_diagrams import LIFE_CYCLES, PAGE, LifeCycle, diagram, page

DOOR: Transitions = {"open": {"close": "closed"}, "closed": {"open": "open", "brick up": "wall"}}


def test_a_verb_leads_to_a_state_or_is_not_allowed() -> None:
    assert move(DOOR, "open", "close") == "closed"
    assert allows(DOOR, "closed", "brick up")
    assert not allows(DOOR, "wall", "open")
    with pytest.raises(NotAllowed, match="brick up"):
        move(DOOR, "open", "brick up")


def test_a_diagram_shows_each_line_of_its_table() -> None:
    drawn = diagram(LifeCycle("Door", "", DOOR, ("open",))).splitlines()
    assert drawn[0] == "stateDiagram-v2"
    assert {line.strip() for line in drawn[1:]} == {
        "[*] --> open", "open --> closed: close", "closed --> open: open", "closed --> wall: brick up", "wall --> [*]",
    }  # fmt: skip


def test_the_page_is_drawn_from_the_tables_of_today() -> None:
    assert PAGE.read_text() == page(), "run python -m scripts.state_diagrams"


@pytest.mark.parametrize("cycle", LIFE_CYCLES, ids=lambda cycle: cycle.title)
def test_every_state_can_be_reached(cycle: LifeCycle) -> None:
    known, seen = set(cycle.table) | {state for verbs in cycle.table.values() for state in verbs.values()}, set(cycle.starts)
    while more := {reached for state in seen for reached in cycle.table.get(state, {}).values()} - seen:
        seen |= more
    assert seen == known
