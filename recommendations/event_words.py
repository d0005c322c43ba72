"""An event of the timeline as a sentence and an icon."""

from __future__ import annotations

from weaknesses.models import Event

Kind = Event.Kind

ICONS = {
    Kind.NEW_WEAKNESS: "docwarn",
    Kind.NEW_EXPLOIT: "bug",
    Kind.VERIFIED: "bugok",
    Kind.KIT: "bugkit",
    Kind.EXPLOITED: "target",
    Kind.NEW_CONFIGURATION: "gear",
    Kind.END_OF_SUPPORT: "cal",
    Kind.FIXED: "check",
}
_TONES = {Kind.NEW_EXPLOIT: "bad", Kind.VERIFIED: "bad", Kind.KIT: "bad", Kind.EXPLOITED: "bad", Kind.NEW_CONFIGURATION: "cfg"}


def tone(kind: str) -> str:
    """bad for attacks, cfg for settings, empty for the rest."""
    return _TONES.get(Kind(kind), "")


def sentence(*, kind: str, component: str, weaknesses: int) -> str:
    """What happened, without a full stop. `component`: software, or a check's name and category."""
    count = f"{weaknesses:,} weakness" + ("" if weaknesses == 1 else "es")
    one = weaknesses == 1
    exploits = f"An exploit for {count}" if one else f"Exploits for {count}"
    match Kind(kind):
        case Kind.NEW_WEAKNESS:
            return f"{component} has {weaknesses:,} new {'weakness' if one else 'weaknesses'}"
        case Kind.NEW_EXPLOIT:
            return f"{count} in {component} became exploitable"
        case Kind.VERIFIED:
            return f"{exploits} in {component} {'was' if one else 'were'} verified"
        case Kind.KIT:
            return f"{exploits} in {component} {'was' if one else 'were'} added to an exploit kit"
        case Kind.EXPLOITED:
            return f"{count} in {component} {'is' if one else 'are'} exploited in the wild"
        case Kind.NEW_CONFIGURATION:
            return f"New check: {component}"
        case Kind.END_OF_SUPPORT:
            return f"Support of {component} ended"
        case _:
            return f"{count} in {component} {'was' if one else 'were'} fixed" if weaknesses else f"{component} was fixed"
