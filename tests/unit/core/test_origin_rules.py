"""Addresses that say where a page was reached from: ours are understood, everything else is nothing."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from core import origin_rules as rules

SITE = "https://portal.example"
LIST = "/recommendations/?threat=exploited&page=2"
PAGE = "/software/google-_-chrome/"


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example/",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\\evil.example/",
        "\\\\evil.example",
        "/a b",
        "/a\nb",
        "/a\x00b",
        "software/",
        "",
        "/" + "a" * 2000,
        "/software/?q=" + "a" * 2000,
    ],
)
def test_what_is_not_ours_is_nothing(address: str) -> None:
    assert rules.own(address) == ""


def test_ours_keeps_its_filters_and_loses_its_fragment() -> None:
    assert rules.own(f"{LIST}#row-3") == LIST


def test_one_that_is_too_long_forgets_where_it_came_from_itself() -> None:
    address = rules.with_origin(PAGE, "/software/?q=" + "a" * (rules.LONGEST - 30))
    assert len(address) > rules.LONGEST
    assert rules.own(address) == PAGE


@pytest.mark.parametrize(
    ("referer", "origin"),
    [
        (f"{SITE}{LIST}", LIST),
        (f"{SITE}/", "/"),
        (SITE, ""),
        ("https://portal.example.evil.example/software/", ""),
        ("http://portal.example/software/", ""),
        ("", ""),
    ],
)
def test_a_referer_counts_where_it_is_the_same_site(referer: str, origin: str) -> None:
    assert rules.of_referer(referer, site=SITE) == origin


def test_where_a_page_came_from_is_found_again() -> None:
    address = rules.with_origin(f"{PAGE}?tab=machines", LIST)
    assert rules.nested(address) == LIST
    assert rules.without_origin(address) == f"{PAGE}?tab=machines"


def test_the_first_day_of_a_timeline_is_no_origin() -> None:
    timeline = "/timeline/?from=2026-03-01&to=2026-03-02"
    assert rules.nested(timeline) == ""
    assert rules.without_origin(timeline) == timeline
    assert rules.nested(rules.with_origin(PAGE, timeline)) == timeline


def test_a_foreign_address_inside_ours_is_nothing() -> None:
    assert rules.nested(f"{PAGE}?from={quote('//evil.example')}") == ""
    assert rules.nested(f"{PAGE}?from=javascript:alert(1)") == ""


def test_a_tab_hands_on_where_its_page_came_from() -> None:
    assert rules.before(rules.with_origin(f"{PAGE}?tab=machines", LIST), page=PAGE) == LIST
    assert rules.before(f"{PAGE}?tab=machines", page=PAGE) == ""


def test_going_back_is_no_origin() -> None:
    weakness = rules.with_origin("/weaknesses/CVE-2026-1/", rules.with_origin(PAGE, LIST))
    assert rules.before(weakness, page=PAGE) == LIST
    assert rules.before(rules.with_origin("/weaknesses/CVE-2026-1/", PAGE), page=PAGE) == ""


def test_pages_that_lead_to_each_other_for_ever_come_to_an_end() -> None:
    address = PAGE
    for _ in range(6):
        address = rules.with_origin(PAGE, address)
    assert rules.before(address, page=PAGE) in ("", PAGE)
