"""Wazuh's alerts, a document a line or as an answer of the index."""

from __future__ import annotations

import datetime as dt
import json
import re
from typing import Any

import pytest

from inventory.errors import UnreadableReport
from inventory.records import AlertRecord
from inventory.sources.frame import Limits
from inventory.sources.registry import SOURCES
from tests.unit.inventory.sources import lines, read, sample


def event(level: Any = 12, **more: Any) -> dict[str, Any]:
    return {
        "timestamp": "2026-03-16T12:00:00.000+0000",
        "rule": {"level": level, "description": "Attack", "id": "1"},
        "agent": {"id": "001", "name": "h1", "ip": "198.51.100.1"},
        "manager": {"name": "m1"},
        "id": "1.2",
        **more,
    }


def test_the_sample_has_alerts_of_two_agents_and_a_check() -> None:
    (web, db), rejected = read("wazuh_alerts", sample("wazuh_alerts.json"))
    assert rejected == []
    assert web.machine.ip_addresses == ("198.51.100.20",)
    assert web.alerts == (
        AlertRecord("wazuh", "wazuh-manager/1795600000.12345", "Shellshock attack detected", "critical",
                    dt.datetime(2026, 11, 25, 10, 1, 0, 123_000, tzinfo=dt.UTC), cve="CVE-2014-6271"),
        AlertRecord("wazuh", "wazuh-manager/1795600000.22345", "Web shell written below the document root", "high",
                    dt.datetime(2026, 11, 25, 10, 2, 0, 123_000, tzinfo=dt.UTC)),
    )  # fmt: skip
    assert [(result.external_id, result.passed) for result in web.results] == [("example_linux/36001", False)]
    assert web.covers == frozenset()
    assert (db.machine.external_id, db.alerts[0].cve) == ("db01", "CVE-2021-44228")


@pytest.mark.parametrize(("level", "severity"), [(12, "high"), (14, "high"), ("13", "high"), (15, "critical"), (16, "critical")])
def test_the_level_gives_the_severity(level: Any, severity: str) -> None:
    (report,), _ = read("wazuh_alerts", lines(event(level)))
    assert report.alerts[0].severity == severity


def test_lower_levels_are_left_out_and_counted_while_the_machine_is_seen() -> None:
    (report,), (rejected,) = read("wazuh_alerts", lines(event(3), event(7), event(11)))
    assert (report.machine.external_id, report.alerts) == ("h1", ())
    assert rejected.reason == "3 alerts below level 12 were left out"


def test_what_the_vulnerability_detector_says_is_no_sign_of_an_attack() -> None:
    found = {"vulnerability": {"cve": "CVE-2026-1", "package": {"name": "openssl"}, "severity": "High", "status": "Active"}}
    (report,), (rejected,) = read("wazuh_alerts", lines(event(13, data=found)))
    assert report.alerts == ()
    assert "1 alerts of the vulnerability detector" in rejected.reason


def test_an_answer_of_the_index_and_a_list() -> None:
    data = json.dumps({"hits": {"total": {"value": 1}, "hits": [{"_id": "x", "_source": event()}]}}).encode()
    for shape in (data, json.dumps([event()]).encode()):
        assert SOURCES["wazuh_alerts"].detect(shape, "")
        (report,), rejected = read("wazuh_alerts", shape)
        assert (len(report.alerts), rejected) == (1, [])


def test_the_same_number_of_two_managers_is_two_alerts() -> None:
    (report,), _ = read("wazuh_alerts", lines(event(), event(), event(manager={"name": "m2"}), event(manager=None)))
    assert [alert.external_id for alert in report.alerts] == ["m1/1.2", "m2/1.2", "1.2"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"agent": None}, "agent is missing"),
        ({"agent": {"name": 5}}, "agent.name is a number"),
        ({"agent": {"name": "", "id": ""}}, "agent.name is missing"),
        ({"agent": {"name": "a\nb"}}, "not printable"),
        ({"rule": None}, "rule.level is no number"),
        ({"rule": {"level": "many"}}, "rule.level is no number"),
        ({"rule": {"level": 12}}, "rule.description is missing"),
        ({"id": None}, "id is missing"),
        ({"id": "9" * 300}, "id is longer"),
        ({"timestamp": "soon"}, "timestamp is no time"),
        ({"timestamp": None}, "timestamp is missing"),
    ],
)
def test_a_bad_alert_is_named_and_the_good_ones_stay(change: dict[str, Any], words: str) -> None:
    (report,), rejected = read("wazuh_alerts", lines({**event(), **change}, event()))
    assert (rejected[0].place, len(report.alerts)) == ("line 1", 1)
    assert re.search(words, rejected[0].reason)


def test_a_line_that_is_cut_off_and_rubbish_are_named() -> None:
    data = lines(event()) + b"\n\xff\xfe\n5\n" + b'{"a":' * 100_000 + b"\n" + lines(event())[:-30]
    (report,), rejected = read("wazuh_alerts", data)
    assert len(report.alerts) == 1
    assert [item.place for item in rejected] == ["line 2", "line 3", "line 4", "line 5"]


def test_too_many_alerts_keep_the_first() -> None:
    (report,), rejected = read("wazuh_alerts", lines(*(event(id=f"1.{number}") for number in range(9))), Limits(records=3))
    assert len(report.alerts) == 3
    assert "more than 3" in rejected[0].reason


def test_nothing_in_it_is_refused() -> None:
    with pytest.raises(UnreadableReport, match="no alert"):
        read("wazuh_alerts", b"{}broken")
