"""Writing the audit trail. Called by actions, inside their transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Model

from core import callers
from core.models import AuditEvent


def record(
    *,
    by: str,
    action: str,
    object: Model | str,  # noqa: A002 - the audit trail's own word
    now: dt.datetime,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    address: str = "",
) -> AuditEvent:
    """Keep who (`by`) did what to which object, and what it was `before` and `after`.

    `object` is a stored model instance, or "type id" for what has no row (settings, a file).
    `before` and `after` hold JSON values of the fields that changed; `address`: that of the request, if nobody says another.
    """
    if isinstance(object, Model):
        object_type, object_id = object._meta.model_name or "", str(object.pk)  # noqa: SLF001 - documented by Django
    else:
        object_type, _, object_id = object.partition(" ")
    return AuditEvent.objects.create(
        at=now,
        actor=by[:150],
        action=action[:60],
        object_type=object_type[:60],
        object_id=object_id[:255],
        before=before or {},
        after=after or {},
        address=(address or callers.current())[:64],
    )


def record_each(
    *,
    by: str,
    action: str,
    changes: Iterable[tuple[Model, dict[str, Any], dict[str, Any]]],
    now: dt.datetime,
    address: str = "",
) -> int:
    """Keep the same deed for many stored objects, each with what it was before and after. Returns how many."""
    events = [
        AuditEvent(
            at=now,
            actor=by[:150],
            action=action[:60],
            object_type=object._meta.model_name or "",  # noqa: SLF001 - documented by Django
            object_id=str(object.pk),
            before=before,
            after=after,
            address=(address or callers.current())[:64],
        )
        for object, before, after in changes  # noqa: A001 - the audit trail's own word
    ]
    AuditEvent.objects.bulk_create(events, batch_size=2_000)
    return len(events)
