"""The National Vulnerability Database's layout."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from tests.unit.weaknesses import feed_samples as samples
from tests.unit.weaknesses.feed_samples import parse
from weaknesses.feeds.nvd import best_score
from weaknesses.records import RangeRecord, Refused, WeaknessRecord


def test_nvd_gives_text_score_and_ranges() -> None:
    [record] = parse("nvd", samples.nvd_file(samples.nvd_record()))
    assert record == WeaknessRecord(
        cve="CVE-2099-0001",
        description="A rocket of Acme explodes.",
        cvss=8.8,
        cvss_vector="CVSS:3.1/Primary",
        severity=3,
        cwes=("CWE-79",),
        references=("https://acme.example/1",),
        published_at=dt.datetime(2099, 1, 2, 10, 15, 0, 113000, tzinfo=dt.UTC),
        modified_at=dt.datetime(2099, 2, 3, 11, 0, 0, 123456, tzinfo=dt.UTC),
        ranges=(RangeRecord(product="cpe:a:acme:rocket", end="2.5", fixed="2.5"),),
    )


def test_nvd_withdraws_the_ranges_of_a_rejected_cve() -> None:
    [record] = parse("nvd", samples.nvd_file(samples.nvd_record(vulnStatus="Rejected")))
    assert isinstance(record, WeaknessRecord)
    assert record.rejected
    assert record.ranges == ()


def test_nvd_reads_zipped_files() -> None:
    packed = samples.zipped(nvd=samples.nvd_file(samples.nvd_record()))
    assert len(parse("nvd", packed, "nvdcve-2.0-2099.json.zip")) == 1


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({}, (None, "", None)),
        ({"cvssMetricV2": [{"type": "Primary", "baseSeverity": "HIGH", "cvssData": {"baseScore": 10.0}}]}, (10.0, "", 3)),
        (
            {"cvssMetricV31": [samples.metric("Secondary", 9.8, "CRITICAL"), samples.metric("Primary", 5.5, "MEDIUM")]},
            (5.5, "CVSS:3.1/Primary", 2),
        ),
        (
            {"cvssMetricV31": [samples.metric("Primary", 5.5, "MEDIUM")], "cvssMetricV40": [samples.metric("Secondary", 9.3, "?")]},
            (9.3, "CVSS:3.1/Secondary", 4),
        ),
        (
            {"cvssMetricV40": [{"type": "Primary", "cvssData": {}}], "cvssMetricV30": [samples.metric("Primary", 0.0, "NONE")]},
            (0.0, "CVSS:3.1/Primary", 0),
        ),
    ],
)
def test_nvd_takes_the_newest_cvss_and_nvds_own_before_others(metrics: dict[str, object], expected: tuple[object, ...]) -> None:
    assert best_score(metrics) == expected


# --- the retired format --------------------------------------------------------------------------------------------------------


def legacy_item(cve: str = "CVE-2018-0001", **changes: Any) -> dict[str, Any]:
    match = {"vulnerable": True, "cpe23Uri": "cpe:2.3:a:acme:rocket:*:*:*:*:*:*:*:*", "versionEndExcluding": "2.5"}
    system = {"vulnerable": False, "cpe23Uri": "cpe:2.3:o:microsoft:windows_10:-:*:*:*:*:*:*:*"}
    children = [{"operator": "OR", "cpe_match": [match]}, {"operator": "OR", "cpe_match": [system]}]
    third = {"version": "3.0", "vectorString": "CVSS:3.0/AV:N", "baseScore": 8.8, "baseSeverity": "HIGH"}
    record = {
        "CVE_data_meta": {"ID": cve},
        "problemtype": {"problemtype_data": [{"description": [{"lang": "en", "value": "CWE-416"}]}]},
        "references": {"reference_data": [{"url": "https://acme.example/1"}]},
        "description": {"description_data": [{"lang": "en", "value": "A rocket of Acme explodes."}]},
    }
    return {
        "cve": record,
        "configurations": {"CVE_data_version": "4.0", "nodes": [{"operator": "AND", "children": children}]},
        "impact": {"baseMetricV3": {"cvssV3": third}, "baseMetricV2": {"cvssV2": {"baseScore": 5.0}, "severity": "MEDIUM"}},
        "publishedDate": "2018-01-10T22:29Z",
        "lastModifiedDate": "2018-10-03T16:24Z",
        **changes,
    }


def legacy_file(*items: object) -> bytes:
    return json.dumps({"CVE_data_type": "CVE", "CVE_data_timestamp": "2018-11-20T08:00Z", "CVE_Items": list(items)}).encode()


def test_the_retired_format_gives_the_same_facts() -> None:
    [found] = parse("nvd", legacy_file(legacy_item()))
    assert found == WeaknessRecord(
        cve="CVE-2018-0001",
        description="A rocket of Acme explodes.",
        cvss=8.8,
        cvss_vector="CVSS:3.0/AV:N",
        severity=3,
        cwes=("CWE-416",),
        references=("https://acme.example/1",),
        published_at=dt.datetime(2018, 1, 10, 22, 29, tzinfo=dt.UTC),
        modified_at=dt.datetime(2018, 10, 3, 16, 24, tzinfo=dt.UTC),
        ranges=(RangeRecord(product="cpe:a:acme:rocket", end="2.5", fixed="2.5", platforms=("windows",)),),
    )


def test_the_retired_formats_second_edition_and_its_older_scores() -> None:
    match = {"vulnerable": True, "cpe23Uri": "cpe:2.3:a:acme:rocket:1.0:*:*:*:*:*:*:*", "cpe_name": []}
    nodes = [{"operator": "OR", "children": [], "cpe_match": [match]}]
    second = {"baseMetricV2": {"cvssV2": {"baseScore": 5.0, "vectorString": "AV:N"}, "severity": "MEDIUM"}}
    [found] = parse("nvd", legacy_file(legacy_item(configurations={"nodes": nodes}, impact=second)))
    assert isinstance(found, WeaknessRecord)
    assert (found.cvss, found.severity) == (5.0, 2)
    assert [(r.start, r.end, r.end_included) for r in found.ranges or ()] == [("1.0", "1.0", True)]


def test_a_rejected_cve_of_the_retired_format() -> None:
    item = legacy_item()
    item["cve"]["description"]["description_data"][0]["value"] = "** REJECT ** DO NOT USE THIS CANDIDATE NUMBER."
    [found] = parse("nvd", legacy_file(item))
    assert isinstance(found, WeaknessRecord)
    assert (found.rejected, found.ranges) == (True, ())


@pytest.mark.parametrize(
    "bad",
    [7, None, {}, {"cve": 7}, {"cve": {"CVE_data_meta": 7}}, legacy_item(impact=7), legacy_item(configurations={"nodes": [7]})],
)
def test_a_bad_record_of_the_retired_format_costs_itself_only(bad: object) -> None:
    found = parse("nvd", legacy_file(bad, legacy_item()))
    assert [each.cve for each in found if isinstance(each, WeaknessRecord)] == ["CVE-2018-0001"]
    assert sum(isinstance(each, Refused) for each in found) == 1
