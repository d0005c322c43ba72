"""Wazuh's Security Configuration Assessment: the server API's answer (GET /sca/{agent}/checks/{policy}), documents of the index
wazuh-states-sca, and the events of its alerts (data.sca of type check).

Fields: Wazuh server API reference; Wazuh common schema, stateful/sca. Wazuh gives its checks no severity: their impact is 5.
An answer or set of documents is complete for every policy in it; alerts tell changes only, and so are only added.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from inventory.errors import UnreadableReport
from inventory.records import Check, CheckResult, MachineFacts, Report, Reports
from inventory.sources import fields
from inventory.sources.check_words import category_of_words
from inventory.sources.frame import Limits, Source, start_of
from inventory.sources.rows import Row, child, take_all
from inventory.sources.wazuh_documents import Reading, agent_of, documents

SOURCE_NAME = "wazuh-sca"
IMPACT = 5
_API = re.compile(rb'"affected_items"\s*:')
_API_CHECK = re.compile(rb'"policy_id"\s*:')
_STATE_CHECK = re.compile(rb'"check"\s*:\s*\{')
_STATE_POLICY = re.compile(rb'"policy"\s*:\s*\{')
_VERDICTS = {"passed": True, "failed": False}
_LEFT_OUT = frozenset({"not applicable", "not run", ""})
_STANDARDS = {"cis": "CIS", "pci_dss": "PCI DSS", "nist_800_53": "NIST 800-53", "iso_27001": "ISO 27001", "hipaa": "HIPAA"}
_APPLICATIONS = re.compile(r"apache|nginx|mysql|maria|mongo|oracle_?db|sql|iis|web_vuln", re.IGNORECASE)


def detect(head: bytes, filename: str) -> bool:
    if start_of(head)[:1] not in {b"{", b"["}:
        return False
    is_answer = bool(_API.search(head) and _API_CHECK.search(head))
    return is_answer or bool(_STATE_CHECK.search(head) and _STATE_POLICY.search(head)) or b'"wazuh-states-sca' in head


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report a host, in order of appearance, after the Rejected of the checks that were no use."""
    reading, hosts = Reading(), Hosts(limits)
    yield from take_all(documents(stream, limits, reading), hosts.take)
    if not hosts.by_name and not reading.count:
        raise UnreadableReport("no check was found in it")
    yield from hosts.reports(complete=reading.complete)


SOURCE = Source(name="wazuh_sca", label="Wazuh configuration assessment", detect=detect, parse=parse)


@dataclass(slots=True)
class _Host:
    facts: MachineFacts
    checks: dict[str, Check] = field(default_factory=dict)
    results: dict[str, CheckResult] = field(default_factory=dict)
    policies: set[str] = field(default_factory=set)


class Hosts:
    """Checks and results by host."""

    def __init__(self, limits: Limits) -> None:
        self.by_name: dict[str, _Host] = {}
        self._limits = limits

    def take(self, document: Row) -> None:
        """Take a check, in any of its shapes. Raises BadField."""
        event = child(document, "data", "sca")
        if event and event.get("type") != "check":
            return  # summaries of scans
        check = child(event, "check") or child(document, "check") or document
        policy_id, policy_name = self._policy(document, event)
        facts = agent_of(document, self._limits) or MachineFacts(external_id="")
        host = self.by_name.setdefault(facts.external_id, _Host(facts))
        made = _check(check, policy_id, policy_name, self._limits)
        passed = _verdict(check.get("result"))
        if not event:
            host.policies.add(policy_id)
        if passed is not None:
            host.checks[made.external_id] = made
            host.results[made.external_id] = CheckResult(SOURCE_NAME, made.external_id, passed)

    def reports(self, *, complete: bool) -> Iterator[Report]:
        for host in self.by_name.values():
            covers = frozenset(f"checks/{SOURCE_NAME}/{policy}" for policy in host.policies if complete)
            yield Report(host.facts, covers=covers, checks=tuple(host.checks.values()), results=tuple(host.results.values()))

    def _policy(self, document: Row, event: Row) -> tuple[str, str]:
        """Alerts may name their policy only by its title."""
        policy = child(document, "policy")
        name = fields.text(policy.get("name") or event.get("policy"), "policy", self._limits)
        own_id = policy.get("id") or event.get("policy_id") or document.get("policy_id")
        policy_id = fields.text(own_id, "policy_id", self._limits) or name
        if not policy_id:
            raise fields.BadField("the check names no policy")
        return policy_id, name or policy_id.replace("_", " ")


def _check(check: Row, policy_id: str, policy_name: str, limits: Limits) -> Check:
    number = check.get("id")
    own_id = str(number) if isinstance(number, int) and not isinstance(number, bool) else fields.text(number, "id", limits, needed=True)
    external_id = f"{policy_id}/{own_id}"
    if len(external_id) > 300:
        raise fields.BadField("policy and id are longer than 300 characters")
    title = _prose(check.get("title") or check.get("name"), "title", limits)
    if not title:
        raise fields.BadField("title is missing")
    default = "application" if _APPLICATIONS.search(policy_id) else "os"
    return Check(
        source=SOURCE_NAME,
        external_id=external_id,
        name=title,
        category=category_of_words(title, default=default),
        impact=IMPACT,
        description=_prose(check.get("description"), "description", limits),
        risk=_prose(check.get("rationale"), "rationale", limits),
        remediation=_prose(check.get("remediation"), "remediation", limits),
        benchmarks=(policy_name, *_standards(check.get("compliance"))),
    )


def _prose(value: object, name: str, limits: Limits) -> str:
    """A text that may be longer than the limit: its beginning counts."""
    return fields.text(value[: limits.field] if isinstance(value, str) else value, name, limits)


def _verdict(value: object) -> bool | None:
    """None where the check does not apply, or was not run. Raises BadField."""
    said = value.lower() if isinstance(value, str) else "" if value is None else "?"
    if said in _VERDICTS:
        return _VERDICTS[said]
    if said in _LEFT_OUT:
        return None
    raise fields.BadField("result is neither passed, failed nor not applicable")


def _standards(compliance: object) -> tuple[str, ...]:
    """The numbers of the check in common standards: [{"key", "value"}], {"cis": "5.2.10"}, {"cis": [...]} or ["cis:5.2.10"]."""
    pairs: list[tuple[object, object]] = []
    if isinstance(compliance, dict):
        pairs = list(compliance.items())
    for item in compliance if isinstance(compliance, list) else ():
        if isinstance(item, dict):
            pairs.append((item.get("key"), item.get("value")))
        elif isinstance(item, str):
            pairs.append((item.partition(":")[0], item.partition(":")[2]))
    found = []
    for key, value in pairs:
        numbers = value if isinstance(value, list) else [value]
        said = ", ".join(number for number in numbers if isinstance(number, str) and number.isprintable())
        if said and isinstance(key, str) and key in _STANDARDS:
            found.append(f"{_STANDARDS[key]} {said}"[:60])
    return tuple(found)
