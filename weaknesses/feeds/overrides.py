"""Curated configurations for CVEs that NVD has not analysed: documents in NVD's shape (cve.configurations), with an annotation.

Source of the format: https://github.com/anchore/nvd-data-overrides. Matching counts these ranges only where NVD itself has no
configuration of the CVE. A document whose only name is `null:null` says that NVD's names are too wide; it gives nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from weaknesses.cpe import ranges_from_configurations
from weaknesses.feeds.base import FeedKind, Store, Topic
from weaknesses.feeds.documents import records
from weaknesses.feeds.reading import BAD_RECORD, cve_id, links, moment, refused, text
from weaknesses.records import FeedRecord, Refused, WeaknessRecord


def parse(stream: IO[bytes], name: str) -> Iterator[FeedRecord]:
    for place, document in records(stream, name):
        if isinstance(document, Refused):
            yield document
            continue
        faults: list[str] = []
        try:
            yield _weakness(document, faults)
        except BAD_RECORD as error:
            yield refused(place, error, document)
        for fault in faults:  # of the weakness, only these ranges are left out
            yield refused(place, fault)


def _weakness(document: dict[str, Any], faults: list[str]) -> WeaknessRecord:
    note, stated = document["_annotation"], document["cve"]
    return WeaknessRecord(
        cve=cve_id(note["cve_id"]),
        description=text(note.get("description"), 20_000),
        references=links(note.get("references")),
        modified_at=moment(note.get("modified")),
        published_at=moment(note.get("published")),
        ranges=ranges_from_configurations(stated.get("configurations") or [], faults=faults),
    )


def _looks_right(head: bytes) -> bool:
    return b'"_annotation"' in head and b'"cve"' in head


FEED = FeedKind(
    kind="overrides",
    label="Curated configurations",
    about="Affected product versions of CVEs that NVD has not analysed, curated by the community.",
    home="https://github.com/anchore/nvd-data-overrides",
    licence="CC0-1.0",
    attribution="nvd-data-overrides, Anchore, Inc. and contributors.",
    taken="CVE id, affected versions (CPE configurations); description, links and dates only where no other source has them",
    topic=Topic.VULNERABILITIES,
    store=Store.WEAKNESSES,
    parse=parse,
    patterns=("*overrides*.jsonl", "*overrides*.jsonl.gz", "*overrides*.zip"),
    addresses=(("nvd-data-overrides.zip", "https://github.com/anchore/nvd-data-overrides/archive/refs/heads/main.zip"),),
    looks_right=_looks_right,
)
