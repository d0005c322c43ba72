"""The charts of the dashboard and of the pages: a figure for `charts.js`, a sentence, and the same numbers as a table. Pure."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plotly import graph_objects as go

from recommendations.charts import Figure, line
from recommendations.score_queries import Point

SMALL, TALL = 150, 210
Events = Mapping[dt.date, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a chart's table. None: not recorded. `address` leads to the events of the day; empty where there are none."""

    day: dt.date
    values: tuple[float | None, ...]
    events: tuple[str, ...] = ()
    address: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """`id` names the figure in the page. `summary`: what the picture says, in words. `headers`: of the table's values."""

    id: str
    title: str
    summary: str
    figure: Figure
    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    digits: int = 0

    @property
    def has_events(self) -> bool:
        return any(row.events for row in self.rows)


def days_until(last: dt.date, days: int) -> tuple[dt.date, dt.date]:
    """First and last of so many days, both included."""
    return last - dt.timedelta(days=days - 1), last


def change(points: Sequence[Point]) -> float | None:
    """Last against first; None where there are fewer than two."""
    return points[-1].value - points[0].value if len(points) > 1 else None


def exposure_score(points: Sequence[Point], *, events: Events, bounds: tuple[float, float]) -> Chart | None:
    """The exposure score over days on its 0 to 100 scale, with a dot on every day that has events. None without history."""
    if not points:
        return None
    chart = _line_chart("exposure-trend", "Exposure score", points, events=events, tone="1", top=100, digits=1)
    _scale(chart.figure, [0, bounds[0], bounds[1], 100], suffix="")
    chart.figure["data"][0]["fill"] = "tozeroy"
    return chart


def configuration_score(points: Sequence[Point]) -> Chart | None:
    """The configuration score in percent over days. None without history."""
    if not points:
        return None
    chart = _line_chart("configuration-trend", "Configuration score", points, events={}, tone="2", top=100, digits=1)
    chart.figure["layout"]["height"] = SMALL
    _scale(chart.figure, [0, 30, 70, 100], suffix="%")
    return chart


def exposed_machines(points: Sequence[Point], *, installed: int, events: Events, address: str) -> Chart | None:
    """Exposed machines of one software over days. `address`: query that narrows the timeline to it."""
    if not points:
        return None
    tone = "worse" if points[-1].value > points[0].value else "better" if points[-1].value < points[0].value else "flat"
    top = max(max(point.value for point in points) * 1.15, 1)
    chart = _line_chart("exposed-trend", "Exposed machines", points, events=events, tone=tone, top=top, digits=0, query=address)
    chart.figure["layout"]["height"] = SMALL
    return chart


def epss(points: Sequence[Point]) -> Chart | None:
    """The chance of exploitation in percent as a step for each day that it changed. None without history."""
    if len(points) < 2:
        return None
    top = _ceiling(max(point.value for point in points), least=1)
    chart = _line_chart("epss-trend", "EPSS", points, events={}, tone="4", top=top, digits=1)
    chart.figure["layout"]["height"] = SMALL
    chart.figure["layout"]["yaxis"] |= {
        "tickvals": [0, top / 2, top],
        "ticktext": ["0%", f"{top / 2:g}%", f"{top:g}%"],
        "range": [0, top * 1.02],
    }
    chart.figure["data"][0] |= {"line": {"shape": "hv"}, "hovertemplate": "%{y:.1f}%<extra></extra>"}
    return chart


