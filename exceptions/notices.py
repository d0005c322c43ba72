"""Telling requesters that an exception ends soon."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.urls import reverse

from core import mail, outbox
from exceptions import queries, rules


def tell_of_ends(*, now: dt.datetime) -> int:
    """Keep one mail for each requester whose exception ends within a week, where a mail server is set. Returns how many were kept."""
    if not mail.enabled():
        return 0
    waiting = queries.ending_soon(now=now).filter(noticed_at__isnull=True, requested_by__is_active=True).exclude(requested_by__email="")
    kept = 0
    with transaction.atomic():
        for exception in waiting.select_for_update(of=("self",), skip_locked=True).order_by("id"):
            assert exception.requested_by is not None
            title = exception.title
            context = {
                "title": title,
                "until": exception.ends_at,
                "left": rules.days_left(exception.ends_at, now=now),
                "address": mail.address_of(reverse("exceptions:exception", args=[exception.pk])),
            }
            text, html = mail.rendered("exception_ends", context)
            subject = f"Exception ends soon: {title}"
            outbox.queue(
                about=f"exception {exception.pk}", addresses=[exception.requested_by.email], subject=subject, text=text, html=html, now=now
            )
            exception.noticed_at = now
            exception.save(update_fields=["noticed_at"])
            kept += 1
    return kept
