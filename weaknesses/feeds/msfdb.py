"""Metasploit modules by CVE, as collected by msfdb-list: `{"CVE-...": [{"Name", "Title", "CveIDs", "References"}]}`.

The path of a module is in its reference to Metasploit's repository. Rank and day of disclosure are not stated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any

import ijson

from weaknesses.feeds.base import FeedKind, Store, Topic
from weaknesses.feeds.metasploit import level_of
from weaknesses.feeds.reading import BAD_RECORD, cve_id, events, refused, text
from weaknesses.records import EvidenceRecord, FeedRecord

_MODULE = re.compile(r"https://github\.com/rapid7/metasploit-framework/blob/[^/]+/modules/([a-z]+)/([A-Za-z0-9_./-]{1,200})\.rb")
_KINDS = {"exploits": "exploit"}


def parse(stream: IO[bytes], name: str) -> Iterator[FeedRecord]:
    left_out = 0
    for key, modules in ijson.kvitems(events(stream), ""):
        for module in modules if isinstance(modules, list) else [modules]:
            try:
                evidence = _evidence(cve_id(key), module)
            except BAD_RECORD as error:
                yield refused(str(key), error, module)
                continue
            left_out += evidence is None
            if evidence:
                yield evidence
    if left_out:
        yield refused("the whole list", f"{left_out:,} modules scan or work after a break-in and are not exploits; left out.")


def _evidence(cve: str, module: dict[str, Any]) -> EvidenceRecord | None:
    """None for a module that is no exploit."""
    found = next((found for link in module["References"] if (found := _MODULE.fullmatch(str(link)))), None)
    if found is None:
        raise ValueError("No reference leads to a module of Metasploit.")
    kind, path = _KINDS.get(found[1], found[1]), found[2]
    level = level_of(kind=kind, module=path, rank=None)
    if level is None:
        return None
    return EvidenceRecord(cve=cve, reference=f"{kind}/{path}", level=level, title=text(module.get("Title"), 300), url=found[0])


FEED = FeedKind(
    kind="msfdb",
    label="Metasploit modules by CVE",
    about="Exploits that are part of the Metasploit kit, as collected by msfdb-list; newer than the kit's own index where that is old.",
    home="https://github.com/vulsio/msfdb-list",
    licence="BSD-3-Clause",
    attribution="Metasploit Framework, copyright Rapid7, Inc.; collected by msfdb-list, the vulsio project.",
    taken="module name, title, CVE id; read from a folder or a mirror only",
    topic=Topic.EXPLOITS,
    store=Store.EVIDENCE,
    parse=parse,
    patterns=("msfdb-list*.json", "msfdb-list*.json.gz"),
    complete=True,
)
