"""The alias table as a book to look names up in, kept between reports while the table does not change."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from django.db import transaction

from core import sql
from inventory.alias_rules import Alias, AliasBook
from inventory.models import SoftwareAlias

_FIELDS = ("key", "name", "vendor", "product_keys", "category", "order", "shipped")
RULES_EDITION = 2  # raise it when the rules of identities.py or product_versions.py change: what is stored is then read anew
_SHIPPED = Path(__file__).resolve().parent / "data" / "aliases.csv"


class Edition(NamedTuple):
    """The book, and a fingerprint that changes with any line of the table: what a report means depends on both."""

    fingerprint: str
    book: AliasBook


class Mark(NamedTuple):
    """What changes with every edit of the table, and its lines."""

    fingerprint: str
    lines: int


def mark_of(row: Mapping[str, Any]) -> Mark:
    """`row`: see read_alias_fingerprint.sql."""
    return Mark(f"{RULES_EDITION}:{row['lines']}:{row['digest']}", row["lines"])


def fingerprint() -> Mark:
    """One row, whatever the table holds."""
    return mark_of(sql.rows("inventory/read_alias_fingerprint")[0])


def current(mark: Mark | None = None) -> Edition:
    """The book as it is now; the shipped lines are loaded first where there are none at all. `mark`: where it was just read."""
    mark = mark or fingerprint()
    if mark.lines == 0 and load():
        mark = fingerprint()
    return Edition(mark.fingerprint, _book(mark.fingerprint))


@transaction.atomic
def load() -> int:
    """Upsert the shipped lines without touching curated ones, and rename known software; returns the lines written."""
    stored = {_line_key(alias): alias for alias in SoftwareAlias.objects.all()}
    new, changed = [], []
    for fields in shipped():
        alias = stored.pop(_line_key(SoftwareAlias(**fields)), None)
        if alias is None:
            new.append(SoftwareAlias(**fields))
        elif alias.shipped and any(getattr(alias, name) != fields[name] for name in _FIELDS):
            for name in _FIELDS:
                setattr(alias, name, fields[name])
            changed.append(alias)
    gone = [alias.pk for alias in stored.values() if alias.shipped]
    SoftwareAlias.objects.bulk_create(new, batch_size=500, ignore_conflicts=True)
    SoftwareAlias.objects.bulk_update(changed, _FIELDS, batch_size=500)
    SoftwareAlias.objects.filter(pk__in=gone).delete()
    rename_software()
    return len(new) + len(changed) + len(gone)


def rename_software() -> int:
    """Give software the name, vendor and category that its alias says; returns how many changed."""
    return sql.run("inventory/rename_software")[0]


def _line_key(alias: SoftwareAlias) -> tuple[str, str, str, str]:
    return alias.match, alias.name_pattern, alias.vendor_pattern, alias.family


@lru_cache(maxsize=2)
def _book(mark: str) -> AliasBook:
    lines = SoftwareAlias.objects.order_by("order", "shipped", "id").values_list(*Alias.__slots__)
    return AliasBook([Alias(*line) for line in lines])


def shipped() -> list[dict[str, Any]]:
    """The lines of inventory/data/aliases.csv as SoftwareAlias fields; `order` is the line's place."""
    with _SHIPPED.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    return [
        {
            **{name: line[name].strip() for name in Alias.__slots__},
            "product_keys": [key.strip() for key in line["product_keys"].split(";") if key.strip()],
            "order": 1000 + number,
            "shipped": True,
        }
        for number, line in enumerate(lines)
    ]
