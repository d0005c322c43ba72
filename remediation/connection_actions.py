"""Setting a ticket system up: values, secrets, on and off, a test. Atomic and audited; secrets are never in the audit trail."""

from __future__ import annotations

import base64
import datetime as dt
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.db import transaction

from core import audit
from core.models import User
from core.secrets import encrypt
from remediation import connections, ticket_actions, ticketing
from remediation.errors import NotReady
from remediation.models import TicketConnection
from remediation.ticketing import builtin
from remediation.ticketing.base import Finding, Refused

INBOUND = "inbound"  # the secret that messages to us are signed with
BEFORE = "_before"
SECRET_BYTES = 32
MASK = "(kept)"


def save(
    *,
    system: str,
    values: Mapping[str, str],
    secrets: Mapping[str, str],
    allow_private: bool,
    by: User,
    now: dt.datetime,
) -> TicketConnection:
    """Keep what was entered. `secrets`: those that were entered anew; the others stay."""
    with transaction.atomic():
        row = _row(system, now=now)
        before = _told(row)
        row.values, row.allow_private, row.updated_at = dict(values), allow_private, now
        for name, text in secrets.items():
            _keep(row, name, text, now=now)
        row.save()
        _audit("connection.save", row, by=by, now=now, before=before, replaced=sorted(secrets))
    return row


def generate(*, system: str, name: str, by: User, now: dt.datetime) -> str:
    """A new secret, given back this once; the one before it holds until it is forgotten."""
    text = "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    with transaction.atomic():
        row = _row(system, now=now)
        before = _told(row)
        if name in row.secrets:
            row.secrets[name + BEFORE] = row.secrets[name]
        _keep(row, name, text, now=now)
        row.save(update_fields=["secrets"])
        _audit("connection.secret", row, by=by, now=now, before=before, replaced=[name])
    return text


def forget(*, system: str, name: str, by: User, now: dt.datetime) -> None:
    """Remove a secret."""
    with transaction.atomic():
        row = _row(system, now=now)
        before = _told(row)
        if row.secrets.pop(name, None) is not None:
            row.save(update_fields=["secrets"])
            _audit("connection.forget", row, by=by, now=now, before=before)


def switch(*, system: str, on: bool, by: User, now: dt.datetime) -> TicketConnection:
    """On or off. What waits stays; it is sent when it is on again. Raises NotReady, which names what is missing."""
    with transaction.atomic():
        row = _row(system, now=now)
        before = _told(row)
        if on and (missing := lacking(row)):
            raise NotReady(f"Enter first: {', '.join(missing)}.")
        row.enabled, row.disabled_reason = on, ""
        if on:
            row.paused_until = None
        row.save(update_fields=["enabled", "disabled_reason", "paused_until"])
        _audit(f"connection.{'on' if on else 'off'}", row, by=by, now=now, before=before)
        if on:
            ticket_actions.kick()
    return row


def try_out(*, system: str, by: User, now: dt.datetime) -> list[Finding]:
    """Try what is kept, without making a ticket. The findings are kept."""
    row = TicketConnection.objects.filter(system=system).first()
    if row is None:
        return [Finding("Settings", False, "Nothing is saved yet.")]
    try:
        findings = ticketing.SYSTEMS[system].test(connections.opened(row))
    except Refused as error:
        findings = [Finding("Secrets", False, str(error))]
    good = all(finding.good for finding in findings)
    with transaction.atomic():
        TicketConnection.objects.filter(system=system).update(findings=list(map(asdict, findings)), tested_at=now)
        if good:
            connections.note_success(system)
        audit.record(by=by.get_username(), action="connection.test", object=row, now=now, after={"good": good})
    return findings


def delete(*, system: str, by: User, now: dt.datetime) -> None:
    """Forget everything that was set, with its secrets. Its tickets stay, and what waits for it waits."""
    with transaction.atomic():
        row = TicketConnection.objects.select_for_update().filter(system=system).first()
        if row is not None:
            _audit("connection.delete", row, by=by, now=now, before=_told(row))
            row.delete()


def lacking(row: TicketConnection) -> list[str]:
    """The labels of required fields that are empty."""
    known = ticketing.SYSTEMS.get(row.system)
    if known is None:
        return []
    kept = {**row.values, **row.secrets}
    return [field.label for field in known.fields if field.required and not kept.get(field.name)]


def _row(system: str, *, now: dt.datetime) -> TicketConnection:
    defaults = {"updated_at": now, "enabled": system == builtin.KEY}
    row, _ = TicketConnection.objects.select_for_update().get_or_create(system=system, defaults=defaults)
    return row


def _keep(row: TicketConnection, name: str, text: str, *, now: dt.datetime) -> None:
    row.secrets[name] = {"kept": encrypt(text), "at": now.isoformat()}


def _told(row: TicketConnection) -> dict[str, Any]:
    """A connection as the audit trail may show it."""
    return {"enabled": row.enabled, "allow_private": row.allow_private, **row.values, **dict.fromkeys(row.secrets, MASK)}


def _audit(
    action: str,
    row: TicketConnection,
    *,
    by: User,
    now: dt.datetime,
    before: dict[str, Any],
    replaced: list[str] | None = None,
) -> None:
    """Only what changed."""
    after = _told(row) if action != "connection.delete" else {}
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    told = {name: after[name] for name in changed & set(after)} | dict.fromkeys(replaced or (), "(replaced)")
    audit.record(
        by=by.get_username(),
        action=action,
        object=f"ticketconnection {row.system}",
        now=now,
        before={name: before[name] for name in changed & set(before)},
        after=told,
    )
