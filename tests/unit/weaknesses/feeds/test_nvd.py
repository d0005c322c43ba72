"""The National Vulnerability Database's layout."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.unit.weaknesses import feed_samples as samples
from tests.unit.weaknesses.feed_samples import parse
from weaknesses.feeds.nvd import best_score
from weaknesses.records import RangeRecord, WeaknessRecord


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
