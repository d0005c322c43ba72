"""Series to figures for `charts.js`: plain data in Plotly's form, without any colour. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

Figure = dict[str, Any]


def line(*, days: Sequence[dt.date], values: Sequence[float], name: str, tone: str = "1", top: float | None = None) -> Figure:
    """One line over days. `tone` names a colour token: 1-5, worse, better, flat. `top`: upper end of the axis, else by the data."""
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "x": [day.isoformat() for day in days],
                "y": list(values),
                "meta": {"tone": tone},
                "hovertemplate": "%{y:,.4~f}<extra></extra>",
            }
        ],
        "layout": {"yaxis": {"range": [0, top if top is not None else _ceiling(values)]}, "height": 170},
    }


def _ceiling(values: Sequence[float]) -> float:
    """A little room above the highest value."""
    return max([*values, 1]) * 1.12
