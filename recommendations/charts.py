"""Series to figures for `charts.js`: Plotly's graph objects as plain data, without any colour. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from plotly import graph_objects as go

Figure = dict[str, Any]


def line(*, days: Sequence[dt.date], values: Sequence[float], name: str, tone: str = "1", top: float | None = None) -> Figure:
    """One line over days. `tone` names a colour token: 1-5, worse, better, flat. `top`: upper end of the axis, else by the data."""
    trace = go.Scatter(
        mode="lines",
        name=name,
        x=[day.isoformat() for day in days],
        y=list(values),
        meta={"tone": tone},
        hovertemplate="%{y:,.4~f}<extra></extra>",
    )
    layout = go.Layout(yaxis={"range": [0, top if top is not None else _ceiling(values)]}, height=170)
    return {"data": [trace.to_plotly_json()], "layout": layout.to_plotly_json()}


def _ceiling(values: Sequence[float]) -> float:
    """A little room above the highest value."""
    return max([*values, 1]) * 1.12
