"""The audit log as screens show it. Pages are found by where the last one ended: nothing counts millions of rows."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast
from django.urls import NoReverseMatch, reverse

from core.models import AuditEvent, User

KEEP_SECONDS = 60
WORDS_LOOK_BACK = dt.timedelta(days=90)  # words are looked for in every event of so many days, unless dates say otherwise
# Where an object of a kind has its page: the name of the address, by its model.
PAGES = {
    "user": "user",
    "role": "role",
    "machine": "recommendations:machine",
    "machinegroup": "recommendations:group",
    "activity": "remediation:activity",
    "inaccuracyreport": "recommendations:inaccuracy_report",
}
_STEPS = """
WITH RECURSIVE step AS (
    (SELECT {name} AS value FROM {table} ORDER BY {name} LIMIT 1)
    UNION ALL
    SELECT (SELECT {name} FROM {table} WHERE {name} > step.value ORDER BY {name} LIMIT 1) FROM step WHERE step.value IS NOT NULL
)
SELECT value FROM step WHERE value IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """`first`, `last`: days of UTC, both included. `person`: a user name, whole."""

    text: str = ""
    person: str = ""
    actions: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    first: dt.date | None = None
    last: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One field. A list that changed has what was `added` and `removed`; anything else what it was and is."""

    field: str
    before: str
    after: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EventRow:
    """`object`: its name, or its id where it is gone or has none; `page`: where it is shown, empty: nowhere."""

    event: AuditEvent
    action: str
    kind: str
    object: str
    page: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """`older`, `newer`: cursors of the neighbouring pages, empty where there is none."""

    rows: tuple[EventRow, ...]
    older: str
    newer: str


def page(chosen: AuditFilter, *, now: dt.datetime, after: str = "", newer: str = "", limit: int = 50) -> Page:
    """Events, the newest first: those after a cursor, those before one (`newer`), or the newest of all."""
    found = matching(chosen, now=now)
    turned = read_cursor(newer)
    if turned is not None:
        at, number = turned
        part = list(found.filter(Q(at__gt=at) | Q(at=at, id__gt=number)).order_by("at", "id")[: limit + 1])
        more, part = len(part) > limit, part[:limit][::-1]
        return Page(rows_of(part), cursor(part[-1]) if part else "", cursor(part[0]) if more else "")
    place = read_cursor(after)
    if place is not None:
        at, number = place
        found = found.filter(at__lte=at).filter(Q(at__lt=at) | Q(id__lt=number))
    part = list(found.order_by("-at", "-id")[: limit + 1])
    more, part = len(part) > limit, part[:limit]
    return Page(rows_of(part), cursor(part[-1]) if more else "", cursor(part[0]) if part and place is not None else "")


def every(chosen: AuditFilter, *, now: dt.datetime, chunk: int = 2000) -> Iterator[EventRow]:
    """All events of the filter, the newest first, a chunk at a time."""
    found, place = matching(chosen, now=now), None
    while True:
        part = list((found.filter(place) if place else found).order_by("-at", "-id")[:chunk])
        yield from rows_of(part)
        if len(part) < chunk:
            return
        place = Q(at__lte=part[-1].at) & (Q(at__lt=part[-1].at) | Q(id__lt=part[-1].pk))


def one(pk: int) -> EventRow | None:
    found = AuditEvent.objects.filter(pk=pk).first()
    return rows_of([found])[0] if found else None


def matching(chosen: AuditFilter, *, now: dt.datetime) -> QuerySet[AuditEvent]:
    """Events of the filter, not ordered."""
    found = AuditEvent.objects.all()
    if chosen.person:
        found = found.filter(actor=chosen.person)
    if chosen.actions:
        found = found.filter(action__in=chosen.actions)
    if chosen.types:
        found = found.filter(object_type__in=chosen.types)
    if chosen.first:
        found = found.filter(at__gte=_start_of(chosen.first))
    if chosen.last:
        found = found.filter(at__lt=_start_of(chosen.last + dt.timedelta(days=1)))
    if chosen.text:
        if not chosen.first:
            found = found.filter(at__gte=now - WORDS_LOOK_BACK)
        found = found.annotate(was=Cast("before", CharField()), became=Cast("after", CharField()))
        for word in chosen.text.split()[:8]:
            names = ("actor", "action", "object_type", "object_id", "address", "was", "became")
            wanted = Q()
            for name in names:
                wanted |= Q(**{f"{name}__icontains": word})
            found = found.filter(wanted)
    return found


def known(column: str) -> tuple[str, ...]:
    """The values of an indexed column, each found by a step on its index; kept for a minute."""
    key = f"audit:{column}"
    kept: tuple[str, ...] | None = cache.get(key)
    if kept is None:
        name = connection.ops.quote_name(column)
        table = connection.ops.quote_name(AuditEvent._meta.db_table)  # noqa: SLF001 - documented by Django
        with connection.cursor() as cursor_:
            cursor_.execute(_STEPS.format(name=name, table=table))
            kept = tuple(value for (value,) in cursor_.fetchall())
        cache.set(key, kept, KEEP_SECONDS)
    return kept


def people(*, limit: int = 500) -> list[str]:
    return list(User.objects.order_by("username").values_list("username", flat=True)[:limit])


def words(name: str) -> str:
    """machine.set_value -> Machine set value."""
    text = name.replace(".", " ").replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def cursor(event: AuditEvent) -> str:
    return f"{event.at.astimezone(dt.UTC):%Y%m%dT%H%M%S.%f}-{event.pk}"


def read_cursor(text: str) -> tuple[dt.datetime, int] | None:
    """None: it is none."""
    moment, _, number = text.partition("-")
    try:
        at = dt.datetime.strptime(moment, "%Y%m%dT%H%M%S.%f").replace(tzinfo=dt.UTC)
        return (at, int(number)) if len(number) < 19 else None
    except ValueError:
        return None


def rows_of(events: Sequence[AuditEvent]) -> tuple[EventRow, ...]:
    """With the names of what they are about: a statement a kind of object."""
    names = _names(events)
    return tuple(
        EventRow(
            event=event,
            action=words(event.action),
            kind=_kinds().get(event.object_type) or words(event.object_type),
            object=names.get((event.object_type, event.object_id), event.object_id),
            page=_page(event) if (event.object_type, event.object_id) in names else "",
            changes=changes(event.before, event.after),
        )
        for event in events
    )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """Field by field, in the order they were recorded."""
    return tuple(_change(name, before.get(name), after.get(name)) for name in dict.fromkeys((*before, *after)))


def _change(name: str, before: Any, after: Any) -> Change:
    if isinstance(before, list) and isinstance(after, list):
        was, now = [_text(value) for value in before], [_text(value) for value in after]
        return Change(
            words(name),
            "; ".join(was),
            "; ".join(now),
            added=tuple(value for value in now if value not in was),
            removed=tuple(value for value in was if value not in now),
        )
    return Change(words(name), _text(before), _text(after))


def _text(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(_text(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{words(str(key))}: {_text(part)}" for key, part in value.items())
    return str(value)


def _names(events: Iterable[AuditEvent]) -> dict[tuple[str, str], str]:
    """(kind, id) -> what it is called now. What is gone, or is not a row, has no name."""
    wanted: dict[str, set[str]] = {}
    for event in events:
        wanted.setdefault(event.object_type, set()).add(event.object_id)
    models = {model._meta.model_name: model for model in apps.get_models()}  # noqa: SLF001 - documented by Django
    found = {}
    for kind, ids in wanted.items():
        model = models.get(kind)
        if model is None or not hasattr(model._meta.pk, "to_python"):  # noqa: SLF001
            continue
        keys = [key for text in ids if (key := _key(model, text)) is not None]
        named_by = [field.name for field in model._meta.concrete_fields if field.many_to_one]  # noqa: SLF001
        for row in model._default_manager.filter(pk__in=keys).select_related(*named_by):  # noqa: SLF001
            found[kind, str(row.pk)] = str(row)
    return found


@functools.cache
def _kinds() -> dict[str, str]:
    """What models are called in words."""
    return {str(model._meta.model_name): words(str(model._meta.verbose_name)) for model in apps.get_models()}  # noqa: SLF001


def _key(model: Any, text: str) -> Any:
    try:
        return model._meta.pk.to_python(text) if text else None  # noqa: SLF001
    except (ValidationError, ValueError):
        return None


def _page(event: AuditEvent) -> str:
    try:
        return reverse(PAGES[event.object_type], args=[event.object_id])
    except (KeyError, NoReverseMatch):
        return ""


def _start_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
