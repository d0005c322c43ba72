"""Dependency-Track's findings: its packaging format and its API's list, suppressed findings, and bad input."""

import json

import pytest

from inventory.errors import UnreadableReport
from tests.unit.inventory.sources import read, sample

GOOD = {
    "component": {"name": "a", "version": "1", "purl": "pkg:npm/a@1"},
    "vulnerability": {"vulnId": "CVE-2024-1", "severity": "LOW"},
    "analysis": {},
    "matrix": "1:2:3",
}


def packaged(*findings: object) -> bytes:
    return json.dumps({"version": "1.2", "meta": {"application": "Dependency-Track"}, "findings": findings}).encode()


def test_the_findings_of_a_project() -> None:
    (report,), rejected = read("dependency_track", sample("dependency_track-findings.json"))
    assert [item.reason for item in rejected] == ["suppressed findings: 1 left out"]
    assert (report.machine.external_id, report.fallback_id, report.covers) == ("", "shop", frozenset({"findings/dependency-track"}))
    assert [(item.ecosystem, item.name, item.version) for item in report.software] == [
        ("maven", "com.fasterxml.jackson.core:jackson-databind", "2.13.3"),
        ("cpe", "struts", "2.5.10"),
    ]
    assert [(item.source, item.weakness, item.severity) for item in report.findings] == [
        ("dependency-track", "CVE-2022-42004", "high"),  # known as GHSA-rgv9-q543-rqg4 there
        ("dependency-track", "CVE-2017-5638", "critical"),
    ]


def test_the_list_that_the_api_answers() -> None:
    (report,), rejected = read("dependency_track", json.dumps([GOOD]).encode())
    assert rejected == []
    assert [item.weakness for item in report.findings] == ["CVE-2024-1"]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("x", "no object"),
        ({**GOOD, "component": 5}, "name is missing"),
        ({**GOOD, "component": {"name": ["a"]}}, "name is a list"),
        ({**GOOD, "component": {"name": "a", "purl": "a"}}, "not a package URL"),
        ({**GOOD, "component": {"name": "a", "cpe": "cpe:2.3:h:x:router:1"}}, "no software"),
        ({**GOOD, "vulnerability": []}, "vulnerability is missing"),
        ({**GOOD, "vulnerability": {"vulnId": 5, "aliases": {"cveId": "x"}}}, "vulnerability is a number"),
    ],
)
def test_a_bad_finding_is_named_and_the_good_ones_stay(bad: object, words: str) -> None:
    (report,), (rejected,) = read("dependency_track", packaged(GOOD, bad, GOOD))
    assert rejected.place == "finding 2"
    assert words in rejected.reason
    assert len(report.findings) == 1


def test_a_document_that_ends_early_keeps_what_it_has_and_removes_nothing() -> None:
    whole = packaged(GOOD, {**GOOD, "matrix": "cut here"})
    (report,), (rejected,) = read("dependency_track", whole[: whole.index(b"cut here")])
    assert "not valid JSON" in rejected.reason
    assert (len(report.findings), report.covers) == (1, frozenset())


@pytest.mark.parametrize("data", [b"{}", b'{"findings": 5}', b"nonsense", b"[]"])
def test_what_is_no_list_of_findings_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableReport, match="no report of Dependency-Track"):
        read("dependency_track", data)
