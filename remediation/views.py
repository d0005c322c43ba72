"""Asking for a fix, and following what was asked for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core import keyset
from core.access import Permission, require
from core.answers import list_answer
from core.exports import stream
from core.htmx import wants
from core.lists import Column, ListSpec
from core.origin import Crumb
from core.pager import pager
from inventory import scope
from recommendations import charts, detail_queries, origins
from recommendations.models import MachineScore, Recommendation
from remediation import actions, connections, permitted, queries, ticket_queries
from remediation.errors import AlreadyCompleted, NotConnected, NothingToDo
from remediation.filters import SPEC
from remediation.forms import RequestForm, entered
from remediation.models import Activity
from remediation.rules import UNDISTURBED_TAG

TARGETS = ListSpec(columns=(Column("name", "Machine", fixed=True),), sort="", per_page=50, keeps=("state", "from"), keyset=True)
UNTAGGED = f"No machine of these groups that needs it has the tag “{UNDISTURBED_TAG}”."
STATES = {"open": False, "fixed": True}
HEADER = (
    "Activity", "Component", "Type", "Priority", "Machines fixed", "Machines targeted", "Due", "Status", "Requested by", "Requested",
    "Completed", "Completed by", "Ticket",
)  # fmt: skip
TARGET_HEADER = ("Machine", "Group", "System", "Exposure level", "Last seen", "Fixed")


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request", "HX-Target")
def request_form(request: HttpRequest, key: str) -> HttpResponse:
    """The form, in the flyout or as a page; 422 with the form if something is missing. `preview` only counts."""
    by = require(request, Permission.REMEDIATION)
    recommendation = _recommendation(key)
    context = _form_context(request, recommendation)
    form: RequestForm = context["form"]
    if wants(request, "reach"):
        return render(request, "remediation/form.html#reach", context)
    sent = request.method == "POST" and "preview" not in request.POST
    if not sent or not form.is_valid():
        return render(request, _form_template(request), context, status=422 if sent else 200)
    values = {"priority": form.cleaned_data["priority"], "due_on": form.cleaned_data.get("due_on"), "notes": form.cleaned_data["notes"]}
    if form.only_undisturbed():
        values["reach"] = Activity.Reach.UNDISTURBED
    try:
        activity = actions.request_remediation(
            recommendation=recommendation,
            group_ids=form.cleaned_data["groups"],
            systems=form.cleaned_data.get("systems", ()),
            by=by,
            now=timezone.now(),
            **values,
        )
    except NotConnected as error:
        form.add_error("systems", str(error))
        return render(request, _form_template(request), context, status=422)
    except NothingToDo:
        nobody = "No machine of these groups needs it any more."
        form.add_error("reach" if form.only_undisturbed() else "groups", UNTAGGED if form.only_undisturbed() else nobody)
        return render(request, _form_template(request), context, status=422)
    if wants(request, "flyout"):
        return render(request, "remediation/form.html#flyout", context | {"made": activity})
    messages.success(request, f"{activity.title} is requested. Its progress is followed here.")
    return redirect("remediation:activity", pk=activity.pk)


@require_safe
def panel(request: HttpRequest, key: str) -> HttpResponse:
    """What was asked for already, for the detail of a recommendation."""
    recommendation = _recommendation(key)
    total, rows = queries.of_recommendation(recommendation, groups=_groups(request), today=timezone.now().date())
    return render(request, "remediation/panel.html", {"recommendation": recommendation, "total": total, "rows": rows})


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """The activities, those in progress first."""
    now = timezone.now()
    state = SPEC.read(request.GET)
    groups = _groups(request)
    total, rows = queries.page(state, groups=groups, today=now.date())
    context = {
        "state": state,
        "rows": rows,
        "pager": pager(state, total),
        "facets": state.facets(queries.facet_counts(groups=groups, today=now.date())),
        "counts": queries.counts(groups=groups, now=now),
        "columns": dict.fromkeys(state.columns, True),
    }
    return list_answer(request, "remediation/index.html", context, state=state)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    rows = queries.every(SPEC.read(request.GET), groups=_groups(request), today=timezone.now().date())
    return stream(filename="remediation.csv", header=HEADER, rows=map(_line, rows))


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def activity(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One activity: how far it is, what IT has to do, and its machines."""
    found, today = permitted.activity_or_404(request, pk), timezone.now().date()
    reached = origins.trail(request, home="remediation:list")
    state = TARGETS.read(request.GET)
    which = request.GET.get("state", "")
    groups = scope.of(request).group_ids
    total, exact, part, machines = queries.target_page(
        found, state, groups=groups, everything=scope.of(request).is_all, fixed=STATES.get(which)
    )
    days = queries.fixed_by_day(found, groups=_groups(request), last=min(today, found.completed_at.date() if found.completed_at else today))
    values = [value for _, value in days]
    row = queries.row_of(found, groups=_groups(request), today=today)
    tickets = ticket_queries.of_activity(found)
    context = {
        "activity": found,
        "trail": reached,
        "row": row,
        "group_names": _group_names(request, found),
        "what": queries.steps_of(found),
        "state": state,
        "which": which if which in STATES else "",
        "rows": machines,
        "pager": keyset.pages(state, part, total, exact=exact),
        "figure": charts.line(days=[day for day, _ in days], values=values, name="Machines fixed", tone="2", top=max(row.total, 1) * 1.08),
        "days": days[::-1],
        "tickets": tickets,
        "openable": ticket_queries.may_be_opened(found, tickets),
        "may_request": permitted.may_end(request, found),
        "link": request.build_absolute_uri(request.path),
    }
    return render(request, f"remediation/detail.html{'#results' if wants(request, 'results') else ''}", context)


