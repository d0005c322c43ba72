"""A list whose whole state is its address: search, filters, sort, page, columns.

A `ListSpec` says what a list knows. `read` turns a query string into a `ListState`; values it does not know are
ignored and named in `unknown`. `ListState.address` is the way back: the shortest query string of a state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

ANY = "any"
PER_PAGE = (30, 50, 100)
WIDE = (30, 50)  # of lists whose rows are so long that a hundred are more than 150 kB
MARKS = ("after", "before")  # where a page starts or ends in a list that is read by an index, see core/keyset.py
END = "end"  # as `before`: the last page
RESERVED = ("q", "sort", "page", "per_page", "columns", "groups", "open", "view")
ALL = "all"
LONGEST, MOST_PARTS, LONGEST_MARK = 120, 20, 300


@dataclass(frozen=True, slots=True)
class Column:
    """`sort`: "+" or "-", the direction a first click gives; empty: not sortable. `fixed`: cannot be hidden."""

    key: str
    label: str
    sort: str = ""
    shown: bool = True
    fixed: bool = False
    numeric: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Facet:
    """A filter with a fixed set of values. `default` holds where the address says nothing.

    `under`: a filter of parts of another one's values, written "value:part". Which parts there are the rows say.
    """

    key: str
    label: str
    options: tuple[tuple[str, str], ...] = ()
    default: tuple[str, ...] = ()
    under: str = ""

    def words(self, values: Iterable[str]) -> str:
        names = dict(self.options)
        return ", ".join(names.get(value, value.partition(":")[2]) for value in values)


@dataclass(frozen=True, slots=True)
class ListSpec:
    """`keeps`: parameters of the page beside the list (its tab, its days) that every address of the list carries along.

    `ordered`: its rows follow the order of `columns` in the address. `picks`: how many rows may be picked; 0: none.
    `sizes`: how many rows a page may have; an address that asks for more gets the most.
    `keyset`: its pages start where another ended, as `after` and `before` in the address say; `page` is then only a number to show.
    """

    columns: tuple[Column, ...]
    sort: str
    facets: tuple[Facet, ...] = ()
    per_page: int = PER_PAGE[0]
    keeps: tuple[str, ...] = ()
    ordered: bool = False
    picks: int = 0
    keyset: bool = False
    sizes: tuple[int, ...] = PER_PAGE

    def read(self, query: QueryDict) -> ListState:
        reader = _Reader(query)
        chosen = {facet.key: reader.facet(facet) for facet in self.facets}
        sorts = {column.key for column in self.columns if column.sort}
        state = ListState(
            spec=self,
            q=query.get("q", "").replace("\x00", "").strip()[:200],
            chosen=chosen,
            sort=reader.one("sort", lambda text: text.removeprefix("-") in sorts, self.sort),
            page=int(reader.one("page", lambda text: text.isdecimal() and 0 < int(text) < 1_000_000, "1")),
            per_page=min(int(reader.one("per_page", lambda text: text in map(str, PER_PAGE), str(self.per_page))), max(self.sizes)),
            columns=reader.columns(self.columns, ordered=self.ordered),
            groups=",".join(query.getlist("groups")),
            open=query.get("open", ""),
            kept=tuple((name, value.replace("\x00", "")) for name in self.keeps for value in query.getlist(name)),
            picks=reader.picks(self.picks) if self.picks else (),
            after=reader.mark("after") if self.keyset else "",
            before=reader.mark("before") if self.keyset else "",
        )
        known = {*RESERVED, *(MARKS if self.keyset else ()), *chosen, *self.keeps, *(("pick",) if self.picks else ())}
        strangers = [(name, value) for name in query for value in query.getlist(name) if name not in known]
        return replace(state, unknown=tuple(reader.unknown + strangers))


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter. `address` is the list without it."""

    label: str
    value: str
    address: str
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    column: Column
    address: str
    aria_sort: str


@dataclass(frozen=True, slots=True)
class Choice:
    """`earlier`, `later`: the list with this column moved; empty where it cannot be. `parts`: of the filter under this one."""

    value: str
    label: str
    checked: bool
    count: int | None = None
    fixed: bool = False
    earlier: str = ""
    later: str = ""
    parts: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class FacetChoices:
    key: str
    label: str
    choices: tuple[Choice, ...]
    has_default: bool
    parts_key: str = ""


