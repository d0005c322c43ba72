"""The tab of exceptions, one of them with its history, and what one does about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core import saved
from core.access import Permission, may, require, require_everywhere
from core.answers import list_answer
from core.exports import stream
from core.htmx import wants
from core.lists import ListState
from core.pager import pager
from core.people import name_of
from core.transitions import allows
from exceptions import access, actions, list_queries, queries, rules
from exceptions.errors import ExceptionRefused
from exceptions.filters import LISTED, SPEC
from exceptions.forms import DecisionForm, RenewForm, SettingsForm
from exceptions.list_queries import Detail, Row
from exceptions.models import RiskException
from inventory import scope
from recommendations import counters, origins

SUBMITTED = "exceptions_submitted"
LIST = saved.register("exceptions", address="exceptions:list", spec=SPEC)
HEADER = ("Exception", "Type", "Machine groups", "Justification", "Status", "Requested by", "Requested", "Expires")
PART_HEADER = ("Machine group", "Status", "Expires", "Justification", "Context", "Requested by", "Requested", "Ended", "Ended by")


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """What is excepted, by subject. With `open` the flyout stands on one."""
    opened = saved.opened(request, LIST)
    if opened.home:
        return redirect(opened.home)
    state, now, groups = opened.state, timezone.now(), _groups(request)
    total, rows = list_queries.page(state, groups=groups, now=now)
    counts = list_queries.counts(groups=groups, now=now)
    context: dict[str, Any] = {
        "state": state,
        "views": opened.bar(),
        "rows": rows,
        "pager": pager(state, total),
        "counts": counts,
        "facets": state.facets(counts.facets),
        "columns": dict.fromkeys(state.columns, True),
        "may_handle": may(request.user, Permission.EXCEPTIONS),
        "needs_approval": queries.settings().approval_required,
    }
    if not wants(request, "results"):
        context |= _submitted(request)
    if state.open and not wants(request, "results"):
        context |= _opened(request, state) or {"open_unknown": state.open}
    return list_answer(request, "exceptions/index.html", context, state=state)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The same list without pages."""
    rows = list_queries.every(SPEC.read(request.GET), groups=_groups(request), now=timezone.now())
    return stream(filename="exceptions.csv", header=HEADER, rows=map(_line, rows))


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def exception(request: HttpRequest, pk: int) -> HttpResponse:
    """One subject with its exceptions: a page, or for HTMX the content of the flyout."""
    found = _known(request, pk)
    if not wants(request, "flyout"):
        return _page(request, found)
    state = LISTED.behind(request)
    context = _flyout_context(request, state or SPEC.read(QueryDict()), found)
    return LISTED.answer(request, "exceptions/detail.html", context, state=state, key=str(pk), place=context["place"])


