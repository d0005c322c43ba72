"""The scheduled work. Each task reads the clock, calls one action and returns counts; all are safe to run twice."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from exceptions import actions as exceptions
from exceptions import notices
from inventory import actions as inventory
from inventory import fleet
from recommendations import actions as recommendations
from remediation import actions as remediation
from tvm_portal import pipeline
from weaknesses.actions import sync_feed
from weaknesses.errors import FeedBusy
from weaknesses.feed_queries import scheduled_feeds
from weaknesses.models import FeedRun


@shared_task
def refresh_dirty_machines(**_: Any) -> int:
    return pipeline.refresh(now=timezone.now())


@shared_task
def follow_matches(*, version_ids: list[int], **_: Any) -> int:
    """After a curator's word changed matches: the scores of the machines that carry the versions."""
    now = timezone.now()
    pipeline.follow(version_ids=version_ids, now=now)
    return pipeline.refresh(now=now)


@shared_task
def sync_feeds(*, kinds: list[str] | None = None, **_: Any) -> dict[str, str]:
    """Every enabled feed (or the named ones), then a full run where something changed."""
    states = {}
    for kind in kinds or scheduled_feeds():
        try:
            states[kind] = sync_feed(kind=kind, now=timezone.now()).state
        except FeedBusy:  # another worker has it
            states[kind] = FeedRun.State.RUNNING
    if FeedRun.State.DONE in states.values():
        recompute.delay()
    return states


@shared_task
def pull_fleet(**_: Any) -> int:
    """The hosts of the Fleet server that the settings name, if they name one; returns how many were read."""
    return fleet.pull(now=timezone.now(), by="schedule").hosts if settings.FLEET_URL else 0


@shared_task
def regroup_machines(*, by: str = "schedule", **_: Any) -> int:
    """After a rule or the rank of a group changed: every machine into its group. Returns how many moved."""
    return inventory.regroup_machines(by=by, now=timezone.now())


@shared_task
def recompute(**_: Any) -> int:
    return pipeline.run(now=timezone.now()).pk


@shared_task
def follow_remediation(**_: Any) -> int:
    """How far the activities are, as of the last scores."""
    return remediation.follow_progress(now=timezone.now())


@shared_task
def end_exceptions(**_: Any) -> int:
    """Exceptions whose time is over; what they cost is looked at after each full run."""
    return exceptions.follow(now=timezone.now(), growth=False)


@shared_task
def tell_of_ends(**_: Any) -> int:
    return notices.tell_of_ends(now=timezone.now())


@shared_task
def forget_old_activities(**_: Any) -> int:
    return remediation.forget_old(now=timezone.now())


@shared_task
def snapshot(**_: Any) -> None:
    recommendations.snapshot(day=timezone.now().date())
