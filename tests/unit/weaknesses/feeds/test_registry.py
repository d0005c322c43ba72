"""What every feed states about itself."""

from __future__ import annotations

from weaknesses.bulk import AUTHORITY
from weaknesses.feeds import FEEDS
from weaknesses.rules import OF_SINGLE_PRODUCTS, SOURCE_CONFIDENCE, STAND_INS

OF_THE_PORTAL = {"starter", "curator"}
PARTS = {"debian/dsa", "ubuntu/usn"}  # publications of a feed that speak for themselves: Dialect.advisory_part


def test_feeds_are_known_by_name_and_described() -> None:
    assert set(FEEDS) >= {"nvd", "kev", "epss", "exploitdb", "metasploit", "pocs", "debian", "endoflife"}
    assert set(FEEDS) >= {"ubuntu", "redhat", "almalinux", "rocky", "suse", "opensuse", "alpine", "bitnami"}
    assert set(FEEDS) >= {"pypi", "npm", "golang", "maven", "nuget", "gem", "cargo", "composer"}
    assert set(FEEDS) >= {"cvelist", "attack", "misp_tool", "poc_in_github", "msfdb", "msrc", "overrides"}
    assert list(FEEDS)[:2] == ["nvd", "cvelist"]
    for kind, feed in FEEDS.items():
        assert feed.kind == kind
        assert len(kind) <= 20
        assert all((feed.label, feed.about, feed.home, feed.licence, feed.attribution, feed.taken, feed.patterns))


def test_every_source_of_ranges_has_a_confidence_and_no_other_has() -> None:
    stores_ranges = {kind for kind, feed in FEEDS.items() if feed.store.states_ranges}
    assert set(SOURCE_CONFIDENCE) == stores_ranges | OF_THE_PORTAL


def test_what_is_said_of_sources_is_said_of_sources_that_exist() -> None:
    known = set(SOURCE_CONFIDENCE) | PARTS
    assert set(AUTHORITY) <= known
    assert set(STAND_INS) <= known
    assert set(OF_SINGLE_PRODUCTS) <= known
    assert not set(OF_SINGLE_PRODUCTS) & set(STAND_INS)


def test_who_leads_on_versions_is_surer_of_them() -> None:
    whole = sorted((source for source in STAND_INS if source not in PARTS), key=STAND_INS.__getitem__)
    confidence = [SOURCE_CONFIDENCE[source] for source in (*whole, "nvd")]
    assert confidence == sorted(confidence)
