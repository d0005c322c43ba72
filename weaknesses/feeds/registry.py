"""Every feed, in the order in which they are read: weaknesses first, then what is said about them."""

from __future__ import annotations

from weaknesses.feeds import debian, endoflife, epss, exploitdb, kev, metasploit, msrc, nvd, pocs
from weaknesses.feeds.base import FeedKind

FEEDS: dict[str, FeedKind] = {
    feed.kind: feed
    for feed in (
        nvd.FEED,
        kev.FEED,
        epss.FEED,
        exploitdb.FEED,
        metasploit.FEED,
        pocs.FEED,
        debian.FEED,
        msrc.FEED,
        endoflife.FEED,
    )
}
