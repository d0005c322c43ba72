"""Machines: the list, and who carries a version."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.core.cache import cache
from django.db.models import Exists, F, OuterRef, QuerySet, Sum
from django.db.models.expressions import Expression
from django.db.models.functions import Lower

from core import keyset, sql
from core.lists import ListState
from inventory.models import Installation, Machine
from recommendations.machine_filters import MachineFilter, described, health_of, matching, named
from recommendations.models import GroupScore, MachineScore

RARE = 20_000
BY_SCORE = keyset.Order(F("score"), float, falls=True)
COUNTED = 10_000
WORDS_ASKED = 5_000  # machines that are asked for words before all that have them are collected
TAGS = "machine-tags"
KEEP_SECONDS = 60
_COLUMNS: dict[str, tuple[Expression | F, type]] = {
    "name": (Lower("name"), str),
    "domain": (F("domain"), str),
    "platform": (F("os_name"), str),
    "version": (F("os_version"), str),
    "value": (F("value"), int),
    "last_seen": (F("last_seen"), dt.datetime),
}
# Column, its type, and whether its index has the ids in the same direction.
_SCORES: dict[str, tuple[str, type, bool]] = {
    "score": ("score__score", float, False),
    "level": ("score__level", int, True),
    "fixes": ("score__exposures", int, True),
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


def machine_rows(chosen: MachineFilter, *, now: dt.datetime, limit: int = 30) -> tuple[MachineRow, ...]:
    """The first machines."""
    order, walked = _order(chosen)
    return _rows_of(keyset.first(matching(chosen), order, limit=limit, by_group=walked, groups=chosen.groups), now=now)


def machine_page(
    chosen: MachineFilter, state: ListState, *, now: dt.datetime, total: int | None = None
) -> tuple[keyset.Slice, tuple[MachineRow, ...]]:
    """The page of the address. `total`: where it is known. The few that a filter leaves, or none, are collected and sorted.

    Words that many have are asked of the machines that are met. Only the order of when they were last seen, for which there is no
    index, looks at every machine.
    """
    if total is None and chosen.text and chosen.sort.removeprefix("-") != "last_seen":
        probe, chosen = keyset.Probe(Machine.objects.filter(named(chosen.text)), "pk", most=WORDS_ASKED), replace(chosen, text="")
    else:
        probe = None
    order, walked = _order(chosen)
    if total is not None and total <= COUNTED and not _is_plain(replace(chosen, sort="-score")) and not walked:
        order = replace(order, indexed=False)
    part = keyset.read(matching(chosen), order, state, total=total or 0, by_group=walked, groups=chosen.groups, probe=probe)
    return part, _rows_of(part.ids, now=now)


def count_machines(chosen: MachineFilter) -> tuple[int, bool]:
    """How many fit, and whether that is all: sums of the last computation where it has them, else counted up to COUNTED + 1."""
    names = {0: "none", 1: "low", 2: "medium", 3: "high"}
    summed = [names[level] for level in chosen.levels] or {"active": ["machines"], "silent": ["inactive"]}.get(chosen.state, [])
    if summed and _is_plain(replace(chosen, state="active", sort="-score")) and (chosen.state == "active" or not chosen.levels):
        sums = GroupScore.objects.filter(group_id__in=chosen.groups).aggregate(**{name: Sum(name, default=0) for name in summed})
        return sum(sums.values()), True
    found = matching(chosen)[: COUNTED + 1].count()
    return min(found, COUNTED), found <= COUNTED


def every_machine(chosen: MachineFilter, *, now: dt.datetime, chunk: int = 500) -> Iterator[MachineRow]:
    """All machines of the filter in its order, read in chunks from one server-side cursor."""
    order, _ = _order(chosen)
    order = replace(order, key=F("group__name")) if order.key is keyset.GROUP_NAME else order
    for machine in keyset.ordered(described(matching(chosen)), order).iterator(chunk_size=chunk):
        yield _machine_row(machine, now)


def known_tags(*, groups: Sequence[int] | None = None, limit: int = 200) -> tuple[str, ...]:
    """Tags in use on machines of the groups (None: all), kept for a minute: finding them is a pass over the machines."""
    scope = "all" if groups is None else hashlib.sha256(repr(sorted(groups)).encode()).hexdigest()[:16]
    key = f"{TAGS}:{cache.get(TAGS)}:{scope}"
    kept: tuple[str, ...] | None = cache.get(key)
    if kept is None:
        kept = tuple(
            row["tag"]
            for row in sql.rows("recommendations/read_machine_tags", {"limit": limit, "groups": None if groups is None else list(groups)})
        )
        cache.set(key, kept, KEEP_SECONDS)
    return kept


def forget_tags() -> None:
    """Have the tags read again, for every choice of groups: somebody has changed them."""
    cache.set(TAGS, uuid.uuid4().hex, 2 * KEEP_SECONDS)


def highest(*, groups: Sequence[int], now: dt.datetime, limit: int = 5) -> tuple[MachineRow, ...]:
    """The machines with the highest scores."""
    return machine_rows(MachineFilter(groups=groups), now=now, limit=limit)


def carriers(*, version_ids: Sequence[int], groups: Sequence[int], expected: int, limit: int = 30) -> tuple[Carrier, ...]:
    """The most exposed machines of the groups that carry one of the versions; about `expected` do."""
    return carriers_by_id(riskiest(installed(version_ids), groups=groups, expected=expected, limit=limit), version_ids=version_ids)


def carrier_page(
    *, version_ids: Sequence[int], groups: Sequence[int], expected: int, state: ListState
) -> tuple[keyset.Slice, tuple[Carrier, ...]]:
    """The page of the address among the machines of the groups that carry one of the versions, the most exposed first."""
    part = riskiest_page(installed(version_ids), groups=groups, expected=expected, state=state)
    return part, carriers_by_id(part.ids, version_ids=version_ids)


def installed(version_ids: Sequence[int]) -> QuerySet[Installation]:
    return Installation.objects.filter(version_id__in=version_ids)


def riskiest(held: QuerySet[Any], *, groups: Sequence[int], expected: int, limit: int) -> list[int]:
    """Ids of the scored machines that a row of `held` is about, the most exposed first.

    `expected`, about how many there are, chooses the plan: few are collected and sorted, many are met soon on a walk
    down the scores of each group.
    """
    if expected <= RARE:
        return keyset.first(_few(held, groups), replace(BY_SCORE, indexed=False), limit=limit)
    probe = keyset.Probe(held, "machine_id")
    return keyset.first(MachineScore.objects.all(), BY_SCORE, limit=limit, by_group="group_id", groups=groups, probe=probe)


def riskiest_page(held: QuerySet[Any], *, groups: Sequence[int], expected: int, state: ListState) -> keyset.Slice:
    """The page of the address of the same."""
    if expected <= RARE:
        return keyset.read(_few(held, groups), replace(BY_SCORE, indexed=False), state, total=expected)
    probe = keyset.Probe(held, "machine_id")
    scores = MachineScore.objects.all()
    return keyset.read(scores, BY_SCORE, state, total=expected, by_group="group_id", groups=groups, probe=probe)


def _few(held: QuerySet[Any], groups: Sequence[int]) -> QuerySet[MachineScore]:
    return MachineScore.objects.filter(machine_id__in=held.order_by().values("machine_id").distinct(), group_id__in=groups)


def carriers_by_id(ids: Sequence[int], *, version_ids: Sequence[int]) -> tuple[Carrier, ...]:
    """These scored machines in this order, with the versions they carry. Two statements."""
    machines = Machine.objects.filter(pk__in=ids, score__isnull=False).select_related("group", "score").in_bulk()
    return tuple(with_versions([machines[pk] for pk in ids if pk in machines], version_ids))


def every_carrier(*, version_ids: Sequence[int], groups: Sequence[int], chunk: int = 1000) -> Iterator[Carrier]:
    """All scored machines of the groups that carry one of the versions, by id, a chunk at a time."""
    after = 0
    scores = MachineScore.objects.filter(Exists(installed(version_ids).filter(machine_id=OuterRef("machine_id"))), group_id__in=groups)
    while page := list(scores.order_by("machine_id").filter(machine_id__gt=after).values_list("machine_id", flat=True)[:chunk]):
        yield from carriers_by_id(page, version_ids=version_ids)
        after = page[-1]


def with_versions(machines: Sequence[Machine], version_ids: Sequence[int]) -> Iterator[Carrier]:
    """Machines, read with their group and score, with those of the versions that they carry. One statement, none without versions."""
    carried: dict[int, list[str]] = {}
    if version_ids and machines:
        asked = {"machine_ids": [machine.pk for machine in machines], "version_ids": list(version_ids)}
        for row in sql.rows("recommendations/read_carried_versions", asked):
            carried.setdefault(row["machine_id"], []).append(row["version"])
    for machine in machines:
        yield _carrier(machine, carried.get(machine.pk, ()))


def _is_plain(chosen: MachineFilter) -> bool:
    return chosen == MachineFilter(groups=chosen.groups, levels=chosen.levels)


def _order(chosen: MachineFilter) -> tuple[keyset.Order, str]:
    """The order of a list, and the column of the group where each group's index is walked; see Machine and MachineScore for the indexes.

    Machines without a score come last in either direction.
    """
    key, falls = chosen.sort.removeprefix("-"), chosen.sort.startswith("-")
    if key in _SCORES and chosen.state == "silent":
        return keyset.Order(F("id"), int, falls, falls), ""
    if key == "group":
        return keyset.Order(keyset.GROUP_NAME, str, falls, falls), "group_id"
    if key in _SCORES:
        column, kind, pk_falls = _SCORES[key]
        order = keyset.Order(F(column), kind, falls, falls == pk_falls, nullable=chosen.state != "active")
        return order, "score__group_id" if key == "score" and _is_plain(replace(chosen, sort="-score")) else ""
    expression, kind = _COLUMNS[key]
    return keyset.Order(expression, kind, falls, falls, indexed=key != "last_seen"), ""


def _rows_of(ids: Sequence[int], *, now: dt.datetime) -> tuple[MachineRow, ...]:
    found = described(Machine.objects.filter(pk__in=ids)).in_bulk()
    return tuple(_machine_row(found[pk], now) for pk in ids if pk in found)


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


def _carrier(machine: Machine, versions: Sequence[str]) -> Carrier:
    return Carrier(
        id=machine.pk,
        name=machine.name,
        domain=machine.domain,
        group=machine.group.name,
        system=system_of(machine),
        versions=tuple(dict.fromkeys(versions)),
        score=machine.score.score,
        level=machine.score.level,
        last_seen=machine.last_seen,
    )


def system_of(machine: Machine) -> str:
    if machine.os_name:
        return f"{machine.os_name} {machine.os_version}".strip()
    return machine.platform or machine.get_family_display()
