"""Updates of Windows machines: `Get-HotFix | ConvertTo-Json` (Win32_QuickFixEngineering), a list, or one object where there is one.

Updates are evidence of the machine's Windows, so such a report only adds to what is known. Neither the date, which is a text of
the machine's language or an object, nor anything but the number is read.
"""

from __future__ import annotations

import re
from typing import BinaryIO

from inventory.records import MachineFacts, Rejected, Report, Reports
from inventory.sources import fields
from inventory.sources.frame import Limits, Source, start_of
from inventory.sources.json_stream import BadJson, values
from inventory.sources.rows import Row
from inventory.sources.systems import own_windows

_MARK = re.compile(rb'"HotFixID"\s*:')
_START = re.compile(rb"\s*(?:\[\s*)?\{")
_NUMBER = re.compile(r"KB\d{5,9}")
_HERE = frozenset({"", ".", "localhost"})


def detect(head: bytes, filename: str) -> bool:
    start = start_of(head)
    return bool(_START.match(start) and _MARK.search(head)) and not re.match(rb'\s*\{\s*"(?:computer|programs|hotfixes)"', start)


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report a machine, after the Rejected of the rows that were no use."""
    machines: dict[str, dict[str, None]] = {}
    number = 0
    try:
        for _, row in values(stream, "", "item"):
            number += 1
            place = f"record {number}"
            try:
                if not isinstance(row, dict):
                    raise fields.BadField("the record is no object")
                patches = machines.setdefault(computer_of(row, limits), {})
                if len(patches) >= limits.records:
                    yield Rejected(place, f"more than {limits.records:,} updates of one machine; the rest was left out")
                    break
                if patch := patch_of(row, limits):
                    patches[patch] = None
            except fields.BadField as error:
                yield Rejected(place, str(error), fields.excerpt(row))
    except BadJson as error:
        yield Rejected(f"record {number + 1}", f"not valid JSON from here on: {error}")
    for name, patches in machines.items():
        if patches:
            facts = MachineFacts(external_id=name, name=name, family="windows", platform="windows")
            yield Report(machine=facts, software=(own_windows(tuple(patches)),))


SOURCE = Source(name="hotfixes", label="Windows updates", detect=detect, parse=parse)


def patch_of(row: Row, limits: Limits) -> str:
    """The number of an update, KB5034123; "" for the nameless ones of old systems ("File 1"). Raises BadField."""
    match = _NUMBER.match(fields.name(row.get("HotFixID"), limits, "HotFixID").upper())
    return match[0] if match else ""


def computer_of(row: Row, limits: Limits) -> str:
    """The machine that a row of PowerShell was fetched from; "" where it names none but its own. Raises BadField."""
    name = fields.text(row.get("PSComputerName") or row.get("CSName"), "PSComputerName", limits)
    return "" if name.lower() in _HERE else fields.identifier(name)
