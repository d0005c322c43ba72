"""Figures are short in lists, exact in titles, and never look like nothing where there is something."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from core import drawing
from core.templatetags import display


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (771, "771"),
        (999, "999"),
        (1_000, "1k"),
        (4_170, "4.17k"),
        (11_902, "11.9k"),
        (124_000, "124k"),
        (1_470_000, "1.47M"),
        (None, "–"),
    ],
)
def test_a_count_is_written_with_three_figures(value: int | None, text: str) -> None:
    assert display.short_count(value) == text


@pytest.mark.parametrize(("value", "text"), [(0, "0.00"), (0.001, "<0.01"), (0.006, "0.01"), (7.4249, "7.42"), (None, "–")])
def test_a_small_impact_is_not_shown_as_none(value: float | None, text: str) -> None:
    assert display.points(value) == text


def test_a_small_share_is_not_shown_as_none() -> None:
    assert display.percent(0.0004) == "<1%"
    assert display.percent(0.412, 1) == "41.2%"
    assert display.percent(display.share_of(3, 0)) == "–"


def test_times_are_utc() -> None:
    moment = dt.datetime(2026, 3, 15, 14, 40, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    assert display.stamp(moment) == "15 Mar 2026, 12:40 UTC"


@pytest.mark.parametrize(
    ("series", "direction"), [([5, 9, 6], "worse"), ([5, 1, 4], "better"), ([5, 9, 5], "flat"), ([5], "flat"), ([], "flat")]
)
def test_a_sparkline_is_coloured_by_its_two_ends(series: list[int], direction: str) -> None:
    assert drawing.spark(series).direction == direction


def test_one_machine_is_enough_to_tip_a_sparkline() -> None:
    assert drawing.spark([1_000_000, 1_000_001]).direction == "worse"


def test_more_can_be_better() -> None:
    assert display.trend(3, more_is="better")["tone"] == "better"
    assert display.trend(-3, more_is="better")["arrow"] == "fall"


def test_a_ring_leaves_out_what_is_not_there() -> None:
    assert [part.label for part in drawing.ring([("high", "High", 3), ("low", "Low", 0), ("none", "None", 1)])] == ["High", "None"]
    assert drawing.ring([]) == []


def test_a_bar_is_never_longer_than_its_track_nor_invisible() -> None:
    assert display.bar(9, 3)["width"] == "100.0"
    assert display.bar(0.001, 3)["width"] == "1.5"
    assert display.bar(0, 3)["width"] == "0"


@pytest.mark.parametrize(("level", "word"), [(None, "None"), (0, "None"), (1, "Low"), (3, "High"), (4, "Critical"), (9, "Critical")])
def test_a_severity_has_as_many_pips_as_its_level(level: int | None, word: str) -> None:
    html = display.severity(level)
    on, off = re.findall(r'd="([^"]*)"', html)
    assert (on.count("M"), off.count("M")) == (min(level or 0, 4), 4 - min(level or 0, 4))
    assert html.endswith(f"{word}</span>")


def test_the_label_of_a_severity_is_text() -> None:
    assert "&lt;b&gt;" in display.severity(1, "<b>")
