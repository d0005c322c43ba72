"""Wazuh's vulnerabilities: documents of the index in three shapes, the 4.7 API, Wazuh 5, and bad input."""

import json

import pytest

from inventory.sources import registry
from inventory.sources.frame import Limits
from tests.unit.inventory.sources import lines, named, read, sample

GOOD: dict[str, object] = {
    "agent": {"id": "001", "name": "web01"},
    "host": {"os": {"name": "Ubuntu", "platform": "ubuntu", "version": "22.04.4"}},
    "package": {"name": "libssl3", "version": "3.0.2", "type": "deb"},
    "vulnerability": {"id": "CVE-2024-1", "severity": "High"},
}


def answer(*documents: object, total: object = None) -> bytes:
    said = {"value": len(documents), "relation": "eq"} if total is None else total
    return json.dumps({"hits": {"total": said, "hits": [{"_source": document} for document in documents]}}).encode()


def test_an_answer_of_the_index_is_a_report_for_each_agent() -> None:
    (web, desk), rejected = read("wazuh_vulnerabilities", sample("wazuh_vulnerabilities-index.json"))
    assert rejected == []
    assert (web.machine.external_id, web.machine.platform, web.machine.os_version) == ("web01", "ubuntu-22.04", "22.04.4")
    assert (desk.machine.platform, desk.machine.os_name) == ("windows", "Microsoft Windows 11 Pro")
    assert web.covers == {"findings/wazuh"}
    assert [(item.ecosystem, item.name, item.version) for item in (*web.software, *desk.software)] == [
        ("deb", "libssl3", "3.0.2-0ubuntu1.10"),
        ("pypi", "requests", "2.25.0"),
        ("cpe", "7-Zip 22.01 (x64)", "22.01"),
    ]
    assert [(item.source, item.weakness, item.severity) for item in web.findings] == [
        ("wazuh", "CVE-2023-5678", "medium"),
        ("wazuh", "CVE-2023-32681", ""),
    ]


def test_the_api_of_4_7_names_no_host() -> None:
    (report,), rejected = read("wazuh_vulnerabilities", sample("wazuh_vulnerabilities-api.json"))
    assert [item.reason for item in rejected] == ["obsolete findings: 1 left out"]
    assert report.machine.external_id == ""
    assert [(item.ecosystem, item.name, item.version) for item in report.software] == [
        ("deb", "libssl3", "3.0.2-0ubuntu1.10"),
        ("rpm", "openssl", "1:1.1.1k-9.el8_7"),
    ]


def test_documents_of_wazuh_5_a_line() -> None:
    (report,), rejected = read("wazuh_vulnerabilities", sample("wazuh_vulnerabilities-documents.ndjson"))
    assert rejected == []
    facts = report.machine
    assert (facts.external_id, facts.name, facts.domain, facts.platform) == ("db02", "db02.corp.example", "corp.example", "rhel-9")
    assert (facts.architecture, facts.ip_addresses) == ("x86_64", ("192.0.2.12",))
    assert named(report, "openssl-libs")[0].version == "1:3.0.7-24.el9"


def test_a_list_and_hits_a_line_are_read_too() -> None:
    for data in (json.dumps([GOOD, {"_source": GOOD}]).encode(), lines({"_id": "x", "_source": GOOD}, GOOD)):
        (report,), rejected = read("wazuh_vulnerabilities", data)
        assert rejected == []
        assert len(report.findings) == 1


