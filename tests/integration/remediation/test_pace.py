"""The share of machines fixed within so many days of a request."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core import sql
from inventory.models import MachineGroup
from recommendations.models import Recommendation
from remediation import pace_charts, pace_queries
from remediation.models import Activity, ActivityTarget
from remediation.rules import MARKS
from tests.integration.pages import csv_lines, text
from tests.integration.pages import queries as statements
from tests.populations import Population, populate

pytestmark = pytest.mark.django_db
NOW = timezone.now()
LONG_AGO = NOW - dt.timedelta(days=180)


@pytest.fixture
def made() -> Population:
    return populate(machines=12, software=4, weaknesses=2, checks=2, now=NOW)


def asked(made: Population, *, days_ago: int, fixed_after: list[float | None], priority: str = "high", kind: str = "update") -> Activity:
    """A request of so many days ago; each target was fixed after so many days, or is not."""
    created, recommendation = NOW - dt.timedelta(days=days_ago), Recommendation.objects.earliest("pk")
    activity = Activity.objects.create(
        id=uuid.uuid4(), recommendation=recommendation, title="Fix", kind=kind, priority=priority, created_at=created
    )
    for machine, after in zip(made.machines, fixed_after, strict=False):
        at = None if after is None else created + dt.timedelta(days=after)
        ActivityTarget.objects.create(activity=activity, machine=machine, fixed_at=at)
    within = [sum(after is not None and after <= mark for after in fixed_after) for mark in MARKS]
    done = sum(after is not None for after in fixed_after)
    Activity.objects.filter(pk=activity.pk).update(target_count=len(fixed_after), fixed_count=done, fixed_within=within)
    return activity


def pace(**more: Any) -> dict[int, tuple[int, int]]:
    """Days -> (fixed, asked) of all priorities."""
    values: dict[str, Any] = {"groups": None, "since": LONG_AGO, "now": NOW} | more
    return {mark.days: (mark.shares[0].fixed, mark.shares[0].asked) for mark in pace_queries.pace(**values)}


def test_a_request_counts_for_a_mark_once_it_is_that_old(made: Population) -> None:
    asked(made, days_ago=40, fixed_after=[0.5, 6, 29, None])
    asked(made, days_ago=5, fixed_after=[2, None], priority="low")
    assert pace() == {1: (1, 6), 3: (2, 6), 7: (2, 4), 14: (2, 4), 30: (3, 4), 60: (0, 0), 90: (0, 0)}
    marks = pace_queries.pace(groups=None, since=LONG_AGO, now=NOW)
    assert [(share.fixed, share.asked) for share in marks[1].shares] == [(2, 6), (1, 4), (0, 0), (1, 2)]  # all, high, medium, low


def test_what_activities_keep_equals_what_targets_say(made: Population) -> None:
    asked(made, days_ago=100, fixed_after=[0.2, 1, 3.5, 7, 20, 61, None, None])
    asked(made, days_ago=15, fixed_after=[14, 2, None], priority="medium", kind="upgrade")
    every = list(MachineGroup.objects.values_list("pk", flat=True))
    for kinds in ((), ("update",), ("upgrade", "uninstall")):
        assert pace_queries.pace(groups=every, kinds=kinds, since=LONG_AGO, now=NOW) == pace_queries.pace(
            groups=None, kinds=kinds, since=LONG_AGO, now=NOW
        )


def test_a_group_counts_its_own_machines(made: Population) -> None:
    asked(made, days_ago=40, fixed_after=[1.0] * 12)
    counts = {group.pk: pace(groups=[group.pk])[30] for group in MachineGroup.objects.all()}
    assert sum(fixed for fixed, _ in counts.values()) == 12
    for group, (fixed, of) in counts.items():
        assert fixed == of == sum(machine.group_id == group for machine in made.machines)


def test_progress_keeps_the_marks(made: Population) -> None:
    """What the SQL of progress writes is what this file's rows say."""
    activity = asked(made, days_ago=10, fixed_after=[None, None, None])
    machine = made.machines[0]
    ActivityTarget.objects.filter(activity=activity, machine=machine).update(fixed_at=None)
    sql.rows("remediation/store_progress", {"now": activity.created_at + dt.timedelta(days=5), "marks": list(MARKS)})
    activity.refresh_from_db()
    fixed = [target.fixed_at for target in activity.targets.all() if target.fixed_at]
    assert fixed, "no target of the population was found fixed: the test says nothing"
    assert activity.fixed_within == [0, 0, *[len(fixed)] * 5]


def test_the_page_its_export_and_its_cost(made: Population, viewer_client: Client) -> None:
    address = reverse("remediation:pace")
    assert "Nothing to measure yet" in text(viewer_client.get(address))
    asked(made, days_ago=40, fixed_after=[0.5, 6, 29, None])
    page = text(viewer_client.get(address))
    assert "50% fixed within 7 days" in page
    assert "30 days 75% 3 of 4" in page
    assert "30,High,3,4,75.0" in csv_lines(viewer_client, reverse("remediation:pace_export"))
    assert "Nothing to measure yet" in text(viewer_client.get(address + "?kind=uninstall"))
    assert "Nothing to measure yet" in text(viewer_client.get(address + "?days=30"))
    before = statements(viewer_client, address)
    asked(made, days_ago=41, fixed_after=[None])
    assert statements(viewer_client, address) == before <= 8


def test_the_chart_says_what_the_table_says(made: Population) -> None:
    asked(made, days_ago=40, fixed_after=[0.5, 6, 29, None])
    marks = pace_queries.pace(groups=None, since=LONG_AGO, now=NOW)
    figure = pace_charts.figure(marks)
    assert [trace["name"] for trace in figure["data"]] == ["All", "High"]
    assert figure["data"][0]["y"] == [25, 25, 50, 50, 75]
    assert "75% within 30 days" in pace_charts.summary(marks)
