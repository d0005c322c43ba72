"""Times on pages follow the viewer's zone; days of sources stay in UTC."""

from __future__ import annotations

import datetime as dt
import zoneinfo

import pytest
from django.utils import timezone

from core import zones
from core.templatetags import display

LATE = dt.datetime(2026, 3, 15, 23, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("UTC", "15 Mar 2026, 23:30 UTC"),
        ("America/New_York", "15 Mar 2026, 19:30 EDT"),
        ("Europe/Berlin", "16 Mar 2026, 00:30 CET"),
        ("Asia/Kolkata", "16 Mar 2026, 05:00 IST"),
        ("America/Sao_Paulo", "15 Mar 2026, 20:30 UTC-03"),
        ("Pacific/Kiritimati", "16 Mar 2026, 13:30 UTC+14"),
    ],
)
def test_a_stamp_names_the_zone_it_is_in(zone: str, text: str) -> None:
    with timezone.override(zoneinfo.ZoneInfo(zone)):
        assert display.stamp(LATE) == text
        shown = display.moment(LATE)
    assert f">{text}</time>" in shown
    assert 'datetime="2026-03-15T23:30:00Z"' in shown
    assert 'title="15 Mar 2026, 23:30 UTC"' in shown


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Pacific/Kiritimati"])
def test_a_day_is_the_day_of_its_source_wherever_one_looks(zone: str) -> None:
    with timezone.override(zoneinfo.ZoneInfo(zone)):
        assert display.day(LATE) == "15 Mar 2026"
        assert display.day_month(LATE) == "15 Mar"
        assert display.iso_day(LATE) == "2026-03-15"


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "Europe/Berlin\x00", "a" * 200, "europe/berlin\n"]
)
def test_a_name_of_no_zone_is_passed_over(name: str) -> None:
    assert zones.zone_named(name) is None


def test_every_zone_that_is_offered_exists() -> None:
    assert all(zones.zone_named(name) for name in zones.offered_zones())
    assert "Europe/Berlin" in zones.offered_zones()


@pytest.mark.parametrize(("value", "shown", "exact"), [(4873, "4.87k", "4,873"), (1_470_000, "1.47M", "1,470,000")])
def test_a_shortened_count_keeps_the_exact_one(value: int, shown: str, exact: str) -> None:
    text = display.short(value)
    assert f'title="{exact}"' in text
    assert f'aria-hidden="true">{shown}</span>' in text
    assert f'class="sr">{exact}</span>' in text


def test_a_count_that_is_exact_already_stands_alone() -> None:
    assert display.short(771) == "771"


def test_the_part_that_was_searched_for_is_marked_and_the_rest_escaped() -> None:
    assert display.marked("Google Chrome", "chr") == "Google <mark>Chr</mark>ome"
    assert display.marked("<b>Chrome", "chr") == "&lt;b&gt;<mark>Chr</mark>ome"
    assert display.marked("Chrome", "<script>") == "Chrome"
