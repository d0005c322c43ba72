"""osquery result logs: NDJSON of snapshot, event and batch results (osquery documentation, "Logging": result logs).

All events of a host are gathered to one report. A snapshot is complete for what its table covers, and so are the
initial results of a differential query (counter 0). Later differential rows are applied in order to the snapshot
before them in the file; without one they add and remove single installations.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Any, BinaryIO

from inventory.records import InstalledSoftware, Rejected, Report, Reports
from inventory.sources import fields, line_stream
from inventory.sources.frame import Limits, Source, head_of, start_of
from inventory.sources.json_stream import BadJson, values
from inventory.sources.osquery_facts import machine_facts, patch_of
from inventory.sources.osquery_tables import BY_NAME, Table, table_of
from inventory.sources.systems import operating_system_of, own_windows

_EVENT = re.compile(rb'"(?:hostIdentifier|hostname|host_identifier)"\s*:')
_RESULT = re.compile(rb'"(?:snapshot|columns|diffResults|action)"\s*:')
_WAZUH = re.compile(rb'"manager"\s*:\s*\{\s*"name"')  # its alerts name hosts and actions as well
_ROWS_KEPT, _LONGEST_KEPT = 16_384, 500  # of each table, then they are read anew; characters of a row
_LOG_POST = re.compile(rb'"log_type"\s*:\s*"result"')


def detect(head: bytes, filename: str) -> bool:
    """By the keys every result has; the first line may be longer than the head."""
    start = start_of(head)[:1]
    is_result = bool((_EVENT.search(head) and _RESULT.search(head)) or _LOG_POST.search(head))
    return start in (b"{", b"[") and is_result and not _WAZUH.search(head)


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report a host, in order of appearance, after the Rejected of the records that were no use."""
    reader = _Reader(limits)
    for place, event in _events(stream, limits):
        if isinstance(event, Rejected):
            yield event
        else:
            yield from reader.take(place, event)
    yield from (host.report() for host in reader.hosts.values())


SOURCE = Source(
    name="osquery",
    label="osquery result log",
    detect=detect,
    parse=parse,
    names=re.compile(rb'"hostIdentifier"\s*:\s*"([^"\\]{1,255})"'),
    volatile=re.compile(rb'"(?:calendarTime|unixTime)"\s*:\s*(?:"[^"\\]*"|\d+)'),
)

# --- events ----------------------------------------------------------------------------------------------------------


def _events(stream: BinaryIO, limits: Limits) -> Iterator[tuple[str, Any]]:
    if start_of(head_of(stream)).startswith(b"["):
        yield from _array(stream)
        return
    yield from _lines(stream, limits)


def _array(stream: BinaryIO) -> Iterator[tuple[str, Any]]:
    number = 0
    try:
        for _, event in values(stream, "item"):
            number += 1
            yield f"record {number}", event
    except BadJson as error:
        place = f"record {number + 1}"
        yield place, Rejected(place, f"not valid JSON from here on: {error}")


def _lines(stream: BinaryIO, limits: Limits) -> Iterator[tuple[str, Any]]:
    for place, found in line_stream.objects(stream, limits):
        for position, event in enumerate(_unpacked(found), 1):
            yield (place if event is found else f"{place}, record {position}"), event


def _unpacked(found: object) -> Iterable[object]:
    """The events of a line: itself, a list, or a post of the remote logger ({"log_type": "result", "data": [...]})."""
    if isinstance(found, dict) and "log_type" in found and isinstance(data := found.get("data"), list):
        return [*data]
    return found if isinstance(found, list) else (found,)


# --- hosts -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _TableState:
    """What is known of one table of one host. Not `complete`: only what differential rows said."""

    complete: bool = False
    present: dict[InstalledSoftware, None] = field(default_factory=dict)
    removed: dict[InstalledSoftware, None] = field(default_factory=dict)

    def put(self, records: list[InstalledSoftware]) -> None:
        self.present.update(dict.fromkeys(records))
        for record in records if self.removed else ():
            self.removed.pop(record, None)

    def take_away(self, records: list[InstalledSoftware]) -> None:
        for record in records:
            self.present.pop(record, None)
            if not self.complete:
                self.removed[record] = None


