"""The tabs of the page of a software, and what one version of it shows. Counts are sums over the chosen groups."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Sum

from core import keyset, sql
from core.lists import ListState
from inventory.models import Installation, InstallationEvidence, Software, SoftwareStat
from recommendations import machine_queries
from recommendations.machine_queries import COUNTED, Carrier
from recommendations.models import Exposure, MachineScore
from weaknesses import rules

SOON = rules.SUPPORT_ENDS_SOON
WEAKNESS_SORTS = ("cve", "severity", "cvss", "epss", "published", "installed")
VERSION_SORTS = ("version", "installed", "first_seen", "support")


@dataclass(frozen=True, slots=True)
class WeaknessFilter:
    """Which weaknesses of a software, or of one `version` of it; empty is any.

    `threats`: exploited, kit, verified, exploit. `remedies`: known, none. `sort`: "" for the most threatening first.
    """

    software_id: int
    groups: Sequence[int]
    version: int | None = None
    text: str = ""
    severities: tuple[int, ...] = ()
    threats: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    sort: str = ""


@dataclass(frozen=True, slots=True)
class WeaknessRow:
    """A weakness of the software. `installed`: machines, a machine counted once per affected version it carries."""

    cve: str
    title: str
    severity: int
    cvss: float | None
    epss: float
    exploit: int
    exploited: bool
    published_at: dt.datetime | None
    installed: int
    unfixed: bool


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version with its share of the installations (0 to 1). `tag`: end of support in words, empty where it has none near."""

    id: int
    version: str
    platform: str
    installed: int
    share: float
    weaknesses: int
    first_seen: dt.datetime
    support_ends_on: dt.date | None
    tag: str


