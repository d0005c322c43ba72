"""The charts of the report on vulnerable machines: one figure, sentence and table for each way of counting. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plotly import graph_objects as go

from recommendations.page_charts import Chart, Row
from recommendations.risk_queries import Bucket, Counts, History, Way

TONES = ("1", "2", "3", "4", "5")
HEIGHT = 210


@dataclass(frozen=True, slots=True)
class Bar:
    """Machines of a bucket now. `change`: since the first day of the window; None without history. `level`: of a severity, else None."""

    bucket: Bucket
    tone: str
    machines: int
    change: int | None
    address: str
    level: int | None


def toned(way: Way, counts: Counts, history: History) -> list[tuple[Bucket, str]]:
    """The buckets with their tones. Those that have none of their own come by size, in the categorical tones, then grey.

    A grey bucket, which says that something is not known, is left out where there was none in the window.
    """
    if all(bucket.tone for bucket in way.buckets):
        rest = {bucket.key for bucket in way.buckets if bucket.tone == "none" and not _ever(way, bucket, counts, history)}
        return [(bucket, bucket.tone) for bucket in way.buckets if bucket.key not in rest]
    ranked = sorted(way.buckets, key=lambda bucket: -counts.of(way, bucket))
    return [(bucket, TONES[rank] if rank < len(TONES) else "none") for rank, bucket in enumerate(ranked)]


def trend(way: Way, history: History, shown: Sequence[tuple[Bucket, str]]) -> Chart | None:
    """Machines of each bucket over days, stacked, the worst at the bottom. None with fewer than two days."""
    if len(history.days) < 2 or not shown:
        return None
    days = [day.isoformat() for day in history.days]
    traces = [
        go.Scatter(
            mode="lines",
            name=bucket.label,
            x=days,
            y=[history.of(day, way, bucket) for day in history.days],
            stackgroup="machines",
            meta={"tone": tone},
            hovertemplate="%{y:,}",
        ).to_plotly_json()
        for bucket, tone in shown
        if any(history.of(day, way, bucket) for day in history.days)
    ]
    totals = [sum(history.of(day, way, bucket) for bucket, _ in shown) for day in history.days]
    layout = go.Layout(yaxis={"range": [0, max([*totals, 1]) * 1.08]}, height=HEIGHT).to_plotly_json()
    rows = tuple(Row(day, tuple(history.of(day, way, bucket) for bucket, _ in shown)) for day in reversed(history.days))
    headers = tuple(bucket.label for bucket, _ in shown)
    return Chart(f"trend-{way.key}", way.title, _summary(way, history, totals), {"data": traces, "layout": layout}, headers, rows)


def bars(way: Way, counts: Counts, history: History, shown: Sequence[tuple[Bucket, str]], *, address: str) -> tuple[Bar, ...]:
    """What there is now, each leading to its machines. `address`: of the list, ready for one more parameter."""
    first = history.days[0] if len(history.days) > 1 else None
    return tuple(
        Bar(
            bucket,
            tone,
            counts.of(way, bucket),
            counts.of(way, bucket) - history.of(first, way, bucket) if first else None,
            f"{address}{way.key}={bucket.key}",
            bucket.value if way.key == "severity" and isinstance(bucket.value, int) else None,
        )
        for bucket, tone in shown
    )


def _ever(way: Way, bucket: Bucket, counts: Counts, history: History) -> bool:
    return bool(counts.of(way, bucket)) or any(history.of(day, way, bucket) for day in history.days)


def _summary(way: Way, history: History, totals: Sequence[int]) -> str:
    first, last = history.days[0], history.days[-1]
    return f"{way.title}, {first:%-d %B} to {last:%-d %B}: machines in all from {totals[0]:,} to {totals[-1]:,}."
