"""Asking for exceptions, from a recommendation, from several, or from a weakness."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from core.access import Permission, may, require
from core.htmx import wants
from core.origin import Crumb
from exceptions import access, actions, list_queries, queries, rules
from exceptions.errors import ExceptionRefused
from exceptions.forms import RequestForm
from exceptions.list_views import SUBMITTED
from exceptions.models import RiskException
from exceptions.queries import Subject
from inventory import scope
from inventory.models import Software
from recommendations import detail_queries, origins
from recommendations.models import Recommendation
from weaknesses.models import Weakness

MOST_PICKED = 100
MOST_PAIRS = 20


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request", "HX-Target")
def request_recommendation(request: HttpRequest, key: str) -> HttpResponse:
    """For one recommendation, in the flyout or as a page."""
    found = detail_queries.find(key)
    if found is None:
        raise Http404("There is no recommendation of this id.")
    page = reverse("recommendations:detail", args=[key])
    trail = origins.trail(request, home=origins.LIST, page=page, then=(Crumb(found.title, page),))
    return _answer(request, [Subject(recommendation=found)], back=page, trail=trail)


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request", "HX-Target")
def request_weakness(request: HttpRequest, cve: str) -> HttpResponse:
    """For one weakness of every product, or of one `software`."""
    weakness = Weakness.objects.filter(cve=cve.upper()).first()
    if weakness is None:
        raise Http404(f"{cve} is not known here.")
    software = _software(request)
    page = reverse("recommendations:weakness", args=[weakness.cve])
    trail = origins.trail(request, home=origins.WEAKNESSES, page=page, then=(Crumb(weakness.cve, page),))
    return _answer(request, [Subject(weakness=weakness, software=software)], back=page, trail=trail)


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request", "HX-Target")
def request_picked(request: HttpRequest) -> HttpResponse:
    """For several picked recommendations at once (`pick`): the same reason, time and machines for each."""
    require(request, Permission.EXCEPTIONS)
    asked = request.POST if request.method == "POST" else request.GET
    ids = [int(text) for part in asked.getlist("pick") for text in part.split(",") if text.isdecimal() and len(text) < 10]
    found = Recommendation.objects.filter(pk__in=ids[:MOST_PICKED], present=True).select_related("configuration", "software")
    by_id = {recommendation.pk: recommendation for recommendation in found}
    subjects = [Subject(recommendation=by_id[pk]) for pk in dict.fromkeys(ids) if pk in by_id]
    back = reverse("recommendations:list")
    if not subjects:
        messages.error(request, "Nothing is picked. Pick recommendations in the list, then except them.")
        return redirect(back)
    trail = origins.trail(request, home=origins.LIST)
    return _answer(request, subjects, back=back, trail=trail)


@require_safe
def recommendation_panel(request: HttpRequest, key: str) -> HttpResponse:
    """The exceptions of a recommendation, for its detail."""
    found = detail_queries.find(key)
    if found is None:
        raise Http404("There is no recommendation of this id.")
    return _panel(request, Subject(recommendation=found), reverse("exceptions:request", args=[key]))


@require_safe
def weakness_panel(request: HttpRequest, cve: str) -> HttpResponse:
    """The exceptions of a weakness, for its detail: of every product, and of one each."""
    weakness = Weakness.objects.filter(cve=cve.upper()).first()
    if weakness is None:
        raise Http404(f"{cve} is not known here.")
    return _panel(request, Subject(weakness=weakness), reverse("exceptions:weakness", args=[weakness.cve]))


def _answer(request: HttpRequest, subjects: list[Subject], *, back: str, trail: Any) -> HttpResponse:
    """The form, 422 with it where something is missing; `reach` and `preview` only count."""
    by = require(request, Permission.EXCEPTIONS)
    context = _form_context(request, subjects) | {"back": back, "trail": trail}
    form: RequestForm = context["form"]
    if wants(request, "reach"):
        return render(request, "exceptions/form.html#reach", context | _preview(request, form, subjects))
    sent = request.method == "POST" and "preview" not in request.POST
    if not sent or not form.is_valid():
        return render(request, _template(request), context | _preview(request, form, subjects), status=422 if sent else 200)
    data = form.cleaned_data
    wanted = form.wanted_groups
    if wanted is None and not access.may_everywhere(request):
        form.add_error("scope", "An exception for all machines needs the permission for every machine group.")
        return render(request, _template(request), context | _preview(request, form, subjects), status=422)
    try:
        made = actions.grant(
            subjects=subjects,
            justification=data["justification"],
            context=data["context"],
            until=data["ends_at"],
            group_ids=wanted,
            by=by,
            now=timezone.now(),
        )
    except ExceptionRefused as refusal:
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        return render(request, _template(request), context | _preview(request, form, subjects), status=422)
    return _told(request, subjects, made, context)


def _told(request: HttpRequest, subjects: list[Subject], made: list[RiskException], context: dict[str, Any]) -> HttpResponse:
    """Back where it was asked for, with a bar on top that says what holds now, and a way to take it back."""
    first = made[0]
    about = subjects[0].title if len(made) == 1 else f"{len(made)} recommendations"
    words = {
        rules.PENDING: f"{about}: the exception waits for another person's approval.",
        rules.SUSPENDED: f"{about}: the exception starts when the one for all machines ends.",
    }.get(first.status, f"{about} is excepted until {first.ends_at:%Y-%m-%d}." if len(made) == 1 else f"{about} are excepted.")
    if wants(request, "flyout"):
        return render(request, "exceptions/form.html#flyout", context | {"made": made, "first": first, "told": words})
    request.session[SUBMITTED] = {"told": words, "ids": [exception.pk for exception in made]}
    return redirect("exceptions:exception", pk=first.pk) if len(made) == 1 else redirect("exceptions:list")


def _form_context(request: HttpRequest, subjects: list[Subject]) -> dict[str, Any]:
    chosen = scope.of(request)
    groups = queries.group_choices(subjects, groups=access.offered(request))
    whole, _ = queries.held_of(subjects)
    everywhere = whole is None and access.may_everywhere(request)
    settings = queries.settings()
    form = RequestForm(
        request.POST if request.method == "POST" else None,
        of_weakness=subjects[0].of_weakness,
        groups=groups,
        everywhere=everywhere,
        today=timezone.now().date(),
        longest_days=settings.longest_days,
    )
    return {
        "subjects": subjects,
        "subject": subjects[0],
        "form": form,
        "groups": groups,
        "searched": len(groups) > rules.SEARCHED_FROM,
        "whole": whole,
        "filtered": None if chosen.is_all else chosen,
        "needs_approval": settings.approval_required,
        "possible": everywhere or bool(groups),
    }


def _preview(request: HttpRequest, form: RequestForm, subjects: list[Subject]) -> dict[str, Any]:
    """What it would do, as far as it is chosen."""
    wanted = form.wanted_groups
    if wanted is not None and not wanted:
        return {"preview": None}
    justification = form.justification_value
    meaning = rules.BY_KEY.get(justification)
    found = queries.preview(subjects, groups=wanted, justification=justification or "other", seen=access.seen(request))
    return {"preview": found, "meaning": meaning, "everywhere": wanted is None, "chosen_groups": len(wanted or ())}


def _panel(request: HttpRequest, subject: Subject, address: str) -> HttpResponse:
    seen = access.seen(request)
    total, rows = list_queries.of_subject(subject, seen=seen)
    context = {
        "subject": subject,
        "total": total,
        "rows": rows,
        "address": address,
        "may_request": may(request.user, Permission.EXCEPTIONS),
    }
    if subject.weakness is not None:
        context["software"] = queries.software_with(subject.weakness) if context["may_request"] else []
        pairs = RiskException.objects.filter(weakness=subject.weakness, software__isnull=False, status__in=rules.CURRENT)
        found = pairs.select_related("software").prefetch_related("parts").order_by("-id")
        context["pairs"] = [pair for pair in found if list_queries.is_seen(pair, seen)][:MOST_PAIRS]
    return render(request, "exceptions/panel.html", context)


def _software(request: HttpRequest) -> Software | None:
    key = (request.POST if request.method == "POST" else request.GET).get("software", "") or request.GET.get("software", "")
    if not key:
        return None
    found = Software.objects.filter(key=key).first()
    if found is None:
        raise Http404("This software is not known here.")
    return found


def _template(request: HttpRequest) -> str:
    return f"exceptions/form.html{'#flyout' if wants(request, 'flyout') else ''}"
