"""What every feed states about itself."""

from __future__ import annotations

from weaknesses.feeds import FEEDS


def test_feeds_are_known_by_name_and_described() -> None:
    assert set(FEEDS) >= {"nvd", "kev", "epss", "exploitdb", "metasploit", "pocs", "debian", "endoflife"}
    assert set(FEEDS) >= {"ubuntu", "redhat", "almalinux", "rocky", "suse", "opensuse", "alpine", "bitnami"}
    assert set(FEEDS) >= {"pypi", "npm", "golang", "maven", "nuget", "gem", "cargo", "composer"}
    assert next(iter(FEEDS)) == "nvd"
    for kind, feed in FEEDS.items():
        assert feed.kind == kind
        assert len(kind) <= 20
        assert all((feed.label, feed.about, feed.home, feed.licence, feed.attribution, feed.taken, feed.patterns))
