"""A list as a CSV file, streamed: the first rows are sent before the last are read.

It is read in one transaction, which a server-side cursor needs: outside of one the database would first copy the whole answer. A
client that goes away closes the answer, and with it transaction and cursor.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

from django.db import transaction
from django.http import StreamingHttpResponse

RISKY = ("=", "+", "-", "@", "\t", "\r")
BATCH = 200


class _Echo:
    """A file whose write gives the text back."""

    def write(self, text: str) -> str:
        return text


def stream(*, filename: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    """An attachment of `header` and `rows`, in UTF-8 with a byte order mark (spreadsheets need it to see UTF-8)."""
    response = StreamingHttpResponse(_in_transaction(lines(header, rows)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The text of the file, in parts; its header before anything is read."""
    writer = csv.writer(_Echo())
    yield f"\ufeff{writer.writerow(header)}"
    batch = list[str]()
    for row in rows:
        batch.append(writer.writerow([cell(value) for value in row]))
        if len(batch) >= BATCH:
            yield "".join(batch)
            batch = []
    yield "".join(batch)


def _in_transaction(parts: Iterator[str]) -> Iterator[str]:
    with transaction.atomic():
        yield from parts


def cell(value: object) -> object:
    """A value as a spreadsheet should take it. Text that it would run as a formula gets a leading apostrophe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple)):
        value = "; ".join(str(part) for part in value)
    if isinstance(value, str) and value.startswith(RISKY):
        return f"'{value}"
    return value
