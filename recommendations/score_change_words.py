"""The causes of a change of the score as a picture and in words. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from recommendations.models import Cause
from recommendations.score_change_queries import UNRECORDED, Moves, Part
from weaknesses.models import Event

SHOWN = 0.005  # points: less is written as nothing
LABELS = {**dict(Cause.choices), UNRECORDED: "Not recorded"}
ICONS = {
    Cause.FOUND: "docwarn",
    Cause.FIXED: "check",
    Cause.INTELLIGENCE: "bulb",
    Cause.CONFIGURATION: "gear",
    Cause.POPULATION: "mach",
    Cause.VALUE: "flag",
    Cause.EXCEPTIONS: "pause",
    Cause.SETTINGS: "calc",
    UNRECORDED: "help",
}
DESCRIPTIONS = (
    (
        Cause.FOUND,
        "Machines that carry more: new weaknesses of what is installed, new installations, other versions. By what was known before.",
    ),
    (Cause.FIXED, "Machines that carry less: updates, removals, weaknesses that no longer apply. By what was known before."),
    (Cause.INTELLIGENCE, "What is known of the same weaknesses: EPSS, exploits, exploitation, severity, alerts that name them."),
    (Cause.CONFIGURATION, "Likelihood: results of checks, active alerts on a machine, facing the internet."),
    (Cause.POPULATION, "Machines that are new, fell silent, came back, were excluded or deleted, or changed their group."),
    (Cause.VALUE, "Machines whose device value was changed."),
    (Cause.EXCEPTIONS, "Mitigating exceptions that began or ended. They move the score after exceptions only."),
    (Cause.SETTINGS, "The weights of the model were edited: the same fleet by the former and by the new ones."),
)
EXPLOITS = (Event.Kind.NEW_EXPLOIT, Event.Kind.VERIFIED, Event.Kind.KIT, Event.Kind.EXPLOITED)


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the waterfall. `x`, `width`: percent of its scale. `tone`: worse, better, none (why is not known), empty for the scores."""

    label: str
    icon: str
    text: str
    address: str
    points: float
    x: float
    width: float
    tone: str

    @property
    def mark(self) -> str:
        """The colour of its bar."""
        return {"worse": "high", "better": "good", "none": "none"}.get(self.tone, "1")

    @property
    def worse(self) -> bool:
        return self.points > 0

    @property
    def size(self) -> float:
        return abs(self.points)


@dataclass(frozen=True, slots=True)
class Waterfall:
    """From one score down or up to another. `low`, `high`: ends of the scale of its bars."""

    start: Step
    steps: tuple[Step, ...]
    end: Step
    low: float
    high: float


def waterfall(moves: Moves, *, words: Mapping[str, tuple[str, str]]) -> Waterfall:
    """The lines from the first score to the last; `words`: cause -> (text, address). Causes that did nothing are left out.

    The printed points add up to the printed change: the largest takes up the rounding.
    """
    shown = [part for part in moves.parts if abs(part.points) >= SHOWN]
    levels = [moves.start]
    for part in shown:
        levels.append(levels[-1] + part.points)
    low, high = _scale([*levels, moves.end])
    printed = _printed(shown, change=round(moves.end, 2) - round(moves.start, 2))
    steps = tuple(
        _step(part, points, before, (low, high), words.get(part.cause, ("", "")))
        for part, points, before in zip(shown, printed, levels, strict=False)
    )
    start, end = (
        Step(f"Score on {_day(day)}", "dash", "", "", round(value, 2), 0, _percent(value, low, high), "")
        for day, value in ((moves.first.day, moves.start), (moves.last.day, moves.end))
    )
    return Waterfall(start, steps, end, low, high)


def _step(part: Part, points: float, before: float, scale: tuple[float, float], words: tuple[str, str]) -> Step:
    left, right = (_percent(level, *scale) for level in sorted((before, before + part.points)))
    return Step(
        label=LABELS[part.cause],
        icon=ICONS[part.cause],
        text=words[0],
        address=words[1],
        points=points,
        x=left,
        width=max(0.6, round(right - left, 2)),
        tone="none" if part.cause == UNRECORDED else "worse" if points > 0 else "better",
    )


