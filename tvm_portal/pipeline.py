"""The order of work, known only here: intelligence -> match -> support -> score -> end exceptions -> progress of remediation ->
snapshot.

Feeds and reports only store what they say; what it means is worked out by these two functions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from exceptions import actions as exceptions
from inventory.bulk import mark_dirty
from recommendations import actions as recommendations
from recommendations.models import Run
from remediation import actions as remediation
from weaknesses import actions as weaknesses
from weaknesses.bulk import apply_intelligence
from weaknesses.matching import apply_support_cycles


def run(*, now: dt.datetime) -> Run:
    """A full run: everything matched, scored and written to today's history."""
    apply_intelligence(now)
    weaknesses.match_versions(now=now, relink=True)
    apply_support_cycles(now=now)
    finished = recommendations.recompute(now=now)
    exceptions.follow(now=now)
    remediation.follow_progress(now=now)
    recommendations.snapshot(day=now.date())
    return finished


def refresh(*, now: dt.datetime, limit: int = 500) -> int:
    """Bring changed machines up to date; returns how many were rebuilt.

    New versions are matched first. Versions whose matches changed mark the machines that carry them, and so do those with a
    weakness that an alert names, or names no more.
    """
    follow(version_ids=weaknesses.match_versions(now=now).touched_version_ids, now=now)
    mark_dirty(version_ids=recommendations.rescore_alerted(now=now), now=now)
    return recommendations.refresh_dirty(now=now, limit=limit)


def follow(*, version_ids: Sequence[int], now: dt.datetime) -> None:
    """Score these versions anew after their matches changed, and mark the machines that carry them."""
    if version_ids:
        recommendations.score_versions(version_ids=version_ids, now=now)
        mark_dirty(version_ids=version_ids, now=now)
