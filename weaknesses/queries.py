"""What is known of weaknesses and matches, as frozen records."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass

from core import sql
from weaknesses import matching, rules


@dataclass(frozen=True, slots=True)
class FixTarget:
    """The version to go to. `exact` False: no source names the fixed version, any version after this one. `key`: its sort key."""

    version: str
    exact: bool
    key: str


@dataclass(frozen=True, slots=True)
class MatchReason:
    """Why a version has a weakness. `affected` is the range in words; empty where a curator declared it."""

    cve: str
    software: str
    version: str
    platform: str
    product: str
    linked_by: str
    affected: str
    conditions: tuple[str, ...]
    source: str
    confidence: int
    fix: int  # VersionWeakness.Fix
    fixed: str
    declared: str
    declared_at: dt.datetime | None
    declared_by: str
    first_matched_at: dt.datetime
    range_fingerprint: str
    would_change: tuple[str, ...]


def fix_targets(*, software_ids: Sequence[int] | None = None) -> dict[tuple[int, str], FixTarget]:
    """(software id, platform) -> the lowest version known to be free of every weakness that has a fix.

    Starts at the highest fix among the matches and climbs as long as another weakness holds that version.
    A software whose matches have no fix at all is absent. None: all software.
    """
    return {
        (row["software_id"], row["platform"]): FixTarget(version=row["version"], exact=row["exact"], key=row["key"])
        for row in matching.fix_targets(software_ids=software_ids)
    }


def match_reason(*, version_id: int, weakness_id: int) -> MatchReason | None:
    """Why this version has this weakness; None where it has not."""
    found = sql.rows("weaknesses/explain_match", {"version_id": version_id, "weakness_id": weakness_id})
    if not found:
        return None
    row = found[0]
    range_known = row["product"] is not None
    bounds = {name: row[name] for name in ("start", "start_included", "end", "end_included")}
    return MatchReason(
        cve=row["cve"],
        software=row["software"],
        version=row["version"],
        platform=row["platform"],
        product=row["product"] or "",
        linked_by=row["origin"] or "",
        affected=rules.range_text(**bounds) if range_known else "",
        conditions=_conditions(row["platforms"] or [], json.loads(row["qualifiers"])) if range_known else (),
        source=row["source"],
        confidence=row["confidence"],
        fix=row["fix"],
        fixed=row["fixed"],
        declared=row["reason"] or "",
        declared_at=row["overridden_at"],
        declared_by=row["overridden_by"] or "",
        first_matched_at=row["first_matched_at"],
        range_fingerprint=row["fingerprint"] or "",
        would_change=_would_change(
            software=row["software"], product=row["product"], fixed=row["fixed"], end=row["end"] or "" if row["end_included"] else ""
        ),
    )


def _conditions(platforms: Sequence[str], qualifiers: dict[str, str]) -> tuple[str, ...]:
    on = (f"on {', '.join(sorted(platforms))}",) if platforms else ()
    return on + tuple(f"{field.replace('_', ' ')} {value}" for field, value in sorted(qualifiers.items()))


def _would_change(*, software: str, product: str | None, fixed: str, end: str) -> tuple[str, ...]:
    if product is None:
        return ("a curator revokes the override",)
    update = (
        f"{software} {fixed} or later is installed"
        if fixed
        else f"a version after {end} is installed"
        if end
        else "the source names a fixed version"
    )
    return (update, "the source changes its range or rejects the CVE", f"a curator unlinks {product} or overrides the match")
