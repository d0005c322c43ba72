"""Reports as tests send them, and what is then stored."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Iterable

from inventory.actions import ingest
from inventory.models import IngestRun, Installation, InstallationEvidence

NOW = dt.datetime(2026, 3, 16, 12, tzinfo=dt.UTC)
Installed = set[tuple[str, str, str, str]]


def send(data: bytes, *, source: str | None = "osquery", filename: str = "", machine: str = "", now: dt.datetime = NOW) -> IngestRun:
    """Ingest bytes; the run must be done."""
    run = ingest(stream=io.BytesIO(data), filename=filename, source=source, machine=machine, now=now, by="test")
    assert run.state == IngestRun.State.DONE, run.error
    return run


def counts(run: IngestRun) -> tuple[int, int, int, int, int]:
    """machines, unchanged, added, changed, removed"""
    return run.machines, run.machines_unchanged, run.added, run.changed, run.removed


def log(*tables: tuple[str, list[dict[str, str]]], host: str = "h1", name: str = "") -> bytes:
    """An osquery log of one host: a snapshot of each (table, rows)."""
    return b"\n".join(
        json.dumps(
            {"name": f"pack_{table}", "hostIdentifier": host, "decorations": {"hostname": name}, "action": "snapshot", "snapshot": rows}
        ).encode()
        for table, rows in tables
    )


def debs(*packages: tuple[str, str]) -> tuple[str, list[dict[str, str]]]:
    return "deb_packages", [{"name": name, "version": version, "status": "install ok installed"} for name, version in packages]


def programs(*packages: tuple[str, str], path: str = "") -> tuple[str, list[dict[str, str]]]:
    return "programs", [{"name": name, "version": version, "publisher": "Example", "install_location": path} for name, version in packages]


DEBIAN = ("os_version", [{"name": "Debian GNU/Linux", "version": "12 (bookworm)", "platform": "debian"}])
WINDOWS = ("os_version", [{"name": "Windows 11 Pro", "version": "10.0.22631", "platform": "windows", "build": "22631"}])


def installed(host: str = "h1") -> Installed:
    """(ecosystem, software key, version, platform) on a machine."""
    rows = Installation.objects.filter(machine__external_id=host)
    return set(rows.values_list("version__software__ecosystem", "version__software__key", "version__version", "version__platform"))


def versions(host: str = "h1", ecosystem: str = "deb") -> set[tuple[str, str]]:
    return {(key, version) for found, key, version, _ in installed(host) if found == ecosystem}


def evidence(key: str, host: str = "h1") -> list[str]:
    rows = InstallationEvidence.objects.filter(machine__external_id=host, version__software__key=key)
    return sorted(text for row in rows for text in row.evidence)


def everything() -> list[Iterable[object]]:
    """All that reports store, without ids and times, to compare two databases by."""
    rows = Installation.objects.order_by("machine__external_id", "version__software__key", "version__version", "version__platform")
    return list(
        rows.values_list("machine__external_id", "version__software__key", "version__version", "version__platform", "machine__digests")
    )
