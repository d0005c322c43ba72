"""From what happened to mails in the outbox: what is new for a rule since it last looked, for each of its recipients.

Everything of a rule's round is one transaction that holds the rule: its mails, what they told, and how far the rule has looked. Two
workers, or one that dies, tell nobody twice and leave nothing out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Q

from core import mail, outbox, sql
from core.access import Permission, access_of
from core.models import OutgoingMail
from inventory.models import MachineGroup
from tvm_portal.models import NotificationRecipient, NotificationRule
from tvm_portal.notifications import letters, occurrences
from tvm_portal.notifications.occurrences import Found
from tvm_portal.notifications.rules import next_digest


def post(*, now: dt.datetime) -> int:
    """Write down what happened, and put the mails of every rule that is due into the outbox; returns how many."""
    newest = occurrences.collect(now=now)
    waiting = Q(next_at__lte=now) | Q(next_at=None) & (Q(read_up_to__lt=newest) | Q(kinds__contains=["score_rose"]))
    due = NotificationRule.objects.filter(waiting, enabled=True, deleted_at=None).order_by("id").values_list("id", flat=True)
    return sum(_round(rule, now=now) for rule in list(due))


def about(rule: NotificationRule) -> str:
    """How mails of a rule are known in the outbox."""
    return f"rule:{rule.pk}"


def groups_of(rule: NotificationRule) -> list[tuple[int, str]] | None:
    """(id, name) of the machine groups that a rule tells of: its own, as far as its owner may see them now. None: all of them."""
    seen = seen_by_owner(rule)
    if rule.all_groups and seen is None:
        return None
    groups = MachineGroup.objects.all() if rule.all_groups else rule.groups.all()
    permitted = groups if seen is None else groups.filter(pk__in=seen)
    return list(permitted.order_by("is_default", "rank", "id").values_list("id", "name"))


def seen_by_owner(rule: NotificationRule) -> frozenset[int] | None:
    """The machine groups that its owner may see now. None: all; empty: none, or the owner has left."""
    return access_of(rule.owner).of(Permission.VIEW) if rule.owner else frozenset()


@transaction.atomic
def _round(pk: int, *, now: dt.datetime) -> int:
    """One rule. Without a mail server it looks, and tells nobody."""
    free = NotificationRule.objects.select_related("owner").select_for_update(skip_locked=True, of=("self",))
    rule = free.filter(pk=pk, enabled=True, deleted_at=None).first()
    if rule is None or (rule.next_at is not None and rule.next_at > now):
        return 0
    groups = groups_of(rule)
    ids = None if groups is None else [group for group, _ in groups]
    if "score_rose" in rule.kinds:
        occurrences.note_rises(rule, ids, now=now)
    newest = occurrences.newest()
    found = occurrences.matching(rule, ids, after=rule.read_up_to, up_to=newest) if newest > rule.read_up_to else []
    made = _mails(rule, groups, found, now=now) if found and mail.enabled() else 0
    rule.read_up_to = newest
    rule.next_at = next_digest(after=now, frequency=rule.frequency, weekday=rule.weekday, hour=rule.hour, zone=rule.time_zone)
    rule.save(update_fields=["read_up_to", "next_at"])
    return made


def _mails(rule: NotificationRule, groups: list[tuple[int, str]] | None, found: list[Found], *, now: dt.datetime) -> int:
    """A mail for each recipient, of what happened since they were added; those who are told the same get the same letter."""
    same: dict[int, list[str]] = {}
    for address, mark in _addresses(rule.recipients.select_related("user")):
        later = sum(1 for entry in found if entry.id > mark)
        if later:
            same.setdefault(later, []).append(address)
    for count, addresses in same.items():
        told = found[-count:]
        letter = letters.write(rule, groups, told, now=now)
        queued = outbox.queue(about=about(rule), addresses=addresses, subject=letter.subject, text=letter.text, html=letter.html, now=now)
        for kept in queued:
            _note(rule, kept, told)
    return sum(len(addresses) for addresses in same.values())


def _note(rule: NotificationRule, kept: OutgoingMail, told: list[Found]) -> None:
    """Write down who was told what; a mail that would say nothing new goes again."""
    parameters = {"rule": rule.pk, "address": kept.address, "mail": kept.pk, "occurrences": [entry.id for entry in told]}
    if not sql.rows("tvm_portal/store_told", parameters):
        kept.delete()


def _addresses(people: Iterable[NotificationRecipient]) -> list[tuple[str, int]]:
    """(address, the last occurrence before they were added), each address once; users who left, or have no address, get nothing."""
    marks: dict[str, tuple[str, int]] = {}
    for person in people:
        if person.user is not None and not person.user.is_active:
            continue
        address = person.user.email if person.user is not None else person.address
        if address:
            known = marks.get(address.lower())
            marks[address.lower()] = (address, min(person.read_up_to, known[1]) if known else person.read_up_to)
    return list(marks.values())
