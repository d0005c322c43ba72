"""Pages of a list that grows with machines: each starts where another ended, by an index, however deep it is.

A mark is the last value and id of a page (`61.27~913`) and stands in the address as `after` or `before`. A page is read in one
statement of at most three parts, each a range of the index: rows with the value of the mark, rows beyond it, rows without a value.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import CharField, F, Q, QuerySet
from django.db.models.expressions import Expression, OrderBy, RawSQL

from core.lists import END, ListState
from core.pager import Pager, pager

PROBED = 1_000  # rows that are asked for a condition before all that meet it are collected
DEEPEST = 3_000  # rows that an address with `page` alone may skip
GROUP_NAME = RawSQL("g.name", (), output_field=CharField())  # of the group that is walked, see `by_group`
_READERS: dict[type, Callable[[str], Any]] = {
    str: str,
    int: int,
    float: float,
    dt.datetime: dt.datetime.fromisoformat,
    dt.date: dt.date.fromisoformat,
}


@dataclass(frozen=True, slots=True)
class Order:
    """By `key` (an expression, values of `kind`), then by `pk`; rows without a value come last in either direction.

    `falls`, `pk_falls`: highest first. An index serves the order where it holds both columns in these directions, or both turned round.
    `indexed` False: none does, the rows are collected and sorted; they are then asked for once, not range by range.
    """

    key: Expression | F
    kind: type
    falls: bool = False
    pk_falls: bool = False
    pk: str = "pk"
    nullable: bool = False
    indexed: bool = True

    def turned(self) -> Order:
        """The same order from its end."""
        return replace(self, falls=not self.falls, pk_falls=not self.pk_falls)


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in an order. `key` None: among the rows without a value."""

    key: Any
    pk: int

    def __str__(self) -> str:
        value = self.key.isoformat() if isinstance(self.key, dt.date) else "" if self.key is None else str(self.key)
        return f"{value}~{self.pk}"


@dataclass(frozen=True, slots=True)
class Slice:
    """A page: ids in their order, the marks of its ends, and whether rows come before and after it. `first`: it was read as the first."""

    ids: tuple[int, ...]
    start: str = ""
    end: str = ""
    earlier: bool = False
    later: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """A condition that is quickly asked of some rows and slowly of all: `column` of `rows` names the ids of those that meet it.

    Rows are met in their order, `most` at most (else PROBED); where these do not fill the page, all that meet it are collected and sorted.
    """

    rows: QuerySet[Any]
    column: str
    most: int = 0

    def among(self, ids: Sequence[int]) -> set[int]:
        """Those of these ids that meet it. Each is looked up by itself, in the one partition that it is in."""
        held = self.rows.order_by().filter(**{self.column: RawSQL("m.id", ())}).values(self.column)[:1]
        inner, parameters = held.query.sql_with_params()
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT m.id FROM unnest(%s::integer[]) AS m (id) CROSS JOIN LATERAL ({inner}) AS held",  # noqa: S608
                [list(ids), *parameters],
            )
            return {row[0] for row in cursor.fetchall()}

    def all(self) -> QuerySet[Any]:
        return self.rows.order_by().values(self.column).distinct()


