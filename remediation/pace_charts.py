"""The chart of how fast fixes are made. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from plotly import graph_objects as go

from recommendations.charts import Figure
from remediation.pace_queries import PRIORITIES, Mark

TONES = {"all": "1", "high": "5", "medium": "3", "low": "2"}


def figure(marks: Sequence[Mark]) -> Figure:
    """A line for all and for each priority that was asked for: percent of machines fixed over days since the request."""
    traces = []
    for place, (name, label) in enumerate(PRIORITIES):
        points = [(mark.days, percent) for mark in marks if (percent := mark.shares[place].percent) is not None]
        if points:
            trace = go.Scatter(
                mode="lines+markers",
                name=label,
                x=[days for days, _ in points],
                y=[percent for _, percent in points],
                text=[f"Within {days} day{'' if days == 1 else 's'}" for days, _ in points],
                meta={"tone": TONES[name], "role": "named", "unit": "%"},
            )
            traces.append(trace.to_plotly_json())
    days = [mark.days for mark in marks]
    layout = go.Layout(
        xaxis={"range": [0, days[-1] + 1], "tickvals": days, "tickformat": "d", "ticksuffix": " d"},
        yaxis={"range": [0, 104], "ticksuffix": "%"},
        height=210,
    )
    return {"data": traces, "layout": layout.to_plotly_json()}


def summary(marks: Sequence[Mark]) -> str:
    """What the chart says, in a sentence."""
    told = [f"{mark.shares[0].percent:.0f}% within {mark.days} days" for mark in marks if mark.shares[0].percent is not None]
    return f"Machines fixed after a request: {', '.join(told)}." if told else "No request is old enough yet."
