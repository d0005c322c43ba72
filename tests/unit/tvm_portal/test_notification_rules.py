"""When digests are due, through days on which clocks change; and that kinds are whole."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvm_portal.notifications.kinds import GONE, KINDS, OF_RECOMMENDATIONS, RANK, TOPICS
from tvm_portal.notifications.rules import next_digest, schedule_words

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia")
moments = st.datetimes(min_value=dt.datetime(2020, 1, 1), max_value=dt.datetime(2030, 1, 1), timezones=st.just(dt.UTC))  # noqa: DTZ001 - its own way


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("after", "hour", "due"),
    [
        ("2026-03-28T12:00", 8, "2026-03-29T06:00"),  # the clocks went forward in the night
        ("2026-03-28T12:00", 2, "2026-03-29T01:00"),  # half past one is followed by three
        ("2026-10-24T12:00", 2, "2026-10-25T00:00"),  # two o'clock comes twice: the first
        ("2026-10-25T00:00", 2, "2026-10-26T01:00"),  # and not the second
        ("2026-10-24T12:00", 8, "2026-10-25T07:00"),
    ],
)
def test_days_on_which_the_clocks_change(after: str, hour: int, due: str) -> None:
    assert next_digest(after=at(after), frequency="daily", weekday=0, hour=hour, zone="Europe/Berlin") == at(due)


@given(after=moments, hour=st.integers(0, 23), weekday=st.integers(0, 6), zone=st.sampled_from(ZONES))
def test_a_digest_is_later_at_its_hour_on_its_day_and_not_too_late(after: dt.datetime, hour: int, weekday: int, zone: str) -> None:
    weekly = next_digest(after=after, frequency="weekly", weekday=weekday, hour=hour, zone=zone)
    daily = next_digest(after=after, frequency="daily", weekday=weekday, hour=hour, zone=zone)
    assert weekly is not None
    assert daily is not None
    assert after < daily <= weekly <= after + dt.timedelta(days=8)
    there = weekly.astimezone(zoneinfo.ZoneInfo(zone))
    assert there.hour in (hour, (hour + 1) % 24)
    assert there.weekday() == weekday


def test_what_is_told_at_once_has_no_digest() -> None:
    assert next_digest(after=at("2026-01-01T00:00"), frequency="once", weekday=0, hour=8, zone="UTC") is None
    assert schedule_words(frequency="once", weekday=0, hour=8, zone="UTC") == "at once"
    assert schedule_words(frequency="weekly", weekday=4, hour=7, zone="America/New_York") == "every Friday at 07:00, America/New York"


def test_kinds_are_whole() -> None:
    assert {kind.key for _, kinds in TOPICS for kind in kinds} == set(KINDS) == set(RANK)
    assert {*GONE, *OF_RECOMMENDATIONS} <= set(KINDS)
    assert all(len(key) <= 24 for key in KINDS)
