"""The same change to many machines: what it would do first, then the change, and taking it back."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from core.access import Permission, may, require
from inventory import actions, scope
from inventory.errors import BadTag
from inventory.models import Machine
from recommendations import machine_queries, score_queries
from recommendations.machine_filters import matching
from recommendations.machine_forms import ReasonForm, TagForm, ValueForm
from recommendations.views import machine_spec

MOST = 5_000
SHOWN = 20
UNDO = "machines_undo"
UNDO_FOR = dt.timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of many machines. `action` as the audit trail names it; `form` asks for what it needs."""

    label: str
    title: str
    button: str
    action: str
    form: type[Any] | None
    now_is: Callable[[Machine], Sequence[str]]


def _value(machine: Machine) -> Sequence[str]:
    return (str(machine.get_value_display()),)


def _tags(machine: Machine) -> Sequence[str]:
    return machine.tags or ("No tag",)


def _facing(machine: Machine) -> Sequence[str]:
    return ("Internet facing" if machine.internet_facing else "Not internet facing",)


def _excluded(machine: Machine) -> Sequence[str]:
    return ("Excluded" if machine.excluded else "In the scores",)


CHANGES = {
    "value": Change("Set device value", "Set the device value", "Set value", "machine.set_value", ValueForm, _value),
    "tag": Change("Add tag", "Add a tag", "Add tag", "machine.tag", TagForm, _tags),
    "untag": Change("Remove tag", "Remove a tag", "Remove tag", "machine.tag", TagForm, _tags),
    "facing": Change(
        "Mark internet facing", "Mark as internet facing", "Mark internet facing", "machine.set_internet_facing", None, _facing
    ),
    "not-facing": Change(
        "Mark not internet facing",
        "Mark as not internet facing",
        "Mark not internet facing",
        "machine.set_internet_facing",
        None,
        _facing,
    ),
    "exclude": Change("Exclude", "Exclude from scores and counts", "Exclude", actions.EXCLUDE, ReasonForm, _excluded),
    "include": Change("Take in again", "Take into scores and counts again", "Take in again", actions.EXCLUDE, ReasonForm, _excluded),
}


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest) -> HttpResponse:
    """What a change (`what`) of the chosen machines (`machine`, or `every` of the list) does; a POST does it."""
    require(request, Permission.SETTINGS)
    asked = request.POST if request.method == "POST" else request.GET
    what = asked.get("what", "")
    if what not in CHANGES:
        raise Http404("Nothing to change.")
    machines = _chosen(request, asked)
    chosen = CHANGES[what]
    form = chosen.form(request.POST if request.method == "POST" else None) if chosen.form else None
    if request.method != "POST" or not machines:
        return _ask(request, what, machines, form, status=200)
    if form is not None and not form.is_valid():
        return _ask(request, what, machines, form, status=422)
    now = timezone.now()
    try:
        changed = _do(request, what, machines, form.cleaned_data if form else {}, now)
    except BadTag as error:
        if form is not None:
            form.add_error("tag", str(error))
        return _ask(request, what, machines, form, status=422)
    machine_queries.forget_tags()
    _tell(request, chosen, changed, now)
    return redirect(_back(request))


@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Take the last change of many machines back, where nobody has changed them since."""
    require(request, Permission.SETTINGS)
    offer = undo_offer(request)
    request.session.pop(UNDO, None)
    if offer and request.POST.get("what") != "keep":
        at = parse_datetime(offer["at"])
        back = actions.undo_machines(action=offer["action"], at=at, **_who(request, timezone.now())) if at else 0
        machine_queries.forget_tags()
        messages.success(request, f"{_machines(back)} as before. Scores follow within seconds.")
    return redirect(_back(request))


def may_change(request: HttpRequest) -> bool:
    return may(request.user, Permission.SETTINGS)


def undo_offer(request: HttpRequest) -> dict[str, str] | None:
    """What this user changed last, while it can be taken back: words, action, at."""
    offer: dict[str, str] | None = request.session.get(UNDO)
    at = parse_datetime(offer["at"]) if offer else None
    return offer if at and timezone.now() - at < UNDO_FOR else None


def _chosen(request: HttpRequest, asked: QueryDict) -> list[Machine]:
    """The machines, of the chosen groups that the user may change, by name.

    With `every`: those of the list that the other parameters spell, up to MOST.
    """
    groups = scope.handled(request, Permission.SETTINGS)
    if asked.get("every"):
        listed = QueryDict(asked.get("list", "").removeprefix("?"))
        state = machine_spec.spec_of(request, listed).read(listed)
        found = matching(machine_spec.chosen_machines(request, state)).filter(group_id__in=groups)
    else:
        numbers = {int(text) for text in asked.getlist("machine") if text.isdecimal() and len(text) < 10}
        found = Machine.objects.filter(pk__in=numbers, group_id__in=groups)
    return list(found.order_by("name", "pk")[:MOST])


def _ask(request: HttpRequest, what: str, machines: Sequence[Machine], form: Any, *, status: int) -> HttpResponse:
    asked = request.POST if request.method == "POST" else request.GET
    chosen = CHANGES[what]
    now_is = Counter(words for machine in machines for words in chosen.now_is(machine))
    context = {
        "what": what,
        "change": chosen,
        "machines": machines[:SHOWN],
        "total": len(machines),
        "rest": max(len(machines) - SHOWN, 0),
        "ids": [] if asked.get("every") else [machine.pk for machine in machines],
        "every": asked.get("every", ""),
        "list": asked.get("list", ""),
        "full": len(machines) == MOST,
        "most": MOST,
        "now_is": sorted(now_is.items(), key=lambda item: (-item[1], item[0]))[:SHOWN],
        "form": form,
        "weights": score_queries.weights_of(score_queries.scoring_settings()) if what == "value" else None,
        "next": _back(request),
    }
    return render(request, "machines/bulk.html", context, status=status)


def _do(request: HttpRequest, what: str, machines: Sequence[Machine], data: dict[str, Any], now: dt.datetime) -> int:
    who = _who(request, now)
    if what == "value":
        return actions.set_machine_value(machines=machines, value=data["value"], **who)
    if what == "tag":
        return actions.tag_machines(machines=machines, add=[data["tag"]], **who)
    if what == "untag":
        return actions.tag_machines(machines=machines, remove=[data["tag"]], **who)
    if what in {"facing", "not-facing"}:
        return actions.set_internet_facing(machines=machines, internet_facing=what == "facing", **who)
    return actions.exclude_machines(machines=machines, excluded=what == "exclude", reason=data["reason"], **who)


def _tell(request: HttpRequest, chosen: Change, changed: int, now: dt.datetime) -> None:
    if not changed:
        messages.success(request, "Nothing to change: the machines were so already.")
        return
    words = f"{chosen.button}: {_machines(changed)} changed."
    request.session[UNDO] = {"action": chosen.action, "at": now.isoformat(), "words": words}
    messages.success(request, f"{words} Scores follow within seconds.")


def _machines(count: int) -> str:
    return f"{count:,} machine{'' if count == 1 else 's'}"


def _back(request: HttpRequest) -> str:
    """The list that the form was on; the whole list where `next` names none."""
    asked = request.POST if request.method == "POST" else request.GET
    address = asked.get("next", "")
    home = reverse("recommendations:machine_list")
    is_ours = url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return address if is_ours and address.startswith(home) else home


def _who(request: HttpRequest, now: dt.datetime) -> dict[str, Any]:
    return {"by": request.user.get_username(), "now": now}
