"""Microsoft's security updates."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest

from tests.unit.weaknesses.feeds.msrc_samples import fix, month, weakness
from weaknesses.feeds import msrc
from weaknesses.feeds.reading import Reading
from weaknesses.records import Refused, UpdateRecord, WeaknessRecord


def read(data: bytes) -> tuple[list[WeaknessRecord], list[UpdateRecord], list[Refused], str]:
    reading = Reading(msrc.parse(io.BytesIO(data), "2099-jul.json"), "2099-jul.json")
    found = list(reading)
    weaknesses = [record for record in found if isinstance(record, WeaknessRecord)]
    return weaknesses, [record for record in found if isinstance(record, UpdateRecord)], reading.refusals, reading.broken


def test_a_fix_gives_the_range_of_its_release_and_an_update() -> None:
    found = weakness("CVE-2099-0001", fix("5040442", "10.0.22631.3880", "1", replaces="5039212"))
    (record,), (update,), refused, broken = read(month(found))
    assert (refused, broken) == ([], "")
    assert (record.cvss, record.severity, record.cvss_vector) == (7.8, 3, "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H")
    assert record.ranges is not None
    (one,) = record.ranges
    assert (one.product, one.start, one.end, one.fixed) == (
        "cpe:o:microsoft:windows_11_23h2", "10.0.22631", "10.0.22631.3880", "10.0.22631.3880",
    )  # fmt: skip
    assert update == UpdateRecord(
        kb="5040442",
        product="cpe:o:microsoft:windows_11_23h2",
        fixed="10.0.22631.3880",
        title="July 2099 security update",
        released_on=dt.date(2099, 7, 8),
        url="https://catalog.update.microsoft.com/v7/site/Search.aspx?q=KB5040442",
        cves=("CVE-2099-0001",),
        supersedes=("5039212",),
    )


def test_releases_of_one_build_are_told_apart_by_their_names() -> None:
    fixes = fix("5062553", "10.0.26100.4652", "2", "3"), fix("1234567", "10.0.25398.1700", "5")
    _, updates, _, _ = read(month(weakness("CVE-2099-0001", *fixes)))
    assert {update.product for update in updates} == {
        "cpe:o:microsoft:windows_11_24h2",
        "cpe:o:microsoft:windows_server_2025",
        "cpe:o:microsoft:windows_server_2022_23h2",
    }


def test_a_hotpatch_fixes_under_the_lower_number() -> None:
    (record,), updates, _, _ = read(
        month(weakness("CVE-2099-0001", fix("5062553", "10.0.26100.4652", "3"), fix("5062554", "10.0.26100.4600", "3")))
    )
    assert [(one.end, one.fixed) for one in record.ranges or ()] == [("10.0.26100.4600", "10.0.26100.4600")]
    assert len(updates) == 2


def test_one_update_fixes_many_weaknesses() -> None:
    same = fix("5040442", "10.0.22631.3880", "1")
    weaknesses, (update,), _, _ = read(month(weakness("CVE-2099-0001", same), weakness("CVE-2099-0002", same)))
    assert len(weaknesses) == 2
    assert update.cves == ("CVE-2099-0001", "CVE-2099-0002")


@pytest.mark.parametrize(
    "remediation",
    [
        fix("5040442", "https://aka.ms/OfficeSecurityReleases", "4"),
        fix("5040442", "16.0.17726.20160", "4"),
        fix("5040442", "10.0.22631.3880", "4"),
        fix("5040442", "10.0.22631.3880", "unknown"),
        fix("Release Notes", "10.0.22631.3880", "1"),
        fix("5040442", "", "1"),
        fix("5040442", "10.0.22631.3880", "1", Type=5),
    ],
)
def test_fixes_of_other_products_and_those_without_a_build_are_passed_over(remediation: dict[str, Any]) -> None:
    assert read(month(weakness("CVE-2099-0001", remediation)))[:3] == ([], [], [])


def test_advisories_without_a_cve_are_passed_over() -> None:
    assert read(month(weakness("ADV990001", fix("5040442", "10.0.22631.3880", "1"))))[:3] == ([], [], [])


@pytest.mark.parametrize("value", [None, 5, "x", [], {}, [[]], [None], ["x"], {"Value": 5}, [{"Type": 2}], [{"BaseScore": "x"}]])
@pytest.mark.parametrize("key", ["Remediations", "CVSSScoreSets", "Threats", "Title", "CVE"])
def test_values_of_the_wrong_kind_cost_their_weakness_only(key: str, value: object) -> None:
    good = weakness("CVE-2099-0002", fix("5040442", "10.0.22631.3880", "1"))
    bad = weakness("CVE-2099-0001", fix("5040442", "10.0.22631.3880", "1"), **{key: value})
    weaknesses, updates, refused, broken = read(month(bad, good))
    assert "CVE-2099-0002" in {record.cve for record in weaknesses}
    assert len(updates) == 1
    assert len(refused) <= 1
    assert broken == ""


def test_a_document_that_ends_early_gives_what_came_before() -> None:
    data = month(*(weakness(f"CVE-2099-{number:04}", fix("5040442", "10.0.22631.3880", "1")) for number in range(20)))
    for cut in range(0, len(data), 313):
        weaknesses, _, _, broken = read(data[:cut])
        assert broken
        assert len(weaknesses) < 20


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"[" * 100_000, b"\x00" * 100, b"{" * 1000, b'{"Vulnerability": 5}'])
def test_what_is_no_document_gives_nothing(data: bytes) -> None:
    assert read(data)[0] == []
