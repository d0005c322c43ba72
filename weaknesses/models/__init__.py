"""What is wrong: weaknesses (CVEs), the versions they affect, exploits, support cycles, matches and events."""

from weaknesses.models.feeds import Event, Feed, FeedReject, FeedRun
from weaknesses.models.matching import AffectedRange, MatchOverride, SecurityUpdate, SupportCycle, VersionWeakness
from weaknesses.models.products import Product, SoftwareProduct, UnmatchedSoftware
from weaknesses.models.weaknesses import LISTED, EpssDay, EpssScore, ExploitEvidence, Statement, ThreatInsight, Weakness, WeaknessAlias

__all__ = [
    "LISTED",
    "AffectedRange",
    "EpssDay",
    "EpssScore",
    "Event",
    "ExploitEvidence",
    "Feed",
    "FeedReject",
    "FeedRun",
    "MatchOverride",
    "Product",
    "SecurityUpdate",
    "SoftwareProduct",
    "Statement",
    "SupportCycle",
    "ThreatInsight",
    "UnmatchedSoftware",
    "VersionWeakness",
    "Weakness",
    "WeaknessAlias",
]