@dataclass(frozen=True, slots=True)
class ListState:
    """`picks`: ids of picked rows, in the order of picking. `plain`: query of the untouched list, where the bare address is another."""

    spec: ListSpec
    q: str = ""
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sort: str = ""
    page: int = 1
    per_page: int = PER_PAGE[0]
    columns: tuple[str, ...] = ()
    groups: str = ""
    open: str = ""
    unknown: tuple[tuple[str, str], ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    picks: tuple[int, ...] = ()
    plain: str = ""
    after: str = ""
    before: str = ""

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.per_page

    def part(self, total: int) -> slice:
        """The page's part of so many rows; the last page where they end before it."""
        first = min(self.offset, max(total - 1, 0) // self.per_page * self.per_page)
        return slice(first, first + self.per_page)

    @property
    def visible(self) -> frozenset[str]:
        return frozenset(self.columns)

    def parameters(self, *, leave_out: Iterable[str] = ()) -> list[tuple[str, str]]:
        """What differs from the defaults, in a fixed order: the same state always has the same address."""
        pairs = [("q", self.q)]
        for facet in self.spec.facets:
            values = self.chosen.get(facet.key, ())
            if values != facet.default:
                pairs.append((facet.key, ",".join(values) or (ANY if facet.default else "")))
        pairs.append(("sort", self.sort if self.sort != self.spec.sort else ""))
        pairs.append(("page", str(self.page) if self.page > 1 else ""))
        pairs += [("after", self.after), ("before", self.before)]
        pairs.append(("per_page", str(self.per_page) if self.per_page != self.spec.per_page else ""))
        pairs.append(("columns", ",".join(self.columns) if self.columns != default_columns(self.spec.columns) else ""))
        pairs += [("groups", self.groups), ("pick", ",".join(map(str, self.picks))), ("open", self.open), *self.kept]
        left_out = set(leave_out)
        return [(name, value) for name, value in pairs if value and name not in left_out]

    def address(self, *, leave_out: Iterable[str] = (), **changes: Any) -> str:
        """`?...` of this state with changes; `?` alone is the untouched list. Another page forgets where this one starts."""
        if "page" in changes:
            changes = {"after": "", "before": ""} | changes
        state = replace(self, **changes) if changes else self
        return "?" + (urlencode(state.parameters(leave_out=leave_out), safe=",") or state.plain)

    def with_facet(self, key: str, values: tuple[str, ...]) -> str:
        return self.address(chosen={**self.chosen, key: values}, page=1, open="")

    def headers(self) -> list[Header]:
        """The visible columns, each with the address that sorts by it (or turns its order round)."""
        by, descending = self.sort.removeprefix("-"), self.sort.startswith("-")
        headers = []
        known = {column.key: column for column in self.spec.columns}
        for column in (known[key] for key in self.columns):
            first = f"{column.sort.replace('+', '')}{column.key}"
            turned = column.key if descending else f"-{column.key}"
            address = self.address(sort=turned if column.key == by else first, page=1, open="") if column.sort else ""
            headers.append(Header(column, address, ("descending" if descending else "ascending") if column.key == by else ""))
        return headers

    def chips(self) -> list[Chip]:
        chips = [Chip("Search", self.q, self.address(q="", page=1, open=""))] if self.q else []
        chosen = [(facet, self.chosen.get(facet.key, ())) for facet in self.spec.facets]
        chips += [Chip(facet.label, facet.words(values), self.with_facet(facet.key, ())) for facet, values in chosen if values]
        chips += [Chip(f"Unknown {name}", value or "empty", self.address(), bad=True) for name, value in self.unknown]
        return chips

    @property
    def filter_count(self) -> int:
        return sum(1 for facet in self.spec.facets if self.chosen.get(facet.key))

    @property
    def is_narrowed(self) -> bool:
        """Whether a reset would change what the list holds."""
        return bool(self.q or self.unknown) or any(self.chosen.get(facet.key, ()) != facet.default for facet in self.spec.facets)

    @property
    def reset_address(self) -> str:
        return self.address(q="", chosen={facet.key: facet.default for facet in self.spec.facets}, page=1, open="")

    def facets(self, counts: Mapping[str, Mapping[str, int]]) -> list[FacetChoices]:
        """The filter pane. `counts`: facet -> value -> how many."""
        under = {facet.under: facet for facet in self.spec.facets if facet.under}
        return [self._choices(facet, under.get(facet.key), counts) for facet in self.spec.facets if not facet.under]

    def _choices(self, facet: Facet, under: Facet | None, counts: Mapping[str, Mapping[str, int]]) -> FacetChoices:
        chosen, found = self.chosen.get(facet.key, ()), counts.get(facet.key, {})
        choices = tuple(
            Choice(value, label, value in chosen, found.get(value), parts=self._parts(under, value, counts))
            for value, label in facet.options
        )
        return FacetChoices(facet.key, facet.label, choices, bool(facet.default), under.key if under else "")

    def _parts(self, under: Facet | None, value: str, counts: Mapping[str, Mapping[str, int]]) -> tuple[Choice, ...]:
        """The parts of a value that rows have, and those that are chosen though none has them."""
        if under is None:
            return ()
        found, chosen = counts.get(under.key, {}), self.chosen.get(under.key, ())
        names = sorted(part for part in {*found, *chosen} if part.startswith(f"{value}:") and "," not in part)
        return tuple(Choice(part, part.partition(":")[2], part in chosen, found.get(part, 0)) for part in names)

    def column_choices(self) -> list[Choice]:
        """The column menu: where the order counts the shown ones first, as they stand, each with the ways to move it."""
        known = {column.key: column for column in self.spec.columns}
        if not self.spec.ordered:
            return [Choice(key, column.label, key in self.columns, fixed=column.fixed) for key, column in known.items()]
        keys = [*self.columns, *(key for key in known if key not in self.columns)]
        first = sum(1 for column in known.values() if column.fixed)
        return [
            Choice(
                key,
                known[key].label,
                key in self.columns,
                fixed=known[key].fixed,
                earlier=self._moved(place, -1) if first < place < len(self.columns) else "",
                later=self._moved(place, 1) if first <= place < len(self.columns) - 1 else "",
            )
            for place, key in enumerate(keys)
        ]

    def _moved(self, place: int, by: int) -> str:
        columns = list(self.columns)
        columns[place], columns[place + by] = columns[place + by], columns[place]
        return self.address(columns=tuple(columns), open="")

    def hidden(self, *names: str) -> list[tuple[str, str]]:
        """What a form must carry along when it sets `names` itself. A changed list starts at its first page."""
        return self.parameters(leave_out=(*names, "page", *MARKS, "open"))

    def hidden_search(self) -> list[tuple[str, str]]:
        return self.hidden("q")

    def hidden_filters(self) -> list[tuple[str, str]]:
        return self.hidden(*(facet.key for facet in self.spec.facets))

    def hidden_columns(self) -> list[tuple[str, str]]:
        return self.hidden("columns")

    def hidden_picks(self) -> list[tuple[str, str]]:
        """For the form of the rows on this page, which stays on it."""
        return self.parameters(leave_out=("pick", "open"))

    def hidden_size(self) -> list[tuple[str, str]]:
        return self.hidden("per_page")

    @property
    def export_address(self) -> str:
        """The same list without its pages: what an export holds."""
        return self.address(leave_out=("page", *MARKS, "per_page", "open", "pick"))

    @property
    def view_query(self) -> str:
        """What a saved view keeps: filters, order, columns and size; neither a page, nor picked rows, nor an open one."""
        return urlencode(self.parameters(leave_out=("page", *MARKS, "open", "pick")), safe=",")

    @property
    def usual_columns_address(self) -> str:
        return self.address(columns=default_columns(self.spec.columns), open="")

    @property
    def every_column_address(self) -> str:
        return self.address(columns=tuple(column.key for column in self.spec.columns), open="")

    @property
    def fewest_columns_address(self) -> str:
        return self.address(columns=tuple(column.key for column in self.spec.columns if column.fixed), open="")


def default_columns(columns: Sequence[Column]) -> tuple[str, ...]:
    return tuple(column.key for column in columns if column.shown or column.fixed)


class _Reader:
    """Reads one query string and keeps what it could not understand."""

    def __init__(self, query: QueryDict) -> None:
        self.query = query
        self.unknown: list[tuple[str, str]] = []

    def values(self, name: str) -> list[str]:
        """Repeated parameters and comma lists alike: forms send the one, addresses keep the other."""
        return [part.strip() for text in self.query.getlist(name) for part in text.split(",") if part.strip()]

    def one(self, name: str, accepts: Any, default: str) -> str:
        text = self.query.get(name, "").strip()
        if text and accepts(text):
            return text
        if text:
            self.unknown.append((name, text))
        return default

    def mark(self, name: str) -> str:
        return self.query.get(name, "").replace("\x00", "")[:LONGEST_MARK]

    def facet(self, facet: Facet) -> tuple[str, ...]:
        given = self.values(facet.key)
        if facet.under:
            return tuple(dict.fromkeys(value[:LONGEST] for value in given if ":" in value))[:MOST_PARTS]
        known = [value for value, _ in facet.options]
        self.unknown += [(facet.key, value) for value in given if value not in known and value != ANY]
        chosen = tuple(value for value in known if value in given)
        if chosen or ANY in given:
            return chosen
        return facet.default

    def columns(self, columns: Sequence[Column], *, ordered: bool) -> tuple[str, ...]:
        """The fixed ones first, then the chosen in the order of the list, or (`ordered`) as they were given."""
        given = self.values("columns")
        known = [column.key for column in columns]
        self.unknown += [("columns", value) for value in given if value not in known]
        if not set(known) & set(given):
            return default_columns(columns)
        fixed = [column.key for column in columns if column.fixed]
        if not ordered:
            return tuple(key for key in known if key in fixed or key in given)
        return tuple(dict.fromkeys([*fixed, *(key for key in given if key in known)]))

    def picks(self, most: int) -> tuple[int, ...]:
        """Row ids as they were picked, the first `most` of them."""
        given = [value for value in self.values("pick") if value != ALL]
        numbers = dict.fromkeys(int(value) for value in given if value.isdecimal() and len(value) < 10)
        self.unknown += [("pick", value) for value in given if not (value.isdecimal() and len(value) < 10)]
        if len(numbers) > most:
            self.unknown.append(("pick", f"{len(numbers) - most} rows beyond {most}"))
        return tuple(numbers)[:most]
