"""Security updates of a vendor (KBs) that machines lack."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core import sql
from inventory.models import Machine, Software
from weaknesses import rules
from weaknesses.models import SecurityUpdate


@dataclass(frozen=True, slots=True)
class MissingUpdate:
    """`machines` None: the question was about one machine. `is_latest`: nothing newer of its release is out; it is the one to install."""

    kb: str
    title: str
    release: str
    fixed: str
    released_on: dt.date | None
    url: str
    supersedes: tuple[str, ...]
    weaknesses: int
    is_latest: bool
    machines: int | None = None


def has_updates(software: Software) -> bool:
    """Whether a software is one that vendors' updates are about: Windows."""
    return software.ecosystem == Software.Ecosystem.OS and software.key.startswith("microsoft-_-windows")


def are_known() -> bool:
    """Whether any update is known: until the feed has been read, nobody can say that none is missing."""
    return SecurityUpdate.objects.exists()


def missing_in_software(
    *, software_id: int, groups: Sequence[int], offset: int = 0, limit: int | None = 50
) -> tuple[int, tuple[MissingUpdate, ...]]:
    """(how many, a page of the updates that machines of the groups lack in the software, newest first)."""
    found = sql.rows(
        "recommendations/read_missing_updates", {"software": software_id, "groups": list(groups), "offset": offset, "limit": limit}
    )
    return (found[0]["total"] if found else 0), tuple(
        _missing(row, release=rules.windows_release(row["product"]), machines=row["machines"]) for row in found
    )


def missing_on_machine(*, machine: Machine) -> tuple[MissingUpdate, ...]:
    """Every update that the machine lacks, newest first. Empty too where nothing tells its patch level."""
    if machine.family != Machine.Family.WINDOWS:
        return ()
    return tuple(_missing(row) for row in sql.rows("recommendations/read_machine_updates", {"machine": machine.pk}))


def _missing(row: dict[str, Any], *, release: str = "", machines: int | None = None) -> MissingUpdate:
    kept = {name: row[name] for name in ("kb", "title", "fixed", "released_on", "url", "weaknesses", "is_latest")}
    return MissingUpdate(**kept, release=release, supersedes=tuple(row["supersedes"]), machines=machines)
