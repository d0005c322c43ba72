"""The order of work, known only here: intelligence -> match -> support -> score -> end exceptions -> progress of remediation ->
snapshot.

Feeds and reports only store what they say; what it means is worked out here. From FAN_OUT_MACHINES machines on, scores are computed over
slices of the fleet, in a transaction each: by `run` one after the other, by the tasks beside each other.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from django.conf import settings

from core import partitions
from exceptions import actions as exceptions
from inventory.bulk import mark_dirty
from inventory.models import Machine
from recommendations import actions as recommendations
from recommendations import fanned_actions as fanned
from recommendations.errors import RunUnderWay
from recommendations.models import Run
from remediation import actions as remediation
from weaknesses import actions as weaknesses
from weaknesses.bulk import apply_intelligence
from weaknesses.matching import apply_support_cycles


def run(*, now: dt.datetime, afresh: bool = False) -> Run:
    """A full run in this process: everything matched, scored and written to today's history. `afresh`: nothing computed earlier is kept."""
    if afresh:
        _match(now, afresh=True)
        finished = recommendations.recompute(now=now, afresh=True)
        end(now=now)
        return finished
    try:
        token = start(now=now)
    except RunUnderWay:  # what it leaves is taken over
        token = None
    shared = fanned.finish(token=token, now=now) if token else None
    if shared is not None:
        partitions.analyze()
    finished = shared or recommendations.recompute(now=now)
    end(now=now)
    return finished


def start(*, now: dt.datetime) -> uuid.UUID | None:
    """Everything matched, and a full run over slices prepared. None: it is to be done in one transaction.

    Raises RunUnderWay where one over slices has not ended.
    """
    _match(now)
    if Machine.objects.count() < settings.FAN_OUT_MACHINES:
        return None
    return fanned.prepare(now=now)


def _match(now: dt.datetime, *, afresh: bool = False) -> None:
    apply_intelligence(now)
    weaknesses.match_versions(now=now, relink=True, afresh=afresh)
    apply_support_cycles(now=now)


def end(*, now: dt.datetime) -> None:
    """What follows new scores: exceptions that end, progress of remediation, today's history."""
    exceptions.follow(now=now)
    remediation.follow_progress(now=now)
    recommendations.snapshot(day=now.date())


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
