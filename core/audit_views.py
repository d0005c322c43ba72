"""The audit log: who changed what, before and after, from where and when."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from core import audit_queries
from core.access import Permission, require
from core.answers import list_answer
from core.audit_queries import AuditFilter
from core.exports import stream
from core.lists import LONGEST, MOST_PARTS, Column, Facet, ListSpec, ListState

CURSORS = ("after", "newer")
DATES = ("from", "to")
SPEC = ListSpec(
    columns=(
        Column("at", "When", fixed=True),
        Column("actor", "Who"),
        Column("action", "What"),
        Column("object", "Object"),
        Column("change", "Change"),
        Column("address", "From where"),
    ),
    sort="",
    per_page=50,
    keeps=("person", *DATES),
)
HEADER = ("When", "Who", "What", "Kind of object", "Id", "Object", "Before", "After", "From where")


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """Events, the newest first."""
    _reader(request)
    state, chosen, wrong = _read(request.GET)
    after, newer = request.GET.get("after", ""), request.GET.get("newer", "")
    page = audit_queries.page(chosen, now=timezone.now(), after=after, newer=newer, limit=state.per_page)
    context = {
        "state": state,
        "facets": state.facets({}),
        "page": page,
        "rows": page.rows,
        "older": _cursored(state, "after", page.older),
        "newer": _cursored(state, "newer", page.newer),
        "chosen": chosen,
        "wrong": wrong,
        "narrowed": state.is_narrowed or bool(chosen.person or chosen.first or chosen.last),
        "people": audit_queries.people(),
        "hidden": state.hidden("person", *DATES),
        "look_back": audit_queries.WORDS_LOOK_BACK.days if chosen.text and not chosen.first else 0,
        "columns": dict.fromkeys(state.columns, True),
    }
    return list_answer(request, "audit/index.html", context, state=state)


@require_safe
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One event in full."""
    _reader(request)
    found = audit_queries.one(pk)
    if found is None:
        raise Http404("There is no event of this number.")
    return render(request, "audit/detail.html", {"row": found})


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """The same events without pages."""
    _reader(request)
    _, chosen, _ = _read(request.GET)
    rows = audit_queries.every(chosen, now=timezone.now())
    return stream(filename="audit-log.csv", header=HEADER, rows=(_line(row) for row in rows))


def _reader(request: HttpRequest) -> None:
    require(request, Permission.AUDIT)


def _read(query: QueryDict) -> tuple[ListState, AuditFilter, tuple[str, ...]]:
    """What the address asks for, and dates that are none."""
    asked = query.copy()
    for name in CURSORS:
        asked.pop(name, None)
    actions, types = (_offered(asked, name, column) for name, column in (("action", "action"), ("type", "object_type")))
    facets = (
        Facet("action", "What", tuple((name, audit_queries.words(name)) for name in actions if "," not in name)),
        Facet("type", "Object", tuple((name, audit_queries.words(name)) for name in types if name and "," not in name)),
    )
    state = replace(SPEC, facets=facets).read(asked)
    kept = dict(state.kept)
    days = {name: _date(kept.get(name, "")) for name in DATES}
    wrong = tuple(kept[name] for name in DATES if kept.get(name) and days[name] is None)
    first, last = days["from"], days["to"]
    if first and last and first > last:
        first, last = last, first
    chosen = AuditFilter(
        text=state.q,
        person=kept.get("person", "").strip(),
        actions=state.chosen["action"],
        types=state.chosen["type"],
        first=first,
        last=last,
    )
    return state, chosen, wrong


def _offered(asked: QueryDict, name: str, column: str) -> list[str]:
    """What there is to choose from; also what was asked for, which may have happened since that was last looked up."""
    own = [part for text in asked.getlist(name) for part in text.split(",") if part and len(part) <= LONGEST][:MOST_PARTS]
    return sorted({*audit_queries.known(column), *own})


def _date(text: str) -> Any:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _cursored(state: ListState, name: str, cursor: str) -> str:
    """The list from a cursor on; empty where there is no page."""
    if not cursor:
        return ""
    address = state.address(page=1)
    return f"{address}{'' if address == '?' else '&'}{name}={cursor}"


def _line(row: audit_queries.EventRow) -> tuple[object, ...]:
    event = row.event
    before, after = (json.dumps(value, ensure_ascii=False) if value else "" for value in (event.before, event.after))
    return (event.at, event.actor, event.action, event.object_type, event.object_id, row.object, before, after, event.address)
