"""Asking for a fix, and following it until it is done. Nothing here changes anything on a machine."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from core import audit, sql
from core.models import User
from core.transitions import allows, move
from inventory.models import MachineGroup
from inventory.versions import sort_key
from recommendations.models import Recommendation
from remediation import ticket_actions
from remediation.errors import AlreadyCompleted, NothingToDo
from remediation.models import Activity, InboundMessage
from remediation.rules import ACTIVITY, MARKS, UNDISTURBED_TAG

KEPT = dt.timedelta(days=180)
SYSTEM = "System confirmation"
NOT_COMPLETED = {"status": Activity.Status.ACTIVE, "completed_at": None, "completed_by": "", "completion": ""}


def request_remediation(
    *,
    recommendation: Recommendation,
    group_ids: Sequence[int],
    priority: str,
    due_on: dt.date | None = None,
    notes: str = "",
    systems: Sequence[str] = (),
    reach: str = Activity.Reach.ALL,
    by: User,
    now: dt.datetime,
) -> Activity:
    """Ask IT to carry it out on the machines of these groups that need it now. Which machines these are is fixed here.

    `reach` narrows a configuration change to machines whose users would not notice. `systems`: where tickets are opened.
    What needs attention has no targets, no due date and no progress: there is nothing to measure. Raises NothingToDo, NotConnected.
    """
    measurable = recommendation.kind != Recommendation.Kind.ATTENTION
    names = list(MachineGroup.objects.filter(pk__in=group_ids).order_by("is_default", "rank", "id").values_list("name", flat=True))
    with transaction.atomic():
        activity = Activity.objects.create(
            id=uuid.uuid4(),
            recommendation=recommendation,
            title=recommendation.title,
            component=recommendation.component,
            kind=recommendation.kind,
            reach=reach,
            group_names=names,
            aims=_aims(recommendation, group_ids),
            priority=priority,
            due_on=due_on if measurable else None,
            notes=notes.strip(),
            requested_by=by,
            created_at=now,
        )
        if measurable:
            parameters = {"activity": activity.pk, "recommendation": recommendation.pk, "groups": list(group_ids)}
            tag = UNDISTURBED_TAG if reach == Activity.Reach.UNDISTURBED else None
            sql.run("remediation/store_targets", parameters | {"configuration": recommendation.configuration_id, "tag": tag})
            activity.refresh_from_db(fields=["target_count"])
            if not activity.target_count:
                raise NothingToDo
        after = {
            "recommendation": recommendation.key,
            "machines": activity.target_count,
            "groups": names,
            "reach": reach,
            "priority": priority,
            "due_on": activity.due_on.isoformat() if activity.due_on else None,
        }
        audit.record(by=by.get_username(), action="remediation.request", object=activity, now=now, after=after)
        ticket_actions.open_tickets(activity=activity, systems=systems, by=by, now=now)
    return activity


def request_several(
    *,
    recommendations: Sequence[Recommendation],
    group_ids: Sequence[int],
    priority: str,
    due_on: dt.date | None = None,
    notes: str = "",
    systems: Sequence[str] = (),
    by: User,
    now: dt.datetime,
) -> tuple[list[Activity], list[Recommendation]]:
    """An activity for each of them, all or none. Returns the activities, and what no machine needs any more."""
    made, left = [], []
    with transaction.atomic():
        for recommendation in recommendations:
            try:
                activity = request_remediation(
                    recommendation=recommendation,
                    group_ids=group_ids,
                    priority=priority,
                    due_on=due_on,
                    notes=notes,
                    systems=systems,
                    by=by,
                    now=now,
                )
            except NothingToDo:
                left.append(recommendation)
            else:
                made.append(activity)
    return made, left


def complete_activity(*, activity: Activity, by: User, now: dt.datetime) -> Activity:
    """Mark it completed by hand, whatever its machines report. Raises AlreadyCompleted."""
    with transaction.atomic():
        activity = Activity.objects.select_for_update().get(pk=activity.pk)
        if not allows(ACTIVITY, state_of(activity), "complete"):
            raise AlreadyCompleted
        _move(activity, "complete", who=by.email or by.get_username(), now=now)
        after = {"fixed": activity.fixed_count, "of": activity.target_count}
        audit.record(by=by.get_username(), action="remediation.complete", object=activity, now=now, after=after)
    return activity


def reopen_activity(*, activity: Activity, by: User, now: dt.datetime) -> Activity:
    """Take a completion by hand back. Opening one that is open changes nothing; one that is done by itself stays so."""
    with transaction.atomic():
        activity = Activity.objects.select_for_update().get(pk=activity.pk)
        if not allows(ACTIVITY, state_of(activity), "reopen"):
            return activity
        before = {"completed_by": activity.completed_by}
        _move(activity, "reopen", who=by.get_username(), now=now)
        audit.record(by=by.get_username(), action="remediation.reopen", object=activity, now=now, before=before)
    return activity


def follow_progress(*, now: dt.datetime) -> int:
    """Which targets are done now; completes what is done everywhere, opens again what fell back. Returns activities moved."""
    with transaction.atomic():
        moved = sql.rows("remediation/store_progress", {"now": now, "marks": list(MARKS)})
        found = Activity.objects.select_for_update().in_bulk([row["id"] for row in moved])
        for activity in found.values():
            verb, deed = ("confirm", "complete") if activity.status == Activity.Status.ACTIVE else ("regress", "reopen")
            _move(activity, verb, who=SYSTEM, now=now)
            audit.record(by="system", action=f"remediation.{deed}", object=activity, now=now)
    return len(moved)


def forget_old(*, now: dt.datetime) -> int:
    """Remove what was completed longer than 180 days ago; the audit trail keeps that it was. Returns how many."""
    found = Activity.objects.filter(status=Activity.Status.COMPLETED, completed_at__lt=now - KEPT)
    count = found.count()
    found.delete()
    InboundMessage.objects.filter(received_at__lt=now - KEPT).delete()
    return count


def _aims(recommendation: Recommendation, group_ids: Sequence[int]) -> list[dict[str, str]]:
    """The version to reach by platform, as known now. Empty for what has no version to reach."""
    software = recommendation.software
    if software is None or recommendation.kind not in (Recommendation.Kind.UPDATE, Recommendation.Kind.UPGRADE):
        return []
    rows = sql.rows("recommendations/read_recommendation_targets", {"recommendation": recommendation.pk, "groups": list(group_ids)})
    single = recommendation.recommended_version if len(rows) == 1 else ""
    if recommendation.kind == Recommendation.Kind.UPGRADE and not recommendation.recommended_version:
        return []
    found = [(row["platform"], single or row["target"]) for row in rows]
    return [{"platform": platform, "version": version, "key": sort_key(software.ecosystem, version)} for platform, version in found]


def state_of(activity: Activity) -> str:
    """As rules.ACTIVITY calls it."""
    return activity.completion or ("manual" if activity.status == Activity.Status.COMPLETED else "active")


def _move(activity: Activity, verb: str, *, who: str, now: dt.datetime) -> None:
    reached = move(ACTIVITY, state_of(activity), verb)
    if reached == "active":
        _set(activity, **NOT_COMPLETED)
        ticket_actions.tell(activity=activity, event="reopened", who="" if who == SYSTEM else who, now=now)
    else:
        _set(activity, status=Activity.Status.COMPLETED, completed_at=now, completed_by=who[:254], completion=reached)
        ticket_actions.tell(activity=activity, event="completed", who=who, now=now)


def _set(activity: Activity, **values: Any) -> None:
    for name, value in values.items():
        setattr(activity, name, value)
    activity.save(update_fields=list(values))
