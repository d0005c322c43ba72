"""Why the score moved, drawn and in words."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from recommendations import score_change_words as words
from recommendations.explanations import points_of
from recommendations.models import Cause
from recommendations.score_change_queries import UNRECORDED, DaySums, Moves, Part
from weaknesses.models import Event

FIRST, LAST = dt.date(2026, 3, 1), dt.date(2026, 3, 30)


def moves(*points: float, start: float = 40.0, unrecorded: float = 0.0, days: int = 29) -> Moves:
    """A change by these points of the causes in their order."""
    parts = [Part(cause, value, 340, 2) for cause, value in zip(Cause.values, points, strict=False)]
    missing: tuple[dt.date, ...] = ()
    if unrecorded:
        parts.append(Part(UNRECORDED, unrecorded))
        missing = (FIRST + dt.timedelta(days=1), FIRST + dt.timedelta(days=3))
    end = start + sum(part.points for part in parts)
    sums = [DaySums(day, 100, 100.0, score, score) for day, score in ((FIRST, start), (LAST, end))]
    return Moves(sums[0], sums[1], tuple(parts), days, missing, excepted=False, differ=False)


@given(points=st.lists(st.integers(-4000, 4000).map(lambda thousandths: thousandths / 1000), min_size=1, max_size=8))
def test_the_printed_points_add_up_and_the_bars_meet(points: list[float]) -> None:
    found = moves(*points)
    drawn = words.waterfall(found, words={})
    left_out = sum(part.points for part in found.parts if abs(part.points) < words.SHOWN)
    if drawn.steps:
        assert abs(round(sum(step.points for step in drawn.steps), 2) - (drawn.end.points - drawn.start.points)) < 1e-9
    assert all(0 <= step.x <= step.x + step.width <= 101 for step in drawn.steps)
    assert drawn.low <= min(found.start, found.end - left_out) <= drawn.high
    assert {step.tone for step in drawn.steps} <= {"worse", "better"}


def test_what_is_not_recorded_is_neither_worse_nor_better() -> None:
    drawn = words.waterfall(moves(1.0, unrecorded=-2.0), words={})
    assert [(step.label, step.tone) for step in drawn.steps] == [("Vulnerabilities found", "worse"), ("Not recorded", "none")]


def test_the_headline_names_the_largest_part_that_went_with_the_change() -> None:
    assert words.headline(moves(1.2, -3.1, 0.4)) == "mostly vulnerabilities fixed (3.1 better)"
    assert words.headline(moves(1.2, -0.1)) == "mostly vulnerabilities found (1.2 worse)"
    assert words.headline(moves(0.001)) == ""


def test_causes_that_did_nothing_are_named_where_a_day_was_recorded() -> None:
    assert words.still(moves(1.0, 0.0, 2.0)) == "vulnerabilities fixed"
    assert words.still(moves(1.0, 0.0, 0.0)) == "vulnerabilities fixed and intelligence"
    assert words.still(moves(0.0, unrecorded=2.0, days=2)) == ""


def test_a_sentence_counts_weaknesses_and_machines() -> None:
    found = moves(1.0, -1.0)
    weaknesses: dict[str, set[int]] = {Event.Kind.NEW_WEAKNESS: {1, 2}, Event.Kind.FIXED: {3}}
    assert words.sentence(found, found.parts[0], weaknesses=weaknesses) == "2 new weaknesses; risk rose on up to 340 machines a day"
    assert words.sentence(found, found.parts[1], weaknesses=weaknesses).startswith("1 weakness gone for good")


def test_points_follow_each_other() -> None:
    assert points_of(10, 4, [(0, 1), (10, 0)]) == (10.0, -25.0)
    assert points_of(0, 0, [(10, 4)]) == (40.0,)
    assert points_of(10, 4, [(-10, -4)]) == (-40.0,)
