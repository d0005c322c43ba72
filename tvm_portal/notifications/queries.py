"""The list of rules, what a rule would have sent, and the log of mails."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Count, Max, Prefetch, Q, QuerySet

from core.access import grants_of_user
from core.lists import Column, Facet, ListSpec, ListState
from core.models import OutgoingMail, User
from tvm_portal.models import NotificationRule, Occurrence
from tvm_portal.notifications import letters, occurrences, posting
from tvm_portal.notifications.kinds import KINDS, RANK, Kind
from tvm_portal.notifications.rules import next_digest, schedule_words

PREVIEW = dt.timedelta(days=7)
SHOWN = 6
LOG = ListSpec(
    columns=(
        Column("mail", "Mail", fixed=True),
        Column("recipient", "Recipient", fixed=True),
        Column("state", "State", fixed=True),
        Column("queued", "Queued", sort="-", fixed=True),
    ),
    sort="-queued",
    facets=(
        Facet("state", "State", tuple(OutgoingMail.State.choices)),
        Facet(
            "about",
            "About",
            (("rule", "Notification rules"), ("exception", "Exceptions"), ("inaccuracy", "Answers to reports"), ("trial", "Test mails")),
        ),
    ),
    keeps=("rule",),
)


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule as the list shows it. `failed`: mails that were given up; `error`: what the server said of the last one that did not go.

    `narrowed`: it is about machine groups that its owner may not see any more, and does not tell of those.
    """

    rule: NotificationRule
    kinds: tuple[Kind, ...]
    groups: tuple[str, ...]
    narrowed: bool
    recipients: tuple[str, ...]
    schedule: str
    sent_at: dt.datetime | None
    failed: int
    waiting: int
    error: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would have sent in the last seven days: mails to each recipient, occurrences by kind, and the most important ones."""

    mails: int
    total: int
    kinds: tuple[tuple[Kind, int], ...]
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MailRow:
    """A mail of the log. `rule` None: it is gone, or it is no rule's. `error` of its last attempt."""

    mail: OutgoingMail
    rule: NotificationRule | None
    error: str

    @property
    def tone(self) -> str:
        return {"sent": "done", "failed": "late", "waiting": "active", "sending": "active"}[self.mail.state]

    @property
    def may_replay(self) -> bool:
        return self.mail.state == OutgoingMail.State.FAILED


def rules() -> QuerySet[NotificationRule]:
    return NotificationRule.objects.filter(deleted_at=None)


def rule_rows() -> list[RuleRow]:
    """Every rule by name. Seven statements for any number of them."""
    owners = Prefetch("owner", User.objects.annotate(grants=grants_of_user()))
    found = list(rules().prefetch_related(owners, "groups", "recipients__user").order_by("name", "id"))
    known = [posting.about(rule) for rule in found]
    mails = OutgoingMail.objects.filter(about__in=known).order_by().values("about")
    figures: dict[str, dict[str, object]] = {
        row["about"]: dict(row)
        for row in mails.annotate(
            sent=Max("sent_at"),
            failed=Count("id", filter=Q(state="failed")),
            waiting=Count("id", filter=Q(state__in=("waiting", "sending"))),
        )
    }
    troubled = OutgoingMail.objects.filter(about__in=known).exclude(state="sent").exclude(attempts=[])
    errors = {mail.about: last_error(mail) for mail in troubled.order_by("about", "id").distinct("about")}
    return [_rule_row(rule, figures.get(posting.about(rule), {}), errors.get(posting.about(rule), "")) for rule in found]


def preview(rule: NotificationRule, groups: list[tuple[int, str]] | None, *, now: dt.datetime) -> Preview:
    """`rule` need not be stored; `groups` are those that it is about, None: all. Three or four statements."""
    ids = None if groups is None else [group for group, _ in groups]
    found = occurrences.matching(rule, ids, since=now - PREVIEW)
    moments = [entry.found_at for entry in found]
    counted = Counter(entry.kind for entry in found)
    best = sorted(found, key=lambda entry: (RANK[entry.kind], -entry.threat, -entry.severity, -entry.machines, -entry.id))[:SHOWN]
    stored = Occurrence.objects.in_bulk([entry.id for entry in best])
    titles = [letters.title_of(stored[entry.id]) for entry in best]
    if "score_rose" in rule.kinds:
        risen = occurrences.rises(rule, ids, first=(now - PREVIEW).date(), last=now.date())
        counted["score_rose"] = len(risen)
        titles += [occurrences.rise_words(score, rise) for _, score, rise in risen]
        moments += [dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC) for day, _, _ in risen]
    kinds = tuple((KINDS[kind], counted[kind]) for kind in sorted(counted, key=RANK.__getitem__) if counted[kind])
    return Preview(_rounds(rule, moments), len(moments), kinds, tuple(titles[:SHOWN]))


