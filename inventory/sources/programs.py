"""A JSON list of Windows programs: [{"name", "version", "publisher"}], or as read from the Uninstall keys of the registry."""

from __future__ import annotations

import re
from typing import Any, BinaryIO

from inventory.records import InstalledSoftware, MachineFacts, Rejected, Report, Reports
from inventory.sources import fields
from inventory.sources.frame import Limits, Source
from inventory.sources.json_stream import BadJson, values

_NAME = re.compile(rb'^\s*(?:\xef\xbb\xbf)?\[\s*\{[^{}\[\]]*"(?:name|DisplayName)"\s*:')


def detect(head: bytes, filename: str) -> bool:
    """A list whose first element is a flat object with a name, and no result log."""
    return bool(_NAME.match(head)) and b'"hostIdentifier"' not in head


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report without a host. A list that ends early only adds."""
    software: dict[InstalledSoftware, None] = {}
    number, complete = 0, True
    try:
        for _, row in values(stream, "item"):
            number += 1
            if number > limits.records:
                yield Rejected(f"record {number}", f"more than {limits.records:,} records; the rest was left out")
                complete = False
                break
            made = _program(row, limits)
            if isinstance(made, InstalledSoftware):
                software[made] = None
            else:
                yield Rejected(f"record {number}", made, fields.excerpt(row))
    except BadJson as error:
        complete = False
        yield Rejected(f"record {number + 1}", f"not valid JSON from here on: {error}")
    if software:
        facts = MachineFacts(external_id="", family="windows", platform="windows")
        yield Report(machine=facts, software=tuple(software), covers=frozenset({"cpe"} if complete else ()))


SOURCE = Source(name="programs", label="list of Windows programs", detect=detect, parse=parse)


def _program(row: Any, limits: Limits) -> InstalledSoftware | str:
    if not isinstance(row, dict):
        return "the record is no object"
    try:
        return InstalledSoftware(
            ecosystem="cpe",
            name=fields.name(row.get("name") or row.get("DisplayName"), limits),
            version=fields.version(row.get("version") or row.get("DisplayVersion"), limits),
            vendor=fields.text(row.get("publisher") or row.get("vendor") or row.get("Publisher"), "publisher", limits),
            evidence=fields.evidence((row.get("InstallLocation"), row.get("PSChildName"))),
        )
    except fields.BadField as error:
        return str(error)