@require_safe
def activity_export(request: HttpRequest, pk: UUID) -> StreamingHttpResponse:
    """The machines of an activity: all, those fixed, or those still to be fixed (`state`)."""
    found = permitted.activity_or_404(request, pk)
    state = TARGETS.read(request.GET)
    rows = queries.every_target(found, groups=scope.of(request).group_ids, fixed=STATES.get(request.GET.get("state", "")), text=state.q)
    return stream(filename="remediation-machines.csv", header=TARGET_HEADER, rows=map(_target_line, rows))


@require_POST
def complete(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Mark it completed by hand."""
    by = require(request, Permission.REMEDIATION)
    found = permitted.activity_or_404(request, pk)
    permitted.check_may_end(request, found)
    try:
        actions.complete_activity(activity=found, by=by, now=timezone.now())
        messages.success(request, "Marked as completed.")
    except AlreadyCompleted:
        messages.error(request, "It was completed in the meantime.")
    return redirect("remediation:activity", pk=pk)


@require_POST
def reopen(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take a completion by hand back."""
    by = require(request, Permission.REMEDIATION)
    found = permitted.activity_or_404(request, pk)
    permitted.check_may_end(request, found)
    actions.reopen_activity(activity=found, by=by, now=timezone.now())
    messages.success(request, "It is in progress again.")
    return redirect("remediation:activity", pk=pk)


def _form_context(request: HttpRequest, recommendation: Recommendation) -> dict[str, Any]:
    groups = scope.handled(request, Permission.REMEDIATION)
    reach = queries.groups_of(recommendation, groups=groups)
    measurable = recommendation.kind != Recommendation.Kind.ATTENTION
    configuration = recommendation.configuration_id is not None
    systems = connections.choices()
    today = timezone.now().date()
    form = RequestForm(entered(request), reach=reach, today=today, measurable=measurable, undisturbed=configuration, systems=systems)
    chosen = form.chosen()
    few = queries.undisturbed(recommendation, groups=chosen)
    only_few = few is not None and form.only_undisturbed()
    page = reverse("recommendations:detail", args=[recommendation.key])
    total, before = queries.of_recommendation(recommendation, groups=_groups(request), today=today)
    return {
        "recommendation": recommendation,
        "trail": origins.trail(request, home=origins.LIST, page=page, then=(Crumb(recommendation.title, page),)),
        "form": form,
        "systems": systems,
        "asked_systems": form.asked_systems(),
        "groups": reach,
        "chosen": chosen,
        "reach": queries.Reach(few or 0, None, None) if only_few else queries.reach(recommendation, chosen=chosen, groups=groups),
        "undisturbed": few,
        "undisturbed_tag": UNDISTURBED_TAG,
        "measurable": measurable,
        "in_progress": [row for row in before if row.status == Activity.Status.ACTIVE],
        "total_before": total,
    }


def _form_template(request: HttpRequest) -> str:
    return f"remediation/form.html{'#flyout' if wants(request, 'flyout') else ''}"


def _groups(request: HttpRequest) -> list[int] | None:
    """The chosen groups; None for all, whose progress is kept on the activity."""
    return scope.of(request).named


def _recommendation(key: str) -> Recommendation:
    found = detail_queries.find(key)
    if found is None:
        raise Http404("There is no recommendation of this id.")
    return found


def _group_names(request: HttpRequest, found: Activity) -> list[str]:
    """The groups that it was asked for, as they were called then; for those who may not see all, of theirs only."""
    chosen = scope.of(request)
    known = {choice.name for choice in chosen.choices}
    return [name for name in found.group_names if name in known or not chosen.restricted]


def _line(row: queries.ActivityRow) -> tuple[Any, ...]:
    return (
        row.title,
        row.component,
        row.kind_label,
        row.priority_label,
        row.done,
        row.total,
        row.due_on,
        row.status_label,
        row.requester,
        row.created_at,
        row.completed_at,
        row.completed_by,
        "; ".join(mark.words for mark in row.tickets),
    )


def _target_line(row: queries.TargetRow) -> tuple[Any, ...]:
    level = "" if row.level is None else MachineScore.Level(row.level).label
    return (row.name, row.group, row.system, level, row.last_seen, row.fixed_at)
