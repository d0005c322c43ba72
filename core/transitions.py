"""Life-cycles as tables: state -> verb -> the state it leads to. Pure; `scripts/state_diagrams.py` draws them."""

from __future__ import annotations

from collections.abc import Mapping

Transitions = Mapping[str, Mapping[str, str]]


class NotAllowed(ValueError):
    """The verb does not lead anywhere from this state."""


def move(table: Transitions, state: str, verb: str) -> str:
    """The state that the verb leads to. Raises NotAllowed."""
    try:
        return table[state][verb]
    except KeyError:
        raise NotAllowed(f"“{verb}” is not possible while it is {state}.") from None


def allows(table: Transitions, state: str, verb: str) -> bool:
    return verb in table.get(state, {})
