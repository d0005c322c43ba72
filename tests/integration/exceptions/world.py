"""A small fleet with two groups and people who handle exceptions."""

from __future__ import annotations

import datetime as dt

from core.models import User
from exceptions import actions
from exceptions.models import RiskException
from exceptions.queries import Subject
from inventory.models import Software
from recommendations.models import ExceptionEffect, MachineScore, Recommendation, RecommendationStat, WeaknessEffect
from recommendations.records import Fleet, FleetCheck, FleetMachine, FleetVersion, Match, ScoredWeakness
from tests.integration.recommendations.agreement import computed
from tests.integration.recommendations.stored_fleets import NOW, Stored
from weaknesses.models import Weakness

FLEET = Fleet(
    machines={
        "m0": FleetMachine(versions=frozenset({"a@0", "b@0"}), checks={"scid-1": False}),
        "m1": FleetMachine(versions=frozenset({"a@0"}), group="servers", checks={"scid-1": False}),
        "m2": FleetMachine(versions=frozenset({"b@0"}), group="servers", checks={"scid-1": True}),
    },
    versions={
        "a@0": FleetVersion("a", matches={"CVE-2026-0001": Match(), "CVE-2026-0002": Match()}),
        "b@0": FleetVersion("b", matches={"CVE-2026-0001": Match()}),
    },
    weaknesses={"CVE-2026-0001": ScoredWeakness(cvss=9.8, exploited=True), "CVE-2026-0002": ScoredWeakness(cvss=5.0, epss=0.3)},
    checks={"scid-1": FleetCheck(impact=8)},
)
DAY = dt.timedelta(days=1)
UNTIL = NOW + 30 * DAY


def world(fleet: Fleet = FLEET) -> Stored:
    return computed(fleet)


def person(name: str, *, staff: bool = True) -> User:
    return User.objects.create_user(name, password="correct-horse-9", is_staff=staff, email=f"{name}@example.org")


def update(software: str = "a") -> Subject:
    return Subject(recommendation=Recommendation.objects.select_related("configuration", "software").get(key=f"va-_-{software}"))


def check(stored: Stored) -> Subject:
    return Subject(recommendation=Recommendation.objects.select_related("configuration", "software").get(key=stored.key("sca-_-scid-1")))


def weakness(number: int = 1, software: str = "") -> Subject:
    found = Software.objects.get(key=software) if software else None
    return Subject(weakness=Weakness.objects.get(cve=f"CVE-2026-{number:04}"), software=found)


def grant(
    subject: Subject,
    by: User,
    *,
    groups: list[int] | None = None,
    justification: str = "control",
    until: dt.datetime = UNTIL,
    now: dt.datetime = NOW,
) -> RiskException:
    return actions.grant(
        subjects=[subject], justification=justification, context="Agreed with IT.", until=until, group_ids=groups, by=by, now=now
    )[0]


def figures() -> dict[str, object]:
    """All that exceptions move, to compare before and after."""
    return {
        "effects": sorted(ExceptionEffect.objects.values_list("recommendation_id", "group_id", "mitigates"), key=str),
        "weaknesses": sorted(WeaknessEffect.objects.values_list("weakness_id", "software_id", "group_id"), key=str),
        "stats": sorted(RecommendationStat.objects.values_list("recommendation_id", "group_id", "exposed_after", "impact_after")),
        "scores": sorted(MachineScore.objects.values_list("machine_id", "hazard_after")),
        "status": sorted(Recommendation.objects.values_list("key", "status")),
    }
