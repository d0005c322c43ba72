"""Records that mean "the operating system this machine runs", made into what is known of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from core import sql
from inventory.records import InstalledSoftware, Report

_UNKNOWN = "Windows"


def resolved(reports: Iterable[Report]) -> list[Report]:
    """The reports, each nameless operating system in them being the stored one of its machine: evidence is all it adds.

    On a machine whose system nobody has told it becomes Windows of no version, until a report that knows better covers it.
    """
    found = list(reports)
    asking = {report.machine.external_id for report in found if asks(report)}
    known = _systems_of(asking) if asking else {}
    return [
        replace(report, software=_named(report.software, known.get(report.machine.external_id)))
        if report.machine.external_id in asking
        else report
        for report in found
    ]


def asks(report: Report) -> bool:
    """Whether the report speaks of the machine's own system without naming it."""
    return any(map(_is_own, report.software))


def _is_own(record: InstalledSoftware) -> bool:
    return record.ecosystem == "os" and not record.name


def _systems_of(external_ids: Iterable[str]) -> dict[str, InstalledSoftware]:
    """The Windows that machines run as far as is known, by external id: of several the one noticed last."""
    rows = sql.rows("inventory/read_systems", {"external_ids": list(external_ids)})
    return {
        row["external_id"]: InstalledSoftware("os", row["name"], row["version"], row["vendor"], platform=row["platform"]) for row in rows
    }


def _named(software: tuple[InstalledSoftware, ...], known: InstalledSoftware | None) -> tuple[InstalledSoftware, ...]:
    system = known or InstalledSoftware("os", _UNKNOWN, "", "Microsoft", platform="windows")
    return tuple(replace(system, evidence=record.evidence) if _is_own(record) else record for record in software)
