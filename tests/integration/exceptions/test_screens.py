"""The request, the tab, one exception, and who may do what."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.built_in_roles import SECURITY
from core.models import User
from exceptions import actions, rules
from exceptions.models import ExceptionSettings, RiskException
from exceptions.queries import Subject
from inventory.models import MachineGroup
from recommendations.actions import recompute
from recommendations.models import Recommendation, Run
from tests.conftest import client_of, make_user
from tests.integration.pages import LARGEST, csv_lines, links, text
from tests.integration.pages import queries as statements
from tests.populations import Population, populate
from weaknesses.models import Weakness

pytestmark = pytest.mark.django_db
FLYOUT = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "flyout"}
REACH = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "reach"}


@pytest.fixture
def made() -> Population:
    """A fleet whose figures are computed from it, as exceptions compute them anew."""
    found = populate(machines=14, software=8, weaknesses=3, checks=6, now=timezone.now())
    Run.objects.all().delete()
    recompute(now=timezone.now(), afresh=True)
    return found


@pytest.fixture
def wanted(made: Population) -> Recommendation:
    found = Recommendation.objects.filter(present=True, kind="update", stats__exposed__gt=1).first()
    assert found is not None
    return found


def sent(**more: object) -> dict[str, object]:
    return {"justification": "control", "context": "A firewall blocks it.", "duration": "30", "scope": "all"} | more


def grant(subject: Subject, by: User, *, groups: list[int] | None = None, days: int = 30) -> RiskException:
    now = timezone.now()
    values = {"justification": "accept", "context": "Low risk.", "until": rules.end_of((now + dt.timedelta(days=days)).date())}
    return actions.grant(subjects=[subject], group_ids=groups, by=by, now=now, **values)[0]  # type: ignore[arg-type]


def test_a_request_hides_the_recommendation_and_is_listed(wanted: Recommendation, curator_client: Client) -> None:
    address = reverse("exceptions:request", args=[wanted.key])
    assert "Compensating/alternate control" in text(curator_client.get(address))
    page = curator_client.post(address, sent(), follow=True)
    assert "Submitted." in text(page)
    assert "A firewall blocks it." in text(page)
    found = RiskException.objects.get()
    assert (found.status, found.all_machines) == ("in_effect", True)
    assert f"/recommendations/{wanted.key}/" not in set(links(curator_client.get("/recommendations/")))
    assert f"/recommendations/{wanted.key}/" in set(links(curator_client.get("/recommendations/?status=exception")))
    listed = text(curator_client.get(reverse("exceptions:list")))
    assert wanted.title in listed
    assert "All machines" in listed
    assert len(csv_lines(curator_client, reverse("exceptions:list_export"))) == 2
    assert len(csv_lines(curator_client, reverse("exceptions:parts_export", args=[found.pk]))) == 2
    assert "Compensating/alternate control" in text(curator_client.get(reverse("exceptions:panel", args=[wanted.key])))
    assert "Submitted." not in text(curator_client.get(reverse("exceptions:exception", args=[found.pk])))
    assert f"{reverse('exceptions:list')}?status=in_effect" in set(links(curator_client.get("/")))


def test_undo_takes_it_back(wanted: Recommendation, curator_client: Client, viewer: User) -> None:
    curator_client.post(reverse("exceptions:request", args=[wanted.key]), sent(), **FLYOUT)  # type: ignore[arg-type]
    found = RiskException.objects.get()
    other = grant(Subject(weakness=Weakness.objects.first()), viewer)
    curator_client.post(f"{reverse('exceptions:undo')}?id={found.pk},{other.pk}")
    found.refresh_from_db()
    other.refresh_from_db()
    assert (found.status, other.status) == ("cancelled", "in_effect")
    wanted.refresh_from_db()
    assert wanted.status == "active"


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"justification": ""}, "Choose why it is not fixed."),
        ({"justification": "no_patch"}, "Select a valid choice"),
        ({"context": " "}, "Say in a sentence why"),
        ({"duration": "date"}, "Choose the last day."),
        ({"duration": "date", "until": "2020-01-01"}, "Choose today or a later day."),
        ({"duration": "date", "until": "2999-01-01"}, "Choose a day up to"),
        ({"duration": "date", "until": "soon"}, "Write a date"),
        ({"scope": "groups"}, "Choose at least one machine group."),
        ({"scope": "groups", "groups": ["999999"]}, "A chosen group holds an exception in the meantime"),
    ],
)
def test_what_is_missing_is_said_and_nothing_typed_is_lost(
    wanted: Recommendation, curator_client: Client, changes: dict[str, object], fault: str
) -> None:
    words = "Agreed with the board"
    for kept in ({}, FLYOUT):
        answer = curator_client.post(reverse("exceptions:request", args=[wanted.key]), sent(context=words) | changes, **kept)  # type: ignore[arg-type]
        assert answer.status_code == 422
        assert fault in text(answer)
        assert b'href="#"' not in answer.content
        assert "context" in changes or words in answer.content.decode()
    assert not RiskException.objects.exists()


def test_the_preview_counts_without_granting(wanted: Recommendation, curator_client: Client) -> None:
    address = reverse("exceptions:request", args=[wanted.key])
    for extra, kept in (({}, REACH), ({"preview": "yes"}, {})):
        answer = curator_client.post(address, sent() | extra, **kept)  # type: ignore[arg-type]
        assert answer.status_code == 200
        assert "Exposed after exceptions 0" in text(answer)
    assert not RiskException.objects.exists()


def test_several_picked_at_once(made: Population, curator_client: Client) -> None:
    ids = list(Recommendation.objects.filter(present=True).values_list("pk", flat=True)[:3])
    address = f"{reverse('exceptions:picked')}?pick={','.join(map(str, ids))}"
    bar = curator_client.get(f"/recommendations/?pick={','.join(map(str, ids))}&status=any")
    assert address in {link.replace("%2C", ",") for link in links(bar)}
    assert "3 recommendations" in text(curator_client.get(address))
    page = curator_client.post(address, sent(pick=ids), follow=True)
    assert "3 recommendations are excepted." in text(page)
    assert RiskException.objects.filter(status="in_effect").count() == 3
    assert "Nothing is picked." in text(curator_client.get(reverse("exceptions:picked"), follow=True))


def test_weaknesses_are_excepted_and_found(made: Population, curator_client: Client) -> None:
    weakness = Weakness.objects.filter(exposed_count__gt=0).first()
    assert weakness is not None
    address = reverse("exceptions:weakness", args=[weakness.cve])
    assert "CVE with no patch" in text(curator_client.get(address))
    software = Subject(weakness=weakness)
    curator_client.post(address, sent(justification="false_pos"), follow=True)
    assert RiskException.objects.get().weakness == weakness
    page = reverse("recommendations:weakness", args=[weakness.cve])
    assert page in set(links(curator_client.get("/weaknesses/?exception=exception")))
    assert page not in set(links(curator_client.get("/weaknesses/?exception=active")))
    assert "Exception" in text(curator_client.get(page))
    assert "False positive" in text(curator_client.get(reverse("exceptions:weakness_panel", args=[weakness.cve])))
    assert curator_client.get(f"{address}?software=nobody-_-nothing").status_code == 404
    assert software.title == weakness.cve


def test_only_those_who_may_are_offered_to(wanted: Recommendation, viewer_client: Client, curator: User) -> None:
    found = grant(Subject(recommendation=wanted), curator)
    for name in ("cancel", "decide"):
        assert viewer_client.post(reverse(f"exceptions:{name}", args=[found.pk])).status_code == 403
    assert viewer_client.post(f"{reverse('exceptions:undo')}?id={found.pk}").status_code == 403
    for address in (
        reverse("exceptions:request", args=[wanted.key]),
        reverse("exceptions:picked"),
        reverse("exceptions:weakness", args=[Weakness.objects.all()[0].cve]),
        reverse("exceptions:renew", args=[found.pk]),
        reverse("exceptions:settings"),
    ):
        assert viewer_client.get(address).status_code == 403
    page = text(viewer_client.get(reverse("exceptions:exception", args=[found.pk])))
    assert wanted.title in page
    assert "Renew" not in page
    assert "Exception options" not in text(viewer_client.get(reverse("recommendations:detail", args=[wanted.key])))


def test_a_group_is_cancelled_alone(wanted: Recommendation, curator: User, curator_client: Client) -> None:
    groups = list(MachineGroup.objects.values_list("pk", flat=True))
    found = grant(Subject(recommendation=wanted), curator, groups=groups)
    curator_client.post(reverse("exceptions:cancel", args=[found.pk]), {"group": groups[0]})
    assert found.parts.filter(cancelled_at__isnull=False).count() == 1
    if len(groups) > 1:
        assert "In effect (+1 more)" in text(curator_client.get(reverse("exceptions:list")))
    curator_client.post(reverse("exceptions:cancel", args=[found.pk]), {"every": "yes"})
    found.refresh_from_db()
    assert found.status == "cancelled"
    assert "already over" in text(curator_client.post(reverse("exceptions:cancel", args=[found.pk]), follow=True))


def test_approval_by_another_person(wanted: Recommendation, curator_client: Client, curator: User, admin_client: Client) -> None:
    ExceptionSettings.objects.create(approval_required=True)
    page = curator_client.post(reverse("exceptions:request", args=[wanted.key]), sent(), follow=True)
    assert "waits for another person" in text(page)
    found = RiskException.objects.get()
    address = reverse("exceptions:decide", args=[found.pk])
    assert "another person decides" in text(curator_client.post(address, {"do": "approve", "note": ""}, follow=True))
    assert wanted.title in text(admin_client.get(f"{reverse('exceptions:list')}?status=pending"))
    assert "Say why it is rejected." in text(admin_client.post(address, {"do": "reject", "note": ""}))
    assert "Approved." in text(admin_client.post(address, {"do": "approve", "note": "Seen."}, follow=True))
    found.refresh_from_db()
    assert (found.status, found.decision_note) == ("in_effect", "Seen.")
    assert curator is not None


def test_renewing(wanted: Recommendation, curator: User, curator_client: Client) -> None:
    found = grant(Subject(recommendation=wanted), curator, days=5)
    address = reverse("exceptions:renew", args=[found.pk])
    assert "It ends soon." in text(curator_client.get(reverse("exceptions:exception", args=[found.pk])))
    assert curator_client.post(address, {"duration": "60", "context": ""}).status_code == 422
    page = curator_client.post(address, {"duration": "60", "context": "The vendor is late."}, follow=True)
    assert "Renewed until" in text(page)
    assert "The vendor is late." in text(page)
    assert "Low risk." in text(page)


def test_the_settings(curator_client: Client, admin_client: Client, made: Population, wanted: Recommendation) -> None:
    address = reverse("exceptions:settings")
    assert admin_client.post(address, {"longest_days": "400", "growth": "0.5", "least_growth": "1"}).status_code == 422
    values = {"approval_required": "on", "longest_days": "45", "growth": "1", "least_growth": "2"}
    assert "Saved." in text(admin_client.post(address, values, follow=True))
    page = text(curator_client.get(reverse("exceptions:request", args=[wanted.key])))
    assert "At most 45 days" in page
    assert "60 days" not in page
    assert address in set(links(admin_client.get("/settings/")))


def test_the_page_filter_narrows_the_groups_and_says_so(wanted: Recommendation, curator_client: Client) -> None:
    MachineGroup.objects.get_or_create(name="Another", defaults={"rank": 77})
    group = MachineGroup.objects.get(is_default=True)
    page = text(curator_client.get(f"{reverse('exceptions:request', args=[wanted.key])}?groups={group.pk}"))
    assert "The page-level filter is on" in page
    assert "Another" not in page.split("The page-level filter is on")[1].split("Submit")[0]


def test_a_role_for_some_groups_ends_there(wanted: Recommendation, curator: User) -> None:
    own, other = MachineGroup.objects.order_by("pk")[:2]
    ada = client_of(make_user("ada", SECURITY, groups=[own.pk]))
    address = reverse("exceptions:request", args=[wanted.key])
    page = text(ada.get(address))
    assert "needs the permission for every machine group" in page
    assert other.name not in page
    for scope in ({"scope": "all"}, {"scope": "groups", "groups": [other.pk]}):
        assert ada.post(address, sent() | scope).status_code == 422
    ada.post(address, sent(scope="groups", groups=[own.pk]))
    mine = RiskException.objects.get()
    assert [part.group_id for part in mine.parts.all()] == [own.pk]
    theirs = grant(Subject(recommendation=wanted), curator, groups=[other.pk])
    whole = grant(Subject(weakness=Weakness.objects.first()), curator)
    for one, status in ((theirs, 404), (whole, 403)):
        for name in ("cancel", "decide"):
            assert ada.post(reverse(f"exceptions:{name}", args=[one.pk]), {"do": "approve"}).status_code == status
        assert ada.get(reverse("exceptions:renew", args=[one.pk])).status_code == status
    assert ada.get(reverse("exceptions:exception", args=[theirs.pk])).status_code == 404
    assert other.name not in text(ada.get(reverse("exceptions:exception", args=[mine.pk])))
    assert ada.get(f"{reverse('exceptions:list')}?open={theirs.pk}").status_code == 200
    assert ada.get(reverse("exceptions:settings")).status_code == 403
    ada.post(reverse("exceptions:cancel", args=[mine.pk]), {"every": "yes"})
    for one, state in ((mine, "cancelled"), (theirs, "in_effect"), (whole, "in_effect")):
        one.refresh_from_db()
        assert one.status == state


def test_groups_that_one_may_not_see_are_not_told_of(wanted: Recommendation, curator: User) -> None:
    own, other = MachineGroup.objects.order_by("pk")[:2]
    ada = client_of(make_user("ada", SECURITY, groups=[own.pk]))
    panel = reverse("exceptions:panel", args=[wanted.key])
    theirs = grant(Subject(recommendation=wanted), curator, groups=[other.pk])
    assert "Low risk." not in text(ada.get(panel))
    actions.cancel(exception=theirs, by=curator, now=timezone.now())
    both = grant(Subject(recommendation=wanted), curator, groups=[own.pk, other.pk])
    actions.cancel(exception=both, group_ids=[other.pk], by=curator, now=timezone.now())
    page = text(ada.get(reverse("exceptions:exception", args=[both.pk])))
    assert other.name not in page
    assert "Groups: 1 that you do not see." in page
    assert f"Groups: {own.name}, 1 that you do not see." in page
    assert "Low risk." in text(ada.get(panel))


def test_statements_do_not_grow_with_rows(made: Population, curator: User, curator_client: Client) -> None:
    found = list(Recommendation.objects.filter(present=True)[:6])
    first = grant(Subject(recommendation=found[0]), curator)
    addresses = {
        "list": reverse("exceptions:list"),
        "page": reverse("exceptions:exception", args=[first.pk]),
        "panel": reverse("exceptions:panel", args=[found[0].key]),
        "form": reverse("exceptions:request", args=[found[5].key]),
    }
    before = {name: statements(curator_client, address) for name, address in addresses.items()}
    for one in found[1:5]:
        grant(Subject(recommendation=one), curator)
    assert {name: statements(curator_client, address) for name, address in addresses.items()} == before
    assert before["list"] <= 16
    assert before["page"] <= 22
    for address in addresses.values():
        assert len(curator_client.get(address).content) < LARGEST


def test_statements_do_not_grow_with_what_is_picked(made: Population, curator_client: Client) -> None:
    ids = [str(pk) for pk in Recommendation.objects.filter(present=True).values_list("pk", flat=True)[:6]]
    two, six = (f"{reverse('exceptions:picked')}?pick={','.join(picked)}" for picked in (ids[:2], ids))
    assert statements(curator_client, two) == statements(curator_client, six)


def test_the_list_opens_its_flyout(wanted: Recommendation, curator: User, curator_client: Client) -> None:
    found = grant(Subject(recommendation=wanted), curator)
    fly = curator_client.get(reverse("exceptions:exception", args=[found.pk]), **FLYOUT)  # type: ignore[arg-type]
    assert "Machine group exception details" in text(fly)
    assert "Machine group exception details" in text(curator_client.get(f"{reverse('exceptions:list')}?open={found.pk}"))
    assert "Not found." in text(curator_client.get(f"{reverse('exceptions:list')}?open=99999"))
    for query in ("?status=any&sort=-title&ends=soon", "?type=update&justification=accept", "?q=firewall", "?sort=-groups", "?page=9"):
        assert curator_client.get(f"{reverse('exceptions:list')}{query}").status_code == 200
