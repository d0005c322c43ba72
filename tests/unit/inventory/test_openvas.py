"""OpenVAS results as XML and CSV: products by CPE, hosts by name or address, what names no product, and bad input."""

import pytest

from inventory.errors import UnreadableReport
from inventory.sources.frame import Limits
from tests.unit.inventory.sources import read, sample

HEADER = "IP,Hostname,Port,Port Protocol,CVSS,Severity,NVT Name,Summary,Specific Result,NVT OID,CVEs,Product Detection Result"


def xml(inner: str) -> bytes:
    return f'<report id="1" format_id="2"><report id="1"><gmp/>{inner}</report></report>'.encode()


def result(host: str = "192.0.2.1", cve: str = "CVE-2024-1000", product: str = "cpe:/a:x:y:1.0") -> str:
    value = f"<detection><result><details><detail><name>product</name><value>{product}</value></detail></details></result></detection>"
    refs = f"<refs><ref type='cve' id='{cve}'/></refs>"
    return f"<result><name>A</name><host>{host}</host><nvt oid='1.3'>{refs}</nvt><threat>High</threat>{value}</result>"


def row(address: str = "192.0.2.1", name: str = "", cve: str = "CVE-2024-1000", product: str = "Product: cpe:/a:x:y:1.0") -> str:
    return f'{address},{name},80,tcp,9.8,High,A,,,1.3,{cve},"{product}"'


def csv(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows, ""]).encode()


def test_a_report_names_hosts_products_and_findings() -> None:
    (www, other), rejected = read("openvas", sample("openvas-report.xml"))
    assert [item.reason for item in rejected] == [
        "the result for CVE-1999-0618 names no installed product and version",
        "results that name no CVE: 1 left out",
    ]
    assert (www.machine.external_id, www.machine.domain, www.machine.ip_addresses) == ("www.corp.example", "corp.example", ("192.0.2.20",))
    assert www.machine.platform == ""  # a guess must not undo what an agent knows
    assert [(item.ecosystem, item.vendor, item.name, item.version) for item in www.software] == [
        ("cpe", "apache", "http_server", "2.4.57"),
        ("cpe", "openbsd", "openssh", "9.2p1"),
    ]
    assert [(item.weakness, item.severity, item.fixed) for item in www.findings] == [
        ("CVE-2023-45802", "high", "2.4.58"),
        ("CVE-2023-43622", "high", "2.4.58"),
    ]
    assert (other.machine.external_id, other.software, other.covers) == ("192.0.2.21", (), frozenset({"findings/openvas"}))


def test_the_csv_of_results() -> None:
    (www, other), (rejected,) = read("openvas", sample("openvas-results.csv"))
    assert "CVE-1999-0618 names no installed product" in rejected.reason
    assert (www.machine.name, [item.weakness for item in www.findings]) == ("www.corp.example", ["CVE-2023-45802", "CVE-2023-43622"])
    assert (other.machine.name, [item.weakness for item in other.findings]) == ("", ["CVE-2021-26690"])
    assert other.software[0].version == "2.4.7"


def test_an_address_is_one_machine_known_by_its_first_name() -> None:
    (report,), _ = read(
        "openvas", csv(row(), row(name="web01.example", cve="CVE-2024-1001"), row(name="vhost.example", cve="CVE-2024-1002"))
    )
    assert (report.machine.external_id, report.machine.name) == ("web01.example", "web01.example")
    assert len(report.findings) == 3


def test_a_name_with_two_addresses_is_one_machine() -> None:
    (report,), _ = read("openvas", csv(row(name="web01"), row("192.0.2.2", "web01", "CVE-2024-1001")))
    assert report.machine.ip_addresses == ("192.0.2.1", "192.0.2.2")


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        ("cpe:/a:x:y:1.0 cpe:/a:z:w:2", ("cpe", "y", "1.0")),
        ("cpe:/a:x:y cpe:/a:z:w:2", ("cpe", "w", "2")),
        ("cpe:2.3:a:x:y:3:*:*:*:*:*:*:*", ("cpe", "y", "3")),
        ("cpe:/o:canonical:ubuntu_linux:22.04", ("os", "ubuntu", "22.04")),
        ("cpe:/o:microsoft:windows", None),
        ("cpe:/a:x:y", None),
        ("cpe:/h:x:router:1", None),
        ("cpe:/a", None),
    ],
)
def test_the_product_is_the_first_with_a_version(product: str, expected: tuple[str, str, str] | None) -> None:
    (report,), rejected = read("openvas", csv(row(product=product)))
    assert [(item.ecosystem, item.name, item.version) for item in report.software] == ([expected] if expected else [])
    assert len(rejected) == (0 if expected else 1)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("<result><name>A</name></result>", "no host or no nvt"),
        ("<result><host/><nvt/></result>", "host is missing"),
        (result(host="x" * 300), "host is longer than 200"),
        (result(cve="CVE-2024-1", product=""), ""),
    ],
)
def test_a_bad_result_is_named_and_the_good_ones_stay(bad: str, words: str) -> None:
    (report,), rejected = read("openvas", xml(f"<results>{result()}{bad}{result(cve='CVE-2024-1001')}</results>"))
    assert words in rejected[0].reason
    assert len(report.findings) == 2


def test_bad_rows_are_named_and_leave_the_file_incomplete() -> None:
    (report,), rejected = read("openvas", csv(row(), row("", ""), "192.0.2.1,cut"))
    assert [item.reason for item in rejected] == ["host is missing", "2 columns instead of 12"]
    assert (len(report.findings), report.covers) == (1, frozenset())


def test_files_that_end_early_keep_what_they_have_and_remove_nothing() -> None:
    whole = xml(f"<results>{result()}{result(cve='CVE-2024-1001')}</results>")
    (report,), (rejected,) = read("openvas", whole[: whole.rindex(b"<nvt")])
    assert "not usable XML after result 1" in rejected.reason
    assert (len(report.findings), report.covers) == (1, frozenset())
    data = csv(row())
    (report,), _ = read("openvas", data, Limits(bytes=len(data)))  # what comes after the limit is not in the stream
    assert (len(report.findings), report.covers) == (1, frozenset())


def test_entities_are_refused() -> None:
    with pytest.raises(UnreadableReport, match="document type or entities"):
        read("openvas", b'<!DOCTYPE r [<!ENTITY a "a">]>' + xml(f"<results>{result(cve='&a;')}</results>"))


@pytest.mark.parametrize("data", [xml(""), b"<report><a>" * 500_000, b"nonsense", b""])
def test_what_holds_no_hosts_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableReport, match="no hosts|header"):
        read("openvas", data)
