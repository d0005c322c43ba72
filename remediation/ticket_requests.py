"""An activity in the words of a ticket: the same for every try."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse

from core import mail
from core.people import name_of
from inventory.models import Machine
from remediation import queries
from remediation.models import Activity, Delivery
from remediation.ticketing.base import Device, Request


def request_of(delivery: Delivery, *, most_devices: int | None) -> Request:
    """What a system is asked to make a ticket of. The machines are those kept with the delivery, else all that were targeted."""
    ticket = delivery.ticket
    related = ("recommendation__software", "recommendation__configuration", "requested_by")
    activity = Activity.objects.select_related(*related).get(pk=ticket.activity_id)
    recommendation, what = activity.recommendation, queries.steps_of(activity)
    check, software = recommendation.configuration, recommendation.software
    return Request(
        key=str(ticket.key),
        activity=str(activity.pk),
        title=activity.title,
        description=_description(activity),
        steps=what.steps,
        kind=activity.kind,
        product=activity.component or recommendation.component,
        publisher=software.vendor if software else "",
        version=what.aims[0][1] if what.aims else recommendation.recommended_version,
        priority=activity.priority,  # type: ignore[arg-type]
        due_on=activity.due_on,
        notes=activity.notes,
        requested_by=name_of(activity.requested_by),
        requested_at=activity.created_at,
        weaknesses=recommendation.weakness_count,
        devices=_devices(activity, delivery.payload.get("machines"), most=most_devices),
        device_total=activity.target_count,
        address=mail.address_of(reverse("remediation:activity", args=[activity.pk])),
        settings_asked=((check.name, check.remediation),) if check else (),
    )


def _description(activity: Activity) -> str:
    recommendation = activity.recommendation
    if recommendation.configuration:
        return recommendation.configuration.description or recommendation.configuration.risk
    count = recommendation.weakness_count
    known = f"{count:,} known weakness{'' if count == 1 else 'es'}"
    urgent = " Some of them are being exploited." if recommendation.exploited else ""
    return f"{activity.component or recommendation.component} has {known}.{urgent}"


def _devices(activity: Activity, chosen: Sequence[int] | None, *, most: int | None) -> list[Device]:
    """In the order in which they were chosen, else by id; machines that have been deleted since are left out."""
    if most == 0:
        return []
    if chosen is None:
        chosen = list(activity.targets.order_by("machine_id").values_list("machine_id", flat=True))
    rows = Machine.objects.filter(pk__in=chosen).values_list("id", "name", "group__name", "os_name", "os_version")
    found = {row[0]: Device(row[0], row[1], row[2], f"{row[3]} {row[4]}".strip()) for row in rows}
    return [found[pk] for pk in chosen if pk in found]
