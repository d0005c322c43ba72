"""Everything the page of one match shows: why a version has a weakness, or why it has not."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core import sql
from inventory.models import Installation, InstallationEvidence, Machine
from inventory.version_words import compared_as, epoch_of, order_words
from weaknesses import judging, matching, version_line
from weaknesses.judging import Judged, Probe, Stated
from weaknesses.models import AffectedRange, SoftwareProduct, Weakness
from weaknesses.queries import MatchReason, match_reason
from weaknesses.source_names import source_address
from weaknesses.version_line import Line

PRODUCTS_SHOWN = 20
MACHINES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Subject:
    """A version that the question may be about. `installed`: machines of the chosen groups that carry it."""

    id: int
    version: str
    platform: str
    sort_key: str
    matched_at: dt.datetime | None
    software_id: int
    software_key: str
    software: str
    ecosystem: str
    matched: bool
    installed: int

    @property
    def name(self) -> str:
        return f"{self.software} {self.version}".strip()


@dataclass(frozen=True, slots=True)
class Link:
    """A product name of the software. `denied`: a curator said that it is another product."""

    key: str
    linked_by: str
    confidence: int
    named: bool
    denied: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where the version was seen on a machine."""

    machine_id: int
    machine: str
    first_seen: dt.datetime
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """How much rests on what a curator may set aside."""

    matches: int = 0
    versions: int = 0
    machines: int = 0


@dataclass(frozen=True, slots=True)
class MatchPage:
    """Why `subject` has the weakness (`reason`), or why not. `shown`: the range that is explained: the one that matched, else the nearest.

    `declared`: a curator's own word made the match.
    """

    weakness: Weakness
    subject: Subject
    reason: MatchReason | None
    shown: Judged | None
    others: tuple[Judged, ...]
    links: tuple[Link, ...]
    named: tuple[str, ...]
    line: Line | None
    compared: tuple[str, ...]
    order: str
    sort_key: str
    places: tuple[Place, ...]
    would_change: tuple[str, ...]

    @property
    def matched(self) -> bool:
        return self.reason is not None

    @property
    def confidence_terms(self) -> tuple[tuple[str, str], ...]:
        return judging.confidence_terms(self.shown.stated) if self.shown and self.shown.holds else ()

    @property
    def source_address(self) -> str:
        return source_address(self.shown.stated.source, self.weakness.cve) if self.shown else ""

    @property
    def waits(self) -> bool:
        """The version is to be matched anew: what stands here may be the answer of before."""
        return self.subject.matched_at is None or self.matched != bool(self.declared or (self.shown and self.shown.holds))

    @property
    def declared(self) -> str:
        return self.reason.declared if self.reason else ""

    @property
    def clause(self) -> str:
        """Why not, in half a sentence."""
        if self.weakness.rejected:
            return "the CVE was rejected"
        if self.shown is None:
            return "no source names it" if self.links else "vulnerability data has no name for it"
        return "; ".join(condition.words for condition in self.shown.against)


def subjects(
    *,
    weakness: Weakness,
    groups: Sequence[int],
    version_id: int | None = None,
    software_id: int | None = None,
    machine_id: int | None = None,
) -> tuple[Subject, ...]:
    """The versions that are meant, those that have the weakness first. A machine narrows them to what it carries."""
    wide = software_id is not None or machine_id is not None
    found = sql.rows(
        "weaknesses/read_match_subjects",
        {
            "weakness_id": weakness.pk,
            "cve": weakness.cve,
            "groups": list(groups),
            "version_id": None if wide else version_id,
            "software_id": software_id,
            "machine_id": machine_id,
            "wanted": version_id,
        },
    )
    return tuple(Subject(**row) for row in found)


def match_page(*, weakness: Weakness, subject: Subject, groups: Sequence[int], machine: Machine | None) -> MatchPage:
    """The answer for one version. Writes nothing; the matcher itself is asked."""
    rows, found = matching.explain(version_id=subject.id, weakness_id=weakness.pk)
    probes = {row["scheme"]: _probe(row) for row in rows}
    judged = tuple(judging.judge(_stated(entry), _judged_in(entry, probes)) for entry in found)
    reason = match_reason(version_id=subject.id, weakness_id=weakness.pk)
    shown = _shown(judged, reason)
    links, named = _links(subject, weakness)
    return MatchPage(
        weakness=weakness,
        subject=subject,
        reason=reason,
        shown=shown,
        others=tuple(entry for entry in judged if entry is not shown),
        links=links,
        named=named,
        line=version_line.draw(shown.stated, shown.probe) if shown else None,
        compared=_compared(shown, subject),
        order=order_words(shown.probe.scheme if shown else subject.ecosystem),
        sort_key=shown.probe.sort_key if shown else subject.sort_key,
        places=_places(subject, groups=groups, machine=machine),
        would_change=reason.would_change if reason else _would_match(subject, shown),
    )


