"""ATT&CK techniques by CVE, as the Center for Threat-Informed Defense maps them: how a weakness is exploited, and to what end.

Two listings, each a feed of its own: `attack_mappings`, JSON of the Mappings Explorer for the weaknesses on CISA's list
(`mapping_objects`: capability_id, attack_object_id, mapping_type), and `attack_to_cve`, the older CSV of 840 CVEs
(`Att&ckToCveMappings.csv`: a column for each type, ids separated by semicolons).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import IO, Any

import ijson

from weaknesses.errors import FeedError
from weaknesses.feeds.base import FeedKind, Store, Topic
from weaknesses.feeds.reading import BAD_RECORD, clean, cve_id, events, refused, text, text_lines
from weaknesses.records import FeedRecord, ThreatRecord

MOST_PAIRS = 500_000  # of a CVE and a technique, held until the end; the lists have some thousands
_TECHNIQUE = re.compile(r"T[0-9]{4}(\.[0-9]{3})?")
_WORDS = {
    "exploitation_technique": "how it is exploited",
    "primary_impact": "what it gains at once",
    "secondary_impact": "what it leads to",
    "uncategorized": "named with it",
}
_COLUMNS = {
    "Exploitation Technique": "exploitation_technique",
    "Primary Impact": "primary_impact",
    "Secondary Impact": "secondary_impact",
    "Uncategorized": "uncategorized",
}
_Pairs = dict[tuple[str, str], tuple[str, dict[str, None]]]


def parse(stream: IO[bytes], name: str) -> Iterator[FeedRecord]:
    """The JSON of the Mappings Explorer."""
    pairs: _Pairs = {}
    for position, item in enumerate(ijson.items(events(stream), "mapping_objects.item"), start=1):
        try:
            technique = item.get("attack_object_id")
            if technique:  # a CVE without a technique is listed too
                _add(pairs, cve_id(item["capability_id"]), technique, text(item.get("attack_object_name"), 200), item["mapping_type"])
        except BAD_RECORD as error:
            yield refused(f"mapping {position}", error, item)
    yield from _records(pairs)


def parse_csv(stream: IO[bytes], name: str) -> Iterator[FeedRecord]:
    """The older table."""
    rows = csv.DictReader(text_lines(stream))
    if "CVE ID" not in (rows.fieldnames or ()):
        raise FeedError("The column CVE ID is missing.")
    pairs: _Pairs = {}
    for row in rows:
        for column, kind in _COLUMNS.items():
            for technique in filter(None, re.split(r"[;,\s]+", row.get(column) or "")):
                try:
                    _add(pairs, cve_id(row["CVE ID"]), technique.rstrip("."), "", kind)
                except BAD_RECORD as error:
                    yield refused(f"line {rows.line_num}", error, str(row))
    yield from _records(pairs)


def _add(pairs: _Pairs, cve: str, technique: Any, name: str, kind: str) -> None:
    if not isinstance(technique, str) or not _TECHNIQUE.fullmatch(technique):
        raise ValueError(f"{clean(str(technique))[:40]!r} is not the id of a technique.")
    if len(pairs) >= MOST_PAIRS:
        raise FeedError(f"The list has more than {MOST_PAIRS:,} pairs of a weakness and a technique.")
    pairs.setdefault((cve, technique), (name, {}))[1][_WORDS.get(kind, _WORDS["uncategorized"])] = None


def _records(pairs: _Pairs) -> Iterator[ThreatRecord]:
    for (cve, technique), (name, kinds) in pairs.items():
        words = ", ".join(kinds)
        yield ThreatRecord(
            cve=cve,
            reference=technique,
            kind="technique",
            name=name or technique,
            summary=f"{words[0].upper()}{words[1:]}.",
            url=f"https://attack.mitre.org/techniques/{technique.replace('.', '/')}/",
            techniques=(technique,),
        )


def _is_mapping(head: bytes) -> bool:
    return b"mapping_objects" in head or b"mapping_framework" in head


def _is_table(head: bytes) -> bool:
    return b"CVE ID" in head.split(b"\n", 1)[0]


def _stated(head: bytes, name: str) -> str:
    """2025-08-28 of "last_update": "08/28/2025"."""
    found = re.search(rb'"last_update"\s*:\s*"([01][0-9])/([0-3][0-9])/(20[0-9]{2})"', head)
    return b"-".join((found[3], found[1], found[2])).decode("ascii") if found else ""


_REPOSITORIES = "https://raw.githubusercontent.com/center-for-threat-informed-defense"
_NEWEST = "kev-07.28.2025/enterprise/kev-07.28.2025_attack-16.1-enterprise.json"
_CENTER = "Center for Threat-Informed Defense, copyright MITRE Engenuity; ATT&CK, copyright The MITRE Corporation."

FEED = FeedKind(
    kind="attack_mappings",
    label="ATT&CK mappings of exploited weaknesses",
    about="By which ATT&CK techniques the weaknesses on CISA's list are exploited, and to what end.",
    home="https://center-for-threat-informed-defense.github.io/mappings-explorer/external/kev/",
    licence="Apache-2.0",
    attribution=_CENTER,
    taken="CVE id, technique, kind of mapping",
    topic=Topic.THREATS,
    store=Store.THREATS,
    parse=parse,
    patterns=("kev-*attack-*.json", "kev-*attack-*.json.gz"),
    addresses=(("kev-attack.json", f"{_REPOSITORIES}/mappings-explorer/main/mappings/kev/attack-16.1/{_NEWEST}"),),
    looks_right=_is_mapping,
    stated=_stated,
    complete=True,
)
OLDER = FeedKind(
    kind="attack_to_cve",
    label="ATT&CK to CVE",
    about="By which ATT&CK techniques 840 older weaknesses are exploited, and to what end.",
    home="https://github.com/center-for-threat-informed-defense/attack_to_cve",
    licence="Apache-2.0",
    attribution=_CENTER,
    taken="CVE id, technique, kind of mapping",
    topic=Topic.THREATS,
    store=Store.THREATS,
    parse=parse_csv,
    patterns=("attcktocvemappings*.csv", "attcktocvemappings*.csv.gz", "att?ckto*.csv"),
    addresses=(("AttckToCveMappings.csv", f"{_REPOSITORIES}/attack_to_cve/master/Att%26ckToCveMappings.csv"),),
    looks_right=_is_table,
    complete=True,
)
