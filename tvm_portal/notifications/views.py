"""Settings, Notifications: the rules, their editor with a preview, and test mails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core import mail, outbox, zones
from core.htmx import wants
from core.models import OutgoingMail
from tvm_portal.models import NotificationRule
from tvm_portal.notifications import actions, forms, letters, occurrences, posting, queries
from tvm_portal.notifications.actions import NameTaken
from tvm_portal.notifications.forms import RuleForm, TrialForm
from tvm_portal.notifications.kinds import TOPICS
from tvm_portal.notifications.reach import Reach, reach_of, rule_or_refuse

LIST, EDIT = "notifications/index.html", "notifications/edit.html"


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every rule that the user may set."""
    reach = reach_of(request)
    rows = [row for row in queries.rule_rows() if reach.covers(row.rule)]
    return render(request, LIST, {"rows": rows, "mail_on": mail.enabled()})


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request", "HX-Target")
def edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A rule, or a new one: the form and what it would have sent. `do` of the form: save, preview, trial."""
    reach = reach_of(request)
    rule = rule_or_refuse(reach, pk) if pk is not None else None
    wanted = _wanted(request)
    page = _page(request, reach, rule, trying=wanted == "trial")
    if wanted == "save":
        return _save(request, page)
    if wanted == "trial":
        return _trial(request, page)
    return _answer(request, page)


@require_POST
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """On or off."""
    reach = reach_of(request)
    rule = rule_or_refuse(reach, pk)
    enabled = request.POST.get("enabled") == "on"
    if actions.switch_rule(rule=rule, enabled=enabled, **_who(reach)):
        after = "What happens from now on is told." if enabled else "What happens until it is on again is not told."
        messages.success(request, f"{rule.name} is {'on' if enabled else 'off'}. {after}")
    return redirect("notifications:rules")


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Out of the list; the message brings it back."""
    reach = reach_of(request)
    rule = rule_or_refuse(reach, pk)
    actions.delete_rule(rule=rule, **_who(reach))
    messages.success(request, f"{rule.name} is deleted.", extra_tags=f"{reverse('notifications:restore', args=[rule.pk])} restore")
    return redirect("notifications:rules")


@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring a deleted rule back."""
    reach = reach_of(request)
    rule = rule_or_refuse(reach, pk, deleted=True)
    try:
        actions.restore_rule(rule=rule, **_who(reach))
        messages.success(request, f"{rule.name} is back.")
    except NameTaken as error:
        messages.error(request, str(error))
    return redirect("notifications:rules")


@dataclass(frozen=True, slots=True)
class _Page:
    reach: Reach
    rule: NotificationRule | None
    form: RuleForm
    trial: TrialForm


def _wanted(request: HttpRequest) -> str:
    """What the form is sent for. A live preview is never more than that, though the script sends the last button along."""
    if request.method != "POST" or wants(request, "preview"):
        return "preview"
    return request.POST.get("do", "preview")


def _page(request: HttpRequest, reach: Reach, rule: NotificationRule | None, *, trying: bool) -> _Page:
    zone = rule.time_zone if rule else getattr(zones.zone_of(request), "key", "UTC")
    sent = request.POST if request.method == "POST" else None
    trial = TrialForm(sent if trying else None, prefix="trial", initial={"address": reach.user.email})
    start = (
        forms.stored(rule)
        if rule
        else {"kinds": ["exploited", "zero_day", "new_exploit", "verified", "kit", "new_weakness"], "addresses": reach.user.email}
    )
    return _Page(reach, rule, RuleForm(sent, initial=start, groups=reach.groups, everywhere=reach.everywhere, zone=zone), trial)


def _save(request: HttpRequest, page: _Page) -> HttpResponse:
    if not page.form.is_valid():
        return _answer(request, page, status=422)
    try:
        saved = actions.save_rule(rule=page.rule, draft=page.form.draft(), **_who(page.reach))
    except NameTaken as error:
        page.form.add_error("name", str(error))
        return _answer(request, page, status=422)
    messages.success(
        request, f"{saved.name} is saved. What happens from now on is told." if page.rule is None else f"{saved.name} is saved."
    )
    return redirect("notifications:rules")


def _trial(request: HttpRequest, page: _Page) -> HttpResponse:
    """Send what the rule would have told in the last seven days to one address, at once."""
    if not page.form.is_valid() or not page.trial.is_valid():
        return _answer(request, page, status=422)
    now = timezone.now()
    rule, groups = _drafted(page)
    ids = None if groups is None else [group for group, _ in groups]
    found = occurrences.matching(rule, ids, since=now - queries.PREVIEW)
    if found:
        letter = letters.write(rule, groups, found, now=now)
        subject, text, html = f"Test: {letter.subject}", letter.text, letter.html
    else:
        subject = "Test mail of the portal"
        text, html = mail.rendered("trial", letters.trial_context(now))
    [kept] = outbox.queue(about="trial:0", addresses=[page.trial.cleaned_data["address"]], subject=subject, text=text, html=html, now=now)
    return _answer(request, page, trial=outbox.deliver_now(kept, clock=timezone.now))


def _answer(request: HttpRequest, page: _Page, *, status: int = 200, trial: OutgoingMail | None = None) -> HttpResponse:
    """The page, or for a live preview its partial alone."""
    live = wants(request, "preview")
    context: dict[str, Any] = {
        "rule": page.rule,
        "form": page.form,
        "trial": page.trial,
        "topics": _ticked(page.form),
        "preview": _preview(page),
        "days": queries.PREVIEW.days,
        "mail_on": mail.enabled(),
        "everywhere": page.reach.everywhere,
        "told": trial,
        "told_error": queries.last_error(trial) if trial else "",
    }
    return render(request, f"{EDIT}#preview" if live else EDIT, context, status=200 if live else status)


def _preview(page: _Page) -> queries.Preview | None:
    """None where the form does not say enough yet."""
    if page.form.is_bound:
        page.form.is_valid()
        if set(page.form.errors) - {"name", "addresses"}:
            return None
    rule, groups = _drafted(page)
    return queries.preview(rule, groups, now=timezone.now())


def _drafted(page: _Page) -> tuple[NotificationRule, list[tuple[int, str]] | None]:
    """The rule as the form has it, not stored, with its groups; None: all."""
    if not page.form.is_bound and page.rule is not None:
        return page.rule, posting.groups_of(page.rule)
    fields = page.form.fields.items()
    values = (
        page.form.cleaned_data if page.form.is_bound else {name: page.form.get_initial_for_field(field, name) for name, field in fields}
    )
    everywhere = values["reach"] == "all"
    known = {name: values[name] for name in actions.FIELDS if name in values}  # a preview does without a name
    rule = NotificationRule(pk=page.rule.pk if page.rule else None, all_groups=everywhere, created_at=timezone.now(), **known)
    return rule, None if everywhere else page.reach.named(tuple(values["groups"] or ()))


def _ticked(form: RuleForm) -> list[tuple[str, list[tuple[Any, bool]]]]:
    """Topic -> its kinds, each with whether it is chosen."""
    chosen = set(form["kinds"].value() or [])
    return [(topic, [(kind, kind.key in chosen) for kind in kinds]) for topic, kinds in TOPICS]


def _who(reach: Reach) -> dict[str, Any]:
    return {"by": reach.user, "now": timezone.now()}
