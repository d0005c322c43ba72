"""MISP galaxy: clusters of threat actors, ransomware and tools whose description, or the title of a report, names a CVE.

Format: `{"type": ..., "values": [{"value", "uuid", "description", "meta": {"refs": [...], "synonyms": [...]}}]}`
(https://github.com/MISP/misp-galaxy). Each cluster file is a listing of its own and so a feed of its own. Addresses of the
gangs themselves (`meta.links`) are never taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any

import ijson

from weaknesses.feeds.base import FeedKind, Store, Topic
from weaknesses.feeds.reading import BAD_RECORD, CVE, events, links, refused, text
from weaknesses.records import FeedRecord, ThreatRecord

_KINDS = {"threat-actor": "group", "microsoft-activity-group": "group", "ransomware": "malware", "tool": "tool"}
_NAMES_SHOWN = 4
_CLUSTERS = "https://raw.githubusercontent.com/MISP/misp-galaxy/main/clusters"


def _parser(galaxy: str) -> Any:
    def parse(stream: IO[bytes], name: str) -> Iterator[FeedRecord]:
        for position, cluster in enumerate(ijson.items(events(stream), "values.item"), start=1):
            try:
                yield from _insights(cluster, _KINDS[galaxy])
            except BAD_RECORD as error:
                yield refused(f"cluster {position}", error, cluster)

    return parse


def _insights(cluster: dict[str, Any], kind: str) -> Iterator[ThreatRecord]:
    """One record for each CVE that the cluster names."""
    meta = cluster.get("meta") or {}
    reports = links(meta.get("refs"), most=200)
    described = text(cluster.get("description"), 100_000)
    cves = dict.fromkeys(CVE.findall(" ".join((described, *reports)).upper()))
    if not cves:
        return
    reference, name = text(cluster["uuid"], 100), text(cluster["value"], 200)
    if not re.fullmatch(r"[0-9a-f-]{36}", reference) or not name:
        raise ValueError("The cluster has no name or no usable id.")
    for cve in cves:
        about = next((report for report in reports if cve in report.upper()), reports[0] if reports else "")
        yield ThreatRecord(cve=cve, reference=reference, kind=kind, name=name, summary=_also(meta, name), url=about)


def _also(meta: dict[str, Any], name: str) -> str:
    """Other names, the first few: "Also known as A, B"."""
    synonyms = [text(word, 60) for word in meta.get("synonyms") or [] if isinstance(word, str)]
    known = [word for word in dict.fromkeys(synonyms) if word and word.lower() != name.lower()][:_NAMES_SHOWN]
    return f"Also known as {', '.join(known)}." if known else ""


def _feed(kind: str, galaxy: str, label: str, about: str) -> FeedKind:
    stated_type = re.compile(rb'"type"\s*:\s*"' + galaxy.encode() + rb'"')
    return FeedKind(
        kind=kind,
        label=label,
        about=about,
        home="https://github.com/MISP/misp-galaxy",
        licence="CC0-1.0 or BSD-2-Clause",
        attribution="MISP galaxy, the MISP project.",
        taken="CVE ids, name, other names, and the address of the report that names the weakness; none of the text",
        topic=Topic.THREATS,
        store=Store.THREATS,
        parse=_parser(galaxy),
        patterns=(f"misp-galaxy-{galaxy}*.json", f"misp-galaxy-{galaxy}*.json.gz", f"{galaxy}.json"),
        addresses=((f"{galaxy}.json", f"{_CLUSTERS}/{galaxy}.json"),),
        looks_right=lambda head: stated_type.search(head) is not None,
        complete=True,
    )


FEEDS = (
    _feed("misp_threat_actor", "threat-actor", "MISP galaxy: threat actors", "Groups that reports name together with a weakness."),
    _feed("misp_ransomware", "ransomware", "MISP galaxy: ransomware", "Ransomware that reports name together with a weakness."),
    _feed("misp_tool", "tool", "MISP galaxy: tools", "Attackers' tools that reports name together with a weakness."),
    _feed(
        "misp_microsoft",
        "microsoft-activity-group",
        "MISP galaxy: Microsoft activity groups",
        "Groups by the names of Microsoft that reports name together with a weakness.",
    ),
)
