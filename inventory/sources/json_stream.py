"""Values out of a JSON document as it is read, whatever its size, with a bound on nesting.

The streaming library's own path tracking keeps a path text per level, which makes a few kilobytes of brackets cost
gigabytes; here only the first levels have a path, and a document that nests deeper than allowed is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import BinaryIO

import ijson
from ijson.common import ObjectBuilder

DEPTH = 128
PARTS = 1_000_000
OVERSIZED = f"a value of more than {PARTS:,} keys, values and brackets, which was left out"
"""Stands in for a value too large to be held in memory."""
_OPENING = frozenset({"start_map", "start_array"})
_CLOSING = frozenset({"end_map", "end_array"})


END = object()
"""Told in place of a value where an object or a list ends."""


class BadJson(Exception):
    """The document is not JSON, ends early or nests too deep; the message says which. What came before was yielded."""


def values(stream: BinaryIO, *paths: str, ends: Collection[str] = ()) -> Iterator[tuple[str, object]]:
    """The values at these paths ("serialNumber", "components.item"), as (path, value), in the document's order.

    A path's parts are object keys, and `item` for an element of a list; "" is the document itself. Where a path and its
    `.item` are both asked for, a list comes element by element and anything else whole. `ends` are paths of objects and
    lists that are not built, of which only the end is told, as (path, END). Raises BadJson.
    """
    walker = _Walker(frozenset(paths), frozenset(ends))
    try:
        for event, value in ijson.basic_parse(stream, use_float=True):
            found = walker.take(event, value)
            if found is not None:
                yield found
    except (ijson.JSONError, UnicodeDecodeError, ValueError) as error:
        raise BadJson(str(error).splitlines()[0].strip() if str(error) else "not readable") from error


class _Walker:
    def __init__(self, paths: frozenset[str], ends: frozenset[str]) -> None:
        self._paths = paths
        self._ends = ends
        self._longest = max(path.count(".") + 1 for path in paths | ends)
        self._open: list[str] = []  # of the first levels: the key in force in each open object, "item" in a list
        self._depth = 0
        self._builder: ObjectBuilder | None = None
        self._builder_path = ""
        self._builder_depth = 0
        self._parts = 0

    def take(self, event: str, value: object) -> tuple[str, object] | None:
        if self._builder is None:
            self._start_building(event)
        if self._builder is not None:
            self._parts += 1
            if self._parts <= PARTS:
                self._builder.event(event, value)
        self._move(event, value)
        if self._builder is not None and self._depth == self._builder_depth:
            found = (self._builder_path, self._builder.value if self._parts <= PARTS else OVERSIZED)
            self._builder = None
            return found
        if self._ends and event in _CLOSING and self._builder is None and self._depth <= self._longest:
            path = ".".join(self._open)
            return (path, END) if path in self._ends else None
        return None

    def _start_building(self, event: str) -> None:
        """A value begins at every event but a key and an end."""
        if event == "map_key" or event in _CLOSING or self._depth > self._longest:
            return
        path = ".".join(self._open)
        if event == "start_array" and (f"{path}.item" if path else "item") in self._paths:
            return
        if path in self._paths:
            self._builder, self._builder_path, self._builder_depth = ObjectBuilder(), path, self._depth
            self._parts = 0

    def _move(self, event: str, value: object) -> None:
        if event in _OPENING:
            self._depth += 1
            if self._depth > DEPTH:
                raise ValueError(f"nested deeper than {DEPTH} levels")
            if self._depth <= self._longest:
                self._open.append("item" if event == "start_array" else "")
        elif event in _CLOSING:
            if self._depth <= self._longest:
                self._open.pop()
            self._depth -= 1
        elif event == "map_key" and self._depth <= self._longest:
            self._open[-1] = str(value)