@dataclass(slots=True)
class _Host:
    external_id: str
    name: str = ""
    os: Mapping[str, object] = field(default_factory=dict)
    architecture: str = ""
    patches: dict[str, None] = field(default_factory=dict)
    tables: dict[str, _TableState] = field(default_factory=dict)
    covers: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    full: bool = False

    def report(self) -> Report:
        facts = machine_facts(external_id=self.external_id, name=self.name, os=self.os, architecture=self.architecture)
        software = [record for state in self.tables.values() for record in state.present]
        covers = {self.covers[name] for name, state in self.tables.items() if state.complete and not self.full}
        system = operating_system_of(facts, tuple(self.patches))
        if system is not None:
            software.append(system)
            covers.add("os")
        elif self.patches:
            software.append(own_windows(tuple(self.patches)))
        removed = tuple(record for state in self.tables.values() if not state.complete for record in state.removed)
        return Report(machine=facts, software=tuple(software), covers=frozenset(covers), removed=removed)


class _Reader:
    """Applies events to hosts."""

    def __init__(self, limits: Limits) -> None:
        self.hosts: dict[str, _Host] = {}
        self._limits, self._bounds = limits, astuple(limits)
        self._unread: set[str] = set()

    def take(self, place: str, event: object) -> Iterator[Rejected]:
        try:
            host, query, counter = self._header(event)
            changes = _changes(event)
        except fields.BadField as error:
            yield Rejected(place, str(error), fields.excerpt(event))
            return
        for action, rows in changes:
            yield from self._apply(place, host, query, counter, action, rows)

    def _header(self, event: object) -> tuple[_Host, str, object]:
        if not isinstance(event, dict):
            raise fields.BadField("not a result: it is no object")
        limits = self._limits
        decorations = event.get("decorations")
        decorations = decorations if isinstance(decorations, dict) else {}
        identifier = event.get("hostIdentifier") or event.get("host_identifier") or event.get("hostname")
        external_id = fields.name(identifier, limits, "hostIdentifier")
        query = fields.text(event.get("name"), "name", limits, needed=True)
        host = self.hosts.setdefault(external_id, _Host(external_id))
        host.name = fields.text(decorations.get("hostname"), "hostname", limits) or host.name
        return host, query, event.get("counter")

    def _apply(self, place: str, host: _Host, query: str, counter: object, action: str, rows: list[object]) -> Iterator[Rejected]:
        first = next((row for row in rows if isinstance(row, dict)), {})
        table = table_of(query, first)
        if table is None:
            if query not in self._unread:
                self._unread.add(query)
                yield Rejected(place, f'the query "{query[:100]}" is of no table that is read here')
        elif isinstance(table, str):
            if action != "removed":
                yield from self._take_facts(place, host, table, rows)
        else:
            yield from self._take_software(place, host, table, counter, action, rows)

    def _take_facts(self, place: str, host: _Host, table: str, rows: list[object]) -> Iterator[Rejected]:
        for row in rows:
            if not isinstance(row, dict) or not all(map(_is_fact, row.values())):
                yield Rejected(place, f"a row of {table} holds something other than text", fields.excerpt(row))
            elif table == "os_version":
                host.os = row
            elif table == "system_info":
                host.name = host.name or fields.short(row.get("computer_name")) or fields.short(row.get("hostname"))
                host.architecture = fields.short(row.get("cpu_type"))
            elif hotfix := patch_of(table, row):
                host.patches[hotfix] = None

    def _take_software(self, place: str, host: _Host, table: Table, counter: object, action: str, rows: list[object]) -> Iterator[Rejected]:
        state = host.tables.setdefault(table.name, _TableState())
        host.covers[table.name] = table.covers
        initial = action == "added" and str(counter) == "0"
        if action == "snapshot" or (initial and not state.complete):
            state.present, state.removed, state.complete = {}, {}, True
        room = self._limits.records - host.rows
        if len(rows) > room:
            host.full = True
            yield Rejected(place, f"host {host.external_id}: more than {self._limits.records:,} records; the rest was left out")
            rows = rows[:room]
        host.rows += len(rows)
        made = self._made_of(table, rows)
        found = [record for record in made if isinstance(record, InstalledSoftware)]
        for position, reason in enumerate(made, 1) if len(found) < len(made) else ():
            if isinstance(reason, str):
                yield Rejected(f"{place}, row {position}", f"{table.name}: {reason}", fields.excerpt(rows[position - 1]))
        state.take_away(found) if action == "removed" else state.put(found)

    def _made_of(self, table: Table, rows: list[object]) -> list[InstalledSoftware | str | None]:
        """What each row stands for."""
        made = _kept(table.name, self._bounds)
        key_of: Callable[[Any], Any] = itemgetter(*table.columns)
        try:
            return [made[key] for key in map(key_of, rows)]
        except (KeyError, TypeError):
            return [_record(row, made) for row in rows]


