"""Wazuh's inventory: answers of the server API and documents of the indexer, old and new."""

import json
from typing import Any

import pytest

from inventory.records import InstalledSoftware
from inventory.sources.registry import SOURCES
from tests.unit.inventory.sources import named, read, sample

AGENT = {"id": "1", "name": "web01"}
GIT = {"name": "Git", "version": "2.43", "type": "win", "vendor": "x"}


def api(*items: object, total: int | None = None) -> bytes:
    return json.dumps({"data": {"affected_items": items, "total_affected_items": len(items) if total is None else total}}).encode()


def states(*documents: object, total: int | None = None, relation: str = "eq") -> bytes:
    hits = [{"_index": "wazuh-states-inventory-packages-x", "_source": document} for document in documents]
    count = {"value": len(hits) if total is None else total, "relation": relation}
    return json.dumps({"hits": {"total": count, "hits": hits}}).encode()


def item(**more: object) -> dict[str, object]:
    return {"name": "git", "version": "1:2.39.2-1.1", "format": "deb", "source": " ", "agent_id": "003", **more}


def test_the_packages_of_the_api_are_complete_for_their_kinds() -> None:
    (report,), rejected = read("wazuh", sample("wazuh-api-packages.json"))
    assert rejected == []
    assert (report.machine.external_id, report.fallback_id) == ("", "wazuh-agent-004")
    assert report.covers == {"deb", "pypi", "npm"}
    assert {record.evidence for record in named(report, "openssl")} == {("openssl",), ("libssl3",)}
    assert named(report, "glibc")[0].version == "2.36-9+deb12u7"
    assert named(report, "requests")[0].evidence[0].endswith("PKG-INFO")


def test_the_states_of_a_windows_machine() -> None:
    (report,), rejected = read("wazuh", sample("wazuh-states-4.json"))
    assert rejected == []
    facts = report.machine
    assert (facts.external_id, facts.platform, facts.os_version, facts.os_build) == ("pc-0042", "windows", "10.0.22631.3880", "22631")
    assert facts.ip_addresses == ("10.20.0.42",)
    assert report.covers == {"cpe", "os"}
    assert named(report, "Google Chrome") == [
        InstalledSoftware(
            "cpe", "Google Chrome", "126.0.6478.127", "Google LLC", evidence=("C:\\Program Files\\Google\\Chrome\\Application",)
        )
    ]
    assert named(report, "Windows 11")[0].evidence == ("KB5040442",)


def test_the_states_of_wazuh_5_have_their_agent_elsewhere() -> None:
    (report,), rejected = read("wazuh", sample("wazuh-states-5.ndjson"))
    assert rejected == []
    assert (report.machine.external_id, report.machine.name, report.machine.platform) == ("db-03", "db-03.corp.example", "rocky-9")
    assert report.covers == {"rpm", "pypi"}
    assert named(report, "openssl-libs") == [InstalledSoftware("rpm", "openssl-libs", "1:3.0.7-24.el9", evidence=("openssl-libs",))]


def test_the_operating_system_of_the_api_names_its_machine() -> None:
    row = {"os": {"name": "Microsoft Windows 10 Pro", "version": "10.0.19045", "build": "19045.6332", "display_version": "22H2"},
           "hostname": "PC-7", "architecture": "x86_64", "os_release": "2009", "agent_id": "001"}  # fmt: skip
    assert SOURCES["wazuh"].detect(api(row), "")
    (report,), rejected = read("wazuh", api(row))
    assert rejected == []
    assert (report.machine.external_id, report.machine.os_version) == ("PC-7", "10.0.19045.6332")
    assert report.covers == {"os"}
    assert named(report, "Windows 10")[0].version == "10.0.19045.6332"


