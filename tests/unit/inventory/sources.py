"""Reading bytes with one source, as tests do it."""

from __future__ import annotations

import io
import json
from pathlib import Path

from inventory.records import InstalledSoftware, Rejected, Report
from inventory.sources.frame import Limits
from inventory.sources.registry import SOURCES

SAMPLES = Path(__file__).resolve().parents[3] / "inventory" / "sources" / "samples"


def read(source: str, data: bytes, limits: Limits | None = None) -> tuple[list[Report], list[Rejected]]:
    """(reports, rejected) that a source makes of bytes."""
    found = list(SOURCES[source].parse(io.BytesIO(data), limits or Limits()))
    return [item for item in found if isinstance(item, Report)], [item for item in found if isinstance(item, Rejected)]


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def named(report: Report, name: str) -> list[InstalledSoftware]:
    return [record for record in report.software if record.name == name]


def lines(*events: object) -> bytes:
    return b"\n".join(json.dumps(event).encode() for event in events)
