"""What the demo's security admin asked of IT: real requests, whose progress comes from the machines' reports like any other."""

from __future__ import annotations

import datetime as dt

from core.models import User
from inventory.models import MachineGroup
from recommendations.models import Recommendation
from remediation import actions, connections, ticket_actions
from remediation.errors import NothingToDo
from remediation.models import Activity
from remediation.ticketing import builtin

REQUESTER, ADMINISTRATOR = "demo.requester", "demo.it"
# Days before the end -> what IT said in its queue: verb and note.
ANSWERED = {
    38: (("accept", "The restart is forced tonight."),),
    27: (("accept", ""), ("complete", "Rolled out; three machines are abroad and follow.")),
    16: (("reject", "Not before the release on the 4th. Please ask again after it."),),
}
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
                activity = actions.request_remediation(
                    recommendation=wanted,
                    group_ids=list(MachineGroup.objects.values_list("pk", flat=True)),
                    priority=priority,
                    due_on=now.date() + dt.timedelta(days=due),
                    notes=notes,
                    systems=[system for system in connections.enabled() if system == builtin.KEY],
                    by=requester(),
                    now=now,
                )
                _answer(activity, days, now=now)
            except NothingToDo:
                continue


def remove() -> None:
    Activity.objects.filter(requested_by__username=REQUESTER).delete()
    User.objects.filter(username__in=(REQUESTER, ADMINISTRATOR)).delete()


def _answer(activity: Activity, days: int, *, now: dt.datetime) -> None:
    """What IT made of it, some hours later."""
    by = _person(ADMINISTRATOR, "Jonas", "Feldkamp")
    for ticket in activity.tickets.filter(provider=builtin.KEY):
        for hours, (verb, note) in enumerate(ANSWERED.get(days, ()), 1):
            ticket_actions.assign(ticket=ticket, to=by, by=by, now=now + dt.timedelta(hours=hours))
            ticket_actions.move(ticket=ticket, verb=verb, note=note, by=by, now=now + dt.timedelta(hours=hours))


def _most_helpful() -> Recommendation | None:
    kinds = (Recommendation.Kind.UPDATE, Recommendation.Kind.UPGRADE, Recommendation.Kind.CONFIGURATION)
    open_ones = Recommendation.objects.filter(present=True, kind__in=kinds, activities__isnull=True)
    return open_ones.order_by("-top_threat", "-weakness_count", "id").first()


def requester() -> User:
    return _person(REQUESTER, "Maren", "Sollberg")


def _person(username: str, first_name: str, last_name: str) -> User:
    """A user who can never sign in."""
    names = {"first_name": first_name, "last_name": last_name, "is_active": False}
    user, made = User.objects.get_or_create(username=username, defaults=names)
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user
