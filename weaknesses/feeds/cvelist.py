"""The CVE list: records in CVE JSON 5.x, with the container that CISA adds (Vulnrichment): SSVC, CVSS, CWE, CPE.

Layouts: one record a line; an archive of records, one a file (the list's releases, `cves.zip` within a zip, its deltas
`deltaCves/CVE-*.json`, and the Vulnrichment repository). Format: https://github.com/CVEProject/cve-schema.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, Any

from weaknesses.cve_affected import ranges_from_containers
from weaknesses.feeds.base import FeedKind, Store, Topic
from weaknesses.feeds.cvelist_fetch import BASELINE, fetch
from weaknesses.feeds.nvd import best_score, english
from weaknesses.feeds.reading import BAD_RECORD, LONGEST_LINE, cve_id, lines, links, members, moment, refused, text
from weaknesses.records import FeedRecord, WeaknessRecord

LARGEST_RECORD = 8 * 2**20  # bytes; the longest known have 0.4 MB, and what is read of one takes up to 25 times as much
_MEMBER = re.compile(r"CVE-[0-9]{4}-[0-9]{4,15}\.json")
_METRICS = {"cvssV4_0": "cvssMetricV40", "cvssV3_1": "cvssMetricV31", "cvssV3_0": "cvssMetricV30", "cvssV2_0": "cvssMetricV2"}
_EXPLOITATION = frozenset({"none", "poc", "active"})
_IMPACT = frozenset({"partial", "total"})


def parse(stream: IO[bytes], name: str) -> Iterator[FeedRecord]:
    """Every CVE of a file. What of its affected versions cannot be compared is left out, and counted by reason at the end."""
    faults: Counter[str] = Counter()
    for place, content in _records(stream, name):
        if content is None or len(content) > LARGEST_RECORD:
            yield refused(place, "The record is too long.")
            continue
        if not content.strip():
            continue
        try:
            yield _weakness(json.loads(content), faults)
        except BAD_RECORD as error:
            yield refused(place, error, content)
    for reason, count in sorted(faults.items()):
        if count:
            yield refused("affected versions of the whole file", f"{count:,} {reason}; left out.")


def _records(stream: IO[bytes], name: str) -> Iterator[tuple[str, bytes | None]]:
    if ".zip" in name.lower():
        yield from _archived(stream)
        return
    for number, line in lines(stream):
        yield f"line {number}", line


def _archived(stream: IO[bytes], *, within: bool = False) -> Iterator[tuple[str, bytes | None]]:
    """The records of an archive, or of an archive in it; no deeper."""
    for member, content in members(stream):
        path = PurePosixPath(member)
        if path.suffix == ".zip" and not within:
            with tempfile.TemporaryFile() as inner:  # an archive is read from its end: it must be on disk
                shutil.copyfileobj(content, inner, 2**20)
                inner.seek(0)
                yield from _archived(inner, within=True)
        elif _MEMBER.fullmatch(path.name):
            read = content.read(LONGEST_LINE)
            yield path.name, read if len(read) < LONGEST_LINE else None


def _weakness(record: dict[str, Any], faults: Counter[str]) -> WeaknessRecord:
    metadata, containers = record["cveMetadata"], record["containers"]
    rejected = metadata.get("state") == "REJECTED"
    cna = containers.get("cna") or {}
    cisa = [added for added in _all(containers)[1:] if (added.get("providerMetadata") or {}).get("shortName") == "CISA-ADP"]
    stated = [cna, *cisa]
    score, vector, severity = best_score(_metrics(stated))
    assessment = _assessment(cisa)
    return WeaknessRecord(
        cve=cve_id(metadata["cveId"]),
        title=text(cna.get("title"), 300),
        description=english(cna.get("rejectedReasons" if rejected else "descriptions") or []),
        cvss=score,
        cvss_vector=vector,
        severity=severity,
        cwes=_cwes(stated),
        references=links([entry.get("url") for container in _all(containers) for entry in container.get("references") or []]),
        rejected=rejected,
        published_at=moment(metadata.get("datePublished")),
        modified_at=_modified(metadata, containers),
        ranges=() if rejected else ranges_from_containers(stated, faults=faults),
        exploitation=_one_of(assessment.get("exploitation"), _EXPLOITATION),
        automatable={"yes": True, "no": False}.get(_word(assessment.get("automatable"))),
        technical_impact=_one_of(assessment.get("technical impact"), _IMPACT),
    )


def _all(containers: dict[str, Any]) -> list[dict[str, Any]]:
    """The CNA's container, then what others added to the record."""
    return [containers.get("cna") or {}, *(containers.get("adp") or [])]


