"""Reporting that something is not right, the curators' queue, and the public log of what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core import mail, outbox
from core.access import Permission, may, require
from core.exports import stream
from core.htmx import wants
from core.models import User
from core.pager import pager
from inventory import scope
from inventory.models import Software
from recommendations import inaccuracy_actions, inaccuracy_queries
from recommendations.errors import AlreadyAnswered
from recommendations.inaccuracy_forms import CATEGORIES, NEEDS_VALUE, AnswerForm, InaccuracyForm
from recommendations.models import InaccuracyReport, Recommendation
from weaknesses import match_queries, match_views
from weaknesses.match_queries import Effect, MatchPage
from weaknesses.models import Weakness

# What one click can set aside, the narrowest first.
CORRECTIONS = (
    ("version", "This version is not affected"),
    ("range", "The range of versions is wrong"),
    ("product", "It is another product"),
)
KEYS: dict[type, str] = {Recommendation: "key", Software: "key", Weakness: "cve"}
LOG_HEADER = ("About", "Category", "Reported", "State", "Correction", "What came of it", "Answered", "Matches changed")
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
    context = _form_context(subject, form)
    if sent is None or not form.is_valid():
        return render(request, _template(request), context, status=422 if sent is not None else 200)
    made = inaccuracy_actions.report_inaccuracy(subject=subject, by=user, now=timezone.now(), **form.cleaned_data)
    if wants(request, "flyout"):
        return render(request, "inaccuracies/form.html#flyout", context | {"made": made})
    messages.success(request, "Reported. Curators see it at once, and answer here.")
    return redirect("recommendations:inaccuracy_report", pk=made.pk)


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """The queue: every report for curators, their own for everybody else; the newest first, with what came of it."""
    state, mine = inaccuracy_queries.SPEC.read(request.GET), _mine(request)
    total, rows = inaccuracy_queries.page(state, by=mine)
    context = {
        "state": state,
        "rows": rows,
        "pager": pager(state, total),
        "facets": state.facets(inaccuracy_queries.counts(by=mine)),
        "mine": mine,
    }
    return render(request, f"inaccuracies/index.html{'#results' if wants(request, 'results') else ''}", context)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    rows = inaccuracy_queries.every(inaccuracy_queries.SPEC.read(request.GET), by=_mine(request))
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


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def log(request: HttpRequest) -> HttpResponse:
    """What was reported and what came of it, for everybody: nothing that people wrote in a report, and no names."""
    state = inaccuracy_queries.LOG.read(request.GET)
    total, rows = inaccuracy_queries.page(state, public=True)
    context = {
        "state": state,
        "rows": rows,
        "pager": pager(state, total),
        "facets": state.facets(inaccuracy_queries.counts()),
        "may_answer": _is_curator(request),
    }
    return render(request, f"inaccuracies/log.html{'#results' if wants(request, 'results') else ''}", context)


@require_safe
def log_export(request: HttpRequest) -> StreamingHttpResponse:
    rows = inaccuracy_queries.every(inaccuracy_queries.LOG.read(request.GET), public=True)
    lines = (
        (row.about, row.category, row.reported_at, row.state_label, row.correction, row.answer, row.answered_at, row.matches_changed)
        for row in rows
    )
    return stream(filename="corrections.csv", header=LOG_HEADER, rows=lines)


@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One report; curators answer or correct it here, with the reasons of the match beside it. Others see their own."""
    found = _found(pk)
    if not _is_curator(request) and found.reported_by_id != request.user.pk:
        raise PermissionDenied("This report is somebody else's. What came of it stands in the public log.")
    form = AnswerForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        by = require(request, Permission.CURATE)
        if form.is_valid():
            return _answered(request, found, form, by)
        status = 422
    return _detail(request, found, form, status=status)


@require_POST
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """One click: set the match aside (`what`: product, version, range) and answer with reference to that. Curators only."""
    by = require(request, Permission.CURATE)
    found = _found(pk)
    why = _why(request, found, request.POST.get("match", ""))
    named = match_views.named_by(request.POST.get("what", ""), why.page) if why else None
    if why is None or named is None:
        messages.error(request, "This match is gone already, or there is nothing here that this could correct.")
        return redirect("recommendations:inaccuracy_report", pk=pk)
    answer = request.POST.get("answer", "").strip()[:4000] or _words(why, request.POST.get("what", ""))
    try:
        report = inaccuracy_actions.correct_inaccuracy(report=found, answer=answer, named=named, by=by, now=timezone.now())
    except AlreadyAnswered:
        messages.error(request, "Somebody else has answered it in the meantime; their answer stands here.")
        return redirect("recommendations:inaccuracy_report", pk=pk)
    changed = report.matches_changed or 0
    undo = f"{reverse('recommendations:inaccuracy_undo', args=[pk])} undo"
    messages.success(request, f"Corrected for everybody: {changed:,} match{'' if changed == 1 else 'es'} changed.", extra_tags=undo)
    return redirect("recommendations:inaccuracy_report", pk=pk)


