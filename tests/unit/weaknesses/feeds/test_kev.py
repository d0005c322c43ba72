"""CISA's list of exploited vulnerabilities."""

from __future__ import annotations

import datetime as dt

from tests.unit.weaknesses import feed_samples as samples
from tests.unit.weaknesses.feed_samples import parse
from weaknesses.records import EvidenceRecord


def test_kev_is_evidence_of_exploitation_in_the_wild() -> None:
    [record] = parse("kev", samples.kev_file("CVE-2099-0001", ransomware="Known"))
    assert isinstance(record, EvidenceRecord)
    assert (record.level, record.ransomware, record.day) == (4, True, dt.date(2099, 2, 1))
