"""Nessus results: .nessus files and the CSV of three products, packages and products that outputs name, and bad input."""

import pytest

from inventory.errors import UnreadableReport
from inventory.records import InstalledSoftware
from inventory.sources import registry
from inventory.sources.frame import Limits
from inventory.sources.network_scans import packages
from tests.unit.inventory.sources import named, read, sample

ITEM = "<ReportItem severity='3' pluginName='A'><cve>CVE-2024-1000</cve><cpe>cpe:/a:x:y:1.0</cpe></ReportItem>"


def xml(inner: str) -> bytes:
    return f"<NessusClientData_v2><Report>{inner}</Report></NessusClientData_v2>".encode()


def host(*items: str, name: str = "192.0.2.1", properties: str = "") -> str:
    return f"<ReportHost name='{name}'><HostProperties>{properties}</HostProperties>{''.join(items)}</ReportHost>"


def test_a_scan_file() -> None:
    (files, printer), rejected = read("nessus", sample("nessus-scan.nessus"))
    assert [item.reason for item in rejected] == [
        "the result for CVE-2013-2566 names no installed product and version",
        "results that name no CVE: 1 left out",
    ]
    assert (files.machine.external_id, files.machine.ip_addresses) == ("files01.corp.example", ("192.0.2.30",))
    assert files.covers == {"findings/nessus"}
    assert [(item.ecosystem, item.name, item.version, item.platform) for item in files.software] == [
        ("deb", "libssl1.1", "1.1.1n-0+deb10u3", "debian-10"),
        ("cpe", "7-zip", "22.01", ""),
    ]
    assert [(item.weakness, item.about.name, item.severity, item.fixed) for item in files.findings] == [
        ("CVE-2023-0286", "libssl1.1", "high", "1.1.1n-0+deb10u4"),
        ("CVE-2023-0215", "libssl1.1", "high", "1.1.1n-0+deb10u4"),
        ("CVE-2023-31102", "7-zip", "critical", "23.01"),
    ]
    assert (printer.machine.external_id, printer.machine.ip_addresses, printer.findings) == ("printer", ("192.0.2.31",), ())


def test_the_csv_of_nessus() -> None:
    (files, other), (rejected,) = read("nessus", sample("nessus-results.csv"))
    assert rejected.reason == "results that name no CVE: 1 left out"
    assert (files.machine.external_id, other.machine.external_id) == ("files02.corp.example", "192.0.2.33")
    assert named(files, "openssl-libs")[0].version == "1.1.1k-7.el8_6"
    assert files.findings[0].fixed == "1.1.1k-9.el8_7"


def test_the_csv_of_security_center() -> None:
    (report,), (rejected,) = read("nessus", sample("nessus-center.csv"))
    assert "CVE-2004-2761 names no installed product" in rejected.reason  # md5 is no product that is installed
    assert (report.machine.external_id, report.machine.ip_addresses) == ("DESK09", ("192.0.2.34",))
    assert [(item.weakness, item.fixed) for item in report.findings] == [("CVE-2023-31102", "23.01"), ("CVE-2022-47069", "23.01")]


def test_the_csv_of_vulnerability_management() -> None:
    header = "asset.name,asset.display_ipv4_address,definition.id,definition.name,definition.cve,definition.cpe,severity,output"
    data = f'{header}\nweb01,192.0.2.1,100002,A,"CVE-2024-1000,CVE-2024-1001",cpe:/a:x:y:1.0,High,\n'.encode()
    assert registry.detected(data, "x.csv").name == "nessus"
    (report,), rejected = read("nessus", data)
    assert rejected == []
    assert (report.machine.external_id, len(report.findings)) == ("web01", 2)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Remote package installed : kernel-3.10.0-957.el7.x86_64\nShould be : kernel-3.10.0-1062.el7",
         [("rpm", "kernel", "3.10.0-957.el7", "3.10.0-1062.el7")]),
        ("  - Remote package installed : a_1:2\n  - Remote package installed : b-c-1-2.fc39\n",
         [("deb", "a", "1:2", ""), ("rpm", "b-c", "1-2.fc39", "")]),
        ("Remote package installed : linux-headers-4.19.0-20_4.19.235-1", [("deb", "linux-headers-4.19.0-20", "4.19.235-1", "")]),
        ("Remote package installed : java-1.8.0-openjdk-1.8.0.312.b07-1.el7_9",
         [("rpm", "java-1.8.0-openjdk", "1.8.0.312.b07-1.el7_9", "")]),
        ("Remote package installed : unnamed", []),
        ("no package", []),
    ],
)  # fmt: skip
def test_packages_that_an_output_names(output: str, expected: list[tuple[str, str, str, str]]) -> None:
    assert [(item.ecosystem, item.name, item.version, fixed) for item, fixed in packages(output, "", Limits())] == expected


def test_an_operating_system_is_meant_only_where_no_package_of_it_is() -> None:
    system = "<cve>CVE-2024-1000</cve><cpe>cpe:/o:debian:debian_linux:12.0</cpe>"
    package = system + "<cpe>p-cpe:/a:debian:debian_linux:openssl</cpe>"
    (report,), rejected = read("nessus", xml(host(f"<ReportItem>{system}</ReportItem>", f"<ReportItem>{package}</ReportItem>")))
    assert report.software == (InstalledSoftware("os", "debian", "12", "debian", platform="debian-12"),)
    assert len(rejected) == 1


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (host(ITEM, name=""), "host is missing"),
        (host(ITEM, name="x" * 300), "longer than 200"),
        (host("<ReportItem><cve>CVE-2024-1</cve></ReportItem>"), "results that name no CVE"),
        (host("<ReportItem><cve>CVE-2024-1000</cve><cpe>cpe:/a</cpe></ReportItem>"), "names no installed product"),
    ],
)
def test_a_bad_host_or_result_is_named_and_the_good_ones_stay(bad: str, words: str) -> None:
    (report,), rejected = read("nessus", xml(host(ITEM) + bad))
    assert words in rejected[0].reason
    assert len(report.findings) == 1


def test_files_that_end_early_keep_what_they_have_and_remove_nothing() -> None:
    whole = xml(host(ITEM, ITEM.replace("1000", "1001")))
    (report,), (rejected,) = read("nessus", whole[: whole.rindex(b"<cpe>")])
    assert "not usable XML after result 1" in rejected.reason
    assert (len(report.findings), report.covers) == (1, frozenset())
    data = sample("nessus-results.csv")
    reports, rejected_rows = read("nessus", data[: data.index(b"The certificate")])
    assert "columns instead of" in rejected_rows[0].reason
    assert {report.covers for report in reports} == {frozenset()}


def test_too_many_results_of_one_host_keep_the_first_and_remove_nothing() -> None:
    items = [ITEM.replace("1000", f"{number}") for number in range(1000, 1010)]
    (report,), (rejected,) = read("nessus", xml(host(*items)), Limits(records=4))
    assert "more than 4" in rejected.reason
    assert (len(report.findings), report.covers) == (3, frozenset())


@pytest.mark.parametrize("data", [xml(""), b"<NessusClientData_v2><a>" * 200_000, b"nonsense", b""])
def test_what_holds_no_hosts_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableReport, match="no hosts|header"):
        read("nessus", data)
