"""What people do with notification rules. Every verb is audited."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from core import audit
from core.models import User
from tvm_portal.models import BellChoice, NotificationRecipient, NotificationRule
from tvm_portal.notifications import occurrences
from tvm_portal.notifications.rules import next_digest

KEPT = dt.timedelta(days=30)  # how long a deleted rule can be brought back


class NameTaken(ValueError):
    """Another rule has the name."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a form says of a rule. `groups` are ids, of no matter with `all_groups`; `addresses` are as typed."""

    name: str
    description: str
    enabled: bool
    all_groups: bool
    groups: tuple[int, ...]
    kinds: tuple[str, ...]
    severity: int
    impact: float
    rise: float
    frequency: str
    weekday: int
    hour: int
    time_zone: str
    naming: str
    organisation: str
    addresses: tuple[str, ...]
    users: tuple[int, ...]


# What a rule, its draft and its form call alike.
FIELDS = (
    *("name", "description", "enabled", "kinds", "severity", "impact", "rise", "frequency", "weekday", "hour", "time_zone", "naming"),
    "organisation",
)


def save_rule(*, rule: NotificationRule | None, draft: Draft, by: User, now: dt.datetime) -> NotificationRule:
    """A new rule, or other contents of one. What happened before it, or before a recipient was added, is not told. Raises NameTaken.

    Whoever saves a rule owns it: it tells of no machine group that they may not see.
    """
    try:
        with transaction.atomic():
            before = None
            if rule is None:
                rule = NotificationRule(created_at=now, read_up_to=occurrences.newest())
            else:
                rule = NotificationRule.objects.select_for_update().get(pk=rule.pk)
                before = facts(rule)
                if draft.enabled and not rule.enabled:
                    rule.read_up_to = occurrences.newest()
            for name in (*FIELDS, "all_groups"):
                value = getattr(draft, name)
                setattr(rule, name, list(value) if isinstance(value, tuple) else value)
            rule.owner, rule.next_at = by, _next(rule, now)
            rule.save()
            rule.groups.set(() if draft.all_groups else draft.groups)
            _set_recipients(rule, addresses=draft.addresses, users=draft.users, now=now)
            verb = "add notification rule" if before is None else "change notification rule"
            audit.record(by=by.get_username(), action=verb, object=rule, now=now, before=before, after=facts(rule))
    except IntegrityError as error:
        raise NameTaken(f"There is a rule called {draft.name} already. Choose another name.") from error
    return rule


def switch_rule(*, rule: NotificationRule, enabled: bool, by: User, now: dt.datetime) -> bool:
    """On or off; what happens while it is off is not told later. Whether that was new."""
    with transaction.atomic():
        rule = NotificationRule.objects.select_for_update().get(pk=rule.pk)
        if rule.enabled == enabled:
            return False
        rule.enabled = enabled
        if enabled:
            rule.read_up_to, rule.next_at = occurrences.newest(), _next(rule, now)
        rule.save(update_fields=["enabled", "read_up_to", "next_at"])
        change: dict[str, Any] = {"before": {"enabled": not enabled}, "after": {"enabled": enabled}}
        audit.record(by=by.get_username(), action="switch notification rule", object=rule, now=now, **change)
    return True


def delete_rule(*, rule: NotificationRule, by: User, now: dt.datetime) -> None:
    """Out of sight, and gone a month later; until then it can be restored."""
    with transaction.atomic():
        NotificationRule.objects.filter(deleted_at__lt=now - KEPT).delete()
        rule = NotificationRule.objects.select_for_update().get(pk=rule.pk)
        rule.deleted_at = rule.deleted_at or now
        rule.save(update_fields=["deleted_at"])
        audit.record(by=by.get_username(), action="delete notification rule", object=rule, now=now, before=facts(rule))


def restore_rule(*, rule: NotificationRule, by: User, now: dt.datetime) -> None:
    """Bring a deleted rule back. What happened in between is not told. Raises NameTaken."""
    try:
        with transaction.atomic():
            rule = NotificationRule.objects.select_for_update().get(pk=rule.pk)
            if rule.deleted_at is None:
                return
            rule.deleted_at, rule.read_up_to, rule.next_at = None, occurrences.newest(), _next(rule, now)
            rule.save(update_fields=["deleted_at", "read_up_to", "next_at"])
            audit.record(by=by.get_username(), action="restore notification rule", object=rule, now=now, after=facts(rule))
    except IntegrityError as error:
        raise NameTaken(f"Another rule is called {rule.name} by now. Rename that one first.") from error


def choose_bell(*, user: User, hidden: Collection[str]) -> None:
    """The kinds that a user does not want in the bell."""
    BellChoice.objects.update_or_create(user=user, defaults={"hidden": sorted(hidden)})


def facts(rule: NotificationRule) -> dict[str, Any]:
    """A rule as the audit trail keeps it."""
    stored: dict[str, Any] = {name: getattr(rule, name) for name in (*FIELDS, "all_groups")}
    people = rule.recipients.select_related("user")
    groups = [] if rule.all_groups else sorted(rule.groups.values_list("name", flat=True))
    return {**stored, "groups": groups, "recipients": sorted(str(person) for person in people)}


def _next(rule: NotificationRule, now: dt.datetime) -> dt.datetime | None:
    return next_digest(after=now, frequency=rule.frequency, weekday=rule.weekday, hour=rule.hour, zone=rule.time_zone)


def _set_recipients(rule: NotificationRule, *, addresses: tuple[str, ...], users: tuple[int, ...], now: dt.datetime) -> None:
    """Those who stay keep what they were told; new ones begin now."""
    wanted = {address.lower(): address for address in addresses}
    kept_addresses, kept_users = set(), set()
    for person in rule.recipients.all():
        if person.user_id in users if person.user_id else person.address.lower() in wanted:
            kept_addresses.add(person.address.lower())
            kept_users.add(person.user_id)
        else:
            person.delete()
    mark = occurrences.newest()
    new = [NotificationRecipient(address=address) for low, address in wanted.items() if low not in kept_addresses]
    new += [NotificationRecipient(user_id=user) for user in users if user not in kept_users]
    for person in new:
        person.rule, person.read_up_to, person.added_at = rule, mark, now
    NotificationRecipient.objects.bulk_create(new)