def test_updates_of_the_api_are_evidence_of_the_windows_that_is_known() -> None:
    rows = [{"hotfix": "KB5040442", "agent_id": "001"}, {"hotfix": "KB5039895", "agent_id": "001"}]
    assert SOURCES["wazuh"].detect(api(*rows), "")
    (report,), _ = read("wazuh", api(*rows))
    assert report.software == (InstalledSoftware("os", "", "", "Microsoft", platform="windows", evidence=("KB5040442", "KB5039895")),)
    assert report.covers == frozenset()


@pytest.mark.parametrize(
    "data",
    [api(item(), total=900), states({"agent": AGENT, "package": GIT}, total=10), states({"agent": AGENT, "package": GIT}, relation="gte")],
)
def test_a_page_of_more_only_adds(data: bytes) -> None:
    (report,), rejected = read("wazuh", data)
    assert rejected == []
    assert len(report.software) == 1
    assert report.covers == frozenset()


def test_agents_are_kept_apart() -> None:
    reports, _ = read("wazuh", api(item(), item(agent_id="004")))
    assert [report.machine.external_id for report in reports] == ["wazuh-agent-003", "wazuh-agent-004"]
    reports, _ = read("wazuh", states({"agent": AGENT, "package": GIT}, {"agent": {"id": "2", "name": "web02"}, "package": GIT}))
    assert [report.machine.external_id for report in reports] == ["web01", "web02"]


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        ({"type": "apk", "name": "libssl3", "version": "3.1.4-r1"}, ("apk", "libssl3", "")),
        ({"type": "pkg", "name": "Google Chrome", "version": "126", "vendor": "com.google"}, ("cpe", "Google Chrome", "com.google")),
        ({"type": "pkg", "name": "openssl@3", "version": "3.3", "source": "homebrew"}, ("other", "openssl@3", "homebrew")),
        ({"type": "snap", "name": "firefox", "version": "127.0"}, ("other", "firefox", "snap")),
        ({"type": "pypi", "name": "Typing_Extensions", "version": "4.8"}, ("pypi", "typing-extensions", "")),
        ({"type": "npm", "name": "@babel/core", "version": "7.23.0"}, ("npm", "@babel/core", "")),
    ],
)
def test_kinds_of_packages(package: dict[str, Any], expected: tuple[str, str, str]) -> None:
    (report,), rejected = read("wazuh", states({"agent": AGENT, "package": package}))
    assert rejected == []
    made = report.software[0]
    assert (made.ecosystem, made.name, made.vendor) == expected


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("text", "no object"),
        (item(name=7), "package.name is a number"),
        (item(version=["1"]), "package.version is a list"),
        (item(name="a\x00b"), "NUL"),
        (item(agent_id=None), "agent_id is missing"),
        ({"agent_id": "003"}, "neither a package"),
        ({"agent_id": "003", "hotfix": {"x": 1}}, "hotfix is an object"),
    ],
)
def test_a_bad_record_is_named_and_the_good_ones_stay(bad: object, words: str) -> None:
    (report,), (rejected,) = read("wazuh", api(item(), bad, item(name="nano")))
    assert words in rejected.reason
    assert {record.name for record in report.software} == {"git", "nano"}


def test_an_answer_that_ends_early_removes_nothing() -> None:
    (report,), (rejected,) = read("wazuh", api(item(), item(name="nano"))[:-80])
    assert "not valid JSON" in rejected.reason
    assert report.covers == frozenset()


@pytest.mark.parametrize(
    "document",
    [
        {"agent": AGENT, "package": GIT, "vulnerability": {"id": "CVE-2024-1"}},
        {"agent": AGENT, "rule": {"id": "1"}, "package": GIT},
        {"agent": AGENT, "policy": {"id": "x"}, "check": {"id": "1"}},
    ],
)
def test_what_wazuh_says_besides_is_another_format(document: dict[str, Any]) -> None:
    assert not SOURCES["wazuh"].detect(json.dumps({"hits": {"hits": [{"_source": document}]}}).encode(), "")
    assert not SOURCES["wazuh"].detect(
        b'{"data": {"affected_items": [{"cve": "CVE-2024-1", "name": "a", "agent_id": "1", "format": "deb"}]}}', ""
    )
