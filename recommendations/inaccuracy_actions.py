"""Reporting that something is not right, correcting and answering it, and opening a report again."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.urls import reverse

from core import audit, mail, outbox
from core.models import OutgoingMail, User
from core.transitions import allows, move
from inventory.models import Machine, Software
from recommendations.errors import AlreadyAnswered
from recommendations.inaccuracy_rules import ANSWERS, TRANSITIONS
from recommendations.models import InaccuracyReport, Recommendation
from weaknesses.actions import add_override, revoke_override
from weaknesses.models import MatchOverride, Weakness

ANSWERED = ("answer", "answered_by", "answered_at", "override", "matches_changed")


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
        audit.record(by=by.get_username(), action="inaccuracy.report", object=report, now=now, after=after)
    return report


def answer_inaccuracy(
    *,
    report: InaccuracyReport,
    state: str,
    answer: str,
    by: User,
    now: dt.datetime,
    override: MatchOverride | None = None,
    matches_changed: int | None = None,
) -> InaccuracyReport:
    """Say what came of it: corrected, or right as it is. Whoever reported it gets a mail. Raises AlreadyAnswered."""
    with transaction.atomic():
        report = _locked(report)
        if not allows(TRANSITIONS, report.state, ANSWERS[state]):
            raise AlreadyAnswered
        report.state, report.answer = move(TRANSITIONS, report.state, ANSWERS[state]), answer.strip()
        report.answered_by, report.answered_at = by, now
        report.override, report.matches_changed = override, matches_changed
        report.save(update_fields=[*ANSWERED, "state"])
        after = {"state": state, "answer": report.answer, "override": override.pk if override else None}
        audit.record(by=by.get_username(), action="inaccuracy.answer", object=report, now=now, after=after)
        _mail_answer(report, now=now)
    return report


def correct_inaccuracy(*, report: InaccuracyReport, answer: str, named: dict[str, Any], by: User, now: dt.datetime) -> InaccuracyReport:
    """Set the match aside that was reported (`named`: what the override names), and answer with reference to it. Raises AlreadyAnswered."""
    with transaction.atomic():
        report = _locked(report)
        if not allows(TRANSITIONS, report.state, "correct"):
            raise AlreadyAnswered
        reason = f"Reported inaccuracy {report.pk}: {report.get_category_display()}"
        override, outcome = add_override(by=by, now=now, reason=reason[:300], **named)
        return answer_inaccuracy(
            report=report,
            state=InaccuracyReport.State.CORRECTED,
            answer=answer,
            by=by,
            now=now,
            override=override,
            matches_changed=outcome.lost + outcome.gained,
        )


def undo_correction(*, report: InaccuracyReport, by: User, now: dt.datetime) -> InaccuracyReport:
    """Take the correction back, and open the report again."""
    with transaction.atomic():
        report = _locked(report)
        if report.override is not None:
            revoke_override(override=report.override, by=by, now=now)
        return reopen_inaccuracy(report=report, by=by, now=now)


def reopen_inaccuracy(*, report: InaccuracyReport, by: User, now: dt.datetime) -> InaccuracyReport:
    """Take an answer back; its mail, if it still waits, is not sent. Opening an open one changes nothing."""
    with transaction.atomic():
        report = _locked(report)
        if not allows(TRANSITIONS, report.state, "reopen"):
            return report
        before = {"state": report.state, "answer": report.answer, "override": report.override_id}
        report.state, report.answer = move(TRANSITIONS, report.state, "reopen"), ""
        report.answered_by, report.answered_at, report.override, report.matches_changed = None, None, None, None
        report.save(update_fields=[*ANSWERED, "state"])
        OutgoingMail.objects.filter(about=about(report), state=OutgoingMail.State.WAITING).delete()
        audit.record(by=by.get_username(), action="inaccuracy.reopen", object=report, now=now, before=before)
    return report


def about(report: InaccuracyReport) -> str:
    """How mails of a report are known in the outbox."""
    return f"inaccuracy:{report.pk}"


def _locked(report: InaccuracyReport) -> InaccuracyReport:
    return InaccuracyReport.objects.select_for_update().get(pk=report.pk)


def _mail_answer(report: InaccuracyReport, *, now: dt.datetime) -> None:
    """Tell whoever reported it, where an address is known: the one they gave, else their own."""
    address = report.email or (report.reported_by.email if report.reported_by and report.reported_by.is_active else "")
    if not address:
        return
    context = {
        "title": "Your report was answered",
        "report": report,
        "subject": str(report.subject),
        "link": mail.address_of(reverse("recommendations:inaccuracy_report", args=[report.pk])),
    }
    text, html = mail.rendered("inaccuracy_answer", context)
    outbox.queue(
        about=about(report), addresses=[address], subject=f"Your report on {report.subject} was answered", text=text, html=html, now=now
    )
