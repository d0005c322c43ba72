"""Defender's machines, vulnerabilities and exports: both spellings, pages as parts, and bad input."""

import json

import pytest

from inventory.errors import UnreadableReport
from inventory.records import Report
from tests.unit.inventory.sources import lines, read, sample

FOUND = {
    "cveId": "CVE-2024-1",
    "machineId": "m1",
    "productName": "chrome",
    "productVendor": "google",
    "productVersion": "1",
    "severity": "High",
}
MACHINE = {"id": "m1", "computerDnsName": "web01.corp.example", "osPlatform": "Windows11", "version": "22H2", "osBuild": 22621}


def listed(*rows: object) -> bytes:
    return json.dumps({"value": rows}).encode()


def one(data: bytes) -> Report:
    (report,), rejected = read("ms_defender", data)
    assert rejected == []
    return report


def test_a_page_of_vulnerabilities_only_adds() -> None:
    (first, second), rejected = read("ms_defender", sample("ms_defender-vulnerabilities.json"))
    assert rejected == []
    assert (first.machine.external_id, second.machine.external_id) == ("0011aa", "0022bb")
    assert first.covers == frozenset()
    assert [(item.ecosystem, item.vendor, item.name, item.version) for item in first.software] == [
        ("cpe", "google", "chrome", "116.0.5845.187"),
        ("cpe", "microsoft", "windows_11", "10.0.22621.2134"),
    ]
    assert [(item.source, item.weakness, item.severity, item.fixed) for item in first.findings] == [
        ("defender", "CVE-2023-4863", "high", ""),
        ("defender", "CVE-2023-36884", "high", "KB5029263"),
    ]


def test_a_list_put_together_from_all_pages_is_whole() -> None:
    assert one(listed(FOUND)).covers == {"findings/defender"}
    assert one(json.dumps([FOUND]).encode()).covers == {"findings/defender"}


def test_machines_are_facts_and_say_nothing_of_findings() -> None:
    (desk, web), rejected = read("ms_defender", sample("ms_defender-machines.json"))
    assert rejected == []
    facts = desk.machine
    assert (facts.external_id, facts.name, facts.domain) == ("0011aa", "desk07.corp.example", "corp.example")
    assert (facts.platform, facts.os_name, facts.os_version, facts.os_build) == ("windows", "Windows 11", "22H2", "22621")
    assert facts.ip_addresses == ("192.0.2.7", "2001:db8::7")
    assert (web.machine.platform, web.machine.os_version) == ("ubuntu-22.04", "22.04")
    assert (desk.software, desk.covers) == ((), frozenset())
    assert one(listed(MACHINE)).covers == frozenset()


def test_an_export_names_machine_software_and_where_it_was_seen() -> None:
    report = one(sample("ms_defender-export.ndjson"))
    assert (report.machine.external_id, report.machine.name, report.machine.platform) == ("0011aa", "desk07.corp.example", "windows")
    assert [(item.name, item.version, bool(item.evidence)) for item in report.software] == [
        ("chrome", "116.0.5845.187", True),
        ("7-zip", "23.01", True),
    ]
    assert [item.weakness for item in report.findings] == ["CVE-2023-4863"]
    assert report.covers == frozenset()


def test_rows_of_the_software_inventory() -> None:
    report = one(listed({"deviceId": "m1", "deviceName": "web01", "softwareVendor": "x", "softwareName": "y", "softwareVersion": "1"}))
    assert (report.software[0].vendor, report.findings) == ("x", ())


def test_what_was_fixed_is_counted() -> None:
    fixed = {"deviceId": "m1", "cveId": "CVE-2024-2", "softwareName": "y", "status": "Fixed"}
    (report,), (rejected,) = read("ms_defender", listed(FOUND, fixed))
    assert rejected.reason == "fixed findings: 1 left out"
    assert len(report.findings) == 1


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (7, "no object"),
        ({"a": 1}, "neither a machine"),
        ({**FOUND, "machineId": None}, "machineId is missing"),
        ({**FOUND, "machineId": {}}, "machineId is missing"),
        ({**FOUND, "productName": ""}, "CVE-2024-1 names no product"),
        ({**FOUND, "productName": ["chrome"]}, "productName is a list"),
        ({**FOUND, "productVersion": 5}, "productVersion is a number"),
        ({**FOUND, "cveId": ["x"]}, "vulnerability is a list"),
        ({**MACHINE, "id": 5}, "id is a number"),
    ],
)
def test_a_bad_row_is_named_and_the_good_ones_stay(bad: object, words: str) -> None:
    (report,), (rejected,) = read("ms_defender", listed(FOUND, bad, {**FOUND, "cveId": "CVE-2024-2"}))
    assert rejected.place == "record 2"
    assert words in rejected.reason
    assert len(report.findings) == 2


def test_odd_facts_are_left_out() -> None:
    odd = {**MACHINE, "computerDnsName": 5, "osBuild": "x", "ipAddresses": [7, {"ipAddress": "no address"}], "version": None}
    facts = one(listed(odd)).machine
    assert (facts.name, facts.os_build, facts.ip_addresses, facts.os_version) == ("", "", (), "")


def test_files_that_end_early_keep_what_they_have_and_remove_nothing() -> None:
    whole = listed(FOUND, {**FOUND, "cveId": "cut here"})
    (report,), (rejected,) = read("ms_defender", whole[: whole.index(b"cut here")])
    assert "not valid JSON" in rejected.reason
    assert (len(report.findings), report.covers) == (1, frozenset())
    row = {"DeviceId": "m1", "SoftwareName": "y", "CveId": "CVE-2024-1"}
    (report,), (rejected,) = read("ms_defender", lines(row, row)[:-10])
    assert (rejected.place, len(report.findings)) == ("line 2", 1)


@pytest.mark.parametrize("data", [b'{"value": 5}', b"[]", b""])
def test_what_is_no_list_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableReport, match="nothing of Defender's"):
        read("ms_defender", data)
