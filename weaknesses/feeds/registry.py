"""Every feed, in the order in which they are read: weaknesses first, then what is said about them."""

from __future__ import annotations

from weaknesses.feeds import (
    alpine,
    bitnami,
    debian,
    endoflife,
    epss,
    exploitdb,
    kev,
    metasploit,
    msrc,
    nvd,
    oval_feeds,
    package_registries,
    pocs,
    rpm_distributions,
    ubuntu,
)
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
        ubuntu.FEED,
        *rpm_distributions.FEEDS,
        alpine.FEED,
        *oval_feeds.FEEDS,
        *package_registries.FEEDS,
        bitnami.FEED,
        msrc.FEED,
        endoflife.FEED,
    )
}
