"""Charts: the figure, its sentence and its table say the same."""

from __future__ import annotations

import datetime as dt

from recommendations import page_charts
from recommendations.score_queries import Point

DAY = dt.date(2026, 3, 1)
POINTS = [Point(DAY + dt.timedelta(days=n), value) for n, value in enumerate([52.0, 56.04, 50.0, 46.4])]
EVENTS = {DAY + dt.timedelta(days=1): ("Chrome has 9 new weaknesses",)}


def test_figure_and_table_hold_the_same_numbers_newest_first_in_the_table() -> None:
    chart = page_charts.exposure_score(POINTS, events=EVENTS, bounds=(30, 70))
    assert chart is not None
    assert chart.figure["data"][0]["y"] == [52.0, 56.04, 50.0, 46.4]
    assert [row.values for row in chart.rows] == [(46.4,), (50.0,), (56.04,), (52.0,)]


def test_the_summary_says_what_the_picture_shows() -> None:
    chart = page_charts.exposure_score(POINTS, events=EVENTS, bounds=(30, 70))
    assert chart is not None
    assert chart.summary == "Exposure score, 1 March to 4 March: from 52.0 to 46.4, highest 56.0 on 2 March. 1 day with events."


def test_a_day_with_events_leads_to_them_from_picture_and_table() -> None:
    chart = page_charts.exposed_machines(POINTS, installed=60, events=EVENTS, address="software=google-_-chrome")
    assert chart is not None
    address = "/timeline/?from=2026-03-02&to=2026-03-02&software=google-_-chrome"
    assert chart.figure["data"][1]["customdata"] == [address]
    assert [row.address for row in chart.rows if row.events] == [address]


def test_the_tone_follows_the_two_ends() -> None:
    def tone(first: float, last: float) -> str:
        points = [Point(DAY, first), Point(DAY + dt.timedelta(days=1), last)]
        chart = page_charts.exposed_machines(points, installed=9, events={}, address="")
        assert chart is not None
        return str(chart.figure["data"][0]["meta"]["tone"])

    assert (tone(1, 2), tone(2, 1), tone(2, 2)) == ("worse", "better", "flat")


def test_without_history_there_is_no_chart_and_no_change() -> None:
    assert page_charts.exposure_score([], events={}, bounds=(30, 70)) is None
    assert page_charts.configuration_score([]) is None
    assert page_charts.new_weaknesses({}, [], events={}, first=DAY, last=DAY) is None
    assert page_charts.change(POINTS[:1]) is None


def test_days_without_a_score_stay_empty_and_are_never_zero() -> None:
    chart = page_charts.new_weaknesses({DAY: 5}, POINTS[1:], events={}, first=DAY, last=DAY + dt.timedelta(days=3))
    assert chart is not None
    assert chart.rows[-1].values == (5, None)
