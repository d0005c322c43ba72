"""Wazuh's configuration assessment: answers of the server API, documents of the index."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inventory.errors import UnreadableReport
from inventory.records import Check, Report
from inventory.sources.frame import Limits
from inventory.sources.registry import SOURCES
from tests.unit.inventory.sources import lines, read, sample


def answer(*items: Any, total: int | None = None) -> bytes:
    return json.dumps({"data": {"affected_items": items, "total_affected_items": len(items) if total is None else total}}).encode()


def item(**more: Any) -> dict[str, Any]:
    return {"policy_id": "p", "id": 1, "title": "Ensure it", "result": "failed", **more}


def document(agent: str = "h1", check: int = 1, verdict: str = "Failed", policy: str = "p") -> dict[str, Any]:
    return {
        "agent": {"id": "001", "name": agent},
        "policy": {"id": policy, "name": "P"},
        "check": {"id": check, "name": "Ensure it", "result": verdict},
    }


def verdicts(report: Report) -> dict[str, bool]:
    return {item.external_id: item.passed for item in report.results}


def test_an_answer_of_the_api() -> None:
    (report,), rejected = read("wazuh_sca", sample("wazuh_sca-api.json"))
    assert rejected == []
    assert report.machine.external_id == ""  # the answer names no host
    assert verdicts(report) == {"example_linux/36001": False, "example_linux/36002": True, "example_linux/36003": False}
    assert report.covers == {"checks/wazuh-sca/example_linux"}
    assert report.checks[0] == Check(
        source="wazuh-sca",
        external_id="example_linux/36001",
        name="Ensure SSH root login is disabled",
        category="network",
        impact=5,
        description="PermitRootLogin says whether root may log in over SSH.",
        risk="Administrators log in as themselves, so that it is known who did what.",
        remediation="Set PermitRootLogin no in /etc/ssh/sshd_config.",
        benchmarks=("example linux", "CIS 5.2.10", "PCI DSS 2.2.4"),
    )
    assert [check.category for check in report.checks[1:]] == ["controls", "accounts"]


def test_documents_of_the_index() -> None:
    (report,), rejected = read("wazuh_sca", sample("wazuh_sca-states.json"))
    assert rejected == []
    facts = report.machine
    assert (facts.external_id, facts.platform, facts.architecture, facts.ip_addresses) == (
        "db01",
        "ubuntu-24.04",
        "x86_64",
        ("198.51.100.21",),
    )
    assert verdicts(report) == {"example_linux/36001": False, "example_linux/36002": True}
    assert report.covers == {"checks/wazuh-sca/example_linux"}
    assert report.checks[0].benchmarks == ("Example baseline for Linux", "CIS 5.2.10", "NIST 800-53 AC-3, AU-2")


def test_documents_a_line_of_several_agents_and_policies() -> None:
    data = lines(document(), document(check=2, verdict="Passed"), document("h2", policy="q"), document(policy="q", verdict="Not run"))
    assert SOURCES["wazuh_sca"].detect(data, "")
    reports, rejected = read("wazuh_sca", data)
    assert rejected == []
    assert [(report.machine.external_id, verdicts(report)) for report in reports] == [
        ("h1", {"p/1": False, "p/2": True}),
        ("h2", {"q/1": False}),
    ]
    assert reports[0].covers == {"checks/wazuh-sca/p", "checks/wazuh-sca/q"}


def test_an_answer_that_is_one_page_of_several_only_adds() -> None:
    (report,), _ = read("wazuh_sca", answer(item(), total=2))
    assert verdicts(report) == {"p/1": False}
    assert report.covers == frozenset()


def test_events_of_alerts_only_add() -> None:
    event = {"type": "check", "policy": "P", "check": {"id": "3", "title": "Ensure it", "result": "passed"}}
    (report,), _ = read(
        "wazuh_sca",
        lines({"agent": {"name": "h1"}, "data": {"sca": event}}, {"agent": {"name": "h1"}, "data": {"sca": {"type": "summary"}}}),
    )
    assert (verdicts(report), report.covers) == ({"P/3": True}, frozenset())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"title": None}, "title is missing"),
        ({"title": 5}, "title is a number"),
        ({"id": None}, "id is missing"),
        ({"id": True}, "id is true or false"),
        ({"policy_id": ""}, "no policy"),
        ({"result": "perhaps"}, "neither passed"),
        ({"result": 1}, "neither passed"),
        ({"rationale": "a\x00b"}, "NUL"),
        ({"remediation": ["x"]}, "remediation is a list"),
        ({"id": "9" * 400}, "longer than"),
    ],
)
def test_a_bad_check_is_named_and_the_good_ones_stay(change: dict[str, Any], words: str) -> None:
    (report,), (rejected,) = read("wazuh_sca", answer(item(id=7), item(**change)))
    assert rejected.place == "record 2"
    assert words in rejected.reason
    assert verdicts(report) == {"p/7": False}


@pytest.mark.parametrize(
    "compliance", [None, "x", 5, [5, None, {"key": 5}], {"cis": {"a": 1}}, [{"key": "cis", "value": None}], {"cis": ["\x00", 3]}]
)
def test_odd_standards_do_no_harm(compliance: object) -> None:
    (report,), rejected = read("wazuh_sca", answer(item(compliance=compliance)))
    assert (rejected, report.checks[0].benchmarks) == ([], ("p",))


def test_standards_as_a_list_of_texts() -> None:
    (report,), _ = read("wazuh_sca", answer(item(compliance=["cis:1.1.1", "cis_csc:5.2"])))
    assert report.checks[0].benchmarks == ("p", "CIS 1.1.1")


def test_a_long_text_is_cut() -> None:
    (report,), rejected = read("wazuh_sca", answer(item(description="x" * 9000)))
    assert (len(report.checks[0].description), rejected) == (4096, [])


@pytest.mark.parametrize("cut", [10, 200, 900])
def test_a_document_that_ends_early_only_adds(cut: int) -> None:
    data = sample("wazuh_sca-api.json")
    (report,), rejected = read("wazuh_sca", data[:-cut])
    assert rejected[-1].place == "document" or rejected[0].place == "document"
    assert report.covers == frozenset()
    broken = lines(document(), document(check=2))[:-10]
    (report,), (refused,) = read("wazuh_sca", broken)
    assert (refused.place, report.covers) == ("line 2", frozenset())


def test_too_many_checks_keep_the_first() -> None:
    (report,), (rejected,) = read("wazuh_sca", answer(*(item(id=number) for number in range(9))), Limits(records=4))
    assert "more than 4" in rejected.reason
    assert (len(report.results), report.covers) == (4, frozenset())


def test_an_answer_without_checks_is_refused() -> None:
    with pytest.raises(UnreadableReport, match="no check"):
        read("wazuh_sca", answer())
