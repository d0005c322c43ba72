"""Draw the life-cycles of `docs/states.md` from the tables the code moves by: `python -m scripts.state_diagrams`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core import outbox_rules
from core.transitions import Transitions
from exceptions import rules as exceptions
from recommendations import inaccuracy_rules
from remediation import rules as remediation

PAGE = Path(__file__).resolve().parent.parent / "docs" / "states.md"
HEAD = """# Life-cycles

Drawn from the tables that the code moves by (`core/transitions.py`), by `python -m scripts.state_diagrams`. A test fails where this page
and the tables differ.
"""


@dataclass(frozen=True)
class LifeCycle:
    """`starts`: the states in which one is made."""

    title: str
    about: str
    table: Transitions
    starts: tuple[str, ...]


LIFE_CYCLES = (
    LifeCycle(
        "A remediation activity",
        "`manual`: completed by a person. `automatic`: all its machines report the fix; one that falls back opens it again.",
        remediation.ACTIVITY,
        ("active",),
    ),
    LifeCycle(
        "A ticket",
        "In another system, or in the portal's own queue. What another system says is turned into a verb, so that it always arrives.",
        remediation.TICKET,
        ("creating", "pending"),
    ),
    LifeCycle(
        "An exception",
        "`pending`: a second person has to approve it, where that is set. `suspended`: one for all machines is in effect meanwhile.",
        exceptions.TRANSITIONS,
        (exceptions.PENDING, exceptions.IN_EFFECT, exceptions.SUSPENDED),
    ),
    LifeCycle("A report of an inaccuracy", "An answer can be taken back.", inaccuracy_rules.TRANSITIONS, ("open",)),
    LifeCycle("A mail", "`put off`: tried again with growing pauses.", outbox_rules.TRANSITIONS, ("waiting",)),
)


def diagram(cycle: LifeCycle) -> str:
    """The table as a Mermaid state diagram; states that nothing leaves are ends."""
    lines = ["stateDiagram-v2", *(f"    [*] --> {state}" for state in cycle.starts)]
    lines += [f"    {state} --> {reached}: {verb}" for state, verbs in cycle.table.items() for verb, reached in verbs.items()]
    reached = {state for verbs in cycle.table.values() for state in verbs.values()} | set(cycle.starts)
    lines += [f"    {state} --> [*]" for state in sorted(reached) if not cycle.table.get(state)]
    return "\n".join(lines)


def page() -> str:
    parts = [f"\n## {cycle.title}\n\n{cycle.about}\n\n```mermaid\n{diagram(cycle)}\n```\n" for cycle in LIFE_CYCLES]
    return HEAD + "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
