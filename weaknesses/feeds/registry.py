"""Every feed, in the order in which they are read: weaknesses first, then what is said about them."""

from __future__ import annotations

from weaknesses.feeds import (
    alpine,
    attack,
    attack_mappings,
    bitnami,
    cvelist,
    debian,
    endoflife,
    epss,
    exploitdb,
    kev,
    metasploit,
    misp,
    msfdb,
    msrc,
    nvd,
    oval_feeds,
    overrides,
    package_registries,
    poc_in_github,
    pocs,
    rpm_distributions,
    ubuntu,
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
        ubuntu.FEED,
        *rpm_distributions.FEEDS,
        alpine.FEED,
        *oval_feeds.FEEDS,
        *package_registries.FEEDS,
        bitnami.FEED,
        overrides.FEED,
        msrc.FEED,
        endoflife.FEED,
    )
}
