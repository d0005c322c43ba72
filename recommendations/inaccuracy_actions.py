"""Reporting that something is not right, answering, and opening a report again."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from core import audit
from core.models import User
from inventory.models import Machine, Software
from recommendations.errors import AlreadyAnswered
from recommendations.models import InaccuracyReport, Recommendation
from weaknesses.models import Weakness


def report_inaccuracy(
    *,
    subject: Recommendation | Software | Weakness,
    category: str,
    by: User,
    now: dt.datetime,
    right_value: str = "",
    machine: Machine | None = None,
    details: str = "",
    email: str = "",
    address: str = "",
) -> InaccuracyReport:
    """Put a report before the curators. It changes nothing by itself."""
    with transaction.atomic():
        report = InaccuracyReport.objects.create(
            **{type(subject).__name__.lower(): subject},
            category=category,
            right_value=right_value.strip(),
            machine=machine,
            details=details.strip(),
            email=email,
            reported_by=by,
            reported_at=now,
        )
        after = {"subject": str(subject), "category": category, "machine": machine.name if machine else ""}
        audit.record(by=by.get_username(), action="inaccuracy.report", object=report, now=now, after=after, address=address)
    return report


def answer_inaccuracy(
    *, report: InaccuracyReport, state: str, answer: str, by: User, now: dt.datetime, address: str = ""
) -> InaccuracyReport:
    """Say what came of it: corrected, or right as it is. Raises AlreadyAnswered."""
    with transaction.atomic():
        report = InaccuracyReport.objects.select_for_update().get(pk=report.pk)
        if report.state != InaccuracyReport.State.OPEN:
            raise AlreadyAnswered
        report.state, report.answer = state, answer.strip()
        report.answered_by, report.answered_at = by, now
        report.save(update_fields=["state", "answer", "answered_by", "answered_at"])
        after = {"state": state, "answer": report.answer}
        audit.record(by=by.get_username(), action="inaccuracy.answer", object=report, now=now, after=after, address=address)
    return report


def reopen_inaccuracy(*, report: InaccuracyReport, by: User, now: dt.datetime, address: str = "") -> InaccuracyReport:
    """Take an answer back. Opening an open one changes nothing."""
    with transaction.atomic():
        report = InaccuracyReport.objects.select_for_update().get(pk=report.pk)
        if report.state == InaccuracyReport.State.OPEN:
            return report
        before = {"state": report.state, "answer": report.answer}
        report.state, report.answer = InaccuracyReport.State.OPEN, ""
        report.answered_by, report.answered_at = None, None
        report.save(update_fields=["state", "answer", "answered_by", "answered_at"])
        audit.record(by=by.get_username(), action="inaccuracy.reopen", object=report, now=now, before=before, address=address)
    return report
