"""The page of one match, why it is one or why not, and a curator's word on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import trigger_client_event

from core.htmx import wants
from inventory import scope
from inventory.models import Machine, Software, Version
from weaknesses import actions, match_queries, opinion_queries, override_queries
from weaknesses.curators import curator, curator_or_refuse
from weaknesses.forms import SCOPES, OverrideForm
from weaknesses.match_queries import MatchPage, Subject
from weaknesses.models import Product, Weakness

TEMPLATE = "weaknesses/why.html"
PARTIALS = ("why", "flyout")
CHANGED = "match:changed"  # lists that show matches listen to it


@dataclass(frozen=True, slots=True)
class Question:
    """What an address asks: a weakness, the versions that are meant, the one that is shown, and on which machine."""

    weakness: Weakness
    subjects: tuple[Subject, ...]
    subject: Subject
    machine: Machine | None
    kept: dict[str, int]

    def address(self, **more: int) -> str:
        """This page, with the version that is shown."""
        query = urlencode(self.kept | {"version": self.subject.id} | more)
        return f"{reverse('weaknesses:why', args=[self.weakness.cve])}?{query}"

    @property
    def choices(self) -> list[tuple[Subject, str]]:
        """The versions with their addresses."""
        page = reverse("weaknesses:why", args=[self.weakness.cve])
        return [(subject, f"{page}?{urlencode(self.kept | {'version': subject.id})}") for subject in self.subjects]


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def why(request: HttpRequest, cve: str) -> HttpResponse:
    """Why a version (`version`), a software (`software`) or a machine (`machine`) has the weakness, or why not."""
    question = _question(request, cve, request.GET)
    page = _page(request, question)
    response = _answer(request, question, page, forms=_forms(page))
    return trigger_client_event(response, CHANGED) if request.GET.get("done") else response


@require_POST
def override(request: HttpRequest, cve: str) -> HttpResponse:
    """Set a match aside, or declare one: `what` says how far that reaches. Curators only; 422 with the page if it says too little."""
    by = curator_or_refuse(request)
    question = _question(request, cve, request.POST)
    page = _page(request, question)
    what = request.POST.get("what", "")
    form = OverrideForm.of(what, request.POST)
    named = named_by(what, page)
    if not form.is_valid() or named is None:
        if named is None:
            form.add_error(None, "There is nothing here that this could correct.")
        forms = _forms(page) | ({what: form} if what in dict(SCOPES) else {})
        return _answer(request, question, page, forms=forms, faults=form.non_field_errors() or form.errors.get("what"), status=422)
    made, _ = actions.add_override(
        by=by, now=timezone.now(), reason=form.cleaned_data["reason"], address=request.META.get("REMOTE_ADDR", ""), **named
    )
    return redirect(question.address(done=made.pk))


def _question(request: HttpRequest, cve: str, asked: QueryDict) -> Question:
    weakness = get_object_or_404(Weakness, cve=cve.upper())
    groups = scope.of(request).group_ids
    numbers = {name: int(text) for name in ("machine", "software", "version") if _is_number(text := asked.get(name, ""))}
    wanted = numbers.pop("version", None)
    kept = numbers
    machine = get_object_or_404(Machine, pk=kept["machine"], group_id__in=groups) if "machine" in kept else None
    found = match_queries.subjects(
        weakness=weakness, groups=groups, version_id=wanted or 0, software_id=kept.get("software"), machine_id=kept.get("machine")
    )
    chosen = next((subject for subject in found if subject.id == wanted), None)
    if chosen is None and (wanted or not found):
        raise Http404("No version that this could be about.")
    return Question(weakness, found, chosen or found[0], machine, kept)


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) < 10


def _page(request: HttpRequest, question: Question) -> MatchPage:
    groups = scope.of(request).group_ids
    return match_queries.match_page(weakness=question.weakness, subject=question.subject, groups=groups, machine=question.machine)


def _forms(page: MatchPage) -> dict[str, OverrideForm]:
    """A form for each thing that can be corrected here."""
    return {what: OverrideForm.of(what) for what, _ in SCOPES if named_by(what, page) is not None}


def named_by(what: str, page: MatchPage) -> dict[str, Any] | None:
    """What an override of this scope names. None: there is nothing of the kind on the page."""
    version = Version(pk=page.subject.id, software_id=page.subject.software_id)
    if what == "affected":
        return None if page.matched or page.weakness.rejected else {"verdict": "affected", "version": version, "weakness": page.weakness}
    if not page.matched:
        return None
    if what == "version":
        return {"version": version, "weakness": page.weakness}
    if page.shown is None or page.declared:
        return None
    product = Product(pk=page.shown.stated.product_id, key=page.shown.stated.product)
    if what == "product":
        return {"software": Software(pk=page.subject.software_id), "product": product}
    if what == "range":
        return {"product": product, "weakness": page.weakness, "range_fingerprint": page.shown.stated.fingerprint}
    return None


def _answer(
    request: HttpRequest,
    question: Question,
    page: MatchPage,
    *,
    forms: dict[str, OverrideForm],
    faults: Any = None,
    status: int = 200,
) -> HttpResponse:
    may = curator(request) is not None
    done = request.GET.get("done", "") if request.method == "GET" else ""
    context = {
        "page": page,
        "question": question,
        "weakness": question.weakness,
        "subject": question.subject,
        "machine": question.machine,
        "may_curate": may,
        "forms": _labelled(forms, page) if may else [],
        "faults": faults,
        "address": question.address(),
        "done": override_queries.override_line(int(done)) if may and _is_number(done) else None,
        "overrides": override_queries.overrides_on(page),
        "opinions": opinion_queries.opinions_on(page, groups=scope.of(request).group_ids, machine=question.machine),
    }
    partial = next((name for name in PARTIALS if wants(request, name)), "")
    return render(request, f"{TEMPLATE}#{partial}" if partial else TEMPLATE, context, status=status)


def _labelled(forms: dict[str, OverrideForm], page: MatchPage) -> list[dict[str, Any]]:
    """The forms as they are shown: with what they do, and how much rests on it."""
    effects = match_queries.override_effects(page)
    return [{"what": what, "label": label, "form": forms[what], "effect": effects.get(what)} for what, label in SCOPES if what in forms]
