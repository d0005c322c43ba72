"""Reporting that something is not right, and the public log of such reports with what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core.access import Permission, may, require
from core.exports import stream
from core.htmx import wants
from core.lists import pager
from core.models import User
from inventory import scope
from inventory.models import Software
from recommendations import inaccuracy_actions, inaccuracy_queries
from recommendations.errors import AlreadyAnswered
from recommendations.inaccuracy_forms import CATEGORIES, NEEDS_VALUE, AnswerForm, InaccuracyForm
from recommendations.models import InaccuracyReport, Recommendation
from weaknesses.models import Weakness

KEYS: dict[type, str] = {Recommendation: "key", Software: "key", Weakness: "cve"}
HEADER = ("About", "Category", "Right value", "Machine", "Details", "Reported by", "Reported", "State", "Answer", "Answered by", "Answered")


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request", "HX-Target")
def report(request: HttpRequest, key: str, kind: type[Recommendation | Software | Weakness]) -> HttpResponse:
    """The form, in the flyout or as a page, and its answer: 422 with the form if something is missing."""
    subject: Recommendation | Software | Weakness = get_object_or_404(kind, **{KEYS[kind]: key})  # type: ignore[assignment]
    groups = tuple(scope.of(request).group_ids)
    user = request.user
    assert isinstance(user, User)
    sent = request.POST if request.method == "POST" else None
    form = InaccuracyForm(
        sent, subject=subject, groups=groups, initial={"email": user.email, "machine": request.GET.get("machine", "")[:255]}
    )
    context = _form_context(subject, form, groups)
    if sent is None or not form.is_valid():
        return render(request, _template(request), context, status=422 if sent is not None else 200)
    made = inaccuracy_actions.report_inaccuracy(
        subject=subject, by=user, now=timezone.now(), address=request.META.get("REMOTE_ADDR", ""), **form.cleaned_data
    )
    if wants(request, "flyout"):
        return render(request, "inaccuracies/form.html#flyout", context | {"made": made})
    messages.success(request, "Reported. Curators see it at once, and answer here.")
    return redirect("recommendations:inaccuracy_report", pk=made.pk)


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """Every report, the newest first, with what came of it."""
    state = inaccuracy_queries.SPEC.read(request.GET)
    groups = scope.of(request).named
    total, rows = inaccuracy_queries.page(state, groups=groups)
    context = {"state": state, "rows": rows, "pager": pager(state, total), "facets": state.facets(inaccuracy_queries.counts(groups=groups))}
    return render(request, f"inaccuracies/index.html{'#results' if wants(request, 'results') else ''}", context)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    rows = inaccuracy_queries.every(inaccuracy_queries.SPEC.read(request.GET), groups=scope.of(request).named)
    lines = (
        (
            row.about,
            row.category,
            row.right_value,
            row.machine,
            row.details,
            row.reporter,
            row.reported_at,
            row.state_label,
            row.answer,
            row.curator,
            row.answered_at,
        )
        for row in rows
    )
    return stream(filename="inaccuracies.csv", header=HEADER, rows=lines)


@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One report; curators answer it here, with the matches that it may be about beside it."""
    found = _found(request, pk)
    form = AnswerForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        by = _curator_or_refuse(request)
        if form.is_valid():
            return _answered(request, found, form, by)
        status = 422
    context = {
        "report": found,
        "row": inaccuracy_queries.row_of(found),
        "form": form,
        "matches": inaccuracy_queries.matches_of(found),
        "may_answer": _is_curator(request),
    }
    return render(request, "inaccuracies/detail.html", context, status=status)


@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the answer back. Curators only."""
    by = _curator_or_refuse(request)
    inaccuracy_actions.reopen_inaccuracy(report=_found(request, pk), by=by, now=timezone.now(), address=request.META.get("REMOTE_ADDR", ""))
    messages.success(request, "The report is open again.")
    return redirect("recommendations:inaccuracy_report", pk=pk)


def _answered(request: HttpRequest, found: InaccuracyReport, form: AnswerForm, by: User) -> HttpResponse:
    try:
        inaccuracy_actions.answer_inaccuracy(
            report=found, by=by, now=timezone.now(), address=request.META.get("REMOTE_ADDR", ""), **form.cleaned_data
        )
        messages.success(request, "Answered.")
    except AlreadyAnswered:
        messages.error(request, "Somebody else has answered it in the meantime; their answer stands here.")
    return redirect("recommendations:inaccuracy_report", pk=found.pk)


def _form_context(subject: Recommendation | Software | Weakness, form: InaccuracyForm, groups: Sequence[int]) -> dict[str, Any]:
    name, address = inaccuracy_queries.about(subject)
    return {
        "form": form,
        "name": name,
        "address": address,
        "key": getattr(subject, KEYS[type(subject)]),
        "kind": type(subject).__name__.lower(),
        "asks_value": any(category in NEEDS_VALUE for category in CATEGORIES[type(subject)]),
        "waiting": inaccuracy_queries.open_about(subject, groups=groups),
    }


def _template(request: HttpRequest) -> str:
    return f"inaccuracies/form.html{'#flyout' if wants(request, 'flyout') else ''}"


def _found(request: HttpRequest, pk: int) -> InaccuracyReport:
    found = inaccuracy_queries.one(pk, groups=scope.permitted(request))
    if found is None:
        raise Http404("There is no such report.")
    return found


def _is_curator(request: HttpRequest) -> bool:
    return may(request.user, Permission.CURATE)


def _curator_or_refuse(request: HttpRequest) -> User:
    return require(request, Permission.CURATE)