def still(moves: Moves) -> str:
    """The causes that did nothing, in words; empty where no day says so."""
    if len(moves.unrecorded) == moves.days:
        return ""
    names = [
        LABELS[part.cause].lower() for part in moves.parts if abs(part.points) < SHOWN and part.cause not in {UNRECORDED, Cause.SETTINGS}
    ]
    return _list(names)


def headline(moves: Moves) -> str:
    """mostly vulnerabilities fixed (2.3 better); empty where nothing moved it."""
    part = moves.largest
    if part is None or abs(part.points) < SHOWN:
        return ""
    return f"mostly {LABELS[part.cause].lower()} ({abs(part.points):.1f} {'worse' if part.points > 0 else 'better'})"


def days_without(days: Sequence[dt.date]) -> str:
    """3 days, 1 October to 3 October."""
    if len(days) == 1:
        return f"1 day, {_day(days[0])}"
    return f"{len(days)} days, {_day(days[0])} to {_day(days[-1])}"


def touched(part: Part) -> str:
    """on 340 machines; on up to so many a day where several days add up."""
    if not part.machines:
        return ""
    count = f"{part.machines:,} machine{'' if part.machines == 1 else 's'}"
    return f"on {count}" if part.days == 1 else f"on up to {count} a day"


def count(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def sentence(moves: Moves, part: Part, *, weaknesses: Mapping[str, Collection[int]]) -> str:
    """What happened, of one cause. `weaknesses`: kind of event -> weaknesses that events of these days name."""
    where = touched(part)
    match part.cause:
        case Cause.FOUND:
            found = count(len(weaknesses.get(Event.Kind.NEW_WEAKNESS, ())), "new weakness", "new weaknesses")
            return f"{found}; risk rose {where}" if weaknesses.get(Event.Kind.NEW_WEAKNESS) else f"Known weaknesses appeared {where}"
        case Cause.FIXED:
            gone = weaknesses.get(Event.Kind.FIXED)
            return (
                f"{count(len(gone), 'weakness', 'weaknesses')} gone for good; risk fell {where}"
                if gone
                else f"Updates and removals {where}"
            )
        case Cause.INTELLIGENCE:
            known = {pk for kind in EXPLOITS for pk in weaknesses.get(kind, ())}
            exploits = f"; {count(len(known), 'weakness', 'weaknesses')} became exploitable" if known else ""
            return f"EPSS, severity and exploits of known weaknesses, {where}{exploits}"
        case Cause.CONFIGURATION:
            return f"Checks, alerts and reach from the internet, {where}"
        case Cause.POPULATION:
            before, after = moves.first.machines, moves.last.machines
            return f"New, silent, moved or removed: {before:,} scored before, {after:,} after"
        case Cause.VALUE:
            return f"Value changed {where}"
        case Cause.EXCEPTIONS:
            return f"Granted, expired or cancelled; {where}"
        case Cause.SETTINGS:
            return "The weights of the model were changed"
        case _:
            return f"{days_without(moves.unrecorded)}: the causes of these were not stored"


def _printed(parts: Sequence[Part], *, change: float) -> list[float]:
    rounded = [round(part.points, 2) for part in parts]
    if rounded:
        largest = max(range(len(rounded)), key=lambda index: abs(rounded[index]))
        rounded[largest] = round(rounded[largest] + round(change - sum(rounded), 2), 2)
    return rounded


def _scale(levels: Sequence[float]) -> tuple[float, float]:
    """Both ends of the picture: not from zero, so that small moves can be seen; with room on both sides."""
    low, high = min(levels), max(levels)
    room = max((high - low) * 0.35, 0.5)
    return max(0.0, low - room), high + room * 0.2


def _percent(value: float, low: float, high: float) -> float:
    return round(100 * (value - low) / (high - low), 2)


def _day(day: dt.date) -> str:
    return f"{day:%-d %b}"


def _list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""
