"""Metasploit Framework: `modules_metadata_base.json`, one object of modules with their references and rank."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import ijson

from weaknesses.feeds.base import FeedKind, Store, Topic
from weaknesses.feeds.reading import BAD_RECORD, CVE, day, events, refused, text
from weaknesses.records import EvidenceRecord, FeedRecord

_PUBLIC, _KIT = 1, 3  # ExploitEvidence.Level
# Ranks (docs.metasploit.com, "Exploit ranking"): 600 excellent, 500 great, 400 good, 300 normal, 200 average,
# 100 low, 0 manual. From normal upwards an attacker can rely on the module; below, it is a public exploit
# that happens to be in the kit. A missing rank in this file is 0.
RELIABLE = 300
_SOURCE = "https://github.com/rapid7/metasploit-framework/blob/master"


def parse(stream: IO[bytes], name: str) -> Iterator[FeedRecord]:
    left_out = 0
    for key, module in ijson.kvitems(events(stream), ""):
        try:
            cves = dict.fromkeys(CVE.findall(" ".join(module.get("references") or []).upper()))
            if not cves:
                continue
            level = level_of(kind=module["type"], module=str(module["ref_name"]), rank=int(module.get("rank") or 0))
            if level is None:
                left_out += 1
                continue
            for cve in cves:
                yield _evidence(cve, level, module)
        except BAD_RECORD as error:
            yield refused(str(key), error, module)
    if left_out:
        yield refused("the whole list", f"{left_out:,} modules with a CVE scan or work after a break-in and are not exploits; left out.")


def level_of(*, kind: str, module: str, rank: int | None) -> int | None:
    """What a module is evidence of; None: of no exploit. `rank` None: not stated.

    An exploit module of at least normal rank is in the kit, a less reliable one is public. Auxiliary modules
    that attack (admin, dos, gather, ...) are public exploits; scanners and everything else are none.
    """
    if kind == "exploit":
        return _KIT if rank is None or rank >= RELIABLE else _PUBLIC
    if kind == "auxiliary" and not module.startswith("scanner/"):
        return _PUBLIC
    return None


def _evidence(cve: str, level: int, module: dict[str, Any]) -> EvidenceRecord:
    path = text(module.get("path"), 400)
    return EvidenceRecord(
        cve=cve,
        reference=text(module["fullname"], 300),
        level=level,
        title=text(module.get("name"), 300),
        url=_SOURCE + path if path.startswith("/modules/") else "",
        day=day(module.get("disclosure_date")),
    )


FEED = FeedKind(
    kind="metasploit",
    label="Metasploit Framework",
    about="Exploits that are part of the Metasploit kit, with how reliable they are.",
    home="https://www.metasploit.com/",
    licence="BSD-3-Clause",
    attribution="Metasploit Framework, copyright Rapid7, Inc.",
    taken="module name, title, CVE ids, rank, day of disclosure; never the module itself",
    topic=Topic.EXPLOITS,
    store=Store.EVIDENCE,
    parse=parse,
    patterns=("modules_metadata_base*.json", "modules_metadata_base*.json.gz"),
    addresses=(
        (
            "modules_metadata_base.json",
            "https://raw.githubusercontent.com/rapid7/metasploit-framework/master/db/modules_metadata_base.json",
        ),
    ),
    complete=True,
    replaces=(_KIT,),
)
