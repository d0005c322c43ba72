"""Curated configurations in NVD's shape."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.weaknesses import feed_samples as samples
from tests.unit.weaknesses.feed_samples import parse
from weaknesses.records import RangeRecord, Refused, WeaknessRecord


def document(number: int = 1, *matches: dict[str, Any], **note: Any) -> dict[str, Any]:
    nodes = [{"cpeMatch": list(matches) or [samples.cpe_match()], "negate": False, "operator": "OR"}]
    return {
        "_annotation": {"cve_id": f"CVE-2099-000{number}", "cna": "acme", "description": "Boom.", "reason": "Not analysed.", **note},
        "cve": {"configurations": [{"nodes": nodes}]},
    }


def test_a_document_gives_the_ranges_of_its_configurations() -> None:
    [found] = parse("overrides", samples.json_lines(document(modified="2099-02-03T00:00:00+00:00")), "overrides.jsonl")
    assert isinstance(found, WeaknessRecord)
    assert (found.cve, found.description, found.cvss) == ("CVE-2099-0001", "Boom.", None)
    assert found.ranges == (RangeRecord(product="cpe:a:acme:rocket", end="2.5", fixed="2.5"),)


def test_a_name_that_is_not_vulnerable_gives_nothing() -> None:
    nothing = {"criteria": "cpe:2.3:a:null:null:*:*:*:*:*:*:*:*", "vulnerable": False}
    [found] = parse("overrides", samples.json_lines(document(1, nothing)), "overrides.jsonl")
    assert isinstance(found, WeaknessRecord)
    assert found.ranges == ()


def test_the_repository_as_a_zip_holds_the_same_documents() -> None:
    packed = samples.zipped(**{"data/2099/CVE-2099-0001": json.dumps(document()).encode()})
    assert len(parse("overrides", packed, "main.zip")) == 1


@pytest.mark.parametrize(
    "bad",
    [
        {"cve": {}},
        {"_annotation": 7, "cve": {}},
        {"_annotation": {"cve_id": "x"}, "cve": {}},
        {"_annotation": {"cve_id": "CVE-2099-0002"}, "cve": 7},
        {"_annotation": {"cve_id": "CVE-2099-0002"}, "cve": {"configurations": [7]}},
        {"_annotation": {"cve_id": "CVE-2099-0002"}, "cve": {"configurations": [{"nodes": [{"cpeMatch": [{"criteria": 7}]}]}]}},
        7,
        None,
    ],
)
def test_a_bad_document_costs_itself_only(bad: Any) -> None:
    found = parse("overrides", samples.json_lines(bad, document()), "overrides.jsonl")
    kept = [each.cve for each in found if isinstance(each, WeaknessRecord) and each.ranges]
    assert kept == ["CVE-2099-0001"]
    assert sum(isinstance(each, Refused) for each in found) == 1
