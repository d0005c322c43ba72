"""ATT&CK: who uses a weakness, read out of sentences."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.unit.weaknesses.feed_samples import parse, stix_bundle, stix_object, stix_use
from weaknesses.errors import FeedError
from weaknesses.feeds import attack
from weaknesses.records import Refused, ThreatRecord

GROUP = stix_object("intrusion-set", "G9001", "Acme Panda")
CAMPAIGN = stix_object("campaign", "C9001", "Operation Rocket", first_seen="2099-01-02T04:00:00.000Z", last_seen="2099-02-01T04:00:00.000Z")
PUBLIC = stix_object("attack-pattern", "T1190", "Exploit Public-Facing Application")
CLIENT = stix_object("attack-pattern", "T1203", "Exploitation for Client Execution")


def threats(*objects: dict[str, Any]) -> list[ThreatRecord]:
    return [record for record in parse("attack", stix_bundle(*objects)) if isinstance(record, ThreatRecord)]


def test_a_use_that_names_a_weakness_tells_who_and_how() -> None:
    both = [stix_use(GROUP, PUBLIC, "It exploited cve-2099-0001 and CVE-2099-0002."), stix_use(GROUP, CLIENT, "Also CVE-2099-0001.")]
    first, second = threats(*both, GROUP, PUBLIC, CLIENT)  # in any order
    assert (first.cve, first.kind, first.reference, first.name) == ("CVE-2099-0001", "group", "G9001", "Acme Panda")
    assert first.summary == "Used for Exploit Public-Facing Application and Exploitation for Client Execution."
    assert (first.techniques, first.url) == (("T1190", "T1203"), "https://attack.mitre.org/groups/G9001")
    assert (second.cve, second.techniques) == ("CVE-2099-0002", ("T1190",))


def test_a_description_that_names_a_weakness_is_enough() -> None:
    [found] = threats(stix_object("malware", "S9001", "Boom", description="Boom spreads by CVE-2099-0001."))
    assert (found.kind, found.techniques, found.summary) == ("malware", (), "")


def test_a_campaign_has_days_and_the_groups_behind_it() -> None:
    used, behind = stix_use(CAMPAIGN, PUBLIC, "CVE-2099-0001 was exploited."), stix_use(CAMPAIGN, GROUP, kind="attributed-to")
    [found] = threats(CAMPAIGN, GROUP, PUBLIC, used, behind)
    assert (found.first_seen, found.last_seen) == (dt.date(2099, 1, 2), dt.date(2099, 2, 1))
    assert found.summary == "Used for Exploit Public-Facing Application. Attributed to Acme Panda."


def test_the_title_of_a_cited_report_is_no_statement() -> None:
    cited = stix_use(GROUP, PUBLIC, "It lists files.(Citation: Acme CVE-2099-0001 July 2099)")
    found = parse("attack", stix_bundle(GROUP, PUBLIC, cited))
    assert [type(record) for record in found] == [Refused]
    assert "1 descriptions" in found[0].reason  # type: ignore[union-attr]


@pytest.mark.parametrize("withdrawn", [{"revoked": True}, {"x_mitre_deprecated": True}])
def test_what_was_withdrawn_is_left_out(withdrawn: dict[str, Any]) -> None:
    used = stix_use(GROUP, PUBLIC, "CVE-2099-0001")
    assert threats({**GROUP, **withdrawn}, PUBLIC, used) == []
    assert threats(GROUP, PUBLIC, {**used, **withdrawn}) == []
    [found] = threats(GROUP, used, {**PUBLIC, **withdrawn}, CLIENT, stix_use(GROUP, CLIENT, "CVE-2099-0001"))
    assert found.techniques == ("T1203",)


@pytest.mark.parametrize("bad", [7, None, {}, {"type": "malware"}, {**GROUP, "name": 7}, {**GROUP, "external_references": []}])
def test_one_bad_object_does_not_sink_the_bundle(bad: Any) -> None:
    found = parse("attack", stix_bundle(bad, CAMPAIGN, PUBLIC, stix_use(CAMPAIGN, PUBLIC, "CVE-2099-0001")))
    assert [record.reference for record in found if isinstance(record, ThreatRecord)] == ["C9001"]


def test_only_pages_of_attack_are_linked() -> None:
    page = {"source_name": "mitre-attack", "external_id": "G9001", "url": "javascript:alert(1)"}
    [found] = threats({**GROUP, "external_references": [page], "description": "CVE-2099-0001"})
    assert found.url == ""


def test_a_bundle_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attack, "MOST_OBJECTS", 10)
    many = [stix_object("tool", f"S{number:04}", "Tool") for number in range(50)]
    with pytest.raises(FeedError, match="more than 10 objects"):
        parse("attack", stix_bundle(*many))
