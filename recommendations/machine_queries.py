"""Machines: the list, and who carries a version."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Lower

from core import sql
from inventory.models import Installation, Machine
from recommendations.machine_filters import MachineFilter, described, health_of, matching
from recommendations.models import MachineScore

RARE = 20_000
COUNTED = 10_000
TAGS = "machine-tags"
KEEP_SECONDS = 60
_COLUMNS = {
    "domain": "domain",
    "group": "group__name",
    "platform": "os_name",
    "version": "os_version",
    "value": "value",
    "level": "score__level",
    "score": "score__score",
    "fixes": "score__exposures",
    "last_seen": "last_seen",
}


@dataclass(frozen=True, slots=True)
class MachineRow:
    """A machine. `score` and `level` None: in no score (not computed yet, silent, or excluded).

    `risk`: a key of RISKS, None without open alerts. `health`: (tone, icon, words).
    """

    id: int
    name: str
    domain: str
    group_id: int
    group: str
    platform: str
    system: str
    version: str
    build: str
    value: str
    internet_facing: bool
    tags: tuple[str, ...]
    risk: int | None
    score: float | None
    level: int | None
    fixes: int | None
    health: tuple[str, str, str]
    excluded: bool
    last_seen: dt.datetime


@dataclass(frozen=True, slots=True)
class Carrier:
    """A machine that carries a version in question."""

    id: int
    name: str
    domain: str
    group: str
    system: str
    versions: tuple[str, ...]
    score: float
    level: int
    last_seen: dt.datetime


def machine_rows(chosen: MachineFilter, *, now: dt.datetime, offset: int = 0, limit: int = 30) -> tuple[MachineRow, ...]:
    """A page of machines. The usual order, highest score first, reads an index and never sorts the fleet."""
    if _is_plain(chosen):
        parameters = {"groups": list(chosen.groups), "levels": list(chosen.levels) or None, "offset": offset, "limit": limit}
        ids = [row["id"] for row in sql.rows("recommendations/read_highest_machines", parameters)]
    else:
        ids = list(_ordered(matching(chosen), chosen.sort).values_list("pk", flat=True)[offset : offset + limit])
    found = described(Machine.objects.filter(pk__in=ids)).in_bulk()
    return tuple(_machine_row(found[pk], now) for pk in ids if pk in found)


def count_machines(chosen: MachineFilter) -> int:
    """How many fit, counted up to COUNTED + 1: beyond that the list says "more than"."""
    return matching(chosen)[: COUNTED + 1].count()


def every_machine(chosen: MachineFilter, *, now: dt.datetime, chunk: int = 2000) -> Iterator[MachineRow]:
    """All machines of the filter in its order, read in chunks from one server-side cursor."""
    for machine in _ordered(described(matching(chosen)), chosen.sort).iterator(chunk_size=chunk):
        yield _machine_row(machine, now)


def known_tags(*, groups: Sequence[int] | None = None, limit: int = 200) -> tuple[str, ...]:
    """Tags in use on machines of the groups (None: all), kept for a minute: finding them is a pass over the machines."""
    key = TAGS if groups is None else f"{TAGS}:{hashlib.sha256(repr(sorted(groups)).encode()).hexdigest()[:16]}"
    kept: tuple[str, ...] | None = cache.get(key)
    if kept is None:
        kept = tuple(
            row["tag"]
            for row in sql.rows("recommendations/read_machine_tags", {"limit": limit, "groups": None if groups is None else list(groups)})
        )
        cache.set(key, kept, KEEP_SECONDS)
    return kept


def forget_tags() -> None:
    """Have the tags read again: somebody has changed them."""
    cache.delete(TAGS)


def highest(*, groups: Sequence[int], now: dt.datetime, limit: int = 5) -> tuple[MachineRow, ...]:
    """The machines with the highest scores."""
    return machine_rows(MachineFilter(groups=groups), now=now, limit=limit)


def carriers(*, version_ids: Sequence[int], groups: Sequence[int], expected: int, offset: int = 0, limit: int = 30) -> tuple[Carrier, ...]:
    """Machines of the groups that carry one of the versions, the most exposed first.

    `expected`, about how many there are, chooses the plan: few are collected and sorted, many are met soon on a walk
    down the scores.
    """
    name = "read_rare_version_machines" if expected <= RARE else "read_common_version_machines"
    parameters = {"versions": list(version_ids), "groups": list(groups), "offset": offset, "limit": limit}
    return tuple(_carriers(sql.rows(f"recommendations/{name}", parameters), version_ids))


def carriers_of(scores: Sequence[MachineScore], *, version_ids: Sequence[int]) -> tuple[Carrier, ...]:
    """The machines of these scores, in their order, with the versions they carry. Two statements."""
    return tuple(_carriers([{"id": row.machine_id, "score": row.score, "level": row.level} for row in scores], version_ids))


def every_carrier(*, version_ids: Sequence[int], groups: Sequence[int], chunk: int = 1000) -> Iterator[Carrier]:
    """All scored machines of the groups that carry one of the versions, by id, a chunk at a time."""
    after = 0
    installed = Installation.objects.filter(machine_id=OuterRef("machine_id"), version_id__in=version_ids)
    scores = MachineScore.objects.filter(Exists(installed), group_id__in=groups).order_by("machine_id")
    while page := list(scores.filter(machine_id__gt=after).values_list("machine_id", "score", "level")[:chunk]):
        yield from _carriers([{"id": pk, "score": score, "level": level} for pk, score, level in page], version_ids)
        after = page[-1][0]


def _carriers(found: Sequence[dict[str, Any]], version_ids: Sequence[int]) -> Iterator[Carrier]:
    """The machines of rows (id, score, level), in their order, with the versions they carry. Two statements."""
    ids = [row["id"] for row in found]
    machines = Machine.objects.filter(pk__in=ids).select_related("group").in_bulk()
    carried: dict[int, list[str]] = {}
    installed = Installation.objects.filter(machine_id__in=ids, version_id__in=version_ids).order_by("version__sort_key", "version_id")
    for machine_id, version in installed.values_list("machine_id", "version__version"):
        carried.setdefault(machine_id, []).append(version)
    for row in found:
        if row["id"] in machines:
            yield _carrier(machines[row["id"]], row, carried.get(row["id"], []))


def _is_plain(chosen: MachineFilter) -> bool:
    return chosen == MachineFilter(groups=chosen.groups, levels=chosen.levels)


def _ordered(machines: QuerySet[Machine], sort: str) -> QuerySet[Machine]:
    """By name as its index has it; machines without a score come last in either direction."""
    key, descending = sort.removeprefix("-"), sort.startswith("-")
    if key == "name":
        return machines.order_by(Lower("name").desc(), "-pk") if descending else machines.order_by(Lower("name"), "pk")
    column = F(_COLUMNS[key])
    return machines.order_by(column.desc(nulls_last=True) if descending else column.asc(nulls_last=True), "pk")


def _machine_row(machine: Machine, now: dt.datetime) -> MachineRow:
    score = getattr(machine, "score", None)
    has_data: bool = machine.has_data  # type: ignore[attr-defined]
    return MachineRow(
        id=machine.pk,
        name=machine.name,
        domain=machine.domain,
        group_id=machine.group_id,
        group=machine.group.name,
        platform=machine.os_name or machine.platform or machine.get_family_display(),
        version=machine.os_version,
        build=machine.os_build,
        system=system_of(machine),
        value=machine.get_value_display(),
        internet_facing=machine.internet_facing,
        tags=tuple(machine.tags),
        risk=machine.alert_risk,  # type: ignore[attr-defined]
        score=score.score if score else None,
        level=score.level if score and has_data else None,
        fixes=score.exposures if score else None,
        health=health_of(machine, has_data=has_data, now=now),
        excluded=machine.excluded,
        last_seen=machine.last_seen,
    )


def _carrier(machine: Machine, row: dict[str, Any], versions: list[str]) -> Carrier:
    return Carrier(
        id=machine.pk,
        name=machine.name,
        domain=machine.domain,
        group=machine.group.name,
        system=system_of(machine),
        versions=tuple(dict.fromkeys(versions)),
        score=row["score"],
        level=row["level"],
        last_seen=machine.last_seen,
    )


def system_of(machine: Machine) -> str:
    if machine.os_name:
        return f"{machine.os_name} {machine.os_version}".strip()
    return machine.platform or machine.get_family_display()