@dataclass(frozen=True, slots=True)
class MachineFilter:
    """Which machines carry one of `version_ids`. `exposed_by`: only those with something to fix in this software.

    `whole`: they are all the versions of it.
    """

    version_ids: Sequence[int]
    groups: Sequence[int]
    text: str = ""
    exposed_by: int | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A machine, and where the software was found on it: paths, registry keys, packages."""

    machine: Carrier
    found_at: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReleaseLine:
    """A release line with the machines on it. `ended` without `ends_on`: its support is over, the day is not known."""

    cycle: str
    released_on: dt.date | None
    ended: bool
    ends_on: dt.date | None
    latest: str
    versions: int
    machines: int
    tag: str


@dataclass(frozen=True, slots=True)
class Attacker:
    """A group or campaign, and how many weaknesses of the software it uses."""

    name: str
    kind: str
    weaknesses: int


def weakness_rows(chosen: WeaknessFilter, *, offset: int = 0, limit: int | None = 30) -> tuple[int, tuple[WeaknessRow, ...]]:
    """(how many, a page of the weaknesses of its installed versions)."""
    parameters = {
        "software": chosen.software_id,
        "groups": list(chosen.groups),
        "version": chosen.version,
        "text": chosen.text,
        "pattern": sql.containing(chosen.text),
        "severities": list(chosen.severities) or None,
        "threats": list(chosen.threats) or None,
        "remedies": list(chosen.remedies) or None,
        "sort": chosen.sort,
    }
    found = sql.rows("recommendations/read_software_weaknesses", parameters | {"offset": offset, "limit": limit})
    names = WeaknessRow.__dataclass_fields__
    return (found[0]["total"] if found else 0), tuple(WeaknessRow(**{name: row[name] for name in names}) for row in found)


def version_rows(
    *,
    software_id: int,
    groups: Sequence[int],
    today: dt.date,
    support: str = "",
    version: int | None = None,
    sort: str = "",
    offset: int = 0,
    limit: int | None = 50,
) -> tuple[int, tuple[VersionRow, ...]]:
    """(how many, a page of its installed versions, the most common first). `support`: ended, upcoming or untagged narrows them."""
    parameters = {"software": software_id, "groups": list(groups), "today": today, "soon": today + SOON, "support": support, "sort": sort}
    found = sql.rows("recommendations/read_software_versions", parameters | {"version": version, "offset": offset, "limit": limit})
    return (found[0]["total"] if found else 0), tuple(_version_row(row, today=today) for row in found)


def machine_page(chosen: MachineFilter, state: ListState, *, expected: int) -> tuple[keyset.Slice, tuple[Place, ...]]:
    """The page of the address, the most exposed first. `expected`: about how many carry the software, which chooses the plan."""
    if chosen.text or chosen.exposed_by:
        part = keyset.read(_scores(chosen), keyset.Order(F("score"), float, falls=True), state)
        carriers = machine_queries.carriers_by_id(part.ids, version_ids=chosen.version_ids)
    else:
        part, carriers = machine_queries.carrier_page(version_ids=chosen.version_ids, groups=chosen.groups, expected=expected, state=state)
    return part, tuple(_placed(carriers, chosen.version_ids))


def count_machines(chosen: MachineFilter) -> tuple[int, bool]:
    """How many machines a search or filter leaves, counted up to COUNTED, and whether that is all."""
    if chosen.exposed_by and not chosen.text and chosen.whole:
        stats = SoftwareStat.objects.filter(software_id=chosen.exposed_by, group_id__in=chosen.groups)
        return stats.aggregate(exposed=Sum("exposed", default=0))["exposed"], True
    found = _scores(chosen)[: COUNTED + 1].count()
    return min(found, COUNTED), found <= COUNTED


def every_machine(chosen: MachineFilter, *, chunk: int = 1000) -> Iterator[Place]:
    """All machines of the filter, by id, a chunk at a time."""
    after = 0
    scores = _scores(chosen).order_by("machine_id").values_list("machine_id", flat=True)
    while page := list(scores.filter(machine_id__gt=after)[:chunk]):
        yield from _placed(machine_queries.carriers_by_id(page, version_ids=chosen.version_ids), chosen.version_ids)
        after = page[-1]


def release_lines(*, software: Software, groups: Sequence[int], today: dt.date) -> tuple[ReleaseLine, ...]:
    """The release lines that machines are on, the first to end first."""
    parameters = {
        "software": software.pk,
        "groups": list(groups),
        "os_software": [key for key, _ in rules.OS_CYCLES],
        "os_slugs": [slug for _, slug in rules.OS_CYCLES],
    }
    found = sql.rows("recommendations/read_software_lines", parameters)
    return tuple(ReleaseLine(**row, tag=support_tag(row["ends_on"], today=today, ended=row["ended"])) for row in found)


def attackers(*, software_id: int, groups: Sequence[int]) -> tuple[Attacker, ...]:
    """Groups and campaigns that use its weaknesses, those that use most first."""
    found = sql.rows("recommendations/read_software_threats", {"software": software_id, "groups": list(groups)})
    return tuple(Attacker(**row) for row in found)


def support_tag(ends_on: dt.date | None, *, today: dt.date, ended: bool = False) -> str:
    """End of support of a version or line in words; empty where it has none near."""
    if ends_on is None:
        return "EOS version" if ended else ""
    return "EOS version" if ends_on < today else "Upcoming EOS version" if ends_on <= today + SOON else ""


def _scores(chosen: MachineFilter) -> QuerySet[MachineScore]:
    installed = Installation.objects.filter(machine_id=OuterRef("machine_id"), version_id__in=chosen.version_ids)
    conditions = Q(Exists(installed), group_id__in=chosen.groups)
    if chosen.exposed_by:
        exposed = Exposure.objects.filter(machine_id=OuterRef("machine_id"), recommendation__software_id=chosen.exposed_by)
        conditions &= Q(Exists(exposed))
    if chosen.text:
        conditions &= Q(machine__name__icontains=chosen.text) | Q(machine__domain__icontains=chosen.text)
    return MachineScore.objects.filter(conditions)


def _placed(carriers: Sequence[Carrier], version_ids: Sequence[int]) -> Iterator[Place]:
    """The machines with the evidence of their installations. One statement."""
    found: dict[int, list[str]] = {}
    seen = InstallationEvidence.objects.filter(machine_id__in=[carrier.id for carrier in carriers], version_id__in=version_ids)
    for machine_id, evidence in seen.order_by("machine_id", "version_id").values_list("machine_id", "evidence"):
        found.setdefault(machine_id, []).extend(evidence)
    for carrier in carriers:
        yield Place(carrier, tuple(dict.fromkeys(found.get(carrier.id, ()))))


def _version_row(row: dict[str, Any], *, today: dt.date) -> VersionRow:
    kept = {name: row[name] for name in ("id", "version", "platform", "installed", "weaknesses", "first_seen", "support_ends_on")}
    return VersionRow(**kept, share=row["installed"] / row["installed_total"], tag=support_tag(row["support_ends_on"], today=today))
