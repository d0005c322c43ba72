"""The affected range as a small picture: versions on a line, in their order. Pure; positions are percent of the width.

Versions have no distance, only an order: the marks stand at equal steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from weaknesses.judging import Probe, Stated

LEFT, RIGHT = 12.0, 88.0
ONE_ROW = 28  # characters of all bounds together that a phone shows beside one another
BELOW = (66, 102)  # where the labels of neighbouring bounds stand, so that long ones do not run into each other


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on the line. `installed`: the installed version that stands here, if it does; `bound`: what the source says
    of this place, and `label` its version. `anchor`: how the labels are aligned; `y`: where that of the bound stands.
    """

    installed: str
    label: str
    bound: str
    x: float
    anchor: str
    y: int


_WORDS = {"start": "affected from", "after": "affected after", "before": "affected before", "end": "affected up to", "fixed": "fixed"}


@dataclass(frozen=True, slots=True)
class Line:
    """The affected part runs from `low` to `high`, over the edge of the picture where it is open. `tall`: labels stand in two rows."""

    marks: tuple[Mark, ...]
    low: float
    high: float
    open_low: bool
    open_high: bool
    inside: bool
    tall: bool

    @property
    def width(self) -> float:
        return self.high - self.low


def draw(stated: Stated, probe: Probe) -> Line | None:
    """The range with the installed version; None where one of them cannot be compared."""
    if not probe.sort_key or "" in (stated.start_key, stated.end_key):
        return None
    places: dict[str, list[tuple[str, str]]] = {probe.sort_key: []}
    for kind, label, key in _bounds(stated):
        places.setdefault(key, []).append((kind, label))
    keys = sorted(places, key=lambda key: key.encode())
    positions = dict(zip(keys, _steps(len(keys)), strict=True))
    labels = [bounds[0][1] for bounds in places.values() if bounds]
    tall = len(labels) > 2 or (len(labels) == 2 and sum(map(len, labels)) > ONE_ROW)
    row = 0
    marks = []
    for key in keys:
        installed = probe.version if key == probe.sort_key else ""
        marks.append(_mark(installed, places[key], positions[key], row))
        row += tall and bool(places[key])
    low = positions[stated.start_key] if stated.start_key is not None else 0.0
    high = positions[stated.end_key] if stated.end_key is not None else 100.0
    return Line(
        tuple(marks), low, max(high, low + 1), stated.start_key is None, stated.end_key is None, stated.confidence is not None, tall
    )


def _bounds(stated: Stated) -> list[tuple[str, str, str]]:
    found = []
    if stated.start_key is not None:
        found.append(("start" if stated.start_included else "after", stated.start, stated.start_key))
    if stated.end_key is not None:
        found.append(("end" if stated.end_included else "before", stated.end, stated.end_key))
    if stated.fixed_key:
        found.append(("fixed", stated.fixed, stated.fixed_key))
    return found


def _steps(count: int) -> Sequence[float]:
    if count == 1:
        return (50.0,)
    return [LEFT + (RIGHT - LEFT) * index / (count - 1) for index in range(count)]


def _mark(installed: str, bounds: Sequence[tuple[str, str]], x: float, row: int) -> Mark:
    return Mark(
        installed=installed,
        label=bounds[0][1] if bounds else "",
        bound=", ".join(_WORDS[kind] for kind, _ in bounds),
        x=round(x, 2),
        anchor="start" if x < 30 else "end" if x > 70 else "middle",
        y=BELOW[row % 2],
    )
