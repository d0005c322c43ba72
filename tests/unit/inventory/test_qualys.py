"""Qualys' CSV reports: packages of package checks, systems, what names no package, and bad input."""

import pytest

from inventory.errors import UnreadableReport
from inventory.sources.frame import Limits
from tests.unit.inventory.sources import read, sample

HEADER = "QID,Title,Severity,CVE ID,IP,DNS,OS,Results"
TABLE = '"#table cols=""3""\nPackage Installed_Version Required_Version\nopenssl 1:1.1.1k-7.el8_6 1:1.1.1k-9.el8_7\n"'


def csv(*rows: str) -> bytes:
    return "\n".join(["A report", HEADER, *rows, ""]).encode()


def row(address: str = "192.0.2.1", name: str = "web01", cve: str = "CVE-2024-1000", system: str = "Red Hat Enterprise Linux 8.6") -> str:
    return f"1,A,5,{cve},{address},{name},{system},{TABLE}"


def test_a_list_of_assets() -> None:
    (web, desk), rejected = read("qualys", sample("qualys-vmdr.csv"))
    assert [item.reason for item in rejected] == [
        "the result for CVE-2023-0002 (Denial of Service in Service Y) names no installed package",
        "fixed findings: 1 left out",
        "results that name no CVE: 1 left out",
    ]
    assert (web.machine.external_id, web.machine.platform, web.machine.ip_addresses) == ("web01", "ubuntu-22.04", ("192.0.2.40",))
    assert (desk.machine.platform, desk.software, desk.covers) == ("windows", (), frozenset({"findings/qualys"}))
    assert [(item.ecosystem, item.name, item.version, item.platform) for item in web.software] == [
        ("deb", "libssl3", "3.0.2-0ubuntu1.10", "ubuntu-22.04"),
        ("deb", "openssl", "3.0.2-0ubuntu1.10", "ubuntu-22.04"),
    ]
    assert [(item.weakness, item.severity, item.fixed) for item in web.findings] == [("CVE-2023-5678", "medium", "3.0.2-0ubuntu1.12")] * 2


def test_a_scan_report_with_rpm_packages() -> None:
    (report,), rejected = read("qualys", csv(row()))
    assert rejected == []
    assert [(item.ecosystem, item.name, item.version) for item in report.software] == [("rpm", "openssl", "1:1.1.1k-7.el8_6")]
    assert report.findings[0].severity == "critical"


def test_a_guessed_system_is_not_taken() -> None:
    (report,), (rejected,) = read("qualys", csv(row(system="Linux 2.4-2.6 / Embedded Device / F5 Networks Big-IP")))
    assert (report.machine.platform, report.software) == ("", ())
    assert "names no installed package" in rejected.reason


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (row(address="", name=""), "host is missing"),
        (row(name="x" * 300), "longer than 200"),
        ("1,2,3", "3 columns instead of 8"),
        (row().replace("Package Installed_Version", "x"), "names no installed package"),
    ],
)
def test_a_bad_row_is_named_and_the_good_ones_stay(bad: str, words: str) -> None:
    (report,), (rejected,) = read("qualys", csv(row(), bad, row(cve="CVE-2024-1001")))
    assert words in rejected.reason
    assert len(report.findings) == 2


def test_a_file_that_ends_early_keeps_what_it_has_and_removes_nothing() -> None:
    whole = csv(row(), row(cve="CVE-2024-1001"))
    (report,), (rejected,) = read("qualys", whole[: whole.rindex(b"Red Hat")])
    assert "columns instead of 8" in rejected.reason
    assert (len(report.findings), report.covers) == (1, frozenset())


def test_too_many_findings_of_one_host_keep_the_first_and_remove_nothing() -> None:
    (report,), (rejected,) = read("qualys", csv(*(row(cve=f"CVE-2024-{number}") for number in range(1000, 1010))), Limits(records=4))
    assert "more than 4" in rejected.reason
    assert (len(report.findings), report.covers) == (3, frozenset())


@pytest.mark.parametrize("data", [b"", b"nonsense", b"IP,DNS\n1,2\n" * 30])
def test_what_has_no_header_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableReport, match="header"):
        read("qualys", data)
