"""A file line by line, each of which stands alone: a bad line is told and the next one read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

import orjson

from inventory.records import Rejected
from inventory.sources import fields
from inventory.sources.frame import Limits


def lines(stream: BinaryIO, limits: Limits) -> Iterator[tuple[str, bytes | Rejected]]:
    """(place, line) of each line that is not empty; a Rejected in place of one over the limit, which is passed over."""
    number = 0
    while line := stream.readline(limits.line + 1):
        number += 1
        place = f"line {number}"
        if len(line) > limits.line:
            while not line.endswith(b"\n") and (line := stream.readline(limits.line)):
                pass
            yield place, Rejected(place, f"the line is longer than {limits.line:,} bytes")
        elif line.strip():
            yield place, line


def objects(stream: BinaryIO, limits: Limits) -> Iterator[tuple[str, object]]:
    """(place, value) of each line's JSON; a Rejected in place of a value that is none."""
    for place, line in lines(stream, limits):
        yield place, _value(place, line) if isinstance(line, bytes) else line


def _value(place: str, line: bytes) -> object:
    """What the quick parser refuses, such as half of a surrogate pair in one of many rows, is the lenient one's to judge."""
    text = line.removeprefix(b"\xef\xbb\xbf")
    with suppress(orjson.JSONDecodeError):
        return orjson.loads(text)
    try:
        return json.loads(text)
    except RecursionError:
        return Rejected(place, "not valid JSON: nested too deep", fields.excerpt(line))
    except ValueError as error:
        return Rejected(place, f"not valid JSON: {fields.excerpt(str(error).splitlines()[0])}", fields.excerpt(line))
