"""The kinds of occurrences that a rule can tell of. Pure."""

from __future__ import annotations

from dataclasses import dataclass

RISK, WORK, PORTAL = "Risk", "Remediation and exceptions", "The portal"


@dataclass(frozen=True, slots=True)
class Kind:
    """`heading`: of its part of a mail. `tone`: bad, warn, good or empty. Kinds stand in the order of their importance.

    `gone`: no machine may have it any more, so that it is told where no machine is left, too.
    """

    key: str
    label: str
    heading: str
    topic: str
    icon: str
    tone: str = ""
    gone: bool = False


KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind("exploited", "Exploited in the wild", "Exploited in the wild", RISK, "target", "bad"),
        Kind("zero_day", "New zero day", "New zero days", RISK, "bug", "bad"),
        Kind("kit", "Exploit added to an exploit kit", "Added to exploit kits", RISK, "bugkit", "bad"),
        Kind("verified", "Exploit was verified", "Verified exploits", RISK, "bugok", "bad"),
        Kind("new_exploit", "New public exploit", "New public exploits", RISK, "bug", "bad"),
        Kind("patched", "Patch for a zero day", "Patches for zero days", RISK, "check", "good"),
        Kind("new_weakness", "New weakness", "New weaknesses", RISK, "docwarn", "warn"),
        Kind("score_rose", "Exposure score rose", "Exposure score", RISK, "rise", "bad"),
        Kind("end_of_support", "Support ended", "End of support", RISK, "cal", "warn", gone=True),
        Kind("new_recommendation", "New recommendation", "New recommendations", RISK, "recs"),
        Kind("closed_recommendation", "Recommendation was closed", "Closed recommendations", RISK, "check", "good", gone=True),
        Kind("fixed", "Weaknesses were fixed", "Fixed weaknesses", RISK, "check", "good", gone=True),
        Kind("new_configuration", "New configuration check", "New configuration checks", RISK, "gear", gone=True),
        Kind("ticket_failed", "Ticket failed or was rejected", "Tickets that failed or were rejected", WORK, "ticket", "bad", gone=True),
        Kind("overdue", "Remediation is overdue", "Overdue remediation", WORK, "fix", "bad", gone=True),
        Kind("completed", "Remediation was completed", "Completed remediation", WORK, "fix", "good", gone=True),
        Kind("exception_waiting", "Exception needs approval", "Exceptions that need approval", WORK, "pause", "warn", gone=True),
        Kind("exception_resurfaced", "Exception resurfaced", "Resurfaced exceptions", WORK, "pause", "bad", gone=True),
        Kind("exception_ending", "Exception is about to end", "Exceptions about to end", WORK, "pause", "warn", gone=True),
        Kind("exception_expired", "Exception expired", "Expired exceptions", WORK, "pause", "warn", gone=True),
        Kind("feed_failing", "Feed cannot be read", "Feeds that cannot be read", PORTAL, "feed", "warn"),
        Kind("data_stale", "Figures are older than a day", "Age of the figures", PORTAL, "warn", "warn"),
        Kind("inaccuracy", "Inaccuracy was reported", "Reported inaccuracies", PORTAL, "flag"),
    )
}
RANK = {key: place for place, key in enumerate(KINDS)}
OF_RECOMMENDATIONS = ("new_recommendation", "closed_recommendation")
GONE = tuple(kind.key for kind in KINDS.values() if kind.gone)
TOPICS = tuple((topic, tuple(kind for kind in KINDS.values() if kind.topic == topic)) for topic in (RISK, WORK, PORTAL))