@require_safe
def parts_export(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """The exceptions of one subject, a line each group."""
    found = list_queries.detail(_known(request, pk), seen=access.seen(request), handled=set(), everywhere=False)
    rows = ((p.name, p.status_label, e.ends_at, e.get_justification_display(), e.context, name_of(e.requested_by),
             e.requested_at, e.ended_at, e.ended_by) for p in found.parts for e in (p.exception,))  # fmt: skip
    return stream(filename=f"exception-{pk}.csv", header=PART_HEADER, rows=rows)


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """End it: as a whole, in one `group`, or (`every`) all that holds for its subject and is the user's to end."""
    require(request, Permission.EXCEPTIONS)
    found = _known(request, pk)
    if request.POST.get("every"):
        return _cancel_every(request, found)
    text = request.POST.get("group", "")
    groups = [int(text)] if text.isdecimal() and len(text) < 10 else None
    allowed = access.may_end(request, groups) if groups else access.may_handle(request, found)
    if not allowed:
        raise PermissionDenied(_not_yours(found))
    done = _try(request, lambda who: actions.cancel(exception=found, group_ids=groups, **who))
    if done:
        messages.success(
            request, "Cancelled for this group: its machines count as before." if groups else "Cancelled: everything counts as before."
        )
    return redirect("exceptions:exception", pk=pk)


@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Take back what was just asked for (`id`), by the one who asked."""
    by = require(request, Permission.EXCEPTIONS)
    ids = [int(text) for text in request.GET.get("id", "").split(",") if text.isdecimal() and len(text) < 10]
    found = list(RiskException.objects.filter(pk__in=ids, requested_by=by, status__in=rules.CURRENT))
    if not all(access.may_handle(request, one) for one in found):
        raise PermissionDenied("This is not yours to cancel.")
    if not found:
        messages.error(request, "There is nothing to take back any more.")
    elif _try(request, lambda who: actions.cancel_several(wanted=[(one, None) for one in found], **who)):
        messages.success(request, "Taken back: everything counts as before.")
    return redirect("exceptions:list")


@require_http_methods(["GET", "HEAD", "POST"])
def renew(request: HttpRequest, pk: int) -> HttpResponse:
    """Let it last longer, for a reason of its own."""
    require(request, Permission.EXCEPTIONS)
    found = _known(request, pk)
    if not access.may_handle(request, found):
        raise PermissionDenied(_not_yours(found))
    if not allows(rules.TRANSITIONS, found.status, "renew"):
        messages.error(request, f"It cannot be renewed: {found.get_status_display().lower()}.")
        return redirect("exceptions:exception", pk=pk)
    chosen = queries.settings()
    form = RenewForm(request.POST or None, today=timezone.now().date(), longest_days=chosen.longest_days)
    if request.method == "POST" and form.is_valid():
        try:
            values = {"until": form.cleaned_data["ends_at"], "context": form.cleaned_data["context"]}
            done = actions.renew(exception=found, **values, **_who(request))
        except ExceptionRefused as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            waits = done.asked_until is not None
            messages.success(
                request, "The renewal waits for another person's approval." if waits else f"Renewed until {done.ends_at:%Y-%m-%d}."
            )
            return redirect("exceptions:exception", pk=pk)
    context = {
        "exception": found,
        "subject": queries.subject_of(found),
        "form": form,
        "needs_approval": chosen.approval_required,
        "trail": origins.trail(request, home="exceptions:list"),
    }
    return render(request, "exceptions/renew.html", context, status=422 if form.errors else 200)


@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve or reject what waits, with a note."""
    require(request, Permission.EXCEPTIONS)
    found = _known(request, pk)
    if not access.may_handle(request, found):
        raise PermissionDenied(_not_yours(found))
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, found, decision=form, status=422)
    verb = actions.approve if form.cleaned_data["do"] == "approve" else actions.reject
    note = form.cleaned_data["note"].strip()
    if _try(request, lambda who: verb(exception=found, note=note, **who)):
        messages.success(request, "Approved." if verb is actions.approve else "Rejected.")
    return redirect("exceptions:exception", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: HttpRequest) -> HttpResponse:
    """Approval, the longest duration, and when an exception resurfaces."""
    require_everywhere(request, Permission.SETTINGS)
    row = queries.settings()
    form = SettingsForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        actions.save_settings(**form.cleaned_data, **_who(request))
        messages.success(request, "Saved. It holds for what is asked for from now on.")
        return redirect("exceptions:settings")
    context = {"form": form, "trail": None, "pending": RiskException.objects.filter(status=rules.PENDING).count()}
    return render(request, "exceptions/settings.html", context, status=422 if form.errors else 200)


def _page(request: HttpRequest, found: RiskException, *, decision: DecisionForm | None = None, status: int = 200) -> HttpResponse:
    context = _detail_context(request, found) | _submitted(request) | {"trail": origins.trail(request, home="exceptions:list")}
    if decision is not None:
        context["decision"] = decision
    return render(request, "exceptions/detail.html", context, status=status)


def _submitted(request: HttpRequest) -> dict[str, Any]:
    """The bar on top after a request, once: what holds now, and the way to take it back."""
    told: dict[str, Any] | None = request.session.pop(SUBMITTED, None)
    if told is None:
        return {}
    return {"told": told["told"], "undo_address": f"{reverse('exceptions:undo')}?id={','.join(map(str, told['ids']))}"}


def _opened(request: HttpRequest, state: ListState) -> dict[str, Any] | None:
    found = list_queries.find(int(state.open)) if state.open.isdecimal() and len(state.open) < 10 else None
    return _flyout_context(request, state, found) if found and list_queries.is_seen(found, access.seen(request)) else None


