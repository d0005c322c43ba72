"""The queue of the portal itself: what IT administrators accept, reject and complete."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core.access import Permission, may, require
from core.answers import list_answer
from core.exports import stream
from core.models import User
from core.navigation import back_to
from core.pager import pager
from core.people import name_of
from inventory import scope
from remediation import permitted, queries, queue_queries, rules, ticket_actions
from remediation.errors import NotInThisState
from remediation.models import Ticket
from remediation.ticketing import builtin

HEADER = (
    "Name", "Type", "Priority", "Status", "Source", "Impacted machines", "Fixed machines", "Created", "Due", "Assigned to", "Requested by",
    "Activity",
)  # fmt: skip
DONE = {"accept": "Accepted", "reject": "Rejected", "complete": "Completed", "reopen": "Opened again"}
AT_ONCE = 100
LONGEST = 4_000


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """The tickets of the queue; tabs are filters by state."""
    user = require(request, Permission.REMEDIATION)
    state, groups = queue_queries.SPEC.read(request.GET), scope.of(request).named
    total, rows = queue_queries.page(state, user=user, groups=groups, today=timezone.now().date())
    counts = queue_queries.counts(user=user, groups=groups)
    context = {
        "state": state,
        "rows": rows,
        "pager": pager(state, total),
        "facets": state.facets(counts),
        "tabs": _tabs(state.chosen.get("state", ()), counts["state"]),
        "columns": dict.fromkeys(state.columns, True),
    }
    return list_answer(request, "queue/index.html", context, state=state)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    user = require(request, Permission.REMEDIATION)
    groups = scope.of(request).named
    rows = queue_queries.every(queue_queries.SPEC.read(request.GET), user=user, groups=groups, today=timezone.now().date())
    return stream(filename="queue.csv", header=HEADER, rows=map(_line, rows))


@require_safe
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One ticket: what is asked, on which machines, what was said, and what can be done with it."""
    user = require(request, Permission.REMEDIATION)
    ticket = _found(request, pk)
    context = {
        "ticket": ticket,
        "activity": ticket.activity,
        "row": queue_queries.rows_of([ticket], groups=scope.of(request).named, today=timezone.now().date())[0],
        "what": queries.steps_of(ticket.activity),
        "notes": list(ticket.conversation.order_by("at", "id")),
        "people": queue_queries.people(),
        "me": user.pk,
        "refused": "" if permitted.may_end(request, ticket.activity) else permitted.REFUSED,
    }
    return render(request, "queue/detail.html", context)


@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """`do`: accept, reject, complete or reopen with a `note`; note alone; assign to `to` (an id, or nobody), or to me."""
    by = require(request, Permission.REMEDIATION)
    ticket, do, note = _found(request, pk), request.POST.get("do", ""), request.POST.get("note", "").strip()[:LONGEST]
    permitted.check_may_end(request, ticket.activity)
    if do in DONE:
        _move(request, [ticket], do, note, by)
    elif do == "note":
        if note:
            ticket_actions.say(ticket=ticket, text=note, as_it=True, by=by, now=timezone.now())
            messages.success(request, "Noted.")
        else:
            messages.error(request, "Write a note first.")
    elif do in ("assign", "take"):
        _assign(request, ticket, str(by.pk) if do == "take" else request.POST.get("to", ""), by)
    else:
        raise Http404("Nothing like that can be done with a ticket.")
    return redirect(back_to(request)) if request.POST.get("next") else redirect("remediation:queue_ticket", pk=pk)


@require_POST
def change_many(request: HttpRequest) -> HttpResponse:
    """The same deed (`do`) for all picked (`ticket`), with one `note`; those in another state are left as they are."""
    by = require(request, Permission.REMEDIATION)
    do = request.POST.get("do", "")
    ids = [int(text) for text in request.POST.getlist("ticket")[:AT_ONCE] if text.isdecimal() and len(text) < 18]
    if do not in DONE and do != "take":
        raise Http404("Nothing like that can be done with tickets.")
    found = Ticket.objects.filter(pk__in=ids, provider=builtin.KEY, activity__in=queries.visible(scope.permitted(request)))
    asked = list(found.select_related("activity").order_by("pk"))
    tickets = [ticket for ticket in asked if permitted.may_end(request, ticket.activity)]
    if not asked:
        messages.error(request, "Pick at least one ticket first.")
    elif left := len(asked) - len(tickets):
        messages.error(request, f"{left} left as they are: they are also about machines of groups that you do not handle.")
    if tickets and do == "take":
        for ticket in tickets:
            ticket_actions.assign(ticket=ticket, to=by, by=by, now=timezone.now())
        messages.success(request, f"{len(tickets)} assigned to you.")
    elif tickets:
        _move(request, tickets, do, request.POST.get("note", "").strip()[:LONGEST], by)
    return redirect(back_to(request) if request.POST.get("next") else "remediation:queue")


def _move(request: HttpRequest, tickets: list[Ticket], do: str, note: str, by: User) -> None:
    moved, sentence = 0, ""
    for ticket in tickets:
        try:
            ticket_actions.move(ticket=ticket, verb=do, note=note, by=by, now=timezone.now())
            moved += 1
        except NotInThisState as error:
            sentence = str(error)
    queue_queries.forget_waiting()
    left = len(tickets) - moved
    many = f": {moved} ticket{'' if moved == 1 else 's'}" if len(tickets) > 1 else ""
    if moved:
        change_back = f"{reverse('remediation:queue_ticket_change', args=[tickets[0].pk])} {rules.VERB_TO[tickets[0].state]}"
        undo = change_back if len(tickets) == 1 else ""
        messages.success(request, f"{DONE[do]}{many}.", extra_tags=undo)
    if left:
        messages.error(request, sentence if len(tickets) == 1 else f"{left} left as they are: they are not in a state for it.")


def _assign(request: HttpRequest, ticket: Ticket, to: str, by: User) -> None:
    person = User.objects.filter(pk=int(to), is_active=True).first() if to.isdecimal() and len(to) < 10 else None
    if to and person is None:
        messages.error(request, "There is no such person.")
    elif person is not None and not may(person, Permission.REMEDIATION):
        messages.error(request, f"{name_of(person)} may not handle remediation. An administrator can give the permission.")
    else:
        ticket_actions.assign(ticket=ticket, to=person, by=by, now=timezone.now())
        messages.success(request, f"Assigned to {name_of(person)}." if person else "Assigned to nobody.")


def _tabs(chosen: tuple[str, ...], counts: dict[str, int]) -> list[tuple[str, str, int, bool]]:
    """(address, label, tickets, current)."""
    tabs = [("?", "All", sum(counts.get(key, 0) for key, _ in queue_queries.STATES), not chosen)]
    return tabs + [(f"?state={key}", label, counts.get(key, 0), chosen == (key,)) for key, label in queue_queries.STATES]


def _found(request: HttpRequest, pk: int) -> Ticket:
    found = queue_queries.one(pk, groups=scope.permitted(request))
    if found is None:
        raise Http404("There is no such ticket in the queue; those of completed activities are kept for 180 days.")
    return found


def _line(row: queue_queries.QueueRow) -> tuple[Any, ...]:
    return (
        row.name,
        row.type,
        row.priority_label,
        row.state_label,
        row.source,
        row.machines,
        row.fixed,
        row.created_at,
        row.due_on,
        row.assignee,
        row.requester,
        row.activity,
    )
