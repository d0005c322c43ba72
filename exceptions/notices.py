"""Telling requesters that an exception ends soon."""

from __future__ import annotations

import datetime as dt
import logging

from django.urls import reverse

from core import mail
from exceptions import queries, rules

log = logging.getLogger(__name__)


def tell_of_ends(*, now: dt.datetime) -> int:
    """One mail to each requester whose exception ends within a week, where a mail server is set. Returns how many were sent."""
    if not mail.enabled():
        return 0
    sent = 0
    waiting = queries.ending_soon(now=now).filter(noticed_at__isnull=True, requested_by__is_active=True).exclude(requested_by__email="")
    for exception in waiting.select_related("recommendation", "weakness", "software", "requested_by").order_by("id"):
        assert exception.requested_by is not None
        path = reverse("exceptions:exception", args=[exception.pk])
        context = {
            "title": queries.subject_of(exception).title,
            "until": exception.ends_at,
            "left": rules.days_left(exception.ends_at, now=now),
            "address": mail.address_of(path),
        }
        try:
            mail.send(
                to=[exception.requested_by.email],
                subject=f"Exception ends soon: {context['title']}",
                template="exception_ends",
                context=context,
                key=f"exception-{exception.pk}-{exception.ends_at:%Y%m%d}",
            )
        except mail.MailUnavailable as error:
            log.warning("The mail about exception %s was not sent: %s", exception.pk, error)
            if not error.lasting:
                return sent
        exception.noticed_at = now
        exception.save(update_fields=["noticed_at"])
        sent += 1
    return sent
