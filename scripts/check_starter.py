"""Compares the starter intelligence with the feeds in the folder that TVM_DATA names, where they know the CVE.

Score, vector, days and versions with NVD (and the NVD-shaped corrections of Anchore, and CISA's enriched CVE records),
exploitation with KEV, EPSS, exploit levels with the exploit index, Debian's fixed versions, days of support. Prints what
agrees, and every difference; ends with 1 where a difference is not in EXPLAINED.

    TVM_DATA=... python -m scripts.check_starter
"""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weaknesses.cpe import ranges_from_configurations
from weaknesses.feeds import debian, endoflife, epss, kev, nvd, pocs
from weaknesses.feeds.base import FeedKind
from weaknesses.feeds.folder import files
from weaknesses.feeds.reading import unpacked
from weaknesses.records import CycleRecord, EpssRecord, EvidenceRecord, FeedRecord, RangeRecord, WeaknessRecord
from weaknesses.starter import cycles, entries
from weaknesses.starter.grammar import IN_THE_WILD, Entry

EXPLAINED: dict[tuple[str, str], str] = {}
"""(CVE, what differs) -> why the starter is right to differ."""


@dataclass
class Findings:
    agreements: Counter[str] = field(default_factory=Counter)
    differences: list[tuple[str, str, str]] = field(default_factory=list)

    def compare(self, cve: str, what: str, ours: object, theirs: object) -> None:
        if ours == theirs:
            self.agreements[what] += 1
        else:
            self.differences.append((cve, what, f"starter {ours}, feed {theirs}"))

    def unexplained(self) -> list[tuple[str, str, str]]:
        return [difference for difference in self.differences if difference[:2] not in EXPLAINED]


def check(folder: Path) -> Findings:
    """Every comparison that the files of the folder allow."""
    findings = Findings()
    ours = {entry.weakness.cve: entry for entry in entries() if isinstance(entry, Entry)}
    known = _newest(record for record in _records(folder, nvd.FEED) if isinstance(record, WeaknessRecord) and record.cve in ours)
    for cve, record in known.items():
        _compare_weakness(findings, ours[cve], record)
        _compare_ranges(findings, ours[cve], record.ranges or (), "versions of NVD")
    _check_corrections(findings, folder, ours, known)
    _check_vectors(findings, folder, ours, known)
    _check_debian(findings, folder, ours)
    _check_scores(findings, folder, ours)
    _check_exploitation(findings, folder, ours)
    _check_exploits(findings, folder, ours)
    _check_cycles(findings, folder)
    return findings


def _records(folder: Path, feed: FeedKind) -> Iterator[FeedRecord]:
    for _, path in files(folder, feed)[: 1 if feed.complete else None]:
        with unpacked(path) as stream:
            yield from feed.parse(stream, path.name)


def _newest(records: Iterator[WeaknessRecord]) -> dict[str, WeaknessRecord]:
    newest: dict[str, WeaknessRecord] = {}
    for record in records:
        known = newest.get(record.cve)
        if known is None or (record.modified_at and known.modified_at and record.modified_at > known.modified_at):
            newest[record.cve] = record
    return newest


def _compare_weakness(findings: Findings, entry: Entry, record: WeaknessRecord) -> None:
    ours, cve = entry.weakness, record.cve
    findings.compare(cve, "rejected", False, record.rejected)
    findings.compare(cve, "score", ours.cvss, record.cvss)
    findings.compare(cve, "vector", ours.cvss_vector, base_part(record.cvss_vector))
    findings.compare(cve, "severity", ours.severity, record.severity)
    findings.compare(cve, "published", _day(ours.published_at), _day(record.published_at))
    findings.compare(cve, "modified", _day(ours.modified_at), _day(record.modified_at))


def base_part(vector: str) -> str:
    """The vector without metrics that are not defined (`X`)."""
    return "/".join(part for part in vector.split("/") if not part.endswith(":X"))


def _day(moment: Any) -> str:
    return moment.date().isoformat() if moment else "-"


def _compare_ranges(findings: Findings, entry: Entry, theirs: tuple[RangeRecord, ...], what: str) -> None:
    """Each range of ours on a product that the feed names must be one of the feed's, its upper bound at least."""
    stated: dict[str, set[tuple[str, bool]]] = {}
    for item in theirs:
        stated.setdefault(item.product, set()).add((item.end, item.end_included))
    for item in entry.weakness.ranges or ():
        if item.product in stated:
            end, ends = (item.end, item.end_included), stated[item.product]
            findings.compare(entry.weakness.cve, what, (item.product, end), (item.product, end if end in ends else sorted(ends)))


def _lines(folder: Path, pattern: str) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.rglob(pattern)):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)


