"""Inventories of truth sets into the portal, by the way every report takes, and the matches of their machines back."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from django.db import connection

from inventory import aliases
from inventory.actions import ingest
from inventory.intake import Intake
from inventory.models import IngestRun, InstallationEvidence
from inventory.records import Report
from inventory.rules import DISTRIBUTIONS
from weaknesses import actions
from weaknesses.measuring.frame import UnusableTruth
from weaknesses.models import VersionWeakness


@dataclass(frozen=True, slots=True)
class Match:
    """A weakness of a version on a machine. `packages`: what is installed, of a distribution's package its binaries, else its name."""

    machine: str
    software: str  # key
    ecosystem: str
    name: str
    version: str
    version_id: int
    packages: tuple[str, ...]
    cve: str
    weakness_id: int
    fixed: str
    source: str


def ingest_file(path: Path, *, machine: str, platform: str = "", now: dt.datetime) -> None:
    """A file of a source format as `manage.py ingest` reads it. Raises UnusableTruth where nothing of it can be used."""
    with path.open("rb") as stream:
        ingest_stream(stream, filename=path.name, machine=machine, platform=platform, now=now)


def ingest_stream(
    stream: BinaryIO, *, filename: str, machine: str, platform: str = "", source: str | None = None, now: dt.datetime
) -> None:
    run = ingest(stream=stream, filename=filename, machine=machine, platform=platform, source=source, now=now, by="measuring")
    if run.state == IngestRun.State.FAILED:
        raise UnusableTruth(f"{filename}: {run.error}")


def store_reports(reports: Iterable[Report], *, now: dt.datetime) -> None:
    """Reports of different machines, for truth sets whose inventory is in no source format."""
    intake = Intake(aliases=aliases.current(), now=now)
    intake.store(map(intake.prepare, reports))


def match_everything(*, now: dt.datetime) -> None:
    """What the pipeline does once inventory and intelligence are in: link software and products, match every version."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inventory_software, inventory_version, inventory_softwarepackage")
    actions.match_versions(now=now, relink=True)


def matches(*machines: str) -> Iterator[Match]:
    """What the portal says these machines have; without names: every machine. Ordered by machine, software and weakness."""
    found = VersionWeakness.objects.filter(version__installations__isnull=False)
    if machines:
        found = found.filter(version__installations__machine__external_id__in=machines)
    evidence = _evidence(machines)
    rows = found.order_by("version__installations__machine__external_id", "version__software__key", "version__version", "weakness__cve")
    for machine_id, machine, software, ecosystem, name, version, version_id, cve, weakness_id, fixed, source in rows.values_list(
        "version__installations__machine_id",
        "version__installations__machine__external_id",
        "version__software__key",
        "version__software__ecosystem",
        "version__software__name",
        "version__version",
        "version_id",
        "weakness__cve",
        "weakness_id",
        "fixed",
        "source",
    ):
        yield Match(
            machine=machine,
            software=software,
            ecosystem=ecosystem,
            name=name,
            version=version,
            version_id=version_id,
            packages=evidence.get((machine_id, version_id), ()) if ecosystem in DISTRIBUTIONS else (name,),
            cve=cve,
            weakness_id=weakness_id,
            fixed=fixed,
            source=source,
        )


def _evidence(machines: tuple[str, ...]) -> dict[tuple[int, int], tuple[str, ...]]:
    rows = InstallationEvidence.objects.all()
    if machines:
        rows = rows.filter(machine__external_id__in=machines)
    return {(machine, version): tuple(seen) for machine, version, seen in rows.values_list("machine_id", "version_id", "evidence")}


def by_package(found: Iterable[Match]) -> dict[str, set[str]]:
    """Weaknesses per installed binary package."""
    named: dict[str, set[str]] = defaultdict(set)
    for match in found:
        for package in match.packages:
            named[package].add(match.cve)
    return named
