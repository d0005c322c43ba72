"""Scores of one day."""

from __future__ import annotations

from tests.unit.weaknesses import feed_samples as samples
from tests.unit.weaknesses.feed_samples import parse, usable
from weaknesses.records import EpssRecord, Refused


def test_epss_skips_its_comment_and_refuses_impossible_scores() -> None:
    records = parse("epss", samples.epss_file(("CVE-2099-0001", 0.25, 0.9), ("CVE-2099-0002", 7.0, 0.9)))
    assert usable(records) == [EpssRecord("CVE-2099-0001", 0.25, 0.9)]
    assert [record.place for record in records if isinstance(record, Refused)] == ["line 4"]
