"""Public repositories that name a weakness, of which few are exploits."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from tests.unit.weaknesses import feed_samples as samples
from tests.unit.weaknesses.feed_samples import parse, repository
from weaknesses.feeds.poc_in_github import reason_against
from weaknesses.records import EvidenceRecord, Refused

CVE = "CVE-2099-0001"


def test_a_well_kept_exploit_is_public() -> None:
    content = samples.json_lines({"id": CVE, "repositories": [repository()]})
    [record] = parse("poc_in_github", content, "poc-in-github.jsonl")
    assert isinstance(record, EvidenceRecord)
    assert (record.cve, record.level, record.reference) == (CVE, 1, "someone/CVE-2099-0001-exploit")
    assert record.url == "https://github.com/someone/CVE-2099-0001-exploit"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "rocket", "description": "Boom"}, "do not name the weakness"),
        ({"description": "CVE-2099-0002 CVE-2099-0003 CVE-2099-0004"}, "collect many weaknesses"),
        ({"fork": True}, "are copies or templates"),
        ({"created_at": "2090-01-01T00:00:00Z"}, "are older than the weakness"),
        ({"created_at": None}, "are older than the weakness"),
        ({"name": "CVE-2099-0001_Scanner"}, "are scanners"),
        ({"name": "RocketPatchTool", "description": "for CVE-2099-0001"}, "are scanners"),
        ({"description": "Detects CVE-2099-0001"}, "are scanners"),
        ({"description": "A write-up"}, "are scanners"),
        ({"topics": ["honeypot"]}, "are scanners"),
        ({"stargazers_count": 9}, "have fewer than"),
        ({"forks_count": None}, "have fewer than"),
        ({"stargazers_count": True}, "have fewer than"),
    ],
)
def test_what_is_no_exploit_is_kept_out(changes: dict[str, Any], reason: str) -> None:
    assert reason_against(CVE, repository(**changes)).startswith(reason)


def test_a_name_with_underscores_names_the_weakness() -> None:
    assert reason_against(CVE, repository("someone/cve_2099_0001")) == ""


def test_what_is_kept_out_is_counted_by_reason() -> None:
    listing = {"id": CVE, "repositories": [repository(fork=True), repository(fork=True), repository(stargazers_count=0), 7, {"name": CVE}]}
    found = parse("poc_in_github", samples.json_lines(listing), "poc-in-github.jsonl")
    reasons = [record.reason for record in found if isinstance(record, Refused)]
    assert len(found) == len(reasons) == 4
    assert "2 repositories are copies or templates; left out." in reasons


def test_an_address_of_another_form_is_refused() -> None:
    listing = {"id": CVE, "repositories": [repository(full_name="x/y/z"), repository(full_name='"><script>')]}
    assert all(isinstance(record, Refused) for record in parse("poc_in_github", samples.json_lines(listing), "poc-in-github.jsonl"))


def test_the_publishers_archive_has_a_file_for_each_weakness() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as writer:
        writer.writestr("PoC-in-GitHub-master/README.md", "# Lists")
        writer.writestr(f"PoC-in-GitHub-master/2099/{CVE}.json", json.dumps([repository()]))
        writer.writestr("PoC-in-GitHub-master/2099/CVE-2099-0002.json", "[{")
    found = parse("poc_in_github", packed.getvalue(), "poc-in-github.zip")
    assert [record.cve for record in found if isinstance(record, EvidenceRecord)] == [CVE]
    assert [record.place for record in found if isinstance(record, Refused)] == ["PoC-in-GitHub-master/2099/CVE-2099-0002.json"]
