"""What Wazuh's documents have in common: how they come, the agent they are of, and the packages in them.

They come as a document a line, a list, an answer of the indexer ({"hits": {"hits": [{"_source": ...}]}}) or one of the server
API ({"data": {"affected_items": [...]}}). The agent is below `agent`, in Wazuh 5 below `wazuh.agent`; its name is the host's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from inventory.records import InstalledSoftware, MachineFacts, Rejected
from inventory.rules import family_of, normalise_package, platform_of
from inventory.sources import fields, line_stream
from inventory.sources.frame import Limits, head_of, start_of
from inventory.sources.json_stream import BadJson, values
from inventory.sources.osquery_tables import apk, deb, rpm
from inventory.sources.rows import Found, Row, child

_LISTS = ("hits.hits.item", "data.affected_items.item", "item")
_TOTALS = ("hits.total", "data.total_affected_items")
_ANSWER = re.compile(rb'"(?:hits|affected_items)"\s*:')
_LANGUAGES = frozenset({"pypi", "npm"})
_APPLICATIONS = frozenset({"win", "pkg", "app", ""})


@dataclass(slots=True)
class Reading:
    """The state of one document or log. `total`: how many records the answer was one page of. `whole`: it was read to its end."""

    count: int = 0
    total: int = 0
    whole: bool = True
    by_agent: Counter[str] = field(default_factory=Counter)

    def take_total(self, value: object) -> None:
        """The number of records there are; `gte` says that there are more than the indexer counted."""
        found = value.get("value") if isinstance(value, dict) else value
        self.total = found if isinstance(found, int) else 0
        self.whole = self.whole and not (isinstance(value, dict) and value.get("relation") == "gte")

    @property
    def complete(self) -> bool:
        return self.whole and self.count >= self.total


def documents(stream: BinaryIO, limits: Limits, reading: Reading) -> Iterator[Found]:
    """(place, document), with the indexer's envelope taken off; a Rejected in place of what cannot be read."""
    for place, value in _values(stream, limits, reading):
        if isinstance(value, Rejected):
            reading.whole = False
            yield place, value
            continue
        reading.count += 1
        source = value.get("_source") if isinstance(value, dict) else None
        document = source if isinstance(source, dict) else value
        agent = _agent_name(document)
        reading.by_agent[agent] += 1
        if reading.by_agent[agent] <= limits.records:
            yield place, document
        elif reading.by_agent[agent] == limits.records + 1:
            reading.whole = False
            yield place, Rejected(place, f"more than {limits.records:,} records of one machine; the rest was left out")


def _agent_name(document: object) -> str:
    """What tells the documents of one machine from those of others."""
    if not isinstance(document, dict):
        return ""
    agent = child(document, "wazuh", "agent") or child(document, "agent")
    return str(agent.get("name") or agent.get("id") or document.get("agent_id") or "")[: fields.MACHINE_LIMIT]


def _values(stream: BinaryIO, limits: Limits, reading: Reading) -> Iterator[Found]:
    head = head_of(stream)
    if not start_of(head).startswith(b"[") and not _ANSWER.search(head):
        yield from line_stream.objects(stream, limits)
        return
    number = 0
    try:
        for path, value in values(stream, *_LISTS, *_TOTALS):
            if path in _TOTALS:
                reading.take_total(value)
            else:
                number += 1
                yield f"record {number}", value
    except BadJson as error:
        reading.whole = False
        yield "document", Rejected("document", f"not valid JSON after record {number}: {error}; the records before it were read")


def agent_of(document: Row, limits: Limits) -> MachineFacts | None:
    """The machine that a document is of; None where it names no agent. Raises BadField."""
    agent = child(document, "wazuh", "agent") or child(document, "agent")
    if not agent:
        return None
    external_id = fields.machine(agent.get("name") or agent.get("id"), "agent.name", limits)
    host = child(agent, "host") or child(document, "host")
    system, name = child(host, "os"), fields.short(host.get("hostname")) or external_id
    os_name, version = fields.short(system.get("name")), fields.short(system.get("version"))
    platform = platform_of(fields.short(system.get("platform")), version) or platform_of(os_name, version)
    return MachineFacts(
        external_id=external_id,
        name=name,
        domain=name.partition(".")[2],
        family=family_of(platform),
        platform=platform,
        os_name=os_name,
        os_version=version,
        architecture=fields.short(host.get("architecture")),
        ip_addresses=fields.addresses(agent.get("ip"), host.get("ip")),
    )


def software_of(row: Row, limits: Limits) -> InstalledSoftware:
    """A package of Wazuh's inventory, of the indexer (type, path) or the API (format, location). Raises BadField.

    `source` is the source package of deb, and nothing of use for other kinds, but homebrew, which it tells from macOS' own.
    """
    kind = fields.text(row.get("type") or row.get("format"), "package.type", limits).lower()
    name = fields.name(row.get("name"), limits, "package.name")
    version = fields.version(row.get("version"), limits, "package.version")
    source = fields.text(row.get("source"), "package.source", limits)
    where = fields.evidence((row.get("path") or row.get("location"),))
    if kind == "deb":
        return deb(package=name, version=version, source=source)
    if kind == "rpm":
        return rpm(package=name, version=version, source="")
    if kind == "apk":
        return apk(package=name, version=version)
    if kind in _LANGUAGES:
        return InstalledSoftware(kind, normalise_package(kind, name), version, evidence=where)
    if source.lower() == "homebrew":
        return InstalledSoftware("other", name, version, "homebrew", evidence=where)
    if kind in _APPLICATIONS:
        return InstalledSoftware("cpe", name, version, fields.text(row.get("vendor"), "package.vendor", limits), evidence=where)
    return InstalledSoftware("other", name, version, kind[:100], evidence=where)
