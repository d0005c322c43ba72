"""The machines behind a recommendation: those that need it, and those that have it installed or to which its check applies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Lower

from core import sql
from core.lists import ListState
from inventory.models import ConfigurationResult, Installation, Machine
from recommendations.machine_queries import COUNTED, RARE, Carrier, carriers
from recommendations.models import Exposure, MachineScore, Recommendation, VersionScore
from recommendations.recommendation_queries import platform_name

USUAL = "-score"
MOST_SYSTEMS = 20
_ORDERS: dict[str, Any] = {"name": Lower("name"), "group": F("group__name"), "score": F("score__score"), "last_seen": F("last_seen")}


def machines_of(
    recommendation: Recommendation, *, groups: Sequence[int], exposed: bool, expected: int, offset: int = 0, limit: int = 50
) -> tuple[Carrier, ...]:
    """A page of the machines that need it (`exposed`), or of all that have it installed or to which the check applies; riskiest first."""
    if recommendation.configuration_id is not None:
        return _checked(recommendation, groups=groups, failing=exposed, expected=expected, offset=offset, limit=limit)
    versions = version_ids(recommendation, exposed=exposed)
    return carriers(version_ids=versions, groups=groups, expected=expected, offset=offset, limit=limit)


def machine_page(
    recommendation: Recommendation, *, groups: Sequence[int], exposed: bool, expected: int, state: ListState
) -> tuple[int, tuple[Carrier, ...]]:
    """How many machines the list holds (a search counts up to COUNTED + 1), and its page. The usual order never sorts the fleet."""
    if not state.q and state.sort == USUAL:
        offset = min(state.offset, max(expected - 1, 0) // state.per_page * state.per_page)
        page = machines_of(recommendation, groups=groups, exposed=exposed, expected=expected, offset=offset, limit=state.per_page)
        return expected, page
    machines = _ordered(recommendation, groups=groups, exposed=exposed, text=state.q, sort=state.sort)
    total = machines[: COUNTED + 1].count() if state.q else expected
    found = machines.select_related("group", "score")[state.part(total)]
    return total, tuple(_carriers(list(found), _versions(recommendation)))


def every_machine(
    recommendation: Recommendation, *, groups: Sequence[int], exposed: bool, text: str = "", sort: str = USUAL, chunk: int = 2000
) -> Iterator[Carrier]:
    """All of these machines, read in chunks from one server-side cursor."""
    machines = _ordered(recommendation, groups=groups, exposed=exposed, text=text, sort=sort)
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


def _machines(recommendation: Recommendation, *, exposed: bool) -> QuerySet[Machine]:
    if recommendation.configuration_id is not None:
        results = ConfigurationResult.objects.filter(machine_id=OuterRef("pk"), configuration_id=recommendation.configuration_id)
        return Machine.objects.filter(Exists(results.filter(passed=False) if exposed else results))
    if exposed:
        return Machine.objects.filter(Exists(Exposure.objects.filter(machine_id=OuterRef("pk"), recommendation=recommendation)))
    versions = version_ids(recommendation, exposed=False)
    return Machine.objects.filter(Exists(Installation.objects.filter(machine_id=OuterRef("pk"), version_id__in=versions)))


def _carriers(machines: Sequence[Machine], versions: Sequence[int]) -> Iterator[Carrier]:
    carried: dict[int, list[str]] = {}
    if versions and machines:
        installed = Installation.objects.filter(machine_id__in=[machine.pk for machine in machines], version_id__in=versions)
        for machine_id, version in installed.order_by("version__sort_key", "version_id").values_list("machine_id", "version__version"):
            carried.setdefault(machine_id, []).append(version)
    for machine in machines:
        yield _carrier(machine, machine.score, carried.get(machine.pk, ()))


def _checked(
    recommendation: Recommendation, *, groups: Sequence[int], failing: bool, expected: int, offset: int, limit: int
) -> tuple[Carrier, ...]:
    name = "read_rare_check_machines" if expected <= RARE else "read_common_check_machines"
    parameters = {
        "configuration": recommendation.configuration_id,
        "failing": failing,
        "groups": list(groups),
        "offset": offset,
        "limit": limit,
    }
    ids = [row["id"] for row in sql.rows(f"recommendations/{name}", parameters)]
    machines = Machine.objects.filter(pk__in=ids).select_related("group", "score").in_bulk()
    return tuple(_carrier(machines[pk], machines[pk].score, ()) for pk in ids if pk in machines)


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


def _ordered(recommendation: Recommendation, *, groups: Sequence[int], exposed: bool, text: str, sort: str) -> QuerySet[Machine]:
    machines = _machines(recommendation, exposed=exposed).filter(group_id__in=groups, score__isnull=False)
    if text:
        machines = machines.filter(Q(name__icontains=text) | Q(domain__icontains=text) | Q(tags__contains=[text]))
    order = _ORDERS[sort.removeprefix("-")]
    return machines.order_by(order.desc() if sort.startswith("-") else order.asc(), "pk")


def _versions(recommendation: Recommendation) -> list[int]:
    """Versions to name beside a machine."""
    return version_ids(recommendation, exposed=False) if recommendation.configuration_id is None else []
