"""Every feed, in the order in which they are read: weaknesses first, then what is said about them."""

from __future__ import annotations

from weaknesses.feeds import cvelist, debian, endoflife, epss, exploitdb, kev, metasploit, nvd, pocs
from weaknesses.feeds.base import FeedKind

FEEDS: dict[str, FeedKind] = {
    feed.kind: feed
    for feed in (
        nvd.FEED,
        cvelist.FEED,
        kev.FEED,
        epss.FEED,
        exploitdb.FEED,
        metasploit.FEED,
        pocs.FEED,
        debian.FEED,
        endoflife.FEED,
    )
}
