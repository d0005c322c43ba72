"""What scanners' reports share: identifiers, severities, rows of CSV, elements of XML, and documents a line."""

import io
import tracemalloc
from collections.abc import Iterator

import pytest

from inventory.errors import UnreadableReport
from inventory.records import InstalledSoftware, Rejected, Report
from inventory.sources import csv_stream, fields, line_stream, xml_stream
from inventory.sources.fields import BadField
from inventory.sources.frame import Limits
from inventory.sources.rows import take_all
from inventory.sources.scanner_reports import Scan, cves_in, preferred_id, severity_of, weakness_id

OPENSSL = InstalledSoftware("deb", "openssl", "3.0.2")
MEGABYTE = 1024 * 1024


def rows(data: bytes) -> list[tuple[str, dict[str, object] | Rejected]]:
    return list(csv_stream.rows(io.BytesIO(data), Limits(), is_header=lambda header: "a" in header))


def reports(scan: Scan) -> tuple[list[Report], list[Rejected]]:
    found = list(scan.reports())
    return [item for item in found if isinstance(item, Report)], [item for item in found if isinstance(item, Rejected)]


@pytest.mark.parametrize(
    ("said", "severity"),
    [
        ("CRITICAL", "critical"), ("Important", "high"), ("moderate", "medium"), ("Negligible", "low"), ("Log", "info"), ("UNKNOWN", ""),
        ("9.8", "critical"), ("7.0", "high"), (6.9, "medium"), (0.1, "low"), (0, "info"), ("-", ""), (None, ""), (True, ""), ([], ""),
    ],
)  # fmt: skip
def test_severities_are_words_whatever_they_were(said: object, severity: str) -> None:
    assert severity_of(said) == severity


def test_a_cve_is_preferred_to_the_scanners_own_identifier() -> None:
    assert preferred_id("GHSA-1", [None, "GO-1", "CVE-2024-1", "CVE-2024-2"]) == "CVE-2024-1"
    assert preferred_id("CVE-2024-3", ["CVE-2024-1"]) == "CVE-2024-3"
    assert preferred_id("MAL-1", ["GHSA-1"]) == "MAL-1"
    assert preferred_id(None, []) is None
    assert weakness_id(" cve-2024-1 ", Limits()) == "CVE-2024-1"
    assert cves_in("CVE-2024-1000, cve-2024-1000\nCVE-2024-20000 and XCVE-2024-3") == ["CVE-2024-1000", "CVE-2024-20000"]


@pytest.mark.parametrize(("value", "words"), [(None, "missing"), (7, "not text"), ("x" * 31, "longer than 30"), ("CVE\x00", "NUL")])
def test_an_identifier_that_cannot_be_kept_is_refused(value: object, words: str) -> None:
    with pytest.raises(BadField, match=words):
        weakness_id(value, Limits())


def test_only_addresses_are_addresses() -> None:
    assert fields.addresses("192.0.2.1", " 2001:db8::1 ", "192.0.2.1", "", "host", "1" * 46) == ("192.0.2.1", "2001:db8::1")


def test_findings_are_told_once_and_are_about_the_reports_software() -> None:
    scan = Scan("trivy", Limits())
    machine = scan.machine("web01")
    for fixed in (["1", "2"], "1", {"no": "text"}):
        scan.find(machine, "CVE-2024-1", OPENSSL, severity="HIGH", fixed=fixed)
    (report,), rejected = reports(scan)
    assert rejected == []
    assert report.software == (OPENSSL,)
    assert [(item.source, item.weakness, item.about, item.severity, item.fixed) for item in report.findings] == [
        ("trivy", "CVE-2024-1", OPENSSL, "high", "1, 2")
    ]
    assert report.covers == {"findings/trivy"}


def test_a_machine_with_too_many_records_keeps_the_first_and_loses_nothing() -> None:
    scan = Scan("trivy", Limits(records=4))
    machine = scan.machine("web01")
    for number in range(10):
        scan.find(machine, f"CVE-2024-{number}", OPENSSL)
    scan.find(scan.machine("web02"), "CVE-2024-1", OPENSSL)
    (first, second), (rejected,) = reports(scan)
    assert (len(first.findings), first.covers) == (3, frozenset())
    assert second.covers == {"findings/trivy"}
    assert rejected.place == "machine web01"


def test_what_is_left_out_is_counted_by_kind() -> None:
    scan = Scan("trivy", Limits())
    for what in ("secrets", "licences", "secrets"):
        scan.leave_out(what)
    _, rejected = reports(scan)
    assert [item.reason for item in rejected] == ["secrets: 2 left out", "licences: 1 left out"]