def read(
    found: QuerySet[Any],
    order: Order,
    state: ListState,
    *,
    total: int = 0,
    by_group: str = "",
    groups: Sequence[int] = (),
    probe: Probe | None = None,
) -> Slice:
    """The page of the address. Where rows went away in between, the nearest page that has some.

    `total`: of all rows where it is known, so that the last page holds what the others leave. `by_group`: the column of the group, to
    walk an index of each group side by side; `groups` are the ones to walk. `probe`: a condition beside those of `found`.
    """
    size = state.per_page
    walk = _Walk(found, order, by_group, tuple(groups), probe)
    if state.before == END:
        return _last(walk, total % size or size)
    if state.before and (mark := _mark(state.before, order)):
        rows = walk.rows(limit=size + 1, mark=mark, back=True)
        if len(rows) >= size:
            return _slice(rows[:size][::-1], earlier=len(rows) > size, later=True)
    elif state.after and (mark := _mark(state.after, order)):
        rows = walk.rows(limit=size + 1, mark=mark)
        return _slice(rows[:size], earlier=True, later=len(rows) > size) if rows else _last(walk, total % size or size)
    offset = 0 if state.before or state.after else min(state.offset, DEEPEST // size * size)
    rows = walk.rows(limit=size + 1, offset=offset)
    if not rows and offset:
        return _last(walk, total % size or size)
    return _slice(rows[:size], earlier=offset > 0, later=len(rows) > size)


def first(
    found: QuerySet[Any], order: Order, *, limit: int, by_group: str = "", groups: Sequence[int] = (), probe: Probe | None = None
) -> list[int]:
    """The ids of the first rows."""
    return [pk for pk, _ in _Walk(found, order, by_group, tuple(groups), probe).rows(limit=limit)]


def ordered(found: QuerySet[Any], order: Order) -> QuerySet[Any]:
    """All rows in the order, for a server-side cursor."""
    key = OrderBy(order.key, descending=order.falls, nulls_last=True if order.nullable else None)
    return found.order_by(key, OrderBy(F(order.pk), descending=order.pk_falls))


def pages(state: ListState, part: Slice, total: int, *, exact: bool = True) -> Pager:
    """The pager of a page that was read. `exact` False: there are more than `total`."""
    size, shown = state.per_page, len(part.ids)
    total = max(total, shown)
    last = max(-(-total // size), 1)
    page = min(state.page, DEEPEST // size + 1) if not (state.after or state.before) else state.page
    if not part.earlier:
        page = 1
    elif not part.later and exact:
        page = last
    else:
        page = max(2, min(page, last - 1) if exact else page)
    at = pager(state, total)
    start = total - shown if exact and not part.later else (page - 1) * size
    return Pager(
        total=total,
        first=start + 1 if shown else 0,
        last=start + shown,
        page=page,
        pages=max(last, page),
        previous=(state.address(before=part.start, page=page - 1, open="") if page > 2 else state.address(page=1, open=""))
        if part.earlier
        else "",
        following=state.address(after=part.end, page=page + 1, open="") if part.later else "",
        sizes=at.sizes,
        start=state.address(page=1, open="") if part.earlier else "",
        end=state.address(before=END, page=last, open="") if part.later and exact else "",
        more=not exact,
    )


def _last(walk: _Walk, size: int) -> Slice:
    rows = walk.rows(limit=size + 1, back=True)
    return _slice(rows[:size][::-1], earlier=len(rows) > size, later=False)


def _slice(rows: Sequence[tuple[int, Any]], *, earlier: bool, later: bool) -> Slice:
    if not rows:
        return Slice(())
    (first_pk, first_key), (last_pk, last_key) = rows[0], rows[-1]
    return Slice(tuple(pk for pk, _ in rows), str(Mark(first_key, first_pk)), str(Mark(last_key, last_pk)), earlier, later)


def _mark(text: str, order: Order) -> Mark | None:
    """None: no place in this order, as after somebody changed the address by hand."""
    value, _, pk = text.rpartition("~")
    try:
        return Mark(None if order.nullable and not value else _READERS[order.kind](value), int(pk))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Walk:
    """Reads rows (pk, key) of a query in an order, from a mark on or from an end."""

    found: QuerySet[Any]
    order: Order
    by_group: str
    groups: tuple[int, ...]
    probe: Probe | None = None

    def rows(self, *, limit: int, offset: int = 0, mark: Mark | None = None, back: bool = False) -> list[tuple[int, Any]]:
        try:
            if self.probe is None:
                return self._rows(limit=limit, offset=offset, mark=mark, back=back)
            return self._probed(self.probe, limit=limit, offset=offset, mark=mark, back=back)
        except EmptyResultSet:  # a filter that nothing can fit, which Django does not put into words
            return []

    def _probed(self, probe: Probe, *, limit: int, offset: int, mark: Mark | None, back: bool) -> list[tuple[int, Any]]:
        """The first look is at a few pages' worth of rows, the second at all."""
        most = probe.most or PROBED
        rows = self._rows(limit=most, offset=0, mark=mark, back=back)
        met, looked = list[tuple[int, Any]](), 0
        for upto in (4 * (offset + limit), most):
            if looked < len(rows) and len(met) < offset + limit:
                part, looked = rows[looked:upto], upto
                held = probe.among([pk for pk, _ in part])
                met += [row for row in part if row[0] in held]
        if len(met) >= offset + limit or len(rows) < most:
            return met[offset : offset + limit]
        found, order = self.found.filter(pk__in=probe.all()), replace(self.order, indexed=False)
        if order.key is GROUP_NAME:
            every = _Walk(found, order, self.by_group, self.groups)
        else:
            groups = Q(**{f"{self.by_group}__in": self.groups}) if self.by_group else Q()
            every = _Walk(found.filter(groups), order, "", ())
        return every.rows(limit=limit, offset=offset, mark=mark, back=back)

    def _rows(self, *, limit: int, offset: int, mark: Mark | None, back: bool) -> list[tuple[int, Any]]:
        order = self.order.turned() if back else self.order
        found = self.found.filter(**{self.by_group: RawSQL("g.id", ())}) if self.by_group else self.found
        found = found.order_by().annotate(_key=order.key)
        if order.indexed:
            text, parameters = _ranges(_parts(found, order, mark, back=back), order, most=offset + limit)
        else:
            inner, given = _beyond(found, order, mark, back=back).values_list(order.pk, "_key").query.sql_with_params()
            text, parameters = f"SELECT 0, c.pk, c.key FROM ({inner} OFFSET 0) AS c (pk, key)", list(given)  # noqa: S608
        if self.by_group:
            source = "inventory_machinegroup AS g CROSS JOIN LATERAL"
            text = f"SELECT u.part, u.pk, u.key FROM {source} ({text}) AS u (part, pk, key) WHERE g.id = ANY(%s)"  # noqa: S608
            parameters.append(list(self.groups))
        by_key, by_pk = ("DESC" if falls else "ASC" for falls in (order.falls, order.pk_falls))
        ends = f"{by_key} NULLS {'FIRST' if back else 'LAST'}" if order.nullable else by_key
        text = f"SELECT w.pk, w.key FROM ({text}) AS w (part, pk, key) ORDER BY w.part, w.key {ends}, w.pk {by_pk}"  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(f"{text} LIMIT %s OFFSET %s", [*parameters, limit, offset])
            return list(cursor.fetchall())


def _ranges(parts: Sequence[QuerySet[Any]], order: Order, *, most: int) -> tuple[str, list[Any]]:
    """The first `most` rows of ranges of an index that follow each other; one is looked at where those before it do not fill the page."""
    texts, parameters = [], list[Any]()
    for number, part in enumerate(parts):
        inner, given = part.values_list(order.pk, "_key")[:most].query.sql_with_params()
        before = " + ".join(f"(SELECT count(*) FROM p{earlier})" for earlier in range(number)) or "0"  # noqa: S608
        texts.append(f"p{number} AS MATERIALIZED (SELECT {number}, p.* FROM ({inner}) AS p (pk, key) WHERE {before} < %s)")  # noqa: S608
        parameters += [*given, most]
    every = " UNION ALL ".join(f"SELECT * FROM p{number}" for number in range(len(parts)))  # noqa: S608
    return f"WITH {', '.join(texts)} {every}", parameters


def _beyond(found: QuerySet[Any], order: Order, mark: Mark | None, *, back: bool) -> QuerySet[Any]:
    """What follows a mark, as one condition."""
    if mark is None:
        return found
    further = Q(**{f"{order.pk}__{'lt' if order.pk_falls else 'gt'}": mark.pk})
    if mark.key is None:
        return found.filter(Q(further, _key__isnull=True) | Q(_key__isnull=False)) if back else found.filter(further, _key__isnull=True)
    beyond = Q(**{f"_key__{'lt' if order.falls else 'gt'}": mark.key}) | Q(further, _key=mark.key)
    return found.filter(beyond | Q(_key__isnull=True) if order.nullable and not back else beyond)


def _parts(found: QuerySet[Any], order: Order, mark: Mark | None, *, back: bool) -> list[QuerySet[Any]]:
    """The ranges of the index that follow a mark, in their order, each ordered; rows without a value by their id alone."""
    by_pk = OrderBy(F(order.pk), descending=order.pk_falls)
    empty = found.filter(_key__isnull=True).order_by(by_pk)
    by_key = [] if order.key is GROUP_NAME else [OrderBy(F("_key"), descending=order.falls)]  # within a group all have the same name
    found = found.order_by(*by_key, by_pk)
    filled = found.filter(_key__isnull=False)
    if mark is None:
        return [found] if not order.nullable else [empty, filled] if back else [filled, empty]
    beyond = Q(**{f"{order.pk}__{'lt' if order.pk_falls else 'gt'}": mark.pk})
    if mark.key is None:
        return [empty.filter(beyond), filled] if back else [empty.filter(beyond)]
    same, rest = found.filter(beyond, _key=mark.key), found.filter(**{f"_key__{'lt' if order.falls else 'gt'}": mark.key})
    return [same, rest, empty] if order.nullable and not back else [same, rest]
