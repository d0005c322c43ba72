"""Wazuh's alerts: alerts.json (a document a line), or answers of the index wazuh-alerts-*.

Fields: Wazuh documentation, "Alert management". Severity by rule.level, in Wazuh's own bands: 15 and more critical, 12 high.
Lower levels are left out and counted: a machine with an open alert counts as attacked, and Wazuh raises levels 7 to 11 for
every changed file and every wrong password. Alerts of the vulnerability detector say that a weakness is there, which is
worked out here, and not that someone uses it: they are left out too. Results of configuration checks among the alerts are
taken as such (see wazuh_sca). Wazuh never closes an alert; curators do, or a report of the format `alerts`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from inventory.errors import UnreadableReport
from inventory.records import AlertRecord, MachineFacts, Rejected, Report, Reports
from inventory.sources import fields
from inventory.sources.alerts import TITLE_LIMIT, alert_id
from inventory.sources.frame import Limits, Source, start_of
from inventory.sources.rows import Row, child, take_all
from inventory.sources.wazuh_documents import Reading, agent_of, documents
from inventory.sources.wazuh_sca import Hosts

LOWEST_LEVEL = 12
_BANDS = ((15, "critical"), (LOWEST_LEVEL, "high"))
_RULE = re.compile(rb'"rule"\s*:\s*\{')
_LEVEL = re.compile(rb'"level"\s*:\s*"?\d')
_AGENT = re.compile(rb'"agent"\s*:\s*\{')
_CVE = re.compile(r"CVE[-_](\d{4})[-_](\d{4,11})(?!\d)", re.IGNORECASE)


def detect(head: bytes, filename: str) -> bool:
    return start_of(head)[:1] in {b"{", b"["} and bool(_RULE.search(head) and _LEVEL.search(head) and _AGENT.search(head))


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report an agent, in order of appearance, after the Rejected of the alerts that were no use."""
    reading, log = Reading(), _Log(limits)
    yield from take_all(documents(stream, limits, reading), log.take)
    if not reading.count:
        raise UnreadableReport("no alert was found in it")
    yield from log.reports()


SOURCE = Source(name="wazuh_alerts", label="Wazuh alerts", detect=detect, parse=parse)


@dataclass(slots=True)
class _Agent:
    facts: MachineFacts
    alerts: dict[str, AlertRecord] = field(default_factory=dict)


class _Log:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._agents: dict[str, _Agent] = {}
        self._checks = Hosts(limits)
        self._left_out = Counter[str]()

    def take(self, document: Row) -> None:
        """Raises BadField."""
        facts = agent_of(document, self._limits)
        if facts is None:
            raise fields.BadField("agent is missing")
        agent = self._agents.setdefault(facts.external_id, _Agent(facts))
        if child(document, "data", "sca"):
            self._checks.take(document)
            return
        level = _level(child(document, "rule").get("level"))
        if child(document, "data", "vulnerability"):
            self._left_out["alerts of the vulnerability detector, whose findings are matched here"] += 1
        elif level < LOWEST_LEVEL:
            self._left_out[f"alerts below level {LOWEST_LEVEL}"] += 1
        else:
            alert = self._alert(document, level)
            agent.alerts[alert.external_id] = alert

    def reports(self) -> Iterator[Report | Rejected]:
        for what, count in self._left_out.items():
            yield Rejected("file", f"{count:,} {what} were left out")
        checked = {report.machine.external_id: report for report in self._checks.reports(complete=False)}
        for name, agent in self._agents.items():
            report = checked.get(name) or Report(agent.facts)
            yield replace(report, machine=agent.facts, alerts=tuple(agent.alerts.values()))

    def _alert(self, document: Row, level: int) -> AlertRecord:
        own_id = alert_id(document.get("id"), self._limits)
        manager = fields.text(child(document, "manager").get("name"), "manager.name", self._limits)
        external_id = alert_id(f"{manager}/{own_id}", self._limits) if manager else own_id  # numbers are of one manager
        opened = fields.moment(document.get("timestamp") or document.get("@timestamp"), "timestamp", needed=True)
        if opened is None:
            raise fields.BadField("timestamp is missing")
        description = child(document, "rule").get("description")
        return AlertRecord(
            source="wazuh",
            external_id=external_id,
            title=fields.text(description, "rule.description", self._limits, needed=True)[:TITLE_LIMIT],
            severity=next(severity for least, severity in _BANDS if level >= least),
            opened_at=opened,
            cve=_cve(document),
        )


def _level(value: object) -> int:
    if isinstance(value, str) and value.isdecimal() and len(value) < 4:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise fields.BadField("rule.level is no number")
    return value


def _cve(document: Row) -> str:
    """The weakness that the rule, or the signature of an intrusion detection system, says is being used; "" where none is."""
    rule, signature = child(document, "rule"), child(document, "data", "alert")
    metadata = child(signature, "metadata").get("cve")
    said = [rule.get("cve"), rule.get("info"), *(metadata if isinstance(metadata, list) else [metadata]),
            signature.get("signature"), rule.get("description")]  # fmt: skip
    match = next((found for text in said if isinstance(text, str) and (found := _CVE.search(text))), None)
    return f"CVE-{match[1]}-{match[2]}" if match else ""