def test_records_that_are_no_objects_are_named() -> None:
    rejected = list(take_all([("record 1", 5), ("record 2", {"a": 1}), ("record 3", None)], lambda _: None))
    assert [(item.place, item.reason) for item in rejected] == [
        ("record 1", "the record is no object"),
        ("record 3", "the record is no object"),
    ]


# --- CSV -------------------------------------------------------------------------------------------------------------


def test_rows_come_under_their_header_after_what_stands_before_it() -> None:
    data = b'\xef\xbb\xbf"A report","of today"\r\n\r\na,b,a\r\n1,"two\r\nlines, ""quoted""",9\r\n,,\r\n3,4,5,,\r\n'
    assert rows(data) == [("row 4", {"a": "1", "b": 'two\r\nlines, "quoted"'}), ("row 6", {"a": "3", "b": "4"})]


@pytest.mark.parametrize("data", [b"a,b\n1,2\n3\n", b"a,b\n1,2\n3,4,5\n", b'a,b\n1,2\n"3\n4\n5'])
def test_a_row_of_another_width_is_named(data: bytes) -> None:
    good, (place, rejected) = rows(data)
    assert good == ("row 2", {"a": "1", "b": "2"})
    assert isinstance(rejected, Rejected)
    assert (place, "columns instead of 2" in rejected.reason) == ("row 3", True)


@pytest.mark.parametrize("data", [b"", b"b,c\n1,2\n", b"x\n" * 30 + b"a,b\n1,2\n", b"\x00\xff" * 1000])
def test_a_file_without_its_header_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableReport, match="header"):
        rows(data)


@pytest.mark.parametrize("tail", [b"1," + b"x" * (20 * MEGABYTE), b'1,"' + (b"x" * 1000 + b"\n") * 10_000])
def test_a_line_or_value_without_end_costs_bounded_memory(tail: bytes) -> None:
    tracemalloc.start()
    (_, rejected) = rows(b"a,b\n" + tail)[-1]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(rejected, Rejected)
    assert "not valid CSV" in rejected.reason
    assert peak < len(tail) + 40 * MEGABYTE


# --- XML -------------------------------------------------------------------------------------------------------------


def elements(data: bytes, *paths: str) -> Iterator[tuple[str, str, str]]:
    for path, element, around in xml_stream.elements(io.BytesIO(data), *paths):
        yield path, xml_stream.text_of(element, "n"), around[-1].get("k", "")


def test_elements_are_found_by_the_end_of_their_place() -> None:
    data = b'<x:r xmlns:x="urn:x"><h k="1"><i><n> a </n></i><j/><i><h><i><n>inner</n></i></h><n>b</n></i></h><i><n>elsewhere</n></i></x:r>'
    assert list(elements(data, "h/i")) == [("h/i", "a", "1"), ("h/i", "b", "1")]


def test_the_end_of_an_element_that_is_not_kept_is_told() -> None:
    found = xml_stream.elements(io.BytesIO(b"<r><h><i>a</i><i>b</i></h><h/></r>"), "h/i", ends=("r/h",))
    assert [(path, element.text) for path, element, _ in found] == [("h/i", "a"), ("h/i", "b"), ("r/h", None), ("r/h", None)]


def test_elements_that_were_read_cost_nothing() -> None:
    data = b"<r><h>" + b"<i><n>a</n><o/></i><p/>" * 10_000 + b"</h></r>"
    tracemalloc.start()
    assert sum(1 for _ in elements(data, "h/i")) == 10_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < len(data) + MEGABYTE


@pytest.mark.parametrize("data", [b"<r><h><i/>", b"<h><i/></h><", b"<h><i/>" + b"<a>" * 1_000_000, b"<h><i/>&x;</h>"])
def test_bad_xml_gives_what_came_before(data: bytes) -> None:
    found = elements(data, "h/i")
    assert next(found) == ("h/i", "", "")
    with pytest.raises(xml_stream.BadXml):
        next(found)


def test_a_document_type_is_refused() -> None:
    with pytest.raises(UnreadableReport, match="document type or entities"):
        list(elements(b'<!DOCTYPE r [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><r>&b;</r>', "r"))


# --- lines -----------------------------------------------------------------------------------------------------------


def test_a_bad_line_is_named_and_the_next_one_read() -> None:
    data = b'\xef\xbb\xbf{"a": 1}\n\nnonsense\n' + b"[" * 100_000 + b"\n" + b'"' + b"x" * 200_000 + b'"\n{"a": 2}'
    found = list(line_stream.objects(io.BytesIO(data), Limits(line=150_000)))
    assert (found[0], found[-1]) == (("line 1", {"a": 1}), ("line 6", {"a": 2}))
    reasons = [value.reason for _, value in found if isinstance(value, Rejected)]
    assert ["not valid JSON" in reasons[0], reasons[1], reasons[2]] == [
        True,
        "not valid JSON: nested too deep",
        "the line is longer than 150,000 bytes",
    ]
