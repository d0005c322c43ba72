"""Set-based writes of checks, results, alerts and second opinions. The caller holds the transaction and the machines' locks."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from core import sql
from inventory.records import AlertRecord, Check, FindingRecord

_SEPARATOR = "\x1f"
_CHECK_WIDTHS = {"name": 300, "subcategory": 80, "cce": 30}
_BENCHMARK_WIDTH = 60
_ALERT_WIDTHS = {"source": 40, "title": 300, "severity": 10, "cve": 20}


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A check (its id) on a machine, passed or not."""

    machine_id: int
    check_id: int
    passed: bool


@dataclass(frozen=True, slots=True)
class FoundRow:
    """What another scanner found in a version on a machine."""

    machine_id: int
    version_id: int
    record: FindingRecord


@dataclass(frozen=True, slots=True)
class AlertChange:
    """See merge_alerts.sql."""

    machine_id: int
    matters: bool
    left_machine: int | None


def resolve_checks(checks: Sequence[Check], *, named: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Bring the catalogue up to date, and give the ids of checks by (source, external id). Unknown ones are missing from the answer."""
    if checks:
        last = {(check.source, check.external_id): _check_row(check) for check in checks}
        sql.run("inventory/merge_checks", {"checks": json.dumps(list(last.values()))})
    if not named:
        return {}
    wanted = sorted(named)
    rows = sql.rows("inventory/read_checks", {"sources": [source for source, _ in wanted], "external_ids": [name for _, name in wanted]})
    return {(row["source"], row["external_id"]): row["id"] for row in rows}


def merge_results(results: Sequence[ResultRow], *, scopes: Mapping[int, Iterable[str]], now: dt.datetime) -> dict[int, int]:
    """Make the results of the machines of `scopes` (machine id -> what is complete) what was reported. Changes by machine."""
    parameters = {
        "machine_ids": list(scopes),
        "scopes": [_SEPARATOR.join(names) for names in scopes.values()],
        "result_machines": [row.machine_id for row in results],
        "checks": [row.check_id for row in results],
        "passed": [row.passed for row in results],
        "now": now,
    }
    return {row["machine_id"]: row["changes"] for row in sql.rows("inventory/merge_results", parameters)}


def merge_alerts(alerts: Iterable[tuple[int, str, AlertRecord]]) -> list[AlertChange]:
    """Open, change and close alerts: (machine id, key, alert), each key once. Returns those that changed."""
    rows = [_alert_row(machine_id, key, alert) for machine_id, key, alert in alerts]
    return [AlertChange(**row) for row in sql.rows("inventory/merge_alerts", {"alerts": json.dumps(rows)})]


def merge_findings(found: Sequence[FoundRow], *, scanners: Mapping[int, Iterable[str]], now: dt.datetime) -> dict[int, int]:
    """Make the second opinions on the machines of `scanners` (machine id -> scanners that said all) what was reported."""
    parameters = {
        "machine_ids": list(scanners),
        "scanners": [_SEPARATOR.join(names) for names in scanners.values()],
        "finding_machines": [row.machine_id for row in found],
        "versions": [row.version_id for row in found],
        "sources": [row.record.source[:20] for row in found],
        "weaknesses": [row.record.weakness[:30] for row in found],
        "severities": [row.record.severity[:20] for row in found],
        "fixes": [row.record.fixed[:200] for row in found],
        "now": now,
    }
    return {row["machine_id"]: row["changes"] for row in sql.rows("inventory/merge_findings", parameters)}


def _check_row(check: Check) -> dict[str, object]:
    row = asdict(check)
    row.update({name: row[name][:width] for name, width in _CHECK_WIDTHS.items()})
    row["benchmarks"] = [name[:_BENCHMARK_WIDTH] for name in check.benchmarks]
    return row


def _alert_row(machine_id: int, key: str, alert: AlertRecord) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(alert, name)[:width] for name, width in _ALERT_WIDTHS.items()}
    closed = alert.closed_at.isoformat() if alert.closed_at else None
    return {**row, "machine_id": machine_id, "external_id": key, "opened_at": alert.opened_at.isoformat(), "closed_at": closed}