def _check_corrections(findings: Findings, folder: Path, ours: dict[str, Entry], known: dict[str, WeaknessRecord]) -> None:
    """Anchore's corrections count where NVD states no versions."""
    for document in _lines(folder, "anchore-nvd-overrides*.jsonl.gz"):
        cve = document["_annotation"]["cve_id"]
        if cve in ours and not (cve in known and known[cve].ranges):
            theirs = ranges_from_configurations(document["cve"].get("configurations") or ())
            _compare_ranges(findings, ours[cve], theirs, "versions of Anchore")


def _check_vectors(findings: Findings, folder: Path, ours: dict[str, Entry], known: dict[str, WeaknessRecord]) -> None:
    """Where NVD has no record, the vector must be one that the CVE record states, or else Debian's."""
    stated: dict[str, set[str]] = {}
    for document in _lines(folder, "vulnrichment*.jsonl.gz"):
        stated.setdefault(document["cveMetadata"]["cveId"], set()).update(_vectors(document))
    for record in _records(folder, debian.FEED):
        if isinstance(record, WeaknessRecord) and record.cvss_vector and not stated.get(record.cve):
            stated[record.cve] = {base_part(record.cvss_vector.rstrip("/"))}
    for cve, vectors in stated.items():
        if cve in ours and cve not in known and vectors:
            vector = ours[cve].weakness.cvss_vector
            findings.compare(cve, "vector elsewhere", vector, vector if vector in vectors else sorted(vectors))


def _vectors(document: dict[str, Any]) -> Iterator[str]:
    containers = document["containers"]
    for container in (containers["cna"], *containers.get("adp", [])):
        for metric in container.get("metrics", []):
            for name in ("cvssV4_0", "cvssV3_1", "cvssV3_0"):
                if metric.get(name, {}).get("vectorString"):
                    yield "/".join(metric[name]["vectorString"].split("/")[: 9 if name != "cvssV4_0" else None])


def _check_debian(findings: Findings, folder: Path, ours: dict[str, Entry]) -> None:
    for record in _records(folder, debian.FEED):
        if not isinstance(record, WeaknessRecord) or record.part or record.cve not in ours:
            continue  # a part: advisories, which the tracker's own record overrules
        stated = {(item.product, platform): item.fixed for item in record.ranges or () for platform in item.platforms}
        for item in ours[record.cve].weakness.ranges or ():
            for place in ((item.product, platform) for platform in item.platforms):
                if place in stated:
                    findings.compare(record.cve, "Debian's fix", (*place, item.fixed), (*place, stated[place]))


def _check_scores(findings: Findings, folder: Path, ours: dict[str, Entry]) -> None:
    theirs = {record.cve: record for record in _records(folder, epss.FEED) if isinstance(record, EpssRecord) and record.cve in ours}
    for cve, entry in ours.items():
        findings.compare(cve, "EPSS", entry.epss, theirs.get(cve))


def _check_exploitation(findings: Findings, folder: Path, ours: dict[str, Entry]) -> None:
    theirs = {record.cve: (record.day, record.ransomware) for record in _records(folder, kev.FEED) if isinstance(record, EvidenceRecord)}
    for cve, entry in ours.items():
        stated = [(evidence.day, evidence.ransomware) for evidence in entry.evidence if evidence.level == IN_THE_WILD]
        findings.compare(cve, "exploitation", stated, [theirs[cve]] if cve in theirs else [])


def _check_exploits(findings: Findings, folder: Path, ours: dict[str, Entry]) -> None:
    """The index knows exploits of a level; ours may be higher, because other sources know more."""
    theirs: Counter[str] = Counter()
    for record in _records(folder, pocs.FEED):
        if isinstance(record, EvidenceRecord) and record.cve in ours:
            theirs[record.cve] = max(theirs[record.cve], record.level)
    for cve, level in theirs.items():
        stated = max((evidence.level for evidence in ours[cve].evidence if evidence.level != IN_THE_WILD), default=0)
        findings.compare(cve, "exploit level", stated, max(level, stated))


def _check_cycles(findings: Findings, folder: Path) -> None:
    theirs = {(line.slug, line.cycle): line for line in _records(folder, endoflife.FEED) if isinstance(line, CycleRecord)}
    for line in cycles():
        if isinstance(line, CycleRecord) and (line.slug, line.cycle) in theirs:
            other = theirs[line.slug, line.cycle]
            findings.compare(f"{line.slug} {line.cycle}", "end of support", (line.ended, line.ends_on), (other.ended, other.ends_on))


def main() -> int:
    folder = os.environ.get("TVM_DATA")
    if not folder:
        print("TVM_DATA does not name the folder of the feeds.", file=sys.stderr)
        return 2
    findings = check(Path(folder))
    for what, count in sorted(findings.agreements.items()):
        print(f"{count:6,} agree: {what}")
    for cve, what, how in findings.differences:
        print(f"{cve} {what}: {how}" + (f" (explained: {EXPLAINED[cve, what]})" if (cve, what) in EXPLAINED else ""))
    print(f"{len(findings.differences):,} differences, {len(findings.unexplained()):,} of them unexplained")
    return 1 if findings.unexplained() else 0


if __name__ == "__main__":
    sys.exit(main())