def override_effects(page: MatchPage) -> dict[str, Effect]:
    """What rests on the version, the product and the range of a match. One statement."""
    stated = page.shown.stated if page.shown else None
    found = sql.rows(
        "weaknesses/count_override_effects",
        {
            "version_id": page.subject.id,
            "weakness_id": page.weakness.pk,
            "software_id": page.subject.software_id,
            "product_id": stated.product_id if stated else None,
            "range_id": stated.id if stated else None,
        },
    )
    return {row.pop("what"): Effect(**row) for row in found}


def _shown(judged: Sequence[Judged], reason: MatchReason | None) -> Judged | None:
    holding = next((entry for entry in judged if entry.holds), None)
    if reason is not None and reason.range_fingerprint:
        stored = next((e for e in judged if (e.stated.source, e.stated.fingerprint) == (reason.source, reason.range_fingerprint)), None)
        return stored or holding
    return holding or judging.nearest(judged)


def _probe(row: dict[str, Any]) -> Probe:
    return Probe(
        version=row["version"],
        sort_key=row["sort_key"],
        scheme=row["scheme"],
        platforms=tuple(row["platforms"]),
        facets=tuple(row["facets"]),
        product_keys=tuple(row["product_keys"]),
        hosted=row["hosted"],
        upstream=row["upstream"],
    )


def _judged_in(row: dict[str, Any], probes: Mapping[str, Probe]) -> Probe:
    """The probe that this range is judged by, with the key that is compared with it."""
    probe = probes[row["judged_in"]]
    key = row["compared_key"]
    return probe if key == probe.sort_key else replace(probe, sort_key=key, epoch=epoch_of(key))


def _compared(shown: Judged | None, subject: Subject) -> tuple[str, ...]:
    if shown is None:
        return compared_as(subject.ecosystem, subject.version)
    return compared_as(shown.probe.scheme, shown.probe.version, epoch=shown.probe.epoch)


def _stated(row: dict[str, Any]) -> Stated:
    kept = {name: row[name] for name in Stated.__dataclass_fields__ if name in row}
    return Stated(
        **kept
        | {
            "linked_by": SoftwareProduct.Origin(row["origin"]).label,
            "platforms": tuple(row["platforms"]),
            "requires": tuple(row["requires"]),
            "qualifiers": json.loads(row["qualifiers"]) if isinstance(row["qualifiers"], str) else row["qualifiers"],
        }
    )


def _links(subject: Subject, weakness: Weakness) -> tuple[tuple[Link, ...], tuple[str, ...]]:
    """The product names of the software, and other products that the weakness names."""
    found = sql.rows("weaknesses/read_software_links", {"software_id": subject.software_id, "weakness_id": weakness.pk})
    links = tuple(
        Link(row["key"], SoftwareProduct.Origin(row["origin"]).label, row["confidence"], row["named"], row["denied"]) for row in found
    )
    known = {link.key for link in links}
    keys = AffectedRange.objects.filter(weakness=weakness).exclude(product__key__in=known)
    return links, tuple(keys.order_by("product__key").values_list("product__key", flat=True).distinct()[:PRODUCTS_SHOWN])


def _places(subject: Subject, *, groups: Sequence[int], machine: Machine | None) -> tuple[Place, ...]:
    """Where it is installed: on the machine, else on a few of the chosen groups. Three statements at most."""
    rows = Installation.objects.filter(version_id=subject.id)
    rows = rows.filter(machine=machine) if machine else rows.filter(machine__group_id__in=groups)
    installed = list(rows.order_by("machine_id").values_list("machine_id", "machine__name", "first_seen")[:MACHINES_SHOWN])
    seen = InstallationEvidence.objects.filter(version_id=subject.id, machine_id__in=[row[0] for row in installed])
    evidence = dict(seen.values_list("machine_id", "evidence"))
    return tuple(Place(number, name, since, tuple(evidence.get(number, ()))) for number, name, since in installed)


def _would_match(subject: Subject, shown: Judged | None) -> tuple[str, ...]:
    """What would make it a match."""
    if shown is None:
        return ("a source names a product that the software is", "a curator links the software with a product, or declares it affected")
    version = f"a version of {subject.software} that is {shown.stated.text} is installed"
    return (version, "a source changes its range", "a curator declares it affected")
