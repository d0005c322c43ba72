"""Machines: the list, and who carries a version."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from core import sql
from inventory.models import Installation, Machine, Software
from recommendations.models import MachineScore

SORTS = ("name", "group", "value", "score", "last_seen")
RARE = 20_000
COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class MachineFilter:
    """Which machines; an empty choice is any. `state`: active (in the scores), silent (left out: silent or excluded) or empty.

    `levels`: MachineScore.Level, `values`: Machine.Value. `empty`: nothing installed, `filled`: something.
    `unsupported_on`: its system's support is over by that day.
    """

    groups: Sequence[int]
    text: str = ""
    levels: tuple[int, ...] = ()
    families: tuple[str, ...] = ()
    values: tuple[int, ...] = ()
    state: str = "active"
    internet: bool = False
    empty: bool = False
    filled: bool = False
    unsupported_on: dt.date | None = None
    sort: str = "-score"


@dataclass(frozen=True, slots=True)
class MachineRow:
    """A machine. `score` and `level` None: in no score (not computed yet, silent, or excluded)."""

    id: int
    name: str
    domain: str
    group: str
    system: str
    value: str
    internet_facing: bool
    tags: tuple[str, ...]
    score: float | None
    level: int | None
    fixes: int | None
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


def machine_rows(chosen: MachineFilter, *, offset: int = 0, limit: int = 30) -> tuple[MachineRow, ...]:
    """A page of machines. The usual order, highest score first, reads an index and never sorts the fleet."""
    if _is_plain(chosen):
        parameters = {"groups": list(chosen.groups), "levels": list(chosen.levels) or None, "offset": offset, "limit": limit}
        ids = [row["id"] for row in sql.rows("recommendations/read_highest_machines", parameters)]
        found = Machine.objects.filter(pk__in=ids).select_related("group", "score").in_bulk()
        return tuple(_machine_row(found[pk]) for pk in ids if pk in found)
    return tuple(_machine_row(machine) for machine in _ordered(chosen)[offset : offset + limit])


def count_machines(chosen: MachineFilter) -> int:
    """How many fit, counted up to COUNTED + 1: beyond that the list says "more than"."""
    return matching(chosen)[: COUNTED + 1].count()


def every_machine(chosen: MachineFilter, *, chunk: int = 2000) -> Iterator[MachineRow]:
    """All machines of the filter in its order, read in chunks from one server-side cursor."""
    for machine in _ordered(chosen).iterator(chunk_size=chunk):
        yield _machine_row(machine)


def matching(chosen: MachineFilter) -> QuerySet[Machine]:
    """Machines of the filter, not ordered."""
    machines = Machine.objects.filter(group_id__in=chosen.groups)
    if chosen.state == "active":
        machines = machines.filter(Exists(MachineScore.objects.filter(machine_id=OuterRef("pk"))))
    elif chosen.state == "silent":
        machines = machines.exclude(Exists(MachineScore.objects.filter(machine_id=OuterRef("pk"))))
    installed = Exists(Installation.objects.filter(machine_id=OuterRef("pk")))
    if chosen.empty:
        machines = machines.exclude(installed)
    if chosen.filled:
        machines = machines.filter(installed)
    if chosen.unsupported_on:
        systems = Installation.objects.filter(machine_id=OuterRef("pk"), version__software__ecosystem=Software.Ecosystem.OS)
        ended = Q(version__support_ends_on__lt=chosen.unsupported_on) | Q(version__software__support=Software.Support.ENDED)
        machines = machines.filter(Exists(systems.filter(ended)))
    return machines.filter(_conditions(chosen))


def highest(*, groups: Sequence[int], limit: int = 5) -> tuple[MachineRow, ...]:
    """The machines with the highest scores."""
    return machine_rows(MachineFilter(groups=groups), limit=limit)


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


def _conditions(chosen: MachineFilter) -> Q:
    conditions = Q()
    if chosen.text:
        named = Q(name__icontains=chosen.text) | Q(domain__icontains=chosen.text)
        conditions &= named | Q(tags__contains=[chosen.text]) | Q(ip_addresses__contains=[chosen.text])
    if chosen.levels:
        conditions &= Q(score__level__in=chosen.levels)
    if chosen.families:
        conditions &= Q(family__in=chosen.families)
    if chosen.values:
        conditions &= Q(value__in=chosen.values)
    if chosen.internet:
        conditions &= Q(internet_facing=True)
    return conditions


def _is_plain(chosen: MachineFilter) -> bool:
    return chosen == MachineFilter(groups=chosen.groups, levels=chosen.levels)


def _ordered(chosen: MachineFilter) -> QuerySet[Machine]:
    columns = {"name": "name", "group": "group__name", "value": "value", "score": "score__score", "last_seen": "last_seen"}
    column = F(columns[chosen.sort.removeprefix("-")])
    order = column.desc(nulls_last=True) if chosen.sort.startswith("-") else column.asc(nulls_last=True)
    return matching(chosen).select_related("group", "score").order_by(order, "pk")


def _machine_row(machine: Machine) -> MachineRow:
    score = getattr(machine, "score", None)
    return MachineRow(
        id=machine.pk,
        name=machine.name,
        domain=machine.domain,
        group=machine.group.name,
        system=system_of(machine),
        value=machine.get_value_display(),
        internet_facing=machine.internet_facing,
        tags=tuple(machine.tags),
        score=score.score if score else None,
        level=score.level if score else None,
        fixes=score.exposures if score else None,
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
