"""Geometry of the small server-rendered drawings: sparkline, gauge, doughnut. Pure; numbers in, path data out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Part = tuple[str, str, float] | tuple[str, str, float, str]
SPARK_WIDTH, SPARK_HEIGHT, SPARK_MARGIN = 64.0, 22.0, 3.0


@dataclass(frozen=True, slots=True)
class Spark:
    """A sparkline in a 64 x 22 box, and the change from the first to the last value.

    `path` is line and area in one: it closes outside the box, which cuts those edges off.
    """

    path: str
    change: int

    @property
    def direction(self) -> str:
        """One machine is enough to tip it."""
        return direction(self.change)


def direction(change: float) -> str:
    """worse (more), better (less) or flat."""
    return "worse" if change > 0 else "better" if change < 0 else "flat"


def spark(values: Sequence[float]) -> Spark:
    """Path data of a series. An empty or constant series is a level line in the middle."""
    points = list(values) or [0]
    if len(points) == 1:
        points = points * 2
    low, span = min(points), max(points) - min(points)
    step = SPARK_WIDTH / (len(points) - 1)
    usable = SPARK_HEIGHT - 2 * SPARK_MARGIN

    def height(value: float) -> float:
        return SPARK_HEIGHT / 2 if span == 0 else SPARK_HEIGHT - SPARK_MARGIN - usable * (value - low) / span

    heights = [f"{height(value):.0f}" for value in points]
    # Within a level stretch only its ends are drawn.
    bends = [i for i, y in enumerate(heights) if not 0 < i < len(heights) - 1 or not heights[i - 1] == y == heights[i + 1]]
    line = " ".join(f"{index * step:.0f} {heights[index]}" for index in bends)
    return Spark(f"M-2 26V{heights[0]}L{line}H66V26", int(points[-1] - points[0]))


@dataclass(frozen=True, slots=True)
class Slice:
    """One part of a ring. `query`: of the list that it counts, empty where there is none."""

    path: str
    tone: str
    label: str
    value: float
    share: float
    query: str = ""


def ring(parts: Sequence[Part], *, centre: float = 100, outer: float = 88, inner: float = 69) -> list[Slice]:
    """A doughnut from (tone, label, value) or (tone, label, value, query), clockwise from the top. Parts of nothing are left out."""
    total = sum(part[2] for part in parts)
    slices, start = [], 0.0
    for tone, label, value, *query in parts:
        if value <= 0:
            continue
        share = value / total
        gap = 0.012 if share < 1 else 0.0
        path = _arc(centre, centre, outer, inner, 360 * start - 90 + 180 * gap, 360 * (start + min(share, 0.99999)) - 90 - 180 * gap)
        slices.append(Slice(path, tone, label, value, share, *query))
        start += share
    return slices


def gauge_band(start: float, end: float) -> str:
    """The part of the gauge between two scores, in a 220 x 110 half circle."""
    return _arc(110, 108, 92, 79, 180 + 1.8 * start + (0.8 if start else 0), 180 + 1.8 * end - (0.8 if end < 100 else 0))


def gauge_needle(score: float) -> str:
    """The mark at a score, across the ring of the gauge."""
    angle = math.radians(180 + 1.8 * min(max(score, 0), 100))
    (x1, y1), (x2, y2) = ((110 + r * math.cos(angle), 108 + r * math.sin(angle)) for r in (97, 73))
    return f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"


def gauge_mark(score: float) -> tuple[str, str, str, str]:
    """Where the figure of a score stands outside the ring: x, y, text anchor, text."""
    angle = math.radians(180 + 1.8 * score)
    anchor = "end" if score < 50 else "start" if score > 50 else "middle"
    return f"{110 + 99 * math.cos(angle):.0f}", f"{108 + 99 * math.sin(angle):.0f}", anchor, f"{score:g}"


def _arc(x: float, y: float, outer: float, inner: float, start: float, end: float) -> str:
    """A ring segment between two angles in degrees."""
    a, b = math.radians(start), math.radians(max(end, start + 0.01))
    large = int(b - a > math.pi)
    (x1, y1), (x2, y2) = ((x + outer * math.cos(at), y + outer * math.sin(at)) for at in (a, b))
    (x3, y3), (x4, y4) = ((x + inner * math.cos(at), y + inner * math.sin(at)) for at in (b, a))
    outside = f"M{x1:.2f} {y1:.2f}A{outer:g} {outer:g} 0 {large} 1 {x2:.2f} {y2:.2f}"
    return f"{outside}L{x3:.2f} {y3:.2f}A{inner:g} {inner:g} 0 {large} 0 {x4:.2f} {y4:.2f}Z"
