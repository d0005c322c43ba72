"""Alerts in the JSON of our own."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from inventory.errors import UnreadableReport
from inventory.records import AlertRecord
from inventory.sources.frame import Limits
from inventory.sources.registry import SOURCES
from tests.unit.inventory.sources import read, sample

GOOD = {"machine": "h1", "id": "1", "title": "Web shell", "opened_at": "2026-03-16T12:00:00Z"}
MOMENT = dt.datetime(2026, 3, 16, 12, tzinfo=dt.UTC)


def file(*alerts: Any) -> bytes:
    return json.dumps(alerts).encode()


def test_the_sample() -> None:
    (web, db), rejected = read("alerts", sample("alerts.json"))
    assert rejected == []
    assert (web.machine.external_id, len(web.alerts), web.covers) == ("web01", 2, frozenset())
    assert web.alerts[1] == AlertRecord(
        "example siem", "2026-121", "Browser process started a shell", "critical", dt.datetime(2026, 11, 25, 7, 2, 11, tzinfo=dt.UTC),
        cve="CVE-2026-2441",
    )  # fmt: skip
    assert web.alerts[0].closed_at == dt.datetime(2026, 11, 24, 15, 40, tzinfo=dt.UTC)
    assert (db.alerts[0].source, db.alerts[0].external_id, db.alerts[0].opened_at.hour) == ("alerts", "7", 8)


def test_a_bare_list_and_what_may_be_left_out() -> None:
    data = file(GOOD)
    assert SOURCES["alerts"].detect(data, "")
    (report,), rejected = read("alerts", data)
    assert (report.alerts, rejected) == ((AlertRecord("alerts", "1", "Web shell", "high", MOMENT),), [])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"machine": ""}, "machine is missing"),
        ({"machine": "x" * 300}, "machine is longer than 255"),
        ({"machine": "a\tb"}, "not printable"),
        ({"machine": 5}, "machine is a number"),
        ({"id": None}, "id is missing"),
        ({"id": True}, "id is true or false"),
        ({"id": "x" * 300}, "id is longer than 200"),
        ({"title": None}, "title is missing"),
        ({"title": "a\x00"}, "NUL"),
        ({"severity": "terrible"}, "severity is none of"),
        ({"opened_at": None}, "opened_at is missing"),
        ({"opened_at": "yesterday"}, "opened_at is no time"),
        ({"opened_at": 1700000000}, "opened_at is no time"),
        ({"opened_at": "0001-01-01T00:00:00+14:00"}, "opened_at is no time"),
        ({"opened_at": "1650-01-01T00:00:00Z"}, "not between"),
        ({"closed_at": "2026-03-16T11:00:00Z"}, "before opened_at"),
        ({"cve": "GHSA-1"}, "cve is no CVE"),
        ({"cve": 5}, "cve is no CVE"),
        ({"source": "a:b"}, "source is no name"),
        ({"source": "x" * 50}, "source is no name"),
    ],
)
def test_a_bad_alert_is_named_and_the_good_ones_stay(change: dict[str, Any], words: str) -> None:
    (report,), (rejected,) = read("alerts", file({**GOOD, **change}, {**GOOD, "id": "2"}))
    assert rejected.place == "alert 1"
    assert words in rejected.reason
    assert [alert.external_id for alert in report.alerts] == ["2"]


def test_what_is_no_object_is_named() -> None:
    _, rejected = read("alerts", file(5, None, [GOOD], GOOD))
    assert [item.reason for item in rejected] == ["the alert is no object"] * 3


def test_a_file_that_ends_early_keeps_what_came_before() -> None:
    (report,), (rejected,) = read("alerts", file(GOOD, GOOD)[:-20])
    assert len(report.alerts) == 1
    assert "not valid JSON" in rejected.reason


def test_too_many_alerts_keep_the_first() -> None:
    (report,), (rejected,) = read("alerts", file(*({**GOOD, "id": number} for number in range(9))), Limits(records=3))
    assert (len(report.alerts), rejected.place) == (3, "alert 4")


def test_nothing_in_it_is_refused() -> None:
    with pytest.raises(UnreadableReport, match="no alert"):
        read("alerts", b'{"alarms": []}')
