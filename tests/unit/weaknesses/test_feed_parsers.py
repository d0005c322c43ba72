"""Every feed's parser on a small sample in the real layout."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Iterable

import pytest

from tests.unit.weaknesses import feed_samples as samples
from weaknesses.feeds import FEEDS
from weaknesses.feeds.nvd import best_score
from weaknesses.records import CycleRecord, EpssRecord, EvidenceRecord, FeedRecord, RangeRecord, Refused, WeaknessRecord


def parse(kind: str, content: bytes, name: str = "file.json") -> list[FeedRecord]:
    return list(FEEDS[kind].parse(io.BytesIO(content), name))


def usable(records: Iterable[FeedRecord]) -> list[FeedRecord]:
    return [record for record in records if not isinstance(record, Refused)]


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


def test_kev_is_evidence_of_exploitation_in_the_wild() -> None:
    [record] = parse("kev", samples.kev_file("CVE-2099-0001", ransomware="Known"))
    assert isinstance(record, EvidenceRecord)
    assert (record.level, record.ransomware, record.day) == (4, True, dt.date(2099, 2, 1))


def test_epss_skips_its_comment_and_refuses_impossible_scores() -> None:
    records = parse("epss", samples.epss_file(("CVE-2099-0001", 0.25, 0.9), ("CVE-2099-0002", 7.0, 0.9)))
    assert usable(records) == [EpssRecord("CVE-2099-0001", 0.25, 0.9)]
    assert [record.place for record in records if isinstance(record, Refused)] == ["line 4"]


def test_exploitdb_gives_one_record_per_cve_and_tells_verified_ones() -> None:
    content = samples.exploits_file(
        samples.exploit_row(7, "CVE-2099-0001;OSVDB-1;CVE-2099-0002"),
        samples.exploit_row(8, "OSVDB-2"),
        samples.exploit_row(9, "CVE-2099-0003", 0),
    )
    records = parse("exploitdb", content, "files_exploits.csv")
    assert [(r.cve, r.reference, r.level) for r in records if isinstance(r, EvidenceRecord)] == [
        ("CVE-2099-0001", "EDB-7", 2),
        ("CVE-2099-0002", "EDB-7", 2),
        ("CVE-2099-0003", "EDB-9", 1),
    ]
    assert records[0].title == "Acme Rocket 2.4 - Launch, unasked"  # type: ignore[union-attr]


def test_metasploit_levels_follow_kind_and_rank() -> None:
    modules = {
        "a": samples.metasploit_module("linux/http/rocket", "CVE-2099-0001", rank=300),
        "b": samples.metasploit_module("linux/http/shaky", "CVE-2099-0002", rank=200),
        "c": samples.metasploit_module("linux/http/manual", "CVE-2099-0003", rank=None),
        "d": samples.metasploit_module("admin/http/rocket", "CVE-2099-0004", kind="auxiliary"),
        "e": samples.metasploit_module("scanner/http/rocket", "CVE-2099-0005", kind="auxiliary"),
        "f": samples.metasploit_module("linux/http/nameless", rank=600),
    }
    records = parse("metasploit", json.dumps(modules).encode())
    assert [(r.cve, r.level) for r in records if isinstance(r, EvidenceRecord)] == [
        ("CVE-2099-0001", 3),
        ("CVE-2099-0002", 1),
        ("CVE-2099-0003", 1),
        ("CVE-2099-0004", 1),
    ]
    assert "1 modules" in records[-1].reason  # type: ignore[union-attr]


def test_the_merged_index_leaves_detections_out_and_counts_them() -> None:
    base = "https://acme.example/metasploit-framework/modules"
    index = {
        "CVE-2099-0001 ": [
            {"source": "exploitdb", "id": "7", "description": "Launch", "verified": "1", "date_published": "2099-01-05", "codes": ""},
            {"source": "metasploit", "name": "Launch", "file": f"{base}/exploits/linux/rocket.rb"},
            {"source": "metasploit", "name": "Look", "file": f"{base}/auxiliary/scanner/rocket.rb"},
            {"file": "https://acme.example/nuclei/x.yaml", "info": {"Name": "Look"}},
            {"source": "nuclei", "file": "https://acme.example/nuclei/y.yaml"},
            {"source": "rumour"},
        ]
    }
    records = parse("pocs", json.dumps(index).encode())
    assert [(r.cve, r.reference, r.level) for r in records if isinstance(r, EvidenceRecord)] == [
        ("CVE-2099-0001", "EDB-7", 2),
        ("CVE-2099-0001", "MSF:exploits/linux/rocket", 3),
    ]
    reasons = " ".join(record.reason for record in records if isinstance(record, Refused))
    assert "2 entries are templates" in reasons
    assert "1 entries are Metasploit modules" in reasons
    assert "'rumour'" in reasons


def test_debian_takes_its_own_releases_only() -> None:
    [fixed, unfixed] = parse(
        "debian", samples.json_lines(samples.osv_record(), samples.osv_record("DEBIAN-CVE-2099-0002", fixed=None)), "debian-osv.jsonl"
    )
    assert isinstance(fixed, WeaknessRecord)
    assert fixed.ranges == (RangeRecord(product="deb:debian:rocket", end="2.5-1", fixed="2.5-1", platforms=("debian-12",)),)
    assert (fixed.cvss, fixed.severity) == (9.8, 4)
    assert isinstance(unfixed, WeaknessRecord)
    assert unfixed.cve == "CVE-2099-0002"
    assert unfixed.ranges == (RangeRecord(product="deb:debian:rocket", platforms=("debian-12",)),)


def test_debian_spans_and_withdrawals() -> None:
    record = samples.osv_record()
    record["affected"][0]["ranges"][0]["events"] = [
        {"introduced": "1.0"},
        {"fixed": "1.2"},
        {"introduced": "2.0"},
        {"last_affected": "2.4"},
    ]
    never = samples.osv_record("CVE-2099-0002", fixed="0")
    gone = {**samples.osv_record("CVE-2099-0003"), "withdrawn": "2099-02-03T00:00:00Z"}
    spans, unaffected, withdrawn = parse("debian", samples.json_lines(record, never, gone), "debian-osv.jsonl")
    assert [(r.start, r.end, r.end_included, r.fixed) for r in spans.ranges] == [("1.0", "1.2", False, "1.2"), ("2.0", "2.4", True, "")]  # type: ignore[union-attr]
    assert unaffected.ranges == ()  # type: ignore[union-attr]
    assert withdrawn.ranges == ()  # type: ignore[union-attr]


def test_debian_reads_a_zip_and_leaves_advisories_out() -> None:
    packed = samples.zipped(a=json.dumps(samples.osv_record()).encode(), b=json.dumps({"id": "DSA-1-1"}).encode(), c=b"{")
    records = parse("debian", packed, "debian-all.zip")
    assert len(usable(records)) == 1
    assert [r.place for r in records if isinstance(r, Refused)] == ["c.json", "the whole list"]


CYCLES = [
    CycleRecord("rocket", "2", ("cpe:a:acme:rocket", "npm:@acme/rocket"), dt.date(2098, 1, 1), False, dt.date(2099, 6, 30), "2.5"),
    CycleRecord("rocket", "1", ("cpe:a:acme:rocket", "npm:@acme/rocket"), dt.date(2090, 1, 1), True, None, ""),
]


def test_endoflife_reads_a_list_of_products() -> None:
    assert parse("endoflife", json.dumps([samples.eol_product()]).encode()) == CYCLES


def test_endoflife_reads_the_answer_of_the_api() -> None:
    product = {
        "name": "rocket",
        "identifiers": [{"id": "cpe:/a:acme:rocket", "type": "cpe"}, {"id": "pkg:npm/%40acme/rocket", "type": "purl"}],
        "releases": [
            {"name": "2", "releaseDate": "2098-01-01", "isEol": False, "eolFrom": "2099-06-30", "latest": {"name": "2.5"}},
            {"name": "1", "releaseDate": "2090-01-01", "isEol": True, "eolFrom": None, "latest": None},
        ],
    }
    assert parse("endoflife", json.dumps({"schema_version": "1.2.0", "total": 1, "result": [product]}).encode()) == CYCLES


def test_endoflife_reads_an_archive_of_pages() -> None:
    page = b"""---
title: Rocket
identifiers:
  - cpe: cpe:2.3:a:acme:rocket
  - purl: pkg:npm/%40acme/rocket
releases:
  - releaseCycle: "2"
    releaseDate: 2098-01-01
    eol: 2099-06-30
    latest: "2.5"
  - releaseCycle: 1
    releaseDate: 2090-01-01
    eol: true
---
Prose with a line:
---
"""
    packed = samples.tarred({"x/products/rocket.md": page, "x/README.md": b"no", "x/products/broken.md": b"---\n[\n---\n"})
    records = parse("endoflife", packed, "endoflife.tar.gz")
    assert usable(records) == CYCLES
    assert [r.place for r in records if isinstance(r, Refused)] == ["x/products/broken.md"]


def test_feeds_are_known_by_name_and_described() -> None:
    assert list(FEEDS) == ["nvd", "kev", "epss", "exploitdb", "metasploit", "pocs", "debian", "endoflife"]
    for kind, feed in FEEDS.items():
        assert feed.kind == kind
        assert all((feed.label, feed.about, feed.home, feed.licence, feed.attribution, feed.taken, feed.patterns))
