"""Records of a document as parsers take them: objects of unknown content, their parts, and those that are no use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from inventory.records import Rejected
from inventory.sources import fields

Row = Mapping[str, object]
Found = tuple[str, object]  # the record's place, and the record, or why there is none

_PLAIN_LIMIT = 255


def take_all(found: Iterable[Found], take: Callable[[Row], None]) -> Iterator[Rejected]:
    """Give each record to `take`, which raises BadField for one that is no use. Yields those, and what came as Rejected."""
    for place, record in found:
        if isinstance(record, Rejected):
            yield record
        elif not isinstance(record, dict):
            yield Rejected(place, "the record is no object", fields.excerpt(record))
        else:
            try:
                take(record)
            except fields.BadField as error:
                yield Rejected(place, str(error), fields.excerpt(record))


def child(row: Row, *keys: str) -> Row:
    """The object below these keys; empty where there is none."""
    for key in keys:
        inner = row.get(key)
        if not isinstance(inner, dict):
            return {}
        row = inner
    return row


def plain(row: Row, key: str) -> str:
    """The short text below a key."""
    return plain_text(row.get(key))


def plain_text(value: object) -> str:
    """A short text for look-ups and facts about the machine; empty where it is none."""
    return value.strip() if isinstance(value, str) and value.isprintable() and len(value) <= _PLAIN_LIMIT else ""


def texts(value: object) -> list[str]:
    """The texts of a list; anything else counts for nothing."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