def new_weaknesses(
    counts: Mapping[dt.date, int], scores: Sequence[Point], *, events: Events, first: dt.date, last: dt.date, address: str = ""
) -> Chart | None:
    """The exposure score as a line, and below it, on an axis of its own, the new weaknesses of each day as bars. None without either.

    `events`: day -> its sentences, a dot on the line. A click on a day leads to it; `address`: what else the timeline is narrowed to.
    """
    if not scores and not any(counts.values()):
        return None
    days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    by_day = {point.day: point.value for point in scores}
    figure = line(days=[p.day for p in scores], values=[round(p.value, 2) for p in scores], name="Exposure score", tone="1", top=100)
    low, high = _span([point.value for point in scores])
    figure["data"][0]["customdata"] = [_events_address(point.day, address) for point in scores]
    if dots := [point for point in scores if point.day in events]:
        figure["data"].append(_dots(dots, events=events, tone="1", digits=1, query=address))
    figure["data"].append(_bars(days, counts, address=address))
    most = _ceiling(max([*counts.values(), 1]), least=2)
    figure["layout"] |= {
        "height": TALL,
        "margin": {"l": 40, "r": 10, "t": 8, "b": 22},
        "xaxis": {"anchor": "y2", "range": [f"{first - dt.timedelta(days=1)}T12:00", f"{last}T12:00"]},
        "yaxis": {"range": [low, high], "tickvals": [low, (low + high) / 2, high], "domain": [0.46, 1], "tickformat": ",d"},
        "yaxis2": {"range": [0, most * 1.05], "tickvals": [0, most // 2, most], "domain": [0, 0.32], "tickformat": ",d"},
    }
    top = max(days, key=lambda day: counts.get(day, 0))
    summary = f"Most new weaknesses on {top:%-d %B}, {counts.get(top, 0):,}." if any(counts.values()) else "No new weaknesses."
    rows = tuple(
        Row(day, (counts.get(day, 0), by_day.get(day)), tuple(events.get(day, ())), _events_address(day, address)) for day in reversed(days)
    )
    return Chart(
        "weaknesses-trend", "New weaknesses a day and exposure score", summary, figure, ("New weaknesses", "Exposure score"), rows, 1
    )


def _bars(days: Sequence[dt.date], counts: Mapping[dt.date, int], *, address: str) -> dict[str, Any]:
    bars = go.Bar(
        name="New weaknesses",
        x=[day.isoformat() for day in days],
        y=[counts.get(day, 0) for day in days],
        customdata=[_events_address(day, address) for day in days],
        hovertemplate="%{y:,d} new<extra></extra>",
        meta={"tone": "5"},
        yaxis="y2",
    )
    return dict(bars.to_plotly_json())


def _ceiling(value: float, *, least: float) -> float:
    """The upper end of an axis from 0: a round number whose half is round too."""
    value = max(value, least)
    size = float(10 ** math.floor(math.log10(value)))
    return next(step * size for step in (1, 2, 4, 6, 8, 10) if step * size >= value)


def _span(values: Sequence[float]) -> tuple[int, int]:
    """Both ends of an axis of scores: tens that hold all values with a little room, twenty apart at least."""
    if not values:
        return 0, 100
    low, high = max(10 * math.floor((min(values) - 2) / 10), 0), min(10 * math.ceil((max(values) + 2) / 10), 100)
    if (high - low) % 20:
        low, high = (low - 10, high) if low >= 10 else (low, high + 10)
    return low, high


def _line_chart(
    name: str, title: str, points: Sequence[Point], *, events: Events, tone: str, top: float, digits: int, query: str = ""
) -> Chart:
    days, values = [point.day for point in points], [round(point.value, 2) for point in points]
    figure = line(days=days, values=values, name=title, tone=tone, top=top)
    if dots := [point for point in points if point.day in events]:
        figure["data"].append(_dots(dots, events=events, tone=tone, digits=digits, query=query))
    rows = tuple(
        Row(p.day, (p.value,), tuple(events.get(p.day, ())), _events_address(p.day, query) if p.day in events else "")
        for p in reversed(points)
    )
    return Chart(name, title, _summary(title, points, digits=digits, dots=len(dots)), figure, (title,), rows, digits)


def _dots(points: Sequence[Point], *, events: Events, tone: str, digits: int, query: str) -> dict[str, Any]:
    """A mark on each day that has events; `customdata` is where a click leads."""
    dots = go.Scatter(
        mode="markers",
        name="Events",
        x=[point.day.isoformat() for point in points],
        y=[round(point.value, 2) for point in points],
        text=["<br>".join((f"{point.value:,.{digits}f}", *events[point.day])) for point in points],
        customdata=[_events_address(point.day, query) for point in points],
        hovertemplate="%{text}<extra></extra>",
        meta={"tone": tone, "role": "events"},
    )
    return dict(dots.to_plotly_json())


def _events_address(day: dt.date, query: str) -> str:
    """The timeline of one day."""
    return f"/timeline/?from={day}&to={day}" + (f"&{query}" if query else "")


def _scale(figure: Figure, ticks: list[float], *, suffix: str) -> None:
    axis = figure["layout"]["yaxis"]
    axis["tickmode"], axis["tickvals"], axis["ticktext"] = "array", ticks, [f"{tick:g}{suffix}" for tick in ticks]
    figure["data"][0]["meta"]["unit"] = suffix
    axis["range"] = [ticks[0], ticks[-1] * 1.02]


def _summary(title: str, points: Sequence[Point], *, digits: int, dots: int) -> str:
    first, last = points[0], points[-1]
    high = max(points, key=lambda point: point.value)
    words = f"{title}, {first.day:%-d %B} to {last.day:%-d %B}: from {first.value:,.{digits}f} to {last.value:,.{digits}f}"
    words += f", highest {high.value:,.{digits}f} on {high.day:%-d %B}."
    return words + (f" {dots} {'day' if dots == 1 else 'days'} with events." if dots else "")
