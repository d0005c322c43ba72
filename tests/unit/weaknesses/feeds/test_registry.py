"""What every feed states about itself."""

from __future__ import annotations

from weaknesses.feeds import FEEDS


def test_feeds_are_known_by_name_and_described() -> None:
    assert list(FEEDS)[:2] == ["nvd", "cvelist"]
    assert {"kev", "epss", "exploitdb", "metasploit", "attack", "misp_tool", "debian", "endoflife"} <= set(FEEDS)
    for kind, feed in FEEDS.items():
        assert feed.kind == kind
        assert all((feed.label, feed.about, feed.home, feed.licence, feed.attribution, feed.taken, feed.patterns))
