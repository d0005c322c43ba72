"""The merged index of exploits."""

from __future__ import annotations

import json

from tests.unit.weaknesses.feed_samples import parse
from weaknesses.records import EvidenceRecord, Refused


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
