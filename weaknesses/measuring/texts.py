"""Reading the files of truth sets: packed or not, JSON or CSV. Each raises UnusableTruth, naming the file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from weaknesses.feeds import reading
from weaknesses.measuring.frame import UnusableTruth

_MOST = 256 * 2**20  # bytes, unpacked; the largest truth known has 20 MB


def content(path: Path) -> str:
    try:
        with reading.unpacked(path, most=_MOST) as stream:
            return stream.read().decode("utf-8-sig")
    except reading.BROKEN as error:
        raise UnusableTruth(f"{path.name}: {error}") from error


def table(path: Path, *columns: str) -> Iterator[dict[str, str]]:
    """The rows of a CSV file whose header line has at least these columns."""
    rows = csv.DictReader(io.StringIO(content(path)))
    if missing := [column for column in columns if column not in (rows.fieldnames or ())]:
        raise UnusableTruth(f"{path.name}: no column {', '.join(missing)}")
    return iter(rows)


def has_columns(path: Path, *columns: str) -> bool:
    """Whether a file's first line is a CSV header with these columns; told from its first bytes."""
    first = reading.head(path, 400).split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    return set(columns) <= set(first.split(","))


def document(path: Path) -> Any:
    try:
        return json.loads(content(path))
    except (ValueError, RecursionError) as error:
        raise UnusableTruth(f"{path.name}: not JSON ({error})") from error


def json_lines(path: Path) -> Iterator[Any]:
    """One JSON value per line; a line that is none is passed over, as the others still say what they say."""
    for line in content(path).splitlines():
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            continue


def stem(path: Path) -> str:
    """A file's name without what says how it is packed: expected.csv.gz -> expected."""
    return path.name.split(".csv")[0].split(".json")[0]
