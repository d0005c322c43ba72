"""Techniques by CVE, of two listings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.weaknesses.feed_samples import parse
from weaknesses.errors import FeedError
from weaknesses.feeds import FEEDS
from weaknesses.records import Refused, ThreatRecord


def mapping(kind: str, technique: Any = "T1190", cve: str = "CVE-2099-0001") -> dict[str, Any]:
    return {
        "capability_id": cve,
        "mapping_type": kind,
        "attack_object_id": technique,
        "attack_object_name": "Exploit Public-Facing Application",
    }


def test_a_technique_is_named_once_with_all_it_is_for() -> None:
    items = [mapping("exploitation_technique"), mapping("primary_impact"), mapping("primary_impact", "T1059.004"), mapping("x", None)]
    content = json.dumps({"metadata": {"last_update": "08/28/2099"}, "mapping_objects": items}).encode()
    first, second = parse("attack_mappings", content)
    assert isinstance(first, ThreatRecord)
    assert isinstance(second, ThreatRecord)
    assert (first.kind, first.reference, first.name) == ("technique", "T1190", "Exploit Public-Facing Application")
    assert first.summary == "How it is exploited, what it gains at once."
    assert second.url == "https://attack.mitre.org/techniques/T1059/004/"
    assert FEEDS["attack_mappings"].stated(content[:200], "x.json") == "2099-08-28"


def test_a_mapping_of_another_form_is_refused() -> None:
    items = [
        7,
        {},
        mapping("primary_impact", "X1"),
        mapping("primary_impact", 7),
        mapping("primary_impact", cve="rumour"),
        mapping("primary_impact"),
    ]
    found = parse("attack_mappings", json.dumps({"mapping_objects": items}).encode())
    assert [type(record) for record in found] == [Refused] * 4 + [ThreatRecord]


def test_the_older_table_has_a_column_for_each_kind() -> None:
    rows = [
        "\ufeffCVE ID,Primary Impact,Secondary Impact,Exploitation Technique,Uncategorized,Phase",
        "CVE-2099-0001,T1059,,T1190; T1078.,,Phase 2",
        "CVE-2099-0002,T9,,,T1203,Phase 2",
        "rumour,T1059,,,,",
    ]
    found = parse("attack_to_cve", "\n".join(rows).encode(), "AttckToCveMappings.csv")
    assert sorted((record.cve, record.reference) for record in found if isinstance(record, ThreatRecord)) == [
        ("CVE-2099-0001", "T1059"),
        ("CVE-2099-0001", "T1078"),
        ("CVE-2099-0001", "T1190"),
        ("CVE-2099-0002", "T1203"),
    ]
    assert sum(isinstance(record, Refused) for record in found) == 2


def test_another_table_is_named() -> None:
    with pytest.raises(FeedError, match="CVE ID is missing"):
        parse("attack_to_cve", b"a,b\n1,2\n", "AttckToCveMappings.csv")
