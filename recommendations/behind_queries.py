"""The machines behind a recommendation: those that need it, and those that have it installed or to which its check applies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from core import keyset
from core.lists import ListState
from inventory.models import ConfigurationResult, Machine
from recommendations import machine_queries
from recommendations.machine_queries import COUNTED, RARE, Carrier
from recommendations.models import Exposure, MachineScore, Recommendation, VersionScore
from recommendations.recommendation_queries import platform_name

USUAL = "-score"
MOST_SYSTEMS = 20


def machines_of(
    recommendation: Recommendation, *, groups: Sequence[int], exposed: bool, expected: int, limit: int = 50
) -> tuple[Carrier, ...]:
    """The first machines that need it (`exposed`), or of all that have it installed or to which the check applies; riskiest first."""
    held = _held(recommendation, exposed=exposed)
    return _described(recommendation, machine_queries.riskiest(held, groups=groups, expected=expected, limit=limit))


def machine_page(
    recommendation: Recommendation, *, groups: Sequence[int], exposed: bool, expected: int, state: ListState
) -> tuple[int, bool, keyset.Slice, tuple[Carrier, ...]]:
    """How many machines the list holds, and whether that is all (a search counts up to COUNTED + 1), and the page of the address."""
    if not state.q and state.sort == USUAL:
        held = _held(recommendation, exposed=exposed)
        part = machine_queries.riskiest_page(held, groups=groups, expected=expected, state=state)
        return expected, True, part, _described(recommendation, part.ids)
    found = _found(recommendation, groups=groups, exposed=exposed, text=state.q)
    total = found[: COUNTED + 1].count() if state.q else expected
    order, walked = _order(state.sort)
    if state.q and total <= COUNTED and not walked:
        order = replace(order, indexed=False)
    part = keyset.read(found, order, state, total=0 if state.q else total, by_group=walked, groups=groups)
    return min(total, COUNTED) if state.q else total, not state.q or total <= COUNTED, part, _described(recommendation, part.ids)


def every_machine(
    recommendation: Recommendation, *, groups: Sequence[int], exposed: bool, text: str = "", sort: str = USUAL, chunk: int = 500
) -> Iterator[Carrier]:
    """All of these machines, read in chunks from one server-side cursor."""
    order, _ = _order(sort)
    order = replace(order, key=F("group__name")) if order.key is keyset.GROUP_NAME else order
    machines = keyset.ordered(_found(recommendation, groups=groups, exposed=exposed, text=text), order)
    versions = _versions(recommendation)
    batch: list[Machine] = []
    for machine in machines.select_related("group", "score").iterator(chunk_size=chunk):
        batch.append(machine)
        if len(batch) == chunk:
            yield from _carriers(batch, versions)
            batch = []
    yield from _carriers(batch, versions)


def version_ids(recommendation: Recommendation, *, exposed: bool) -> list[int]:
    """Versions that the recommendation replaces, or all versions of its software."""
    if exposed:
        return list(VersionScore.objects.filter(recommendation=recommendation).values_list("version_id", flat=True))
    return list(recommendation.software.versions.values_list("pk", flat=True)) if recommendation.software else []


def _held(recommendation: Recommendation, *, exposed: bool) -> QuerySet[Any]:
    """A row for each machine that needs it, or has it; for `installed` one for each version of it that a machine carries."""
    if recommendation.configuration_id is not None:
        results = ConfigurationResult.objects.filter(configuration_id=recommendation.configuration_id)
        return results.filter(passed=False) if exposed else results
    if exposed:
        return Exposure.objects.filter(recommendation=recommendation)
    return machine_queries.installed(version_ids(recommendation, exposed=False))


def _machines(recommendation: Recommendation, *, exposed: bool) -> QuerySet[Machine]:
    return Machine.objects.filter(Exists(_held(recommendation, exposed=exposed).filter(machine_id=OuterRef("pk"))))


def _described(recommendation: Recommendation, ids: Sequence[int]) -> tuple[Carrier, ...]:
    machines = Machine.objects.filter(pk__in=ids, score__isnull=False).select_related("group", "score").in_bulk()
    return tuple(_carriers([machines[pk] for pk in ids if pk in machines], _versions(recommendation)))


def _carriers(machines: Sequence[Machine], versions: Sequence[int]) -> Iterator[Carrier]:
    carried: dict[int, list[str]] = {}
    if versions and machines:
        installed = machine_queries.installed(versions).filter(machine_id__in=[machine.pk for machine in machines])
        for machine_id, version in installed.order_by("version__sort_key", "version_id").values_list("machine_id", "version__version"):
            carried.setdefault(machine_id, []).append(version)
    for machine in machines:
        yield _carrier(machine, machine.score, carried.get(machine.pk, ()))


def _carrier(machine: Machine, score: MachineScore, versions: Sequence[str]) -> Carrier:
    return Carrier(
        id=machine.pk,
        name=machine.name,
        domain=machine.domain,
        group=machine.group.name,
        system=f"{machine.os_name} {machine.os_version}".strip() or platform_name(machine.platform or machine.family),
        versions=tuple(dict.fromkeys(versions)),
        score=score.score,
        level=score.level,
        last_seen=machine.last_seen,
    )


def systems_of(recommendation: Recommendation, *, groups: Sequence[int], expected: int) -> tuple[str, ...]:
    """Platforms of the versions it replaces; of a check the systems of the machines that fail it, where they are few enough to look at."""
    if recommendation.configuration_id is None:
        pairs = VersionScore.objects.filter(recommendation=recommendation).exclude(version__platform="")
        return tuple(platform_name(platform) for platform in sorted(set(pairs.values_list("version__platform", flat=True))))
    if expected > RARE:
        return ()
    machines = _machines(recommendation, exposed=True).filter(group_id__in=groups, score__isnull=False)
    return tuple(sorted(name for name in machines.order_by().values_list("os_name", flat=True).distinct()[:MOST_SYSTEMS] if name))


def _found(recommendation: Recommendation, *, groups: Sequence[int], exposed: bool, text: str) -> QuerySet[Machine]:
    machines = _machines(recommendation, exposed=exposed).filter(group_id__in=groups, score__isnull=False)
    if text:
        machines = machines.filter(Q(name__icontains=text) | Q(domain__icontains=text) | Q(tags__contains=[text]))
    return machines


def _order(sort: str) -> tuple[keyset.Order, str]:
    """The order, and the column of the group where each group's index is walked."""
    key, falls = sort.removeprefix("-"), sort.startswith("-")
    if key == "group":
        return keyset.Order(keyset.GROUP_NAME, str, falls, falls), "group_id"
    if key == "score":
        return keyset.Order(F("score__score"), float, falls, not falls), ""
    if key == "last_seen":
        return keyset.Order(F("last_seen"), dt.datetime, falls, falls, indexed=False), ""
    return keyset.Order(Lower("name"), str, falls, falls), ""


def _versions(recommendation: Recommendation) -> list[int]:
    """Versions to name beside a machine."""
    return version_ids(recommendation, exposed=False) if recommendation.configuration_id is None else []
