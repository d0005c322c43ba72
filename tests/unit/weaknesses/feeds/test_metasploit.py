"""The modules of Metasploit."""

from __future__ import annotations

import json

from tests.unit.weaknesses import feed_samples as samples
from tests.unit.weaknesses.feed_samples import parse
from weaknesses.records import EvidenceRecord


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
