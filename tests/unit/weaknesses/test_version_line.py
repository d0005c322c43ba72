"""A range as a picture: the order on the line is the order of the keys."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.versions import sort_key
from weaknesses import version_line
from weaknesses.judging import Probe, Stated


def stated(**parts: Any) -> Stated:
    texts = {name: parts.pop(name, "") for name in ("start", "end", "fixed")}
    keys = {f"{name}_key": sort_key("cpe", text) if text else None for name, text in texts.items()}
    given: dict[str, Any] = {
        "id": 1,
        "fingerprint": "f",
        "source": "nvd",
        "product_id": 1,
        "product": "cpe:a:acme:rocket",
        "linked_by": "Alias table",
        "link_confidence": 100,
        "start_included": True,
        "end_included": False,
        "platforms": (),
        "qualifiers": {},
        "requires": (),
        "stated_at": None,
        "confidence": 90,
    }
    return Stated(**given | texts | keys | parts)


def probe(version: str) -> Probe:
    return Probe(version, sort_key("cpe", version), "cpe", ("windows",), ("acme", "rocket"), ())


def drawn(version: str, **parts: Any) -> list[tuple[str, str, str]]:
    line = version_line.draw(stated(**parts), probe(version))
    assert line is not None
    assert [mark.x for mark in line.marks] == sorted(mark.x for mark in line.marks)
    return [(mark.installed, mark.label, mark.bound) for mark in line.marks]


def test_bounds_and_the_installed_version_stand_in_their_order() -> None:
    assert drawn("2.10", start="2.0", end="2.12", fixed="2.12") == [
        ("", "2.0", "affected from"),
        ("2.10", "", ""),
        ("", "2.12", "affected before, fixed"),
    ]
    assert drawn("3", end="2.12", end_included=True, fixed="2.13") == [
        ("", "2.12", "affected up to"),
        ("", "2.13", "fixed"),
        ("3", "", ""),
    ]


def test_an_installed_version_on_a_bound_shares_its_place() -> None:
    assert drawn("2.0.0", end="2.0") == [("2.0.0", "2.0", "affected before")]


def test_open_ends_run_over_the_edge() -> None:
    line = version_line.draw(stated(end="9"), probe("1"))
    assert line is not None
    assert (line.low, line.open_low, line.open_high) == (0.0, True, False)
    everything = version_line.draw(stated(), probe("1"))
    assert everything is not None
    assert (everything.low, everything.high) == (0.0, 100.0)


@pytest.mark.parametrize(("version", "end"), [("unknown", "9"), ("1", "https://example.org/commit")])
def test_what_cannot_be_compared_is_not_drawn(version: str, end: str) -> None:
    assert version_line.draw(stated(end=end, end_key=sort_key("cpe", end)), probe(version)) is None


def test_long_bounds_stand_in_two_rows() -> None:
    line = version_line.draw(stated(start="1.18", end="1.18.14.0.3.9.1.0.18124.20240501"), probe("1.18.12"))
    assert line is not None
    assert line.tall
    assert len({mark.y for mark in line.marks if mark.bound}) == 2
