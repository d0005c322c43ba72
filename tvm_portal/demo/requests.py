"""What the demo's security admin asked of IT: real requests, whose progress comes from the machines' reports like any other."""

from __future__ import annotations

import datetime as dt

from core.models import User
from inventory.models import MachineGroup
from recommendations.models import Recommendation
from remediation import actions
from remediation.errors import NothingToDo
from remediation.models import Activity

REQUESTER = "demo.requester"
# Days before the end, priority, days until it is due, notes.
ASKED = (
    (38, "high", 14, "Exploited in the wild. Please force the restart within a day."),
    (27, "high", 21, ""),
    (16, "medium", 30, "In the next maintenance window."),
    (9, "medium", 21, ""),
    (4, "low", 60, ""),
)


def ask(*, age: int, now: dt.datetime) -> None:
    """The request of this day, if there is one: for what helps most and was not asked for yet."""
    for days, priority, due, notes in ASKED:
        wanted = _most_helpful() if days == age else None
        if wanted is not None:
            try:
                actions.request_remediation(
                    recommendation=wanted,
                    group_ids=list(MachineGroup.objects.values_list("pk", flat=True)),
                    priority=priority,
                    due_on=now.date() + dt.timedelta(days=due),
                    notes=notes,
                    by=requester(),
                    now=now,
                )
            except NothingToDo:
                continue


def remove() -> None:
    Activity.objects.filter(requested_by__username=REQUESTER).delete()
    User.objects.filter(username=REQUESTER).delete()


def _most_helpful() -> Recommendation | None:
    kinds = (Recommendation.Kind.UPDATE, Recommendation.Kind.UPGRADE, Recommendation.Kind.CONFIGURATION)
    open_ones = Recommendation.objects.filter(present=True, kind__in=kinds, activities__isnull=True)
    return open_ones.order_by("-top_threat", "-weakness_count", "id").first()


def requester() -> User:
    """A user who can never sign in."""
    user, made = User.objects.get_or_create(
        username=REQUESTER, defaults={"first_name": "Maren", "last_name": "Sollberg", "is_active": False}
    )
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user
