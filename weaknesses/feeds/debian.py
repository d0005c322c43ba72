"""Debian's security tracker as OSV records: JSON lines, or a zip of JSON files. Keyed by SOURCE package.

Format: https://ossf.github.io/osv-schema/. Ranges of other ecosystems in the same record are not Debian's word.
A record's id is `CVE-...` or `DEBIAN-CVE-...`; advisories (DSA, DLA) repeat what those state and are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import IO, Any

from cvss import CVSS3, CVSS4
from cvss.exceptions import CVSSError

from weaknesses.feeds.base import FeedKind, Store
from weaknesses.feeds.nvd import severity_of
from weaknesses.feeds.reading import BAD_RECORD, LONGEST_LINE, clean, cve_id, lines, links, members, moment, refused, text
from weaknesses.records import FeedRecord, RangeRecord, WeaknessRecord

_RELEASE = re.compile(r"Debian:([0-9]{1,3})")
_ADVISORY = re.compile(r"(DSA|DLA|DTSA)-")


def parse(stream: IO[bytes], name: str) -> Iterator[FeedRecord]:
    advisories = 0
    for place, content in _records(stream, name):
        if content is None:
            yield refused(place, "The record is too long.")
            continue
        if not content.strip():
            continue
        try:
            record = json.loads(content)
            if _ADVISORY.match(record["id"]):
                advisories += 1
                continue
            yield _weakness(record)
        except BAD_RECORD as error:
            yield refused(place, error, content)
    if advisories:
        yield refused("the whole list", f"{advisories:,} advisories (DSA, DLA) repeat what the CVE records state; left out.")


def _records(stream: IO[bytes], name: str) -> Iterator[tuple[str, bytes | None]]:
    if name.lower().endswith(".zip"):
        for member, content in members(stream):
            read = content.read(LONGEST_LINE)
            yield member, read if len(read) < LONGEST_LINE else None
    else:
        for number, line in lines(stream):
            yield f"line {number}", line


def _weakness(record: dict[str, Any]) -> WeaknessRecord:
    score, vector = _score(record.get("severity") or [])
    ranges = {} if record.get("withdrawn") else dict.fromkeys(found for entry in record.get("affected") or [] for found in _ranges(entry))
    return WeaknessRecord(
        cve=cve_id(record["id"].removeprefix("DEBIAN-")),
        title=text(record.get("summary"), 300),
        description=text(record.get("details"), 20_000),
        cvss=score,
        cvss_vector=vector,
        severity=severity_of(score),
        references=links([entry.get("url") for entry in record.get("references") or []]),
        published_at=moment(record.get("published")),
        modified_at=moment(record.get("modified")),
        ranges=tuple(ranges),
    )


def _ranges(affected: dict[str, Any]) -> Iterator[RangeRecord]:
    package = affected.get("package") or {}
    release = _RELEASE.fullmatch(str(package.get("ecosystem")))
    if not release:
        return
    product = f"deb:debian:{text(package['name'], 200)}"
    for item in affected.get("ranges") or []:
        if item["type"] == "ECOSYSTEM":
            yield from _spans(item["events"], product, f"debian-{release.group(1)}")


def _spans(events: list[dict[str, Any]], product: str, platform: str) -> Iterator[RangeRecord]:
    """Affected spans from a list of events, which the schema orders. A span without an end is not fixed yet."""
    start: str | None = None
    for event in events:
        if "introduced" in event:
            start = "" if event["introduced"] == "0" else text(event["introduced"], 200)
        elif start is not None and "fixed" in event:
            fixed = text(event["fixed"], 200)
            if fixed != "0":  # fixed in "0": never affected
                yield RangeRecord(product=product, start=start, end=fixed, fixed=fixed, platforms=(platform,))
            start = None
        elif start is not None and "last_affected" in event:
            yield RangeRecord(product=product, start=start, end=text(event["last_affected"], 200), end_included=True, platforms=(platform,))
            start = None
    if start is not None:
        yield RangeRecord(product=product, start=start, platforms=(platform,))


def _score(severities: list[dict[str, Any]]) -> tuple[float | None, str]:
    vectors = {entry.get("type"): clean(str(entry.get("score"))) for entry in severities}
    try:
        if "CVSS_V4" in vectors:
            return float(CVSS4(vectors["CVSS_V4"]).base_score), vectors["CVSS_V4"][:200]
        if "CVSS_V3" in vectors:
            return float(CVSS3(vectors["CVSS_V3"]).scores()[0]), vectors["CVSS_V3"][:200]
    except CVSSError:
        pass  # the score is a stub until NVD's comes; a wrong vector must not cost the fixed versions
    return None, ""


def _is_debian(head: bytes) -> bool:
    return b'"affected"' in head or b'"schema_version"' in head or b'"id"' in head


FEED = FeedKind(
    kind="debian",
    label="Debian security tracker",
    about="Which source packages of each Debian release are affected, and the version that fixes them.",
    home="https://security-tracker.debian.org/",
    licence="MIT (Debian security tracker); OSV export by OSV.dev, CC-BY-4.0",
    attribution="Debian Security Tracker, the Debian project; OSV.dev.",
    taken="CVE id, source package, release, fixed version; description and score only where no other source has them",
    store=Store.WEAKNESSES,
    parse=parse,
    patterns=("debian-osv*.jsonl", "debian-osv*.jsonl.gz", "debian*.zip", "all.zip"),
    addresses=(("debian-all.zip", "https://osv-vulnerabilities.storage.googleapis.com/Debian/all.zip"),),
    looks_right=_is_debian,
)
