"""What the demo's security admin decided not to fix for a while: real exceptions, granted and ended by the portal's own actions."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from exceptions import actions, effects, queries
from exceptions.models import RiskException
from exceptions.queries import Subject
from exceptions.rules import end_of
from inventory.models import MachineGroup
from recommendations.models import Recommendation
from tvm_portal.demo.requests import REQUESTER, requester
from weaknesses.models import Weakness


@dataclass(frozen=True)
class Decision:
    """`age`: days before the end. `place`: of the recommendations of the kind by weaknesses. `groups`: how many, 0 for all machines."""

    age: int
    kind: str
    place: int
    justification: str
    context: str
    days: int
    groups: int


DECISIONS = (
    Decision(33, "configuration", 2, "accept", "Low risk on machines that never leave the office. Agreed with the works council.", 30, 0),
    Decision(20, "update", 6, "planned", "Rollout is scheduled with the quarterly release. Change CHG-2291.", 25, 2),
    Decision(12, "uninstall", 0, "productivity", "The plant's control software needs it until the new release is certified.", 90, 1),
    Decision(7, "configuration", 0, "control", "The network access control enforces the same on every port.", 60, 2),
    Decision(3, "update", 9, "control", "An application firewall in front of these machines blocks the attack.", 60, 1),
)
WEAKNESS_AGE = 2


def decide(*, age: int, now: dt.datetime) -> None:
    """The decisions of this day."""
    for decision in DECISIONS:
        wanted = _recommendation(decision) if decision.age == age else None
        if wanted is not None:
            _grant(Subject(recommendation=wanted), decision.justification, decision.context, decision.days, decision.groups, now=now)
    weakness = (
        Weakness.objects.filter(exposed_count__gt=0, exploited=False, exceptions__isnull=True).order_by("exposed_count", "cve").first()
    )
    if age == WEAKNESS_AGE and weakness is not None:
        context = "The affected module is not built in on our machines: checked with the maker's support."
        _grant(Subject(weakness=weakness), "false_pos", context, 90, 0, now=now)


def remove() -> None:
    found = RiskException.objects.filter(requested_by__username=REQUESTER)
    subjects = {queries.subject_of(exception) for exception in found.select_related("recommendation", "weakness", "software")}
    found.delete()
    for subject in subjects:
        effects.store(subject, queries.current(subject))


def _grant(subject: Subject, justification: str, context: str, days: int, groups: int, *, now: dt.datetime) -> None:
    places = MachineGroup.objects.filter(machine_count__gt=0).order_by("-machine_count", "id").values_list("pk", flat=True)
    actions.grant(
        subjects=[subject],
        justification=justification,
        context=context,
        until=end_of(now.date() + dt.timedelta(days=days)),
        group_ids=list(places[:groups]) if groups else None,
        by=requester(),
        now=now,
    )


def _recommendation(decision: Decision) -> Recommendation | None:
    free = Recommendation.objects.filter(present=True, kind=decision.kind, exceptions__isnull=True, activities__isnull=True)
    found = list(free.order_by("-top_threat", "-weakness_count", "id")[: decision.place + 1])
    return found[-1] if found else None
