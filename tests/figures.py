"""Every stored figure, and what a clean full run makes of the same data: the comparison that proofs end with.

A clean full run matches every version anew and forgets all that was computed, in a transaction that is rolled back: what is compared
stays as it is.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection, transaction

from recommendations import actions
from weaknesses.actions import match_versions

Rows = Mapping[tuple[Any, ...], Mapping[str, Any]]
TOLERANCE = 1e-9
SHOWN = 20

# Table -> columns of its key; all its other columns are figures, but those of LEFT_OUT: steps and moments of computing.
TABLES: Mapping[str, tuple[str, ...]] = {
    "recommendations_exposure": ("machine_id", "recommendation_id"),
    "recommendations_machinescore": ("machine_id",),
    "recommendations_machinebasis": ("machine_id",),
    "recommendations_machinerisk": ("machine_id",),
    "recommendations_versionscore": ("version_id", "recommendation_id"),
    "recommendations_exceptedscore": ("version_id", "recommendation_id", "group_id"),
    "recommendations_recommendation": ("key",),
    "recommendations_recommendationstat": ("recommendation_id", "group_id"),
    "recommendations_groupscore": ("group_id",),
    "recommendations_riskstat": ("group_id", "severity", "exploit", "counted_on", "platform", "release"),
    "recommendations_weaknessstat": ("weakness_id", "group_id"),
    "recommendations_effectbasis": ("recommendation_id", "group_id"),
    "recommendations_weaknesseffectbasis": ("weakness_id", "software_id", "group_id"),
    "inventory_versionstat": ("version_id", "group_id"),
    "inventory_softwarestat": ("software_id", "group_id"),
    "inventory_software": ("key",),
    "inventory_machinegroup": ("id",),
    "weaknesses_weakness": ("cve",),
    "weaknesses_versionweakness": ("version_id", "weakness_id"),
}
EMPTY_IS_ABSENT = frozenset({"recommendations_groupscore"})  # a group without machines may have a row of zeros
LEFT_OUT = frozenset({"id", "step", "first_seen", "first_matched_at", "resolved_at"})
# What is computed and compared; recommendations stay, as exceptions are about them.
COMPUTED = (
    "recommendations_exposure",
    "recommendations_machinescore",
    "recommendations_recommendationstat",
    "recommendations_groupscore",
    "recommendations_riskstat",
    "recommendations_weaknessstat",
    "recommendations_versionscore",
    "recommendations_exceptedscore",
)
# Over all runs, the parts of the score's change are the score: nothing was scored before the first.
CAUSES = """
SELECT coalesce(s.group_id, c.group_id), coalesce(s.weight, 0), coalesce(s.exposure, 0), coalesce(s.exposure_after, 0),
    coalesce(c.weight, 0), coalesce(c.exposure, 0), coalesce(c.exposure_after, 0)
FROM recommendations_groupscore s
FULL JOIN (SELECT group_id, sum(weight) AS weight, sum(exposure) AS exposure, sum(exposure_after) AS exposure_after
           FROM {changes} GROUP BY group_id) c USING (group_id)
"""
CHANGES = {"causes by run": "recommendations_scorechange", "causes by day": "recommendations_scorechangeday"}


def figures() -> dict[str, Rows]:
    """Every stored figure: table -> key -> column -> value."""
    return {table: _rows(table, keys) for table, keys in TABLES.items()}


def clean_figures(*, now: dt.datetime) -> dict[str, Rows]:
    """The figures that a full run from nothing makes of what is stored now; all of its work is undone."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in COMPUTED:
            cursor.execute(f"DELETE FROM {table}")
        match_versions(now=now, afresh=True)
        actions.recompute(now=now, afresh=True)
        found = figures()
        transaction.set_rollback(True)
    return found


def differences(stored: Mapping[str, Rows], wanted: Mapping[str, Rows]) -> list[str]:
    """Sentences on what is stored otherwise than wanted; the first few of each table."""
    return [line for name in wanted for line in _shortened(name, list(_differing(stored[name], wanted[name])))]


def unexplained(*, days: bool = True) -> list[str]:
    """Groups whose score is not the sum of why it moved, over all runs and over all days."""
    found = []
    for name, changes in CHANGES.items() if days else list(CHANGES.items())[:1]:
        with connection.cursor() as cursor:
            cursor.execute(CAUSES.format(changes=changes))
            for group, *sums in cursor.fetchall():
                if not all(_same(left, right) for left, right in zip(sums[:3], sums[3:], strict=True)):
                    found.append(f"{name}: group {group} holds {sums[:3]}, explained are {sums[3:]}")
    return found


def faults(*, now: dt.datetime) -> list[str]:
    """What a clean full run would change, sentence by sentence. Empty: nothing."""
    return differences(figures(), clean_figures(now=now)) + unexplained()


def _rows(table: str, keys: tuple[str, ...]) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        names = [column.name for column in cursor.description or ()]
        rows = [dict(zip(names, map(_ordered, row), strict=True)) for row in cursor.fetchall()]
    left_out = LEFT_OUT.difference(keys)
    found = {tuple(row[key] for key in keys): {name: row[name] for name in names if name not in left_out} for row in rows}
    if table not in EMPTY_IS_ABSENT:
        return found
    return {key: row for key, row in found.items() if any(value for name, value in row.items() if name not in keys)}


def _ordered(value: Any) -> Any:
    return sorted(value) if isinstance(value, list) else value


def _differing(stored: Rows, wanted: Rows) -> Iterator[str]:
    for key in sorted(stored.keys() | wanted.keys(), key=str):
        if key not in wanted:
            yield f"{key} should not be there: {dict(stored[key])}"
        elif key not in stored:
            yield f"{key} is missing: {dict(wanted[key])}"
        else:
            off = {name: (stored[key][name], value) for name, value in wanted[key].items() if not _same(stored[key][name], value)}
            if off:
                yield f"{key} (stored, wanted): {off}"


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(left == right)


def _shortened(name: str, lines: list[str]) -> list[str]:
    more = [f"{name}: and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return [f"{name}: {line}" for line in lines[:SHOWN]] + more