@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the correction back and open the report again. Curators only."""
    by = require(request, Permission.CURATE)
    inaccuracy_actions.undo_correction(report=_found(pk), by=by, now=timezone.now())
    messages.success(request, "What the feeds say holds again, and the report is open.")
    return redirect("recommendations:inaccuracy_report", pk=pk)


@require_POST
def resend(request: HttpRequest, pk: int) -> HttpResponse:
    """Try the mail with the answer again. Curators only."""
    by = require(request, Permission.CURATE)
    kept = inaccuracy_queries.mail_of(_found(pk))
    if kept is not None and outbox.replay(kept=kept, by=by, now=timezone.now()):
        messages.success(request, "The mail goes out within a minute.")
    else:
        messages.error(request, "There is no mail that was given up.")
    return redirect("recommendations:inaccuracy_report", pk=pk)


@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Take the answer back. Curators only."""
    by = require(request, Permission.CURATE)
    inaccuracy_actions.reopen_inaccuracy(report=_found(pk), by=by, now=timezone.now())
    messages.success(request, "The report is open again.")
    return redirect("recommendations:inaccuracy_report", pk=pk)


def _answered(request: HttpRequest, found: InaccuracyReport, form: AnswerForm, by: User) -> HttpResponse:
    try:
        inaccuracy_actions.answer_inaccuracy(report=found, by=by, now=timezone.now(), **form.cleaned_data)
        messages.success(request, "Answered.")
    except AlreadyAnswered:
        messages.error(request, "Somebody else has answered it in the meantime; their answer stands here.")
    return redirect("recommendations:inaccuracy_report", pk=found.pk)


def _form_context(subject: Recommendation | Software | Weakness, form: InaccuracyForm) -> dict[str, Any]:
    name, address = inaccuracy_queries.about(subject)
    return {
        "form": form,
        "name": name,
        "address": address,
        "key": getattr(subject, KEYS[type(subject)]),
        "kind": type(subject).__name__.lower(),
        "asks_value": any(category in NEEDS_VALUE for category in CATEGORIES[type(subject)]),
        "waiting": inaccuracy_queries.open_about(subject),
    }


def _template(request: HttpRequest) -> str:
    return f"inaccuracies/form.html{'#flyout' if wants(request, 'flyout') else ''}"


def _found(pk: int) -> InaccuracyReport:
    found = inaccuracy_queries.one(pk)
    if found is None:
        raise Http404("There is no such report.")
    return found


def _is_curator(request: HttpRequest) -> bool:
    return may(request.user, Permission.CURATE)


def _mine(request: HttpRequest) -> User | None:
    """Whose reports alone are shown; None: everybody's."""
    return request.user if isinstance(request.user, User) and not _is_curator(request) else None


@dataclass(frozen=True, slots=True)
class _Why:
    """The match that is shown beside a report, with why it is one and what one click could correct: what, label, effect, answer."""

    match: inaccuracy_queries.Match
    page: MatchPage
    ways: tuple[tuple[str, str, Effect | None, str], ...]


def _why(request: HttpRequest, found: InaccuracyReport, asked: str) -> _Why | None:
    match = inaccuracy_queries.one_match(inaccuracy_queries.matches_of(found), asked)
    if match is None:
        return None
    groups = scope.of(request).group_ids
    subjects = match_queries.subjects(weakness=match.weakness, groups=groups, version_id=match.version_id)
    subject = next((subject for subject in subjects if subject.id == match.version_id), None)
    if subject is None:
        return None
    page = match_queries.match_page(weakness=match.weakness, subject=subject, groups=groups, machine=None)
    effects = match_queries.override_effects(page)
    bare = _Why(match, page, ())
    ways = [
        (what, label, effects.get(what), _words(bare, what)) for what, label in CORRECTIONS if match_views.named_by(what, page) is not None
    ]
    return _Why(match, page, tuple(ways))


def _words(why: _Why, what: str) -> str:
    """An answer that says what was corrected."""
    subject, cve = why.page.subject, why.match.weakness.cve
    if what == "product":
        return f"{subject.software} is not the product that {cve} is about; the portal no longer takes it for that one."
    if what == "range":
        return f"The range of versions that {cve} was matched by is wrong; the portal no longer uses it."
    return f"{subject.software} {subject.version} is not affected by {cve}; the portal no longer says so."


def _detail(request: HttpRequest, found: InaccuracyReport, form: AnswerForm, *, status: int) -> HttpResponse:
    curates = _is_curator(request)
    asked = request.GET.get("match", "")
    kept = inaccuracy_queries.mail_of(found)
    context = {
        "report": found,
        "row": inaccuracy_queries.row_of(found),
        "form": form,
        "matches": inaccuracy_queries.matches_of(found) if curates and found.answered_at is None else (),
        "why": _why(request, found, asked) if curates and found.answered_at is None else None,
        "may_answer": curates,
        "mail": kept,
        "mail_on": mail.enabled(),
        "mail_error": str((kept.attempts or [{}])[-1].get("error", "")) if kept and curates else "",
    }
    return render(request, "inaccuracies/detail.html", context, status=status)
