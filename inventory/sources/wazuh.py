"""Wazuh's inventory of machines: packages, updates and operating systems, from the server API or the indexer.

* GET /syscollector/{agent}/packages, .../hotfixes and .../os: {"data": {"affected_items": [...]}}, each item with agent_id,
* documents of wazuh-states-inventory-packages-*, -hotfixes-* and -system-*, of Wazuh 4 (agent) and 5 (wazuh.agent).

An unfiltered answer with all its records is complete for the kinds of packages in it; one that is a page of more only adds.
What Wazuh found vulnerable is another format: its documents hold a vulnerability.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from inventory.records import InstalledSoftware, MachineFacts, Report, Reports
from inventory.rules import family_of, platform_of
from inventory.sources import fields
from inventory.sources.frame import Limits, Source, start_of
from inventory.sources.rows import Row, child, take_all
from inventory.sources.systems import operating_system_of, own_windows, windows_name, windows_version
from inventory.sources.wazuh_documents import Reading, agent_of, documents, software_of

_INDEX = re.compile(rb'"_index"\s*:\s*"[^"]*wazuh-states-inventory-(?:packages|hotfixes|system)')
_AGENT = re.compile(rb'"agent"\s*:\s*\{')
_CONTENT = re.compile(rb'"package"\s*:\s*\{')
_API = re.compile(rb'"affected_items"\s*:\s*\[')
_API_CONTENT = re.compile(rb'"hotfix"\s*:\s*"|"format"\s*:\s*"|"os"\s*:\s*\{')
_OTHERS = re.compile(
    rb'"(?:vulnerability|rule|decoder|check|policy|data_stream)"\s*:\s*\{|"(?:cve|policy_id|compliance|hostIdentifier)"\s*:'
)
_UPDATE = re.compile(r"KB\d{5,9}$")


def detect(head: bytes, filename: str) -> bool:
    start = start_of(head)
    if start[:1] not in {b"{", b"["} or _OTHERS.search(head):
        return False
    if _INDEX.search(head) or (_AGENT.search(head) and _CONTENT.search(head)):
        return True
    return bool(_API.search(head) and b'"agent_id"' in head and _API_CONTENT.search(head))


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report a machine, in order of appearance, after the Rejected of the records that were no use."""
    reading, machines = Reading(), _Machines(limits)
    yield from take_all(documents(stream, limits, reading), machines.take)
    yield from machines.reports(complete=reading.complete)


SOURCE = Source(name="wazuh", label="Wazuh inventory", detect=detect, parse=parse)


@dataclass(slots=True)
class _Machine:
    facts: MachineFacts
    agent: str = ""
    described: bool = False
    software: dict[InstalledSoftware, None] = field(default_factory=dict)
    patches: dict[str, None] = field(default_factory=dict)

    def report(self, *, complete: bool) -> Report:
        software = list(self.software)
        covers = {record.part for record in software}
        system = operating_system_of(self.facts, tuple(self.patches)) if self.described else None
        if system is not None:
            software.append(system)
            covers.add("os")
        elif self.patches:
            software.append(own_windows(tuple(self.patches)))
        covered = frozenset(covers if complete else ())
        return Report(machine=self.facts, software=tuple(software), covers=covered, fallback_id=self.agent)


class _Machines:
    """What has been read so far: by the agent's name, or where an answer of the API tells its number only, by that."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._machines: dict[tuple[str, str], _Machine] = {}

    def take(self, document: Row) -> None:
        """Take one record. Raises BadField."""
        facts, agent = self._machine_of(document)
        package, system = child(document, "package"), child(document, "host", "os") or child(document, "os")
        patch = document.get("hotfix") or child(package, "hotfix").get("name")
        made, described = None, None
        if patch:
            patch = fields.name(patch, self._limits, "hotfix")
        elif package or document.get("name"):
            made = software_of(package or document, self._limits)
        elif system:
            described = _described(facts, document, system)
        else:
            raise fields.BadField("neither a package, nor an update or operating system")
        machine = self._machines.setdefault((facts.external_id, agent), _Machine(facts, agent))
        if isinstance(patch, str) and _UPDATE.match(patch):
            machine.patches[patch] = None
        if made is not None:
            machine.software[made] = None
        if described is not None:
            machine.facts, machine.described = described, True

    def _machine_of(self, document: Row) -> tuple[MachineFacts, str]:
        facts = agent_of(document, self._limits)
        if facts is not None:
            if facts.platform == "windows":
                facts = replace(facts, os_name=windows_name(facts.os_name, facts.os_version.rpartition(".")[2]))
            return facts, ""
        number = document.get("agent_id")
        if not isinstance(number, (str, int)) or not (name := fields.identifier(str(number))):
            raise fields.BadField("agent_id is missing")
        return MachineFacts(external_id=""), f"wazuh-agent-{name}"

    def reports(self, *, complete: bool) -> Iterator[Report]:
        """An agent known by its number only has no name of its own, unless it must be told from others."""
        unnamed = sum(not machine.facts.external_id for machine in self._machines.values())
        for machine in self._machines.values():
            if not machine.facts.external_id and unnamed > 1:
                machine.facts = replace(machine.facts, external_id=machine.agent, name=machine.agent)
            yield machine.report(complete=complete)


def _described(facts: MachineFacts, document: Row, system: Row) -> MachineFacts:
    """The machine as a record of its operating system describes it."""
    host = child(document, "host") or document
    os_name, version, build = fields.short(system.get("name")), fields.short(system.get("version")), fields.short(system.get("build"))
    platform = platform_of(fields.short(system.get("platform")), version) or platform_of(os_name, version)
    if platform == "windows":
        version = windows_version(version, build)
        os_name = windows_name(os_name, _build_number(version))
    name = fields.identifier(host.get("hostname")) or facts.name
    return replace(
        facts,
        external_id=facts.external_id or name,
        name=name,
        domain=name.partition(".")[2],
        family=family_of(platform),
        platform=platform,
        os_name=os_name,
        os_version=version,
        os_build=_build_number(version) if platform == "windows" else build[:40],
        architecture=fields.short(host.get("architecture")) or facts.architecture,
    )


def _build_number(version: str) -> str:
    return version.split(".")[2] if version.count(".") >= 2 else ""
