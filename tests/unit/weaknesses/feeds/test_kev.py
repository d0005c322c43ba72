"""CISA's list of exploited vulnerabilities."""

from __future__ import annotations

import datetime as dt

from tests.unit.weaknesses import feed_samples as samples
from tests.unit.weaknesses.feed_samples import parse
from weaknesses.records import EvidenceRecord, Refused


def test_kev_is_evidence_of_exploitation_in_the_wild() -> None:
    [record] = parse("kev", samples.kev_file("CVE-2099-0001", ransomware="Known"))
    assert isinstance(record, EvidenceRecord)
    assert (record.level, record.ransomware, record.day) == (4, True, dt.date(2099, 2, 1))


def test_the_list_is_published_as_csv_too() -> None:
    header = "cveID,vendorProject,product,vulnerabilityName,dateAdded,knownRansomwareCampaignUse"
    content = f'\ufeff{header}\nCVE-2099-0001,Acme,Rocket,"Acme Rocket, exploding",2099-02-01,Known\nrumour,,,,,\n'.encode()
    first, second = parse("kev", content, "known_exploited_vulnerabilities.csv")
    assert isinstance(first, EvidenceRecord)
    assert (first.cve, first.title, first.ransomware, first.day) == ("CVE-2099-0001", "Acme Rocket, exploding", True, dt.date(2099, 2, 1))
    assert isinstance(second, Refused)