def mail_page(state: ListState, *, abouts: Sequence[str] | None) -> tuple[int, list[MailRow]]:
    """How many mails fit, and a page of them. `abouts`: what they may be about; None: anything."""
    found = _mails(state, abouts)
    total = found.count()
    return total, mail_rows(list(found[state.part(total)]))


def every_mail(state: ListState, *, abouts: Sequence[str] | None, chunk: int = 500) -> Iterator[MailRow]:
    """All that fit, for an export."""
    found, start = _mails(state, abouts), 0
    while page := list(found[start : start + chunk]):
        yield from mail_rows(page)
        start += chunk


def mail_counts(*, abouts: Sequence[str] | None) -> dict[str, dict[str, int]]:
    """facet -> value -> how many."""
    found = _ours(abouts)
    states = dict(found.order_by().values_list("state").annotate(Count("id")))
    counted = {kind: Count("id", filter=Q(about__startswith=kind)) for kind, _ in LOG.facets[1].options}
    kinds = found.aggregate(**counted)
    return {"state": {value: states.get(value, 0) for value in OutgoingMail.State.values}, "about": kinds}


def mail_rows(mails: list[OutgoingMail]) -> list[MailRow]:
    """One statement for any number of them."""
    numbers = {int(mail.about.removeprefix("rule:")) for mail in mails if mail.about.startswith("rule:")}
    known = NotificationRule.objects.in_bulk(numbers)
    return [
        MailRow(mail, known.get(int(mail.about.removeprefix("rule:"))) if mail.about.startswith("rule:") else None, last_error(mail))
        for mail in mails
    ]


def last_error(mail: OutgoingMail) -> str:
    """What went wrong at the last attempt; empty where nothing did."""
    last = mail.attempts[-1] if mail.attempts else {}
    if mail.state == OutgoingMail.State.SENT or "replayed" in last or not last:
        return ""
    return str(last.get("error", "")) or ("" if mail.state == OutgoingMail.State.SENDING else "Nobody knows how the attempt ended.")


def _rule_row(rule: NotificationRule, figures: dict[str, object], error: str) -> RuleRow:
    people = sorted(str(person) for person in rule.recipients.all())
    seen = posting.seen_by_owner(rule)
    return RuleRow(
        rule=rule,
        kinds=tuple(KINDS[kind] for kind in KINDS if kind in rule.kinds),
        groups=tuple(group.name for group in rule.groups.all()),
        narrowed=seen is not None and (rule.all_groups or not seen.issuperset(group.pk for group in rule.groups.all())),
        recipients=tuple(people),
        schedule=schedule_words(frequency=rule.frequency, weekday=rule.weekday, hour=rule.hour, zone=rule.time_zone),
        sent_at=figures.get("sent"),  # type: ignore[arg-type]
        failed=int(str(figures.get("failed", 0))),
        waiting=int(str(figures.get("waiting", 0))),
        error=error,
    )


def _rounds(rule: NotificationRule, moments: list[dt.datetime]) -> int:
    """How many mails each recipient would have got: occurrences that were found together come together."""
    if rule.frequency == NotificationRule.Frequency.ONCE:
        return len({moment.replace(second=0, microsecond=0) for moment in moments})
    choices = {"frequency": rule.frequency, "weekday": rule.weekday, "hour": rule.hour, "zone": rule.time_zone}
    return len({next_digest(after=moment, **choices) for moment in moments})  # type: ignore[arg-type]


def _ours(abouts: Sequence[str] | None) -> QuerySet[OutgoingMail]:
    return OutgoingMail.objects.all() if abouts is None else OutgoingMail.objects.filter(about__in=abouts)


def _mails(state: ListState, abouts: Sequence[str] | None) -> QuerySet[OutgoingMail]:
    found = _ours(abouts)
    if states := state.chosen.get("state"):
        found = found.filter(state__in=states)
    if kinds := state.chosen.get("about"):
        found = found.filter(reduce(or_, (Q(about__startswith=kind) for kind in kinds)))
    for word in state.q.split()[:8]:
        found = found.filter(Q(subject__icontains=word) | Q(address__icontains=word))
    return found.order_by(*(("created_at", "id") if state.sort == "queued" else ("-created_at", "-id")))
