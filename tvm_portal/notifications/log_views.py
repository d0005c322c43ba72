"""The log of mails: what was sent to whom, what the server said, and trying again."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core import mail, outbox
from core.exports import stream
from core.htmx import wants
from core.models import OutgoingMail
from core.pager import pager
from tvm_portal.models import NotificationRule
from tvm_portal.notifications import posting, queries
from tvm_portal.notifications.reach import Reach, reach_of, rule_or_refuse

HEADER = ("Queued", "State", "Recipient", "Subject", "Rule", "Sent", "Attempts", "Last error", "Message")


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """Mails, the newest first; `rule`: of one rule."""
    reach = reach_of(request)
    state = queries.LOG.read(request.GET)
    rule, abouts = _asked(request, reach)
    total, rows = queries.mail_page(state, abouts=abouts)
    context = {
        "state": state,
        "rows": rows,
        "rule": rule,
        "pager": pager(state, total),
        "facets": state.facets(queries.mail_counts(abouts=abouts)),
        "mail_on": mail.enabled(),
    }
    return render(request, f"notifications/mails.html{'#results' if wants(request, 'results') else ''}", context)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    _, abouts = _asked(request, reach_of(request))
    rows = queries.every_mail(queries.LOG.read(request.GET), abouts=abouts)
    lines = (
        (
            row.mail.created_at,
            row.mail.get_state_display(),
            row.mail.address,
            row.mail.subject,
            row.rule.name if row.rule else "",
            row.mail.sent_at,
            sum("replayed" not in attempt for attempt in row.mail.attempts),
            row.error,
            str(row.mail.key),
        )
        for row in rows
    )
    return stream(filename="mails.csv", header=HEADER, rows=lines)


@require_safe
def one(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """A mail as it was, or is to be, sent, with every attempt."""
    kept = _found(reach_of(request), key)
    attempts = [{**attempt, "at": parse_datetime(attempt["at"])} for attempt in reversed(kept.attempts)]
    [row] = queries.mail_rows([kept])
    return render(request, "notifications/mail.html", {"row": row, "mail": kept, "attempts": attempts, "mail_on": mail.enabled()})


@require_POST
def replay(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Try a mail again that was given up."""
    reach = reach_of(request)
    kept = _found(reach, key)
    if outbox.replay(kept=kept, by=reach.user, now=timezone.now()):
        messages.success(request, "The mail goes out within a minute.")
    else:
        messages.error(request, "The mail was not given up: it is sent, or still tried.")
    return redirect("notifications:mail", key=key)


def _asked(request: HttpRequest, reach: Reach) -> tuple[NotificationRule | None, list[str] | None]:
    """The one rule that is asked for, and what the mails must be about; None: anything."""
    number = request.GET.get("rule", "")
    if number.isdecimal() and len(number) < 10:
        rule = rule_or_refuse(reach, int(number))
        return rule, [posting.about(rule)]
    return None, None if reach.everywhere else [posting.about(rule) for rule in _rules(reach)]


def _rules(reach: Reach) -> list[NotificationRule]:
    return [rule for rule in queries.rules().prefetch_related("groups") if reach.covers(rule)]


def _found(reach: Reach, key: uuid.UUID) -> OutgoingMail:
    kept = OutgoingMail.objects.filter(key=key).first()
    if kept is None or (not reach.everywhere and kept.about not in {posting.about(rule) for rule in _rules(reach)}):
        raise Http404("There is no such mail.")
    return kept