def _flyout_context(request: HttpRequest, state: ListState, found: RiskException) -> dict[str, Any]:
    place = list_queries.place_in(state, found.pk, groups=_groups(request), now=timezone.now())
    context = _detail_context(request, found)
    return context | {"place": place, "head": LISTED.head(state, key=str(found.pk), title=context["detail"].subject.title, place=place)}


def _detail_context(request: HttpRequest, found: RiskException) -> dict[str, Any]:
    now = timezone.now()
    handled = access.handled(request)
    detail = list_queries.detail(found, seen=access.seen(request), handled=handled, everywhere=access.may_everywhere(request))
    may_here = access.may_handle(request, found)
    asked_by = found.requested_by if found.status == rules.PENDING else found.asked_by
    waits = found.status == rules.PENDING or found.asked_until is not None
    return {
        "detail": detail,
        "exception": found,
        "subject": detail.subject,
        "meaning": rules.BY_KEY[found.justification],
        "measure": _measure(detail, access.seen(request)),
        "left": rules.days_left(found.ends_at, now=now) if found.status in rules.CURRENT else "",
        "soon": found.status == rules.IN_EFFECT and rules.ends_soon(found.ends_at, now=now),
        "may_cancel": may_here and allows(rules.TRANSITIONS, found.status, "cancel"),
        "may_cancel_all": len({part.exception.pk for part in detail.parts if part.may_end and part.is_current}) > 1,
        "may_renew": may_here and allows(rules.TRANSITIONS, found.status, "renew") and found.asked_until is None,
        "waits": waits,
        "may_decide": waits and may_here and asked_by != request.user,
        "own": waits and asked_by == request.user,
        "decision": DecisionForm(),
        "names": {"requested": name_of(found.requested_by), "decided": name_of(found.decided_by)},
        "as_of": counters.last_run(request).finished_at,
    }


def _measure(detail: Detail, seen: set[int]) -> queries.Measure:
    """What the shown one covers now of the groups that the viewer may see, without regard to exceptions."""
    places = seen if detail.shown.all_machines else seen.intersection(queries.live_groups(detail.shown))
    return queries.measure(detail.subject, groups=sorted(places))


def _cancel_every(request: HttpRequest, found: RiskException) -> HttpResponse:
    """Every current exception of the subject, in the groups that are the user's to end."""
    detail = list_queries.detail(
        found, seen=access.seen(request), handled=access.handled(request), everywhere=access.may_everywhere(request)
    )
    mine = [part for part in detail.parts if part.may_end and part.is_current]
    wanted: list[tuple[RiskException, list[int] | None]] = []
    for one in detail.current:
        groups = [part.group_id for part in mine if part.exception.pk == one.pk]
        if groups:
            wanted.append((one, None if one.all_machines else [group for group in groups if group is not None]))
    if wanted and _try(request, lambda who: actions.cancel_several(wanted=wanted, **who)):
        messages.success(request, "Cancelled: everything counts as before.")
    return redirect("exceptions:exception", pk=found.pk)


def _try(request: HttpRequest, deed: Callable[[dict[str, Any]], Any]) -> bool:
    """Whether it was done; what was in the way is told."""
    try:
        deed(_who(request))
    except ExceptionRefused as refusal:
        messages.error(request, str(refusal))
        return False
    return True


def _known(request: HttpRequest, pk: int) -> RiskException:
    """It is there for those who may see one of its groups."""
    found = list_queries.find(pk)
    if found is None or not list_queries.is_seen(found, access.seen(request)):
        raise Http404("There is no such exception.")
    return found


def _not_yours(found: RiskException) -> str:
    if found.all_machines:
        return "An exception for all machines needs the permission “Handle exceptions” for every machine group."
    return "This needs the permission “Handle exceptions” for its machine groups."


def _groups(request: HttpRequest) -> list[int] | None:
    chosen = scope.of(request)
    return None if chosen.is_all else chosen.group_ids


def _who(request: HttpRequest) -> dict[str, Any]:
    return {"by": request.user, "now": timezone.now()}


def _line(row: Row) -> tuple[Any, ...]:
    return (row.title, row.type_label, row.places, row.justification, row.status_label, row.requester, row.requested_at, row.ends_at)