@pytest.mark.parametrize(("total", "whole"), [(1, True), ({"value": 1}, True), ({"value": 9}, False), (9, False), ("x", True)])
def test_fewer_hits_than_the_total_are_a_part(total: object, whole: bool) -> None:
    (report,), _ = read("wazuh_vulnerabilities", answer(GOOD, total=total))
    assert bool(report.covers) is whole


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        ({"type": "deb", "name": "libssl3", "version": "1", "source": "openssl (2)"}, ("deb", "openssl", "2", "")),
        ({"type": "rpm", "name": "a", "version": "1-2.el9", "source": " "}, ("rpm", "a", "1-2.el9", "")),
        ({"type": "apk", "name": "busybox", "version": "1"}, ("apk", "busybox", "1", "")),
        ({"type": "npm", "name": "@x/y", "version": "1"}, ("npm", "@x/y", "1", "")),
        ({"type": "win", "name": "Git", "version": "2", "vendor": "The Git Development Community"},
         ("cpe", "Git", "2", "The Git Development Community")),
        ({"type": "pkg", "name": "Safari", "version": "17"}, ("cpe", "Safari", "17", "")),
        ({"name": "a"}, ("cpe", "a", "", "")),
        ({"type": "snap", "name": "firefox", "version": "1"}, ("other", "firefox", "1", "snap")),
    ],
)  # fmt: skip
def test_packages_of_every_kind(package: dict[str, object], expected: tuple[str, str, str, str]) -> None:
    (report,), rejected = read("wazuh_vulnerabilities", answer({**GOOD, "package": package}))
    assert rejected == []
    made = report.software[0]
    assert (made.ecosystem, made.name, made.version, made.vendor) == expected


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (7, "agent is missing"),
        ({**GOOD, "agent": {}}, "agent is missing"),
        ({**GOOD, "agent": {"ip": "192.0.2.1"}}, "agent.name is missing"),
        ({**GOOD, "package": 5}, "package.name is missing"),
        ({**GOOD, "package": {"name": ["a"]}}, "package.name is a list"),
        ({**GOOD, "vulnerability": {}}, "vulnerability is missing"),
        ({**GOOD, "vulnerability": {"id": {}}}, "vulnerability is an object"),
    ],
)
def test_a_bad_document_is_named_and_the_good_ones_stay(bad: object, words: str) -> None:
    (report,), (rejected,) = read("wazuh_vulnerabilities", answer(GOOD, bad, {**GOOD, "vulnerability": {"id": "CVE-2024-2"}}))
    assert rejected.place == "record 2"
    assert words in rejected.reason
    assert len(report.findings) == 2


def test_an_answer_that_ends_early_keeps_what_it_has_and_removes_nothing() -> None:
    whole = answer(GOOD, {**GOOD, "agent": {"name": "cut here"}})
    (report,), (rejected,) = read("wazuh_vulnerabilities", whole[: whole.index(b"cut here")])
    assert "not valid JSON" in rejected.reason
    assert (len(report.findings), report.covers) == (1, frozenset())


def test_an_alert_about_a_vulnerability_is_another_format() -> None:
    alert = {**GOOD, "rule": {"level": 10, "id": "23505"}, "decoder": {"name": "json"}}
    assert not registry.SOURCES["wazuh_vulnerabilities"].detect(json.dumps(alert).encode(), "alerts.json")


@pytest.mark.parametrize("data", [b'{"hits": 5}', b'{"hits": {"hits": 7}}', b"[]", b""])
def test_what_is_no_answer_says_nothing(data: bytes) -> None:
    assert read("wazuh_vulnerabilities", data) == ([], [])


def test_the_limit_is_of_one_machine_and_an_uncounted_total_is_a_part() -> None:
    other = {**GOOD, "agent": {"name": "db01"}}
    several = [{**GOOD, "vulnerability": {"id": f"CVE-2024-{number}"}} for number in range(1, 5)]
    (web, db), rejected = read("wazuh_vulnerabilities", answer(*several, other), Limits(records=3))
    assert (len(db.findings), web.covers, db.covers) == (1, frozenset(), frozenset())
    assert {item.reason for item in rejected} == {"more than 3 records of one machine; the rest was left out"}
    (report,), _ = read("wazuh_vulnerabilities", answer(GOOD, total={"value": 1, "relation": "gte"}))
    assert report.covers == frozenset()


def test_a_finding_is_about_the_software_that_the_inventory_has() -> None:
    for package in (
        {"type": "apk", "name": "busybox", "version": "1"},
        {"type": "pkg", "name": "git", "version": "2", "source": "homebrew"},
    ):
        (found,), _ = read("wazuh_vulnerabilities", answer({**GOOD, "package": package}))
        (known,), _ = read("wazuh", answer({key: GOOD[key] for key in ("agent", "host")} | {"package": package}))
        assert found.findings[0].about == known.software[0]
