"""What reports say beside software: results of checks, alerts, second opinions. Stored by difference, many machines at a time.

The caller holds the transaction and has locked the machines. Three or four statements a kind, whatever the size, and none
for a kind that no report of the batch speaks of.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from inventory import observation_bulk as bulk
from inventory.observation_bulk import FoundRow, ResultRow
from inventory.records import AlertRecord, Check, CheckResult, FindingRecord

KEY_LIMIT = 255


@dataclass(frozen=True, slots=True)
class Observed:
    """What one machine's report says that is not known to be stored. `scopes` and `scanners`: what it is complete for."""

    machine_id: int
    checks: tuple[Check, ...] = ()
    scopes: tuple[str, ...] = ()
    results: Sequence[CheckResult] = ()
    alerts: Sequence[AlertRecord] = ()
    scanners: tuple[str, ...] = ()
    findings: Sequence[tuple[int, FindingRecord]] = ()  # with the id of the version it is about


@dataclass(slots=True)
class Outcome:
    """`scored`: machines whose exposure may be another now. `changed`: those, and machines with other second opinions."""

    scored: set[int] = field(default_factory=set)
    changed: set[int] = field(default_factory=set)
    results: int = 0
    alerts: int = 0
    findings: int = 0


def store(observed: Sequence[Observed], *, now: dt.datetime) -> Outcome:
    """Make what is stored what was reported. Returns what that changed."""
    outcome = Outcome()
    results = _store_results([item for item in observed if item.results or item.scopes], now=now)
    alerts, active = _store_alerts(observed)
    findings = _store_findings([item for item in observed if item.findings or item.scanners], now=now)
    outcome.scored = {*results, *active}
    outcome.changed = {*results, *alerts, *findings}
    outcome.results, outcome.alerts, outcome.findings = sum(results.values()), sum(alerts.values()), sum(findings.values())
    return outcome


def _store_results(observed: Sequence[Observed], *, now: dt.datetime) -> dict[int, int]:
    """Changes by machine. A result of a check that nobody described yet is left out."""
    if not observed:
        return {}
    catalogue = dict.fromkeys(check for item in observed for check in item.checks)
    named = {(result.source, result.external_id) for item in observed for result in item.results}
    ids = bulk.resolve_checks(list(catalogue), named=named)
    rows: dict[tuple[int, int], bool] = {}
    for item in observed:
        for result in item.results:
            check_id = ids.get((result.source, result.external_id))
            if check_id is not None:  # a check that fails anywhere on the machine is failed
                rows[item.machine_id, check_id] = result.passed and rows.get((item.machine_id, check_id), True)
    reported = [ResultRow(machine_id, check_id, passed) for (machine_id, check_id), passed in rows.items()]
    return bulk.merge_results(reported, scopes={item.machine_id: item.scopes for item in observed}, now=now)


def _store_alerts(observed: Iterable[Observed]) -> tuple[dict[int, int], set[int]]:
    """Changes by machine, and the machines with another set of active alerts. The last report that names an alert has it."""
    said = {alert_key(alert): (item.machine_id, alert) for item in observed for alert in item.alerts}
    if not said:
        return {}, set()
    changes = bulk.merge_alerts([(machine_id, key, alert) for key, (machine_id, alert) in said.items()])
    counts: dict[int, int] = {}
    for change in changes:
        counts[change.machine_id] = counts.get(change.machine_id, 0) + 1
    active = {change.machine_id for change in changes if change.matters}
    return counts, active | {change.left_machine for change in changes if change.left_machine}


def _store_findings(observed: Sequence[Observed], *, now: dt.datetime) -> dict[int, int]:
    if not observed:
        return {}
    rows = {
        (item.machine_id, record.source[:20], version_id, record.weakness[:30]): FoundRow(item.machine_id, version_id, record)
        for item in observed
        for version_id, record in item.findings
    }
    return bulk.merge_findings(list(rows.values()), scanners={item.machine_id: item.scanners for item in observed}, now=now)


def alert_key(alert: AlertRecord) -> str:
    """What an alert is stored under: unique among the alerts of every source."""
    return f"{alert.source}:{alert.external_id}"[:KEY_LIMIT]
