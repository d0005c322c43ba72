"""The advanced features of the settings: the ticket systems, each with a switch, a form and a test."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import mail
from core.access import Permission, require_everywhere
from core.models import User
from remediation import connection_actions, connection_queries, ticketing
from remediation.connection_forms import ConnectionForm
from remediation.errors import NotReady
from remediation.models import TicketConnection
from remediation.ticketing import builtin


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """A card a system: on or off, how it goes, what it is for."""
    require_everywhere(request, Permission.SETTINGS)
    return render(request, "connections/index.html", {"cards": connection_queries.cards()})


@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, system: str) -> HttpResponse:
    """The form of a system; a POST saves it, and tests it where the button says so. 422 with the form if something is wrong."""
    by = require_everywhere(request, Permission.SETTINGS)
    row = _known(system)
    sent = request.POST if request.method == "POST" else None
    form = ConnectionForm(sent, system=ticketing.SYSTEMS[system], row=row)
    if sent is None or not form.is_valid():
        return render(request, "connections/detail.html", _context(system, row, form), status=422 if sent is not None else 200)
    connection_actions.save(
        system=system, values=form.values(), secrets=form.secrets(), allow_private=form.allows_private, by=by, now=timezone.now()
    )
    if request.POST.get("do") == "test":
        _test(request, system, by)
    else:
        messages.success(request, "Saved.")
    return redirect("remediation:connection", system=system)


@require_POST
def switch(request: HttpRequest, system: str) -> HttpResponse:
    """On (`enabled`) or off."""
    by = require_everywhere(request, Permission.SETTINGS)
    if system != builtin.KEY:
        _known(system)
    on = bool(request.POST.get("enabled"))
    try:
        connection_actions.switch(system=system, on=on, by=by, now=timezone.now())
    except NotReady as error:
        messages.error(request, f"{ticketing.label_of(system)} stays off. {error}")
        return redirect("remediation:connection", system=system)
    messages.success(request, f"{ticketing.label_of(system)} is {'on' if on else 'off'}.")
    return redirect(_back(request, system))


@require_POST
def test(request: HttpRequest, system: str) -> HttpResponse:
    """Try what is saved."""
    by = require_everywhere(request, Permission.SETTINGS)
    _known(system)
    _test(request, system, by)
    return redirect(reverse("remediation:connection", args=[system]) + "#test")


@require_POST
def secret(request: HttpRequest, system: str) -> HttpResponse:
    """Make a secret (shown in this answer, and never again), or forget one."""
    by = require_everywhere(request, Permission.SETTINGS)
    row = _known(system)
    name = request.POST.get("name", "")
    known = {secret.name: secret for secret in connection_queries.secrets_of(system, row)}
    plain = name.removesuffix(connection_actions.BEFORE)
    if plain not in known:
        raise Http404("There is no such secret.")
    if request.POST.get("do") == "generate" and known[plain].generated:
        shown = connection_actions.generate(system=system, name=plain, by=by, now=timezone.now())
        row = _known(system)
        context = _context(system, row, ConnectionForm(system=ticketing.SYSTEMS[system], row=row))
        answer = render(request, "connections/detail.html", context | {"shown": shown, "shown_label": known[plain].label})
        answer["Cache-Control"] = "no-store"
        return answer
    connection_actions.forget(system=system, name=name, by=by, now=timezone.now())
    messages.success(request, "Forgotten.")
    return redirect("remediation:connection", system=system)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, system: str) -> HttpResponse:
    """Asks, and on POST forgets what was set."""
    by = require_everywhere(request, Permission.SETTINGS)
    row = _known(system)
    if row is None:
        raise Http404("Nothing is set for it.")
    if request.method == "POST":
        connection_actions.delete(system=system, by=by, now=timezone.now())
        messages.success(request, f"What was set for {ticketing.label_of(system)} is forgotten.")
        return redirect("remediation:connections")
    return render(request, "connections/delete.html", {"card": connection_queries.one(system)})


def _known(system: str) -> TicketConnection | None:
    if system not in ticketing.SYSTEMS:
        raise Http404("There is no such ticket system.")
    return TicketConnection.objects.filter(system=system).first()


def _context(system: str, row: TicketConnection | None, form: ConnectionForm) -> dict[str, Any]:
    return {
        "card": connection_queries.one(system),
        "row": row,
        "paused_until": row.paused_until if row and row.paused_until and row.paused_until > timezone.now() else None,
        "form": form,
        "plain": [form[field.name] for field in form.system.fields if field.kind != "secret"],
        "secrets": [
            (secret, form[secret.name] if secret.name in form.fields else None) for secret in connection_queries.secrets_of(system, row)
        ],
        "inbound": mail.address_of(reverse("ticket_message", args=[system])),
    }


def _test(request: HttpRequest, system: str, by: User) -> None:
    findings = connection_actions.try_out(system=system, by=by, now=timezone.now())
    if all(finding.good for finding in findings):
        messages.success(request, "The test went well.")
    else:
        messages.error(request, "The test found something wrong: see below.")


def _back(request: HttpRequest, system: str) -> str:
    if request.POST.get("from") == "page":
        return reverse("remediation:connection", args=[system])
    return reverse("remediation:connections")
