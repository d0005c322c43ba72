"""Hosts of a Fleet server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inventory.records import Report
from inventory.sources.frame import Limits
from inventory.sources.registry import detected
from tests.unit.inventory.sources import named, read, sample


def hosts(**facts: Any) -> bytes:
    return json.dumps({"hosts": [{"hostname": "h1", "seen_time": "x", **facts}]}).encode()


def programs(count: int) -> list[dict[str, str]]:
    return [{"name": f"p{number}", "version": "1", "source": "deb_packages"} for number in range(count)]


def test_the_sample_is_recognised_and_gives_a_report_for_each_host() -> None:
    data = sample("fleet-hosts.json")
    assert detected(data[:65536], "x.json").name == "fleet"
    reports, rejected = read("fleet", data)
    assert [(report.machine.external_id, report.machine.name) for report in reports] == [
        ("4C4C4544-0052-3010-8044-B7C04F4E3033", "ws-017.example.test"),
        ("web01", "web01"),
        ("A1B2", "mac-02"),
    ]
    assert [item.place for item in rejected] == ["host 2, software 2", "host 2, software 3"]
    assert "ie_extensions" in rejected[0].reason


def test_systems_are_told_apart() -> None:
    windows, ubuntu, mac = read("fleet", sample("fleet-hosts.json"))[0]
    assert (windows.machine.platform, windows.machine.os_version, windows.machine.os_name) == (
        "windows", "10.0.22631.3880", "Windows 11 Enterprise 23H2",
    )  # fmt: skip
    assert ubuntu.machine.platform == "ubuntu-22.04"
    assert (mac.machine.platform, mac.machine.os_version) == ("macos", "14.2.1")
    assert [record.version for record in windows.software if record.ecosystem == "os"] == ["10.0.22631.3880"]


def test_software_is_read_like_the_table_it_comes_from() -> None:
    windows, ubuntu, mac = read("fleet", sample("fleet-hosts.json"))[0]
    (chrome,) = named(windows, "Google Chrome")
    assert (chrome.ecosystem, chrome.vendor, chrome.evidence) == ("cpe", "Google LLC", ("C:\\Program Files\\Google\\Chrome\\Application",))
    assert named(windows, "requests")[0].ecosystem == "pypi"
    assert named(ubuntu, "openssl")[0].version == "3.0.2-0ubuntu1.10"
    assert mac.software[0].vendor == "mozilla"
    assert {"deb", "cpe", "pypi", "findings/fleet"} <= ubuntu.covers


def test_vulnerabilities_are_second_opinions_and_policies_are_checks() -> None:
    windows = read("fleet", sample("fleet-hosts.json"))[0][0]
    (finding,) = windows.findings
    assert (finding.weakness, finding.about.name, finding.fixed) == ("CVE-2024-2173", "Google Chrome", "122.0.6261.111")
    assert [(check.external_id, check.impact, check.remediation) for check in windows.checks] == [
        ("4", 8, "Turn BitLocker on for the system drive."), ("5", 5, ""),
    ]  # fmt: skip
    assert [(result.external_id, result.passed) for result in windows.results] == [("4", False), ("5", True)]


def test_one_host_and_one_without_software() -> None:
    data = json.dumps({"host": {"hostname": "h", "os_version": "Debian GNU/Linux 12.5.0", "platform": "debian"}}).encode()
    (report,), rejected = read("fleet", data)
    assert rejected == []
    assert report.machine.platform == "debian-12"
    assert report.covers == {"os"}


def test_a_file_that_ends_early_gives_the_hosts_before() -> None:
    data = sample("fleet-hosts.json")
    for cut in range(1, len(data), 97):
        found = read("fleet", data[:cut])
        assert len(found[0]) + len(found[1]) > 0
        assert all(isinstance(report, Report) for report in found[0])


@pytest.mark.parametrize("value", [5, "x", [], {}, None, True, [[]], [None], [5], [{"source": []}], [{"source": "apps", "name": {}}]])
@pytest.mark.parametrize("field", ["software", "policies", "uuid", "os_version", "platform"])
def test_values_of_the_wrong_kind_cost_their_record_only(field: str, value: object) -> None:
    (report,), _ = read("fleet", hosts(**{field: value}))
    assert report.machine.external_id in {"h1", "x"}


def test_limits_hold() -> None:
    (report,), (full,) = read("fleet", hosts(software=programs(20)), Limits(records=5))
    assert len(report.software) == 5
    assert "more than 5" in full.reason
    assert report.covers == frozenset()


def test_a_host_without_a_name_is_refused() -> None:
    reports, (refused,) = read("fleet", b'{"hosts": [{"uuid": "", "hostname": null, "seen_time": "x"}]}')
    assert reports == []
    assert "neither uuid nor hostname" in refused.reason
