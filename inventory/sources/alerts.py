"""Alerts in a JSON of our own, for what has no format here: a list, or {"alerts": [...]}; docs/sources.md describes it."""

from __future__ import annotations

import re
from typing import Any, BinaryIO

from inventory.errors import UnreadableReport
from inventory.records import AlertRecord, MachineFacts, Rejected, Report, Reports
from inventory.sources import fields
from inventory.sources.frame import Limits, Source, start_of
from inventory.sources.json_stream import BadJson, values

SEVERITIES = frozenset({"critical", "high", "medium", "low", "info"})
_OPENED = re.compile(rb'"opened_at"\s*:')
_FIRST = re.compile(rb'\[\s*\{|\{\s*"')
_SOURCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,39}")
_ID_LIMIT = 200
TITLE_LIMIT = 300


def detect(head: bytes, filename: str) -> bool:
    start = start_of(head)
    return bool(_FIRST.match(start) and _OPENED.search(head))


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report a machine, in order of appearance, after the Rejected of the alerts that were no use."""
    machines: dict[str, list[AlertRecord]] = {}
    number = 0
    try:
        for _, row in values(stream, "item", "alerts.item"):
            number += 1
            if number > limits.records:
                yield Rejected(f"alert {number}", f"more than {limits.records:,} alerts; the rest was left out")
                break
            try:
                machine, alert = _alert(row, limits)
            except fields.BadField as error:
                yield Rejected(f"alert {number}", str(error), fields.excerpt(row))
                continue
            machines.setdefault(machine, []).append(alert)
    except BadJson as error:
        yield Rejected(f"alert {number + 1}", f"not valid JSON from here on: {error}")
    if not number:
        raise UnreadableReport('no alert was found: neither a list nor an object with "alerts"')
    for name, alerts in machines.items():
        yield Report(MachineFacts(external_id=name), alerts=tuple(alerts))


SOURCE = Source(name="alerts", label="alerts", detect=detect, parse=parse)


def _alert(row: Any, limits: Limits) -> tuple[str, AlertRecord]:
    if not isinstance(row, dict):
        raise fields.BadField("the alert is no object")
    machine = fields.machine(row.get("machine"), "machine", limits)
    severity = fields.text(row.get("severity"), "severity", limits).lower() or "high"
    if severity not in SEVERITIES:
        raise fields.BadField("severity is none of critical, high, medium, low, info")
    source = fields.text(row.get("source"), "source", limits) or "alerts"
    if not _SOURCE_NAME.fullmatch(source):
        raise fields.BadField("source is no name of at most 40 letters, digits, spaces, dots, dashes")
    opened, closed = fields.moment(row.get("opened_at"), "opened_at", needed=True), fields.moment(row.get("closed_at"), "closed_at")
    if opened is None or (closed is not None and closed < opened):
        raise fields.BadField("closed_at is before opened_at")
    return machine, AlertRecord(
        source=source,
        external_id=alert_id(row.get("id"), limits),
        title=fields.text(row.get("title"), "title", limits, needed=True)[:TITLE_LIMIT],
        severity=severity,
        opened_at=opened,
        closed_at=closed,
        cve=fields.cve(row.get("cve")),
    )


def alert_id(value: object, limits: Limits) -> str:
    """What tells an alert from others of its source: needed, at most 200 characters. Raises BadField."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    found = fields.text(value, "id", limits, needed=True)
    if len(found) > _ID_LIMIT:
        raise fields.BadField(f"id is longer than {_ID_LIMIT} characters")
    return found
