"""Metasploit modules by CVE, as msfdb-list collects them."""

from __future__ import annotations

import json

from tests.unit.weaknesses.feed_samples import parse
from weaknesses.records import EvidenceRecord, Refused

MODULES = "https://github.com/rapid7/metasploit-framework/blob/master/modules"


def module(path: str) -> dict[str, object]:
    return {
        "Name": path.rsplit("/", 1)[-1],
        "Title": "Launch",
        "CveIDs": ["CVE-2099-0001"],
        "References": ["https://acme.example", f"{MODULES}/{path}"],
    }


def test_modules_are_known_by_the_path_in_their_references() -> None:
    content = json.dumps(
        {
            "CVE-2099-0001": [
                module("exploits/linux/http/rocket.rb"),
                module("auxiliary/admin/http/rocket.rb"),
                module("auxiliary/scanner/http/rocket.rb"),
                {"Name": "rocket.rb", "References": ["https://acme.example"]},
                7,
            ],
            "rumour": [module("exploits/linux/http/rocket.rb")],
        }
    ).encode()
    found = parse("msfdb", content)
    assert [(record.reference, record.level, record.url) for record in found if isinstance(record, EvidenceRecord)] == [
        ("exploit/linux/http/rocket", 3, f"{MODULES}/exploits/linux/http/rocket.rb"),
        ("auxiliary/admin/http/rocket", 1, f"{MODULES}/auxiliary/admin/http/rocket.rb"),
    ]
    reasons = [record.reason for record in found if isinstance(record, Refused)]
    assert len(reasons) == 4
    assert reasons[-1].startswith("1 modules scan")
