"""A merged index of exploits by CVE: `{"CVE-...": [{"source": ..., ...}]}` with Exploit-DB and Metasploit entries.

Its Nuclei entries are templates that detect a weakness, not exploits: they are left out and counted. Since
March 2026 they come without `source` and with an `info` object.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import ijson

from weaknesses.feeds.base import FeedKind, Store, Topic
from weaknesses.feeds.exploitdb import exploits
from weaknesses.feeds.metasploit import level_of
from weaknesses.feeds.reading import BAD_RECORD, cve_id, events, refused, text
from weaknesses.records import EvidenceRecord, FeedRecord, Refused


def parse(stream: IO[bytes], name: str) -> Iterator[FeedRecord]:
    detections = scanners = 0
    for key, entries in ijson.kvitems(events(stream), ""):
        for entry in entries if isinstance(entries, list) else [entries]:
            try:
                if _is_detection(entry):
                    detections += 1
                elif record := _evidence(cve_id(key), entry):
                    yield record
                else:
                    scanners += 1
            except BAD_RECORD as error:
                yield refused(str(key), error, entry)
    yield from _left_out(detections, "templates that detect a weakness")
    yield from _left_out(scanners, "Metasploit modules that scan or work after a break-in")


def _left_out(count: int, what: str) -> Iterator[Refused]:
    if count:
        yield refused("the whole list", f"{count:,} entries are {what}, not exploits; left out.")


def _is_detection(entry: dict[str, Any]) -> bool:
    return entry.get("source") == "nuclei" or ("source" not in entry and "info" in entry)


def _evidence(cve: str, entry: dict[str, Any]) -> EvidenceRecord | None:
    """None for a Metasploit module that is no exploit."""
    if entry["source"] == "exploitdb":
        return next(iter(exploits({**entry, "codes": cve})))
    if entry["source"] != "metasploit":
        raise ValueError(f"The source {str(entry['source'])[:40]!r} is not known.")
    path = str(entry["file"]).partition("/modules/")[2].removesuffix(".rb")
    kind, _, module = path.partition("/")
    # The index does not state the rank; being in the kit is what it does state.
    level = level_of(kind={"exploits": "exploit"}.get(kind, kind), module=module, rank=None)
    if level is None:
        return None
    return EvidenceRecord(
        cve=cve, reference=f"MSF:{path}"[:300], level=level, title=text(entry.get("name"), 300), url=text(entry["file"], 500)
    )


FEED = FeedKind(
    kind="pocs",
    label="Merged exploit index",
    about="Exploit-DB and Metasploit entries by CVE, merged by the community.",
    home="https://github.com/lucacapacci/pocs",
    licence="None stated; contains facts and links from Exploit-DB (GPL-2.0-or-later) and Metasploit (BSD-3-Clause)",
    attribution="Exploit-DB, maintained by OffSec; Metasploit Framework, Rapid7, Inc.; merged by lucacapacci/pocs.",
    taken="number or module name, title, CVE id, day, verified or not; read from a folder or a mirror only",
    topic=Topic.EXPLOITS,
    store=Store.EVIDENCE,
    parse=parse,
    patterns=("pocs*.json", "pocs*.json.gz"),
    complete=True,
)
