"""What reports change on known machines. What is stored is read first, so that the database is sent the differences alone."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from core import sql
from inventory.bulk import Evidence, Installed

_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Change:
    """What a report changed on a machine, in installations."""

    machine_id: int
    added: int
    changed: int
    removed: int


@dataclass(frozen=True, slots=True)
class Stored:
    """What is installed on a machine: version ids, and where each was seen for those that have evidence."""

    versions: frozenset[int] = frozenset()
    evidence: Mapping[int, Evidence] = field(default_factory=dict)


@dataclass(slots=True)
class Difference:
    """What reports say beyond, or against, what is stored. Pairs are of a machine and a version.

    `come`: installed since. `gone`: taken away by a differential report. `unsaid`: not reported, so gone where the report is
    complete for the part that it belongs to. `seen`: evidence that differs.
    """

    come: list[tuple[int, int]] = field(default_factory=list)
    gone: list[tuple[int, int]] = field(default_factory=list)
    unsaid: list[tuple[int, int]] = field(default_factory=list)
    seen: list[tuple[int, int, Evidence]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.come or self.gone or self.unsaid or self.seen)


def difference(installed: Iterable[Installed], stored: Mapping[int, Stored], *, complete: Iterable[int]) -> Difference:
    """The differences of machines that are stored. `complete`: those whose report says all there is of some part."""
    found = Difference()
    unsaid = {machine: set(stored[machine].versions) for machine in complete}
    for item in installed:
        before, machine = stored[item.machine_id], item.machine_id
        if machine in unsaid:
            unsaid[machine].difference_update(item.versions)
        if item.mode == "-":
            _take_away(item, before, found)
            continue
        found.come += [(machine, version) for version in item.versions if version not in before.versions]
        known = before.evidence.get
        for version, evidence in [pair for pair in item.versions.items() if pair[1] and known(pair[0]) != pair[1]]:
            said = evidence if item.mode == "=" else _joined(known(version, ()), evidence)
            if said != known(version):
                found.seen.append((machine, version, said))
    found.unsaid = [(machine, version) for machine, versions in unsaid.items() for version in versions]
    return found


def _take_away(item: Installed, before: Stored, found: Difference) -> None:
    """A differential removal takes an installation only when no other evidence of it is left."""
    for version, evidence in item.versions.items():
        if version in before.versions:
            known = before.evidence.get(version, ())
            left = tuple(part for part in known if part not in evidence)
            if not left:
                found.gone.append((item.machine_id, version))
            elif left != known:
                found.seen.append((item.machine_id, version, left))


def _joined(known: Evidence, more: Evidence) -> Evidence:
    return (*known, *(part for part in more if part not in known))


def merge_installations(installed: Sequence[Installed], *, covers: Mapping[int, Sequence[str]], now: dt.datetime) -> list[Change]:
    """Make known machines' installations what was reported. `covers`: machine id -> parts the report is complete for.

    The caller has locked the machines.
    """
    only = next(iter(covers)) if len(covers) == 1 else None
    complete = [machine for machine, parts in covers.items() if parts]
    found = difference(installed, _stored(list(covers), only), complete=complete)
    if not found:
        return []
    parameters = {
        "machine_ids": list(covers),
        "covers": [_SEPARATOR.join(parts) for parts in covers.values()],
        "only": only,
        "now": now,
        "seen": json.dumps([{"machine_id": machine, "version_id": version, "evidence": said} for machine, version, said in found.seen]),
    }
    for name, pairs in (("come", found.come), ("gone", found.gone), ("unsaid", found.unsaid)):
        parameters[f"{name}_machines"], parameters[f"{name}_versions"] = [one for one, _ in pairs], [one for _, one in pairs]
    return [Change(**row) for row in sql.rows("inventory/merge_installations", parameters)]


def _stored(machine_ids: list[int], only: int | None) -> dict[int, Stored]:
    rows = sql.rows("inventory/read_installed", {"machine_ids": machine_ids, "only": only})
    return {
        row["machine_id"]: Stored(
            frozenset(_ids(row["versions"])), dict(zip(_ids(row["seen"]), map(tuple, orjson.loads(row["evidence"])), strict=True))
        )
        for row in rows
    }


def _ids(text: str) -> list[int]:
    return list(map(int, text.split(","))) if text else []
