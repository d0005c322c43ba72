"""Every feed, in the order in which they are read: weaknesses first, then what is said about them."""

from __future__ import annotations

from weaknesses.feeds import (
    attack,
    attack_mappings,
    cvelist,
    debian,
    endoflife,
    epss,
    exploitdb,
    kev,
    metasploit,
    misp,
    msfdb,
    nvd,
    poc_in_github,
    pocs,
)
from weaknesses.feeds.base import FeedKind

FEEDS: dict[str, FeedKind] = {
    feed.kind: feed
    for feed in (
        nvd.FEED,
        cvelist.FEED,
        kev.FEED,
        epss.FEED,
        exploitdb.FEED,
        exploitdb.SHELLCODES,
        metasploit.FEED,
        msfdb.FEED,
        pocs.FEED,
        poc_in_github.FEED,
        attack.FEED,
        attack_mappings.FEED,
        attack_mappings.OLDER,
        *misp.FEEDS,
        debian.FEED,
        endoflife.FEED,
    )
}
