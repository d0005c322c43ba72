"""The portal's own queue, tickets on the activity and in the list, and the list of deliveries."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.built_in_roles import IT
from core.models import AuditEvent, User
from inventory.models import MachineGroup
from recommendations.models import Recommendation
from remediation import actions, outbox, queries, ticket_actions
from remediation.models import Activity, Delivery, Ticket, TicketConnection
from remediation.ticketing import builtin
from tests.conftest import give
from tests.integration.pages import csv_lines, text
from tests.integration.pages import queries as statements
from tests.integration.remediation.ticketing.conftest import Clock, ask, ticket_of, work
from tests.integration.remediation.ticketing.receivers import Server

pytestmark = pytest.mark.django_db
QUEUE = "/remediation/queue/"


@pytest.fixture
def activity(wanted: Recommendation, curator: User, clock: Clock) -> Activity:
    return ask(wanted, curator, clock, builtin.KEY)


def change(client: Client, activity: Activity, do: str, **more: str) -> Any:
    ticket = ticket_of(activity, builtin.KEY)
    return client.post(reverse("remediation:queue_ticket_change", args=[ticket.pk]), {"do": do, **more}, follow=True)


def page_of(client: Client, activity: Activity) -> str:
    return text(client.get(reverse("remediation:activity", args=[activity.pk])))


def test_the_form_offers_what_is_on_and_nothing_where_nothing_is(wanted: Recommendation, curator_client: Client) -> None:
    address = reverse("remediation:request", args=[wanted.key])
    page = text(curator_client.get(address))
    assert "Open a ticket in IT queue" in page
    assert "Open a ticket in Webhook" not in page
    curator_client.post(reverse("remediation:connection_switch", args=[builtin.KEY]), {})
    assert "Open a ticket" not in text(curator_client.get(address))
    groups = [group.id for group in queries.groups_of(wanted, groups=list(MachineGroup.objects.values_list("pk", flat=True)))]
    curator_client.post(address, {"groups": groups, "priority": "low"})
    assert not Ticket.objects.exists()


def test_a_request_with_several_tickets(
    wanted: Recommendation, desk: Server, desk_on: TicketConnection, clock: Clock, curator_client: Client
) -> None:
    address = reverse("remediation:request", args=[wanted.key])
    groups = [group.id for group in queries.groups_of(wanted, groups=list(MachineGroup.objects.values_list("pk", flat=True)))]
    assert f"names 3 of {sum(group.exposed for group in queries.groups_of(wanted, groups=groups))} machines" in text(
        curator_client.get(address)
    )
    page = curator_client.post(address, {"groups": groups, "priority": "low", "systems": [builtin.KEY, "desk"]}, follow=True)
    assert "Creating (Desk)" in text(page)
    assert "Pending approval (IT queue)" in text(page)
    assert "3 of" in text(page)
    clock.now = timezone.now()
    work(clock)
    listed = text(curator_client.get(reverse("remediation:list")))
    assert "Pending approval (Desk) 3 of" in listed
    assert "Pending approval (Desk)" in "".join(csv_lines(curator_client, reverse("remediation:list_export")))
    refused = curator_client.post(address, {"groups": groups, "priority": "low", "systems": ["webhook"]})
    assert refused.status_code == 422
    assert "switched off in the meantime" in text(refused)


def test_it_accepts_and_completes_with_notes_that_the_requester_sees(activity: Activity, curator_client: Client) -> None:
    page = text(curator_client.get(QUEUE))
    assert activity.title in page
    assert "Pending 1" in page
    page = change(curator_client, activity, "accept", note="On Friday.")
    assert 'name="do" value="reopen">Undo' in page.content.decode()
    seen = page_of(curator_client, activity)
    assert "Accepted (IT queue)" in seen
    assert "On Friday." in seen
    ticket = ticket_of(activity, builtin.KEY)
    curator_client.post(reverse("remediation:ticket_note", args=[activity.pk, ticket.pk]), {"note": "Thank you."})
    assert "Thank you." in text(curator_client.get(reverse("remediation:queue_ticket", args=[ticket.pk])))
    change(curator_client, activity, "complete")
    assert "Completed by IT, waiting for data (IT queue)" in page_of(curator_client, activity)
    activity.refresh_from_db()
    assert activity.status == "active"
    change(curator_client, activity, "reopen")
    assert "Pending approval (IT queue)" in page_of(curator_client, activity)
    done = AuditEvent.objects.filter(action__startswith="ticket.").order_by("id").values_list("action", flat=True)
    assert list(done) == ["ticket.open", "ticket.accept", "ticket.note", "ticket.complete", "ticket.reopen"]


def test_a_rejected_ticket_is_seen_on_the_activity_and_in_the_list(activity: Activity, curator_client: Client) -> None:
    change(curator_client, activity, "reject", note="Not before the release.")
    seen = page_of(curator_client, activity)
    assert "IT rejected it." in seen
    assert "Not before the release." in seen
    assert "Rejected (IT queue)" in text(curator_client.get(reverse("remediation:list")))
    assert "of 1 " in text(curator_client.get(reverse("remediation:list") + "?ticket=rejected"))


def test_who_is_slower_hears_of_it(activity: Activity, curator_client: Client) -> None:
    change(curator_client, activity, "accept")
    page = change(curator_client, activity, "accept")
    assert "It is accepted in the meantime." in text(page)
    assert AuditEvent.objects.filter(action="ticket.accept").count() == 1
    assert curator_client.post(f"{QUEUE}{ticket_of(activity, builtin.KEY).pk}/change/", {"do": "burn"}).status_code == 404


def test_a_ticket_is_given_to_somebody_who_may_have_it(
    activity: Activity, curator: User, viewer: User, superuser: User, curator_client: Client
) -> None:
    change(curator_client, activity, "take")
    assert ticket_of(activity, builtin.KEY).assignee == curator
    assert "of 1 " in text(curator_client.get(QUEUE + "?assigned=me"))
    change(curator_client, activity, "assign", to=str(superuser.pk))
    assert ticket_of(activity, builtin.KEY).assignee == superuser
    page = change(curator_client, activity, "assign", to=str(viewer.pk))
    assert "may not handle remediation" in text(page)
    change(curator_client, activity, "assign", to="")
    assert ticket_of(activity, builtin.KEY).assignee is None
    assert "of 1 " in text(curator_client.get(QUEUE + "?assigned=nobody"))


def test_several_at_once(wanted: Recommendation, curator: User, clock: Clock, curator_client: Client) -> None:
    tickets = [ticket_of(ask(wanted, curator, clock, builtin.KEY), builtin.KEY) for _ in range(3)]
    ticket_actions.move(ticket=tickets[0], verb="reject", by=curator, now=clock.now)
    picked = {"ticket": [ticket.pk for ticket in tickets], "note": "All on Friday."}
    page = text(curator_client.post(f"{QUEUE}change/", picked | {"do": "accept"}, follow=True))
    assert "Accepted: 3 tickets." in page  # a rejected one may be thought of again
    page = text(curator_client.post(f"{QUEUE}change/", picked | {"do": "accept"}, follow=True))
    assert "3 left as they are" in page
    assert "Pick at least one" in text(curator_client.post(f"{QUEUE}change/", {"do": "accept"}, follow=True))
    curator_client.post(f"{QUEUE}change/", picked | {"do": "take"})
    assert Ticket.objects.filter(assignee=curator).count() == 3
    assert "of 3 " in text(curator_client.get(f"{QUEUE}?state=accepted"))
    assert len(csv_lines(curator_client, f"{QUEUE}export.csv?state=accepted")) == 4


def test_the_queue_is_for_those_who_handle_remediation(activity: Activity, viewer_client: Client) -> None:
    assert viewer_client.get(QUEUE).status_code == 403
    assert "IT queue" not in text(viewer_client.get("/"))
    page = text(viewer_client.get(reverse("remediation:activity", args=[activity.pk])))
    assert "Pending approval (IT queue)" in page
    assert "Write a note to IT" not in page
    assert change(viewer_client, activity, "accept").status_code == 403


def test_taking_back_leads_to_the_state_before(activity: Activity, curator_client: Client) -> None:
    change(curator_client, activity, "accept")
    page = change(curator_client, activity, "complete")
    assert 'name="do" value="accept">Undo' in page.content.decode()
    change(curator_client, activity, "accept")
    assert ticket_of(activity, builtin.KEY).state == "accepted"


def test_who_handles_a_part_of_the_machines_is_told_why_nothing_can_be_decided(
    activity: Activity, viewer: User, viewer_client: Client
) -> None:
    group = activity.targets.values_list("machine__group_id", flat=True).first()
    assert group is not None
    give(viewer, IT, groups=[group])
    ticket = ticket_of(activity, builtin.KEY)
    page = text(viewer_client.get(reverse("remediation:queue_ticket", args=[ticket.pk])))
    assert "You cannot decide on it." in page
    assert "Add note only" not in page
    page = text(viewer_client.post(f"{QUEUE}change/", {"do": "accept", "ticket": [ticket.pk]}, follow=True))
    assert "1 left as they are: they are also about machines" in page
    assert ticket_of(activity, builtin.KEY).state == "pending"


def test_completing_the_activity_is_said_in_the_queue(activity: Activity, curator: User, clock: Clock, curator_client: Client) -> None:
    actions.complete_activity(activity=activity, by=curator, now=clock.now)
    ticket = ticket_of(activity, builtin.KEY)
    page = text(curator_client.get(reverse("remediation:queue_ticket", args=[ticket.pk])))
    assert "The activity is completed in TVM Portal." in page
    assert not Delivery.objects.exists()


def test_a_ticket_can_be_opened_later(
    wanted: Recommendation, curator: User, clock: Clock, desk: Server, desk_on: TicketConnection, curator_client: Client
) -> None:
    activity = ask(wanted, curator, clock)
    assert "Open a ticket in Desk" in page_of(curator_client, activity)
    for _ in range(2):
        curator_client.post(reverse("remediation:open_ticket", args=[activity.pk]), {"system": "desk"})
    assert Ticket.objects.count() == Delivery.objects.count() == 1
    clock.now = timezone.now()
    work(clock)
    ticket = ticket_of(activity, "desk")
    curator_client.post(reverse("remediation:ticket_ask", args=[activity.pk, ticket.pk]))
    ticket.refresh_from_db()
    assert ticket.next_read_at is not None
    assert ticket.next_read_at <= timezone.now()


def test_failed_deliveries_are_shown_with_their_reason_and_sent_again(
    wanted: Recommendation, curator: User, clock: Clock, desk: Server, desk_on: TicketConnection, curator_client: Client
) -> None:
    desk.faults.extend([400, 400, 400])
    activities = [ask(wanted, curator, clock, "desk") for _ in range(3)]
    outbox.deliver_due(clock=clock)
    page = page_of(curator_client, activities[0])
    assert "Not available (Desk)" in page
    assert "It answered with 400." in page
    assert "Try again" in page
    first = Delivery.objects.order_by("id").first()
    assert first is not None
    curator_client.post(reverse("remediation:delivery_again", args=[activities[0].pk, first.pk]))
    address = reverse("remediation:deliveries")
    TicketConnection.objects.update(enabled=False)
    off = curator_client.post(reverse("remediation:deliveries_again"), {"all": "yes"}, follow=True)
    assert "Desk is switched off" in text(off)
    TicketConnection.objects.update(enabled=True)
    assert "Send all 2 failed again" in text(curator_client.get(address))
    assert "of 2 " in text(curator_client.get(address + "?state=failed&system=desk"))
    assert len(csv_lines(curator_client, reverse("remediation:deliveries_export") + "?state=failed")) == 3
    page = text(curator_client.post(reverse("remediation:deliveries_again"), {"all": "yes"}, follow=True))
    assert "2 deliveries are being sent." in page
    clock.now = timezone.now()
    work(clock)
    assert set(Delivery.objects.values_list("state", flat=True)) == {"done"}
    assert len(desk.made) == 3
    assert "Nothing to send" in text(curator_client.post(reverse("remediation:deliveries_again"), {"delivery": first.pk}, follow=True))


def test_statements_do_not_grow_with_rows(
    wanted: Recommendation, curator: User, clock: Clock, desk: Server, desk_on: TicketConnection, curator_client: Client
) -> None:
    activity = ask(wanted, curator, clock, builtin.KEY, "desk")
    work(clock)
    ticket = ticket_of(activity, builtin.KEY)
    pages = (
        QUEUE,
        reverse("remediation:queue_ticket", args=[ticket.pk]),
        reverse("remediation:deliveries"),
        reverse("remediation:list"),
        reverse("remediation:activity", args=[activity.pk]),
    )
    before = [statements(curator_client, page) for page in pages]
    for number in range(12):
        ask(wanted, curator, clock, builtin.KEY, "desk")
        ticket_actions.say(ticket=ticket, text=f"Note {number}", by=curator, now=clock.now)
        ticket_actions.say(ticket=ticket_of(activity, "desk"), text=f"Note {number}", by=curator, now=clock.now)
    work(clock)
    assert [statements(curator_client, page) for page in pages] == before
