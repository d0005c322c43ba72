"""What Wazuh's documents have in common: how they come, and the agent they are of.

They come as a document a line, a list, an answer of the indexer ({"hits": {"hits": [{"_source": ...}]}}) or one of the server
API ({"data": {"affected_items": [...]}}). The agent is below `agent`, in Wazuh 5 below `wazuh.agent`; its name is the host's.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from inventory.records import MachineFacts, Rejected
from inventory.rules import family_of, platform_of
from inventory.sources import fields, line_stream
from inventory.sources.frame import Limits, head_of, start_of
from inventory.sources.json_stream import BadJson, values

Document = Mapping[str, Any]
_LISTS = ("hits.hits.item", "data.affected_items.item", "item")
_TOTALS = ("hits.total", "data.total_affected_items")


@dataclass(slots=True)
class Reading:
    """The state of one document or log. `total`: how many records the answer was one page of. `whole`: it was read to its end."""

    count: int = 0
    total: int = 0
    whole: bool = True

    @property
    def complete(self) -> bool:
        return self.whole and self.count >= self.total


def documents(stream: BinaryIO, limits: Limits, reading: Reading) -> Iterator[tuple[str, Document | Rejected]]:
    """(place, document), with the indexer's envelope taken off; a Rejected in place of what is none."""
    for place, value in _values(stream, limits, reading):
        if isinstance(value, Rejected):
            reading.whole = False
            yield place, value
            continue
        reading.count += 1
        if reading.count > limits.records:
            reading.whole = False
            yield place, Rejected(place, f"more than {limits.records:,} records; the rest was left out")
            return
        if not isinstance(value, dict):
            yield place, Rejected(place, "the record is no object", fields.excerpt(value))
            continue
        source = value.get("_source")
        yield place, source if isinstance(source, dict) else value


def _values(stream: BinaryIO, limits: Limits, reading: Reading) -> Iterator[tuple[str, object]]:
    head = head_of(stream)
    if not start_of(head).startswith(b"[") and b'"hits"' not in head and b'"affected_items"' not in head:
        yield from line_stream.objects(stream, limits)
        return
    number = 0
    try:
        for path, value in values(stream, *_LISTS, *_TOTALS):
            if path in _TOTALS:
                found = value.get("value") if isinstance(value, dict) else value
                reading.total = found if isinstance(found, int) else 0
            else:
                number += 1
                yield f"record {number}", value
    except BadJson as error:
        reading.whole = False
        yield "document", Rejected("document", f"not valid JSON after record {number}: {error}; the records before it were read")


def inside(document: object, *path: str) -> Document:
    """The object at a path of keys; an empty one where there is none."""
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def agent_of(document: Document, limits: Limits) -> MachineFacts | None:
    """The machine that a document is of; None where it names no agent. Raises BadField."""
    agent = inside(document, "wazuh", "agent") or inside(document, "agent")
    if not agent:
        return None
    name = fields.text(agent.get("name"), "agent.name", limits) or fields.text(agent.get("id"), "agent.id", limits, needed=True)
    if len(name) > 255 or not name.isprintable():
        raise fields.BadField("agent.name is longer than 255 characters, or not printable")
    host = inside(agent, "host") or inside(document, "host")
    system = inside(host, "os")
    version = _short(system.get("version"))
    platform = platform_of(_short(system.get("platform")), version) or platform_of(_short(system.get("name")), version)
    return MachineFacts(
        external_id=name,
        name=_short(host.get("hostname")) or name,
        family=family_of(platform),
        platform=platform,
        os_name=_short(system.get("name")),
        os_version=version,
        architecture=_short(host.get("architecture")),
        ip_addresses=_addresses(agent.get("ip"), host.get("ip")),
    )


def _short(value: object) -> str:
    return value.strip()[:80] if isinstance(value, str) and value.isprintable() else ""


def _addresses(*values: object) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for value in values:
        for text in value if isinstance(value, list) else [value]:
            try:
                address = ipaddress.ip_address(text) if isinstance(text, str) else None
            except ValueError:
                continue
            if address is not None and not (address.is_loopback or address.is_unspecified):
                found[str(address)] = None
    return tuple(found)[:64]
