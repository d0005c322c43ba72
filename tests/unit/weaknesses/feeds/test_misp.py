"""Galaxy clusters that name a weakness."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.weaknesses.feed_samples import misp_cluster, misp_galaxy, parse
from weaknesses.feeds import FEEDS
from weaknesses.records import Refused, ThreatRecord


def test_a_cluster_names_weaknesses_in_its_description_and_its_reports() -> None:
    reports = ["https://acme.example/report", "https://acme.example/cve-2099-0002-rockets/"]
    cluster = misp_cluster(meta={"refs": reports, "synonyms": ["acme panda", "Rocket Cat"], "links": ["http://gang.onion/CVE-2099-0009"]})
    first, second = parse("misp_threat_actor", misp_galaxy("threat-actor", cluster, misp_cluster("Silent", description="Nothing.")))
    assert isinstance(first, ThreatRecord)
    assert isinstance(second, ThreatRecord)
    assert (first.cve, first.kind, first.name, first.summary) == ("CVE-2099-0001", "group", "Acme Panda", "Also known as Rocket Cat.")
    assert (first.url, second.url) == tuple(reports)
    assert second.cve == "CVE-2099-0002"


@pytest.mark.parametrize(
    ("feed", "galaxy", "kind"),
    [
        ("misp_threat_actor", "threat-actor", "group"),
        ("misp_microsoft", "microsoft-activity-group", "group"),
        ("misp_ransomware", "ransomware", "malware"),
        ("misp_tool", "tool", "tool"),
    ],
)
def test_each_galaxy_is_known_by_its_type(feed: str, galaxy: str, kind: str) -> None:
    content = misp_galaxy(galaxy, misp_cluster())
    [record] = parse(feed, content)
    assert isinstance(record, ThreatRecord)
    assert record.kind == kind
    assert [name for name, plugin in FEEDS.items() if name.startswith("misp_") and plugin.looks_right(content)] == [feed]


@pytest.mark.parametrize("bad", [7, {}, misp_cluster(uuid="x"), misp_cluster(""), misp_cluster(meta=7), misp_cluster(description=7)])
def test_one_bad_cluster_does_not_sink_the_galaxy(bad: Any) -> None:
    found = parse("misp_tool", misp_galaxy("tool", bad, misp_cluster("Boom")))
    assert [record.name for record in found if isinstance(record, ThreatRecord)] == ["Boom"]
    assert sum(isinstance(record, Refused) for record in found) == (0 if bad == {} else 1)
