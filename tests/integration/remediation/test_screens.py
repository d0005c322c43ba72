"""The request form, the list of activities and one of them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.built_in_roles import IT
from core.models import User
from inventory.models import ConfigurationResult, Machine, MachineGroup
from recommendations import detail_queries, score_queries
from recommendations.models import Recommendation
from remediation import actions, queries
from remediation.models import Activity
from remediation.rules import UNDISTURBED_TAG
from tests.conftest import give
from tests.integration.pages import csv_lines, links, text
from tests.integration.pages import queries as statements
from tests.populations import Population, populate

pytestmark = pytest.mark.django_db
FLYOUT = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "flyout"}
REACH = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "reach"}
KINDS = [Recommendation.Kind.UPDATE, Recommendation.Kind.UPGRADE]


@pytest.fixture
def made() -> Population:
    return populate(machines=14, software=8, weaknesses=3, checks=6, now=timezone.now())


@pytest.fixture
def wanted(made: Population) -> Recommendation:
    found = Recommendation.objects.filter(present=True, kind__in=KINDS, stats__exposed__gt=1).first()
    assert found is not None
    return found


def all_groups() -> list[int]:
    return list(MachineGroup.objects.values_list("pk", flat=True))


def ask(wanted: Recommendation, by: User, **more: object) -> Activity:
    values: dict[str, object] = {"group_ids": all_groups(), "priority": "medium"} | more
    return actions.request_remediation(recommendation=wanted, by=by, now=timezone.now(), **values)  # type: ignore[arg-type]


def test_a_request_becomes_an_activity_with_its_machines(wanted: Recommendation, curator_client: Client) -> None:
    address = reverse("remediation:request", args=[wanted.key])
    assert "Nothing is changed on machines" in text(curator_client.get(address))
    due = timezone.now().date() + dt.timedelta(days=14)
    sent = {"groups": all_groups(), "priority": "high", "due_on": due.isoformat(), "notes": "Restart at night."}
    sent["groups"] = [group.id for group in queries.groups_of(wanted, groups=all_groups())]
    page = curator_client.post(address, sent, follow=True)
    activity = Activity.objects.get()
    assert "Restart at night." in text(page)
    assert f"0 of {activity.target_count}" in text(page)
    lines = csv_lines(curator_client, reverse("remediation:activity_export", args=[activity.pk]))
    assert len(lines) == activity.target_count + 1
    assert len(csv_lines(curator_client, reverse("remediation:activity_export", args=[activity.pk]) + "?state=fixed")) == 1
    assert activity.title in text(curator_client.get(reverse("remediation:list")))
    assert reverse("remediation:activity", args=[activity.pk]) in set(links(curator_client.get("/")))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"groups": []}, "Choose at least one machine group."),
        ({"priority": ""}, "Choose a priority."),
        ({"due_on": "2020-01-01"}, "Choose today or a later day."),
        ({"due_on": "soon"}, "Write a date"),
        ({"groups": ["999999"]}, "A chosen group has no such machine any more."),
    ],
)
def test_what_is_missing_is_said_and_nothing_typed_is_lost(
    wanted: Recommendation, curator_client: Client, changes: dict[str, object], fault: str
) -> None:
    groups = [group.id for group in queries.groups_of(wanted, groups=all_groups())]
    sent = {"groups": groups, "priority": "low", "due_on": "", "notes": "Ask the build team"} | changes
    for kept in ({}, FLYOUT):
        answer = curator_client.post(reverse("remediation:request", args=[wanted.key]), sent, **kept)  # type: ignore[arg-type]
        assert answer.status_code == 422
        assert fault in text(answer)
        assert "Ask the build team" in answer.content.decode()
    assert not Activity.objects.exists()


def test_the_preview_says_what_the_score_would_be(wanted: Recommendation, curator_client: Client) -> None:
    groups = all_groups()
    everywhere = queries.reach(wanted, chosen=groups, groups=groups)
    score = score_queries.exposure_score(groups=groups, settings=score_queries.scoring_settings())
    assert score is not None
    assert everywhere.before == score.score
    assert everywhere.drop == pytest.approx(detail_queries.figures_of(wanted, groups=groups).impact)
    parts = [queries.reach(wanted, chosen=[group.id], groups=groups).drop for group in queries.groups_of(wanted, groups=groups)]
    assert sum(parts) == pytest.approx(everywhere.drop)
    one = queries.groups_of(wanted, groups=groups)[0]
    answer = curator_client.get(reverse("remediation:request", args=[wanted.key]), {"groups": one.id}, **REACH)  # type: ignore[arg-type]
    assert f"{one.exposed} machine" in text(answer)
    page = curator_client.post(reverse("remediation:request", args=[wanted.key]), {"groups": one.id, "preview": "yes"})
    assert page.status_code == 200
    assert f"{one.exposed} machine" in text(page)


def test_the_preview_of_no_group_counts_nothing(wanted: Recommendation, curator_client: Client) -> None:
    answer = curator_client.get(reverse("remediation:request", args=[wanted.key]), {"priority": "low"}, **REACH)  # type: ignore[arg-type]
    assert "0 machines" in text(answer)


def test_only_those_who_may_ask_are_offered_to(wanted: Recommendation, viewer: User, viewer_client: Client, curator: User) -> None:
    form, detail = reverse("remediation:request", args=[wanted.key]), reverse("recommendations:detail", args=[wanted.key])
    assert viewer_client.get(form).status_code == 403
    assert "Request remediation" not in text(viewer_client.get(detail))
    activity = ask(wanted, curator)
    page = text(viewer_client.get(reverse("remediation:activity", args=[activity.pk])))
    assert activity.title in page
    assert "Mark as completed" not in page
    assert viewer_client.post(reverse("remediation:complete", args=[activity.pk])).status_code == 403
    give(viewer, IT)
    assert viewer_client.get(form).status_code == 200
    assert "Request remediation" in text(viewer_client.get(detail))


def test_the_flyout_asks_in_place_and_the_panel_lists_what_was_asked_for(wanted: Recommendation, curator_client: Client) -> None:
    address = reverse("remediation:request", args=[wanted.key])
    assert "<html" not in curator_client.get(address, **FLYOUT).content.decode()  # type: ignore[arg-type]
    groups = [group.id for group in queries.groups_of(wanted, groups=all_groups())]
    answer = curator_client.post(address, {"groups": groups, "priority": "low"}, **FLYOUT)  # type: ignore[arg-type]
    assert "The activity exists." in text(answer)
    assert "curator" in text(curator_client.get(reverse("remediation:panel", args=[wanted.key])))
    assert "Asked for already." in text(curator_client.get(address))


def test_the_list_counts_what_its_filters_hold(made: Population, curator: User, curator_client: Client) -> None:
    today = timezone.now().date()
    found = Recommendation.objects.filter(present=True, kind__in=KINDS, stats__exposed__gt=0).distinct()[:4]
    for days, wanted in zip((-3, 2, 40, None), found, strict=False):
        activity = ask(wanted, curator)
        Activity.objects.filter(pk=activity.pk).update(due_on=None if days is None else today + dt.timedelta(days=days))
    actions.complete_activity(activity=ask(found[0], curator, priority="high"), by=curator, now=timezone.now())
    address = reverse("remediation:list")
    page = text(curator_client.get(address))
    assert "4 Activities in progress" in page
    assert "1 Of them overdue" in page
    for query, count in (
        ("due=overdue", 1),
        ("due=soon", 1),
        ("due=later", 1),
        ("due=none", 1),
        ("status=completed", 1),
        ("status=any", 5),
    ):
        assert f"of {count} " in text(curator_client.get(f"{address}?{query}")), query
        assert len(csv_lines(curator_client, f"{reverse('remediation:list_export')}?{query}")) == count + 1, query
    assert "No activity matches" in text(curator_client.get(f"{address}?q=nothing+like+it"))
    counts = queries.facet_counts(groups=None, today=today)
    assert counts["due"] == {"overdue": 1, "soon": 1, "later": 1, "none": 2}


def test_chosen_groups_narrow_the_progress(wanted: Recommendation, curator: User, curator_client: Client) -> None:
    activity = ask(wanted, curator)
    one = queries.groups_of(wanted, groups=all_groups())[0]
    page = text(curator_client.get(reverse("remediation:activity", args=[activity.pk]), {"groups": one.id}))
    assert f"0 of {one.exposed} machines done" in page
    row = queries.row_of(activity, groups=[one.id], today=timezone.now().date())
    assert (row.done, row.total) == (0, one.exposed)


def test_queries_do_not_grow_with_rows(made: Population, curator: User, curator_client: Client) -> None:
    wanted = Recommendation.objects.filter(present=True, kind__in=KINDS, stats__exposed__gt=0).first()
    assert wanted is not None
    activity = ask(wanted, curator)
    pages = (
        reverse("remediation:list"),
        reverse("remediation:activity", args=[activity.pk]),
        f"{reverse('remediation:list')}?groups={all_groups()[0]}",
    )
    before = [statements(curator_client, page) for page in pages]
    for _ in range(10):
        ask(wanted, curator)
    assert [statements(curator_client, page) for page in pages] == before


def test_undo_of_a_completion_by_hand(wanted: Recommendation, curator: User, curator_client: Client) -> None:
    activity = ask(wanted, curator)
    page = curator_client.post(reverse("remediation:complete", args=[activity.pk]), follow=True)
    assert "Marked as completed." in text(page)
    assert "Open again" in text(page)
    assert "Mark as completed" in text(curator_client.post(reverse("remediation:reopen", args=[activity.pk]), follow=True))


def test_the_form_hands_out_the_machines_it_would_reach(wanted: Recommendation, curator_client: Client) -> None:
    address = reverse("remediation:request", args=[wanted.key])
    group = queries.groups_of(wanted, groups=all_groups())[0]
    part = curator_client.get(f"{address}?priority=low&groups={group.id}", **REACH)  # type: ignore[arg-type]
    export = next(link for link in links(part) if link.startswith(reverse("recommendations:exposed_export", args=[wanted.key])))
    assert len(csv_lines(curator_client, export)) == group.exposed + 1


def test_a_configuration_change_may_be_asked_of_undisturbed_machines_only(made: Population, curator_client: Client) -> None:
    change = Recommendation.objects.filter(configuration__isnull=False, stats__exposed__gt=1).first()
    assert change is not None
    address = reverse("remediation:request", args=[change.key])
    groups = [group.id for group in queries.groups_of(change, groups=all_groups())]
    sent = {"groups": groups, "priority": "low", "reach": "undisturbed"}
    refused = curator_client.post(address, sent)
    assert refused.status_code == 422
    assert "has the tag" in text(refused)
    machine = ConfigurationResult.objects.filter(configuration=change.configuration_id, passed=False).values("machine")[:1]
    Machine.objects.filter(pk__in=machine).update(tags=[UNDISTURBED_TAG])
    assert "1 tagged" in text(curator_client.get(address))
    shown = curator_client.post(address, sent, follow=True)
    assert "Only machines without user impact" in text(shown)
    activity = Activity.objects.get()
    assert [target.machine.tags for target in activity.targets.all()] == [[UNDISTURBED_TAG]]
