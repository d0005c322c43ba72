"""The dashboard: every figure is the one it should be, and "not computed" is never zero."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.utils.html import escape

from exceptions.models import ExceptionPart, RiskException
from inventory.models import MachineGroup
from recommendations import score_queries
from recommendations.models import GroupScore, Recommendation, ScoringSettings
from remediation.models import Activity
from tests.integration.pages import links, text
from tests.populations import NOW, populate

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def test_before_the_first_run_it_says_how_to_begin(viewer_client: Client) -> None:
    words = text(viewer_client.get("/"))
    assert "Three steps until the first scores." in words
    assert "python3 manage.py ingest" in words
    assert "Not computed yet" in words
    assert "of 100" not in words


def test_the_exposure_score_is_the_weighted_mean_with_its_absolute_twin(viewer_client: Client) -> None:
    populate(machines=12, software=4, weaknesses=3)
    weight = sum(score.weight for score in GroupScore.objects.all())
    exposure = sum(score.exposure for score in GroupScore.objects.all())
    words = text(viewer_client.get("/"))
    assert f"Absolute exposure {exposure:.1f} of {weight:.1f}" in words
    assert f"{100 * exposure / weight:.0f} of 100" in words


def test_the_score_is_that_of_the_chosen_groups(viewer_client: Client) -> None:
    made = populate(machines=12, software=4, weaknesses=3)
    group = GroupScore.objects.get(group=made.groups[1])
    words = text(viewer_client.get(f"/?groups={group.group_id}"))
    assert f"{100 * group.exposure / group.weight:.0f} of 100" in words


def test_a_group_without_machines_is_not_scored_zero(viewer_client: Client) -> None:
    populate(machines=3, software=2)
    empty = MachineGroup.objects.create(name="Empty", rank=9)
    words = text(viewer_client.get(f"/?groups={empty.pk}"))
    assert "Nothing scored" in words
    assert "of 100" not in words


def test_the_change_in_words_compares_with_thirty_days_ago(viewer_client: Client) -> None:
    populate(machines=12, software=4, weaknesses=3, days=60)
    history = score_queries.exposure_history(
        groups=list(MachineGroup.objects.values_list("pk", flat=True)), first=NOW.date() - dt.timedelta(days=29), last=NOW.date()
    )
    assert len(history) == 30
    words = text(viewer_client.get("/"))
    direction = "worse" if history[-1].value > history[0].value else "better"
    assert f"{direction}, from {history[0].value:.0f}" in words


def test_configuration_points_are_impact_times_the_compliant_share(viewer_client: Client) -> None:
    made = populate(machines=12, software=2, checks=5)
    words = text(viewer_client.get("/"))
    maximum = sum(check.impact for check in made.checks)
    points = 0.0
    for recommendation in Recommendation.objects.filter(kind="configuration").select_related("configuration"):
        stats = recommendation.stats.all()
        installed, exposed = sum(s.installed for s in stats), sum(s.exposed for s in stats)
        assert recommendation.configuration is not None
        points += recommendation.configuration.impact * (installed - exposed) / installed
    score = score_queries.configuration_score(groups=[group.pk for group in made.groups])
    assert score is not None
    assert score.total.points == pytest.approx(points)
    assert sum(category.points for category in score.categories) == pytest.approx(points)
    assert f"/ {maximum} points" in words


def test_the_distribution_adds_up_and_leads_to_the_machines(viewer_client: Client) -> None:
    populate(machines=12, software=4, weaknesses=3)
    score = score_queries.exposure_score(groups=list(MachineGroup.objects.values_list("pk", flat=True)), settings=ScoringSettings())
    assert score is not None
    assert sum(count for _, _, count, _ in score.levels) == score.machines == 12
    dashboard = viewer_client.get("/").content.decode()
    for _, _, count, query in score.levels:
        assert f'href="/machines/?{escape(query)}"' in dashboard
        page = viewer_client.get(f"/machines/?{query}").content.decode()
        assert len(re.findall(r'<tr><td class="main">', page)) == count, query


def test_machines_left_out_are_named(viewer_client: Client) -> None:
    populate(machines=4, software=2)
    GroupScore.objects.filter(pk=GroupScore.objects.order_by("pk")[0].pk).update(inactive=3)
    page = viewer_client.get("/").content.decode()
    assert 'aria-label="Left out of the scores: 3 machines"' in page


def test_exceptions_are_counted_as_the_list_counts_them(viewer_client: Client) -> None:
    made = populate(machines=12, software=4, weaknesses=3)
    assert "active exception" not in text(viewer_client.get("/"))
    group = MachineGroup.objects.get(is_default=True)
    for number, (recommendation, status) in enumerate(zip(made.recommendations, ("in_effect", "in_effect", "expired"), strict=False)):
        one = RiskException.objects.create(
            recommendation=recommendation,
            justification="accept",
            context="Low risk.",
            status=status,
            all_machines=number == 0,
            impact_when_granted=1.0,
            requested_at=NOW,
            starts_at=NOW,
            ends_at=NOW + dt.timedelta(days=9),
        )
        ExceptionPart.objects.create(exception=one, group=group, name=group.name)
    page = viewer_client.get("/")
    assert "May be influenced by 2 active exceptions" in text(page)
    address = "/remediation/exceptions/?status=in_effect"
    assert address in set(links(page))
    assert "of 2" in text(viewer_client.get(address))
    other = MachineGroup.objects.exclude(pk=group.pk)[0]
    assert "May be influenced by 1 active exception ." in text(viewer_client.get(f"/?groups={other.pk}"))


def test_every_figure_leads_to_what_it_counts(viewer_client: Client) -> None:
    populate(machines=12, software=4, weaknesses=3)
    page = viewer_client.get("/")
    top = viewer_client.get("/top-recommendations/")
    for address in {*links(page), *links(top)}:
        assert viewer_client.get(address).status_code == 200, address
    assert "/timeline/?from=2026-03-1" in page.content.decode()
    assert "/machines/?data=unsupported" in set(links(page))
    assert "/recommendations/va-_-google-_-chrome/exposed/" in set(links(top))


def test_top_recommendations_load_by_themselves_and_stand_alone(viewer_client: Client) -> None:
    populate(machines=12, software=4, weaknesses=3)
    page = viewer_client.get("/").content.decode()
    assert 'hx-get="/top-recommendations/"' in page
    assert 'href="/top-recommendations/"' in page
    whole = viewer_client.get("/top-recommendations/").content.decode()
    card = viewer_client.get("/top-recommendations/", headers={"HX-Request": "true", "HX-Target": "top-recommendations"}).content.decode()
    assert "<html" in whole
    assert card.lstrip().startswith("<section")
    assert "Update Google Chrome to 1.3.1" in card


def test_remediation_stands_there_once_something_was_requested(viewer_client: Client) -> None:
    made = populate(machines=4, software=2)
    assert "Remediation activities" not in text(viewer_client.get("/"))
    Activity.objects.create(
        id=uuid.uuid4(),
        recommendation=made.recommendations[0],
        title="Update Chrome",
        kind="update",
        priority="high",
        created_at=NOW,
        due_on=NOW.date() - dt.timedelta(days=2),
        target_count=8,
        fixed_count=3,
    )
    words = text(viewer_client.get("/"))
    assert "1 in progress" in words
    assert "Overdue: Update Chrome" in words
    assert "3 / 8" in words


def test_top_events_are_those_of_seven_days_that_moved_most(viewer_client: Client) -> None:
    made = populate(machines=6, software=8)
    words = text(viewer_client.get("/"))
    week = [event for event in made.events if event.at >= NOW - dt.timedelta(days=6, hours=12) and event.software]
    assert "Exploits for 3 weaknesses in Google Chrome were verified" in words
    assert words.count("100%") >= min(len(week), 3)
