"""Which version a reported record was found to be, as this process remembers it.

A fleet repeats itself: of the 500 packages of a report all but a few were on another machine before. What is remembered is good
for one edition of the aliases, and only while the version is there: whoever recalls it asks the database (`bulk.are_stored`),
as software may have been deleted and a transaction undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from inventory.bulk import Resolved
from inventory.records import InstalledSoftware

KEPT = 100_000  # records, then it begins anew

_kept: dict[tuple[str, str], dict[InstalledSoftware, Resolved]] = {}


def recall(records: Iterable[InstalledSoftware], *, edition: str, platform: str) -> dict[InstalledSoftware, Resolved]:
    """Those of the records that are remembered, on a machine of this platform, under this edition of the aliases."""
    kept = _kept.get((edition, platform), {})
    return {record: found for record in records if (found := kept.get(record))}


def keep(resolved: Mapping[InstalledSoftware, Resolved], *, edition: str, platform: str) -> None:
    if sum(map(len, _kept.values())) + len(resolved) > KEPT:
        _kept.clear()
    _kept.setdefault((edition, platform), {}).update(resolved)


def forget() -> None:
    _kept.clear()
