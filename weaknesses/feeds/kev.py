"""CISA Known Exploited Vulnerabilities: what is being used in attacks, and since when.

One JSON document, or the same list as CSV, whose columns have the names of the document's fields.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import IO, Any

import ijson

from weaknesses.errors import FeedError
from weaknesses.feeds.base import FeedKind, Store, Topic, date_in_name
from weaknesses.feeds.reading import BAD_RECORD, cve_id, day, events, refused, text, text_lines
from weaknesses.records import EvidenceRecord, FeedRecord

_WILD = 4  # ExploitEvidence.Level.WILD
_STATED = re.compile(rb'"dateReleased"\s*:\s*"([^"]{10,40})"')
_CATALOG = "https://www.cisa.gov/known-exploited-vulnerabilities-catalog?search_api_fulltext="


def parse(stream: IO[bytes], name: str) -> Iterator[FeedRecord]:
    if ".csv" in name.lower():
        yield from _rows(stream)
        return
    for position, entry in enumerate(ijson.items(events(stream), "vulnerabilities.item"), start=1):
        try:
            yield _evidence(entry)
        except BAD_RECORD as error:
            yield refused(f"record {position}", error, entry)


def _rows(stream: IO[bytes]) -> Iterator[FeedRecord]:
    rows = csv.DictReader(text_lines(stream))
    if "cveID" not in (rows.fieldnames or ()):
        raise FeedError("The column cveID is missing.")
    for row in rows:
        try:
            yield _evidence(row)
        except BAD_RECORD as error:
            yield refused(f"line {rows.line_num}", error, str(row))


def _evidence(entry: dict[str, Any]) -> EvidenceRecord:
    cve = cve_id(entry["cveID"])
    return EvidenceRecord(
        cve=cve,
        reference=cve,
        level=_WILD,
        title=text(entry.get("vulnerabilityName"), 300),
        url=_CATALOG + cve,
        day=day(entry.get("dateAdded")),
        ransomware=str(entry.get("knownRansomwareCampaignUse", "")).strip().lower() == "known",
        due=day(entry.get("dueDate")),
        action=text(entry.get("requiredAction"), 1000),
    )


def _is_kev(head: bytes) -> bool:
    return b'"catalogVersion"' in head or b"cveID" in head.split(b"\n", 1)[0]


def _stated(head: bytes, name: str) -> str:
    found = _STATED.search(head)
    return found.group(1).decode("ascii", "replace") if found else date_in_name(head, name)


FEED = FeedKind(
    kind="kev",
    label="CISA Known Exploited Vulnerabilities",
    about="Vulnerabilities that are known to be used in attacks, and whether ransomware uses them.",
    home="https://www.cisa.gov/known-exploited-vulnerabilities-catalog",
    licence="CC0 1.0",
    attribution="Known Exploited Vulnerabilities Catalog of the Cybersecurity and Infrastructure Security Agency (CISA).",
    taken="CVE id, name, day added, due day and required action, known use by ransomware",
    topic=Topic.EXPLOITS,
    store=Store.EVIDENCE,
    parse=parse,
    patterns=(
        "known_exploited_vulnerabilities*.json",
        "known_exploited_vulnerabilities*.json.gz",
        "known_exploited_vulnerabilities*.csv",
        "known_exploited_vulnerabilities*.csv.gz",
    ),
    addresses=(
        ("known_exploited_vulnerabilities.json", "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"),
    ),
    looks_right=_is_kev,
    stated=_stated,
    complete=True,
    replaces=(_WILD,),
)
