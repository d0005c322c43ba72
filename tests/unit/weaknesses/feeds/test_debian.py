"""Debian's security tracker as OSV."""

from __future__ import annotations

import json

from tests.unit.weaknesses import feed_samples as samples
from tests.unit.weaknesses.feed_samples import parse, usable
from weaknesses.records import RangeRecord, Refused, WeaknessRecord


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


def test_debian_reads_a_zip_and_lets_its_advisories_speak_for_themselves() -> None:
    advisory = {**samples.osv_record("DSA-1-1", fixed="2.4-9"), "related": ["CVE-2099-0001", "CVE-2099-0007"]}
    packed = samples.zipped(a=json.dumps(samples.osv_record()).encode(), b=json.dumps(advisory).encode(), c=b"{")
    records = parse("debian", packed, "debian-all.zip")
    said = [(r.cve, r.part, r.ranges[0].fixed, r.description) for r in usable(records) if isinstance(r, WeaknessRecord) and r.ranges]
    assert said == [
        ("CVE-2099-0001", "", "2.5-1", "A stub."),
        ("CVE-2099-0001", "dsa", "2.4-9", ""),
        ("CVE-2099-0007", "dsa", "2.4-9", ""),
    ]
    assert [r.place for r in records if isinstance(r, Refused)] == ["c.json"]