class _Made(dict[tuple[object, ...], InstalledSoftware | str | None]):
    """The record of a row of a table by the values of its columns; None where it stands for nothing installed, or why it is no use.

    A fleet repeats itself, within a file and from report to report: a row seen before costs one look-up. Long ones are not kept, as
    reports come from outside.
    """

    def __init__(self, table: Table, limits: Limits) -> None:
        self.table, self._limits = table, limits

    def __missing__(self, values: tuple[object, ...]) -> InstalledSoftware | str | None:
        made: InstalledSoftware | str | None
        try:
            made = self.table.make(dict(zip(self.table.columns, values, strict=True)), self._limits)
        except fields.BadField as error:
            made = str(error)
        if sum(len(value) for value in values if isinstance(value, str)) <= _LONGEST_KEPT:
            if len(self) >= _ROWS_KEPT:
                self.clear()
            self[values] = made
        return made


@lru_cache(maxsize=64)
def _kept(name: str, bounds: tuple[int, ...]) -> _Made:
    """Called with the table's name and the bounds of Limits, which are hashed in a tenth of the time that the objects take."""
    return _Made(BY_NAME[name], Limits(*bounds))


def _record(row: object, made: _Made) -> InstalledSoftware | str | None:
    """A row's record, whatever the row is: columns may be missing."""
    if not isinstance(row, dict):
        return "the row is no object"
    try:
        return made[tuple(row.get(column) for column in made.table.columns)]
    except TypeError:
        return "a column holds a list or an object, not text"


def _is_fact(value: object) -> bool:
    return value is None or isinstance(value, int) or (isinstance(value, str) and fields.is_storable(value))


def _changes(event: Any) -> list[tuple[str, list[object]]]:
    """(action, rows) of an event, removals first, so that an update ends with the new row present."""
    if "diffResults" in event:
        found = event["diffResults"]
        if not isinstance(found, dict):
            raise fields.BadField("diffResults is no object")
        return [(action, _rows(found.get(action), action)) for action in ("removed", "added") if found.get(action)]
    action = event.get("action")
    if action == "snapshot" or "snapshot" in event:
        return [("snapshot", _rows(event.get("snapshot"), "snapshot"))]
    if action in {"added", "removed"}:
        return [(action, [event.get("columns")])]
    raise fields.BadField("not a result: neither snapshot, columns nor diffResults")


def _rows(found: object, name: str) -> list[object]:
    if isinstance(found, str) and not found:  # osquery writes "" for an empty list
        return []
    if not isinstance(found, list):
        raise fields.BadField(f"{name} is no list")
    return found
