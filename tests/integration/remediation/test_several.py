"""A request for several picked recommendations at once."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.models import AuditEvent, User
from inventory.models import MachineGroup
from recommendations.models import Recommendation, RecommendationStat
from remediation import actions, queries, ticket_actions
from remediation.errors import NotConnected
from remediation.models import Activity, ActivityTarget
from remediation.ticketing import builtin
from tests.integration.pages import queries as statements
from tests.integration.pages import text
from tests.populations import Population, populate

pytestmark = pytest.mark.django_db
REACH = {"HX-Request": "true", "HX-Target": "reach"}


@pytest.fixture
def made() -> Population:
    return populate(machines=14, software=8, weaknesses=3, checks=6, now=timezone.now())


@pytest.fixture
def picked(made: Population) -> list[Recommendation]:
    stats = RecommendationStat.objects.filter(recommendation__present=True, exposed__gt=0).order_by("-exposed", "pk")
    ids = list(dict.fromkeys(stats.exclude(recommendation__kind="attention").values_list("recommendation", flat=True)))[:3]
    found = Recommendation.objects.in_bulk(ids)
    assert len(found) == 3
    return [found[pk] for pk in ids]


def address(picked: list[Recommendation]) -> str:
    return reverse("remediation:request_several") + "?" + "&".join(f"pick={one.pk}" for one in picked)


def groups_of(picked: list[Recommendation]) -> list[int]:
    every = list(MachineGroup.objects.values_list("pk", flat=True))
    return [group.id for group in queries.groups_of_several([one.pk for one in picked], groups=every)]


def test_an_activity_for_each_that_is_ticked(picked: list[Recommendation], curator_client: Client) -> None:
    page = curator_client.get(address(picked))
    assert all(one.title in text(page) for one in picked)
    assert "3 activities on" in text(page)
    sent = {"take": [picked[0].pk, picked[2].pk], "groups": groups_of(picked), "priority": "high", "notes": "Restart at night."}
    done = curator_client.post(address(picked), sent, follow=True)
    assert "2 activities are requested" in text(done)
    assert {activity.recommendation_id for activity in Activity.objects.all()} == {picked[0].pk, picked[2].pk}
    for activity in Activity.objects.all():
        exposed = sum(RecommendationStat.objects.filter(recommendation=activity.recommendation).values_list("exposed", flat=True))
        assert activity.target_count == exposed == ActivityTarget.objects.filter(activity=activity).count()
        assert (activity.priority, activity.notes) == ("high", "Restart at night.")
    assert "In progress" in text(curator_client.get(address(picked)))


def test_the_preview_counts_what_is_ticked_and_chosen(picked: list[Recommendation], curator_client: Client) -> None:
    group = groups_of(picked)[0]
    asked = address(picked) + f"&priority=low&groups={group}&take={picked[1].pk}"
    part = curator_client.get(asked, headers=REACH)
    assert "1 activity on" in text(part)
    assert not Activity.objects.exists()
    assert "Nothing is ticked." in text(curator_client.get(address(picked) + f"&priority=low&groups={group}", headers=REACH))


@pytest.mark.parametrize(
    ("change", "fault"), [({"groups": []}, "Choose at least one machine group."), ({"priority": ""}, "Choose a priority.")]
)
def test_what_is_missing_is_said(picked: list[Recommendation], curator_client: Client, change: dict[str, object], fault: str) -> None:
    sent = {"take": [one.pk for one in picked], "groups": groups_of(picked), "priority": "high", "notes": "Kept as typed"} | change
    answer = curator_client.post(address(picked), sent)
    assert answer.status_code == 422
    assert fault in text(answer)
    assert "Kept as typed" in answer.content.decode()
    assert not Activity.objects.exists()


def test_nothing_ticked_makes_nothing(picked: list[Recommendation], curator_client: Client) -> None:
    answer = curator_client.post(address(picked), {"groups": groups_of(picked), "priority": "high"})
    assert answer.status_code == 422
    assert "Nothing is ticked." in text(answer)
    assert not Activity.objects.exists()


def test_what_is_needed_no_more_is_left_out_and_said(picked: list[Recommendation], curator: User) -> None:
    now, software = timezone.now(), next(one.software for one in picked if one.software_id)
    gone = Recommendation.objects.create(key="va-_-gone", kind="update", title="Gone", software=software, present=True, first_seen=now)
    made, left = actions.request_several(
        recommendations=[gone, picked[1]], group_ids=groups_of(picked), priority="low", by=curator, now=now
    )
    assert [one.recommendation_id for one in made] == [picked[1].pk]
    assert left == [gone]
    assert Activity.objects.count() == 1


def test_what_has_no_due_date_is_audited_without_one(picked: list[Recommendation], curator: User) -> None:
    Recommendation.objects.filter(pk=picked[0].pk).update(kind=Recommendation.Kind.ATTENTION)
    picked[0].refresh_from_db()
    now = timezone.now()
    actions.request_several(recommendations=picked[:1], group_ids=groups_of(picked), priority="low", due_on=now.date(), by=curator, now=now)
    assert Activity.objects.get().due_on is None
    assert AuditEvent.objects.get(action="remediation.request").after["due_on"] is None


def test_a_system_that_was_switched_off_meanwhile_is_named(
    picked: list[Recommendation], curator_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def switched_off(**_: object) -> None:
        raise NotConnected("IT queue is switched off.")

    monkeypatch.setattr(ticket_actions, "open_tickets", switched_off)
    sent = {"take": [picked[0].pk], "groups": groups_of(picked), "priority": "high", "systems": [builtin.KEY]}
    answer = curator_client.post(address(picked), sent)
    assert answer.status_code == 422
    assert "IT queue is switched off." in text(answer)
    assert not Activity.objects.exists()


def test_it_needs_the_permission(picked: list[Recommendation], viewer_client: Client) -> None:
    assert viewer_client.get(address(picked)).status_code == 403
    assert viewer_client.post(address(picked), {}).status_code == 403
    assert reverse("remediation:request_several") not in viewer_client.get(f"/recommendations/?pick={picked[0].pk}").content.decode()


def test_the_list_offers_it_and_costs_the_same_for_one_and_three(picked: list[Recommendation], curator_client: Client) -> None:
    assert reverse("remediation:request_several") in curator_client.get(f"/recommendations/?pick={picked[0].pk}").content.decode()
    assert statements(curator_client, address(picked)) == statements(curator_client, address(picked[:1])) <= 23


def test_nothing_picked_says_where_to_pick(made: Population, curator_client: Client) -> None:
    assert "Nothing is picked" in text(curator_client.get(reverse("remediation:request_several")))