def _metrics(containers: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The scores in NVD's form; the CNA's are its primary ones."""
    found: dict[str, list[dict[str, Any]]] = {}
    for position, container in enumerate(containers):
        for metric in container.get("metrics") or []:
            for field, name in _METRICS.items():
                if isinstance(metric.get(field), dict):
                    found.setdefault(name, []).append({"type": "Secondary" if position else "Primary", "cvssData": metric[field]})
    return found


def _assessment(containers: list[dict[str, Any]]) -> dict[str, Any]:
    """CISA's decision points (SSVC), keys in lower case; {} where there is none."""
    for container in containers:
        for metric in container.get("metrics") or []:
            other = metric.get("other") or {}
            if other.get("type") == "ssvc":
                options = (other.get("content") or {}).get("options") or []
                return {str(key).lower(): value for option in options for key, value in option.items()}
    return {}


def _word(value: object) -> str:
    return value.strip().lower() if isinstance(value, str) else ""


def _one_of(value: object, known: frozenset[str]) -> str:
    word = _word(value)
    return word if word in known else ""


def _cwes(containers: list[dict[str, Any]]) -> tuple[str, ...]:
    problems = [problem for container in containers for problem in container.get("problemTypes") or []]
    kinds = [kind for problem in problems for kind in problem.get("descriptions") or []]
    values = (kind.get("cweId") or str(kind.get("description", "")).partition(" ")[0] for kind in kinds)
    return tuple(dict.fromkeys(value for value in values if isinstance(value, str) and re.fullmatch(r"CWE-[0-9]{1,6}", value)))


def _modified(metadata: dict[str, Any], containers: dict[str, Any]) -> dt.datetime | None:
    """The newest word in the record: CISA's container changes without the record's own date in one of the two lists."""
    added = [container.get("providerMetadata") or {} for container in _all(containers)]
    found = [moment(stated.get("dateUpdated")) for stated in [metadata, *added]]
    return max((value for value in found if value), default=None)


FEED = FeedKind(
    kind="cvelist",
    label="CVE list and CISA assessment",
    about="Vulnerabilities as their publishers describe them, and what CISA adds: how far exploitation has come, score, kind.",
    home="https://www.cve.org/",
    licence="CVE Terms of Use (free to use and redistribute); CISA additions: CC0 1.0",
    attribution="CVE Program, copyright The MITRE Corporation; Vulnrichment, Cybersecurity and Infrastructure Security Agency (CISA).",
    taken=(
        "CVE id, title, English description, CVSS, CWE, references, dates, rejection; affected versions where they can be compared; "
        "CISA's assessment (exploitation, automatable, technical impact)"
    ),
    topic=Topic.VULNERABILITIES,
    opt_in="its first run downloads 600 MB.",
    store=Store.WEAKNESSES,
    parse=parse,
    patterns=(
        "vulnrichment*.jsonl",
        "vulnrichment*.jsonl.gz",
        "vulnrichment*.zip",
        "cvelist*.jsonl",
        "cvelist*.jsonl.gz",
        "cvelist*.zip",
        "*all_cves_at_midnight.zip*",
        "*delta_cves_at_*.zip",
    ),
    addresses=BASELINE,
    fetch=fetch,
)
