"""Life-cycles as tables: state -> verb -> the state it leads to. Pure; `scripts/state_diagrams.py` draws them."""

from __future__ import annotations

from collections.abc import Mapping

Transitions = Mapping[str, Mapping[str, str]]


class NotAllowed(ValueError):
    """The verb does not lead anywhere from this state."""


def after(table: Transitions, state: str, verb: str) -> str | None:
    """The state that the verb leads to; None: nowhere."""
    return table.get(state, {}).get(verb)


def move(table: Transitions, state: str, verb: str) -> str:
    """The state that the verb leads to. Raises NotAllowed."""
    reached = after(table, state, verb)
    if reached is None:
        raise NotAllowed(f"“{verb}” is not possible while it is {state}.")
    return reached


def allows(table: Transitions, state: str, verb: str) -> bool:
    return after(table, state, verb) is not None
