"""The scheduled work. Each task reads the clock, calls one action and returns counts; all are safe to run twice."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from celery import chord, shared_task
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from core import outbox as mails
from core import partitions
from exceptions import actions as exceptions
from exceptions import notices
from inventory import actions as inventory
from inventory import fleet, interrupted
from inventory.group_actions import SCHEDULE
from recommendations import actions as recommendations
from recommendations import fanned_actions as fanned
from recommendations import history
from recommendations.errors import RunUnderWay
from remediation import actions as remediation
from remediation import outbox, ticket_reading
from tvm_portal import catching_up, pipeline
from tvm_portal.notifications import occurrences, posting
from weaknesses.actions import close_interrupted_feeds, sync_feed
from weaknesses.errors import FeedBusy
from weaknesses.feed_queries import scheduled_feeds
from weaknesses.models import FeedRun

# For what nobody would ask for again before the next night: while the database restarts, it waits and is tried anew.
PERSISTENT: dict[str, Any] = {
    "autoretry_for": (OperationalError, InterfaceError),
    "retry_backoff": 2,
    "retry_backoff_max": 60,
    "max_retries": 10,
}


@shared_task
def refresh_dirty_machines(**_: Any) -> int:
    """Changed machines, until none waits or others have waited long enough; returns how many were computed."""
    return catching_up.catch_up(clock=timezone.now)


@shared_task(**PERSISTENT)
def follow_matches(*, version_ids: list[int], **_: Any) -> int:
    """After a curator's word changed matches: the scores of the machines that carry the versions."""
    now = timezone.now()
    pipeline.follow(version_ids=version_ids, now=now)
    return pipeline.refresh(now=now)


@shared_task(**PERSISTENT)
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


@shared_task(**PERSISTENT)
def regroup_machines(*, by: str = SCHEDULE, **_: Any) -> int:
    """After a rule or the rank of a group changed, and each night: every machine into its group. Returns how many moved."""
    return inventory.regroup_machines(by=by, now=timezone.now())


@shared_task(**PERSISTENT)
def recompute(**_: Any) -> str:
    """A full run: in this task, or as a chord of one task for each slice of a large fleet."""
    now = timezone.now()
    try:
        token = pipeline.start(now=now)
    except RunUnderWay:  # another follows it
        return _resume()
    if token is not None:
        return share(token, fanned.left())
    recommendations.recompute(now=now)
    pipeline.end(now=now)
    send_notifications.delay()
    return "done"


@shared_task(ignore_result=False, autoretry_for=(OperationalError, InterfaceError), max_retries=5, default_retry_delay=5)
def score_slice(*, token: str, number: int, **_: Any) -> bool:
    """One slice of a full run. Asked for again, it has been done, or is waited for."""
    return fanned.score_slice(token=uuid.UUID(token), number=number)


@shared_task(ignore_result=False, autoretry_for=(OperationalError, InterfaceError), max_retries=5, default_retry_delay=5)
def sum_slice(*, token: str, number: int, **_: Any) -> bool:
    """The sums of one slice of a full run that had nothing to do itself."""
    return fanned.sum_slice(token=uuid.UUID(token), number=number)


@shared_task(autoretry_for=(OperationalError, InterfaceError), max_retries=5, default_retry_delay=5)
def finish_recompute(*, token: str, summed: bool = False, **_: Any) -> bool:
    """The end of a full run over slices. Does what its slices left undone, and starts the next run if one was asked for."""
    if not summed and (numbers := fanned.left_to_sum()):
        chord([sum_slice.s(token=token, number=number) for number in numbers])(finish_recompute.si(token=token, summed=True))
        return False
    again = fanned.asked_again()
    if fanned.finish(token=uuid.UUID(token), now=timezone.now()) is None:
        return False
    partitions.analyze()
    pipeline.end(now=timezone.now())
    send_notifications.delay()
    if again:
        recompute.delay()
    return True


@shared_task
def resume_recompute(**_: Any) -> str:
    """Slices that a killed worker left go to the others."""
    return _resume()


def _resume() -> str:
    found = fanned.progress(lease=dt.timedelta(seconds=settings.FAN_OUT_LEASE_SECONDS))
    return share(found.token, found.left) if found is not None and found.idle else "nothing to resume"


def share(token: uuid.UUID, numbers: Sequence[int]) -> str:
    """A task for each of these slices of a full run, and one for its end when all are done."""
    if not numbers:
        finish_recompute.delay(token=str(token))
    else:
        chord([score_slice.s(token=str(token), number=number) for number in numbers])(finish_recompute.si(token=str(token)))
    return f"{len(numbers)} slices"


@shared_task
def follow_remediation(**_: Any) -> int:
    """How far the activities are, as of the last scores."""
    return remediation.follow_progress(now=timezone.now())


@shared_task
def end_exceptions(**_: Any) -> int:
    """Exceptions whose time is over; what they cost is looked at after each full run."""
    return exceptions.follow(now=timezone.now(), growth=False)


@shared_task
def close_interrupted(**_: Any) -> int:
    """And runs of feeds. Returns how many accounts ended so."""
    return interrupted.close_interrupted(now=timezone.now()) + close_interrupted_feeds(now=timezone.now())


@shared_task
def tell_of_ends(**_: Any) -> int:
    return notices.tell_of_ends(now=timezone.now())


@shared_task
def forget_old_activities(**_: Any) -> int:
    return remediation.forget_old(now=timezone.now())


@shared_task
def forget_old_history(**_: Any) -> int:
    return history.forget(today=timezone.now().date(), days=settings.HISTORY_DAYS)


@shared_task
def analyze_tables(**_: Any) -> int:
    """Statistics of tables as a whole, which autovacuum leaves out where they are in partitions. Returns how many."""
    return partitions.analyze()


@shared_task
def deliver_tickets(**_: Any) -> int:
    """Hands what is due to the ticket systems; returns attempts made."""
    return outbox.deliver_due(clock=timezone.now)


@shared_task
def read_tickets(**_: Any) -> int:
    """How the tickets stand in the systems that can be asked; returns how many were read."""
    return ticket_reading.read_due(now=timezone.now())


@shared_task
def snapshot(**_: Any) -> None:
    recommendations.snapshot(day=timezone.now().date())


@shared_task
def send_notifications(**_: Any) -> dict[str, int]:
    """What happened into mails, and mails to the server."""
    queued = posting.post(now=timezone.now())
    sent, missed = mails.deliver_due(clock=timezone.now)
    return {"queued": queued, "sent": sent, "missed": missed}


@shared_task
def forget_old_notifications(**_: Any) -> int:
    now = timezone.now()
    return mails.forget_old(now=now) + occurrences.forget_old(now=now)
