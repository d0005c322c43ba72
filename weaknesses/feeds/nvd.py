"""National Vulnerability Database, JSON 2.0: yearly, modified and recent files, and pages of the API. Files of the retired 1.0 too.

Format: https://nvd.nist.gov/developers/vulnerabilities. Timestamps carry no zone and are UTC.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Any

import ijson

from weaknesses.cpe import ranges_from_configurations
from weaknesses.feeds import nvd_legacy
from weaknesses.feeds.base import FeedKind, Store, Topic
from weaknesses.feeds.nvd_fetch import fetch
from weaknesses.feeds.reading import BAD_RECORD, Again, clean, cve_id, events, links, members, moment, refused, text
from weaknesses.records import FeedRecord, Refused, WeaknessRecord

# Newest CVSS first; within one, NVD's own score (Primary) before others' (Secondary).
_METRICS = ("cvssMetricV40", "cvssMetricV31", "cvssMetricV30", "cvssMetricV2")
_HEAD = 2**12  # bytes that tell the formats apart
_WORDS = {"NONE": 0, "LOW": 1, "MEDIUM": 2, "HIGH": 3, "CRITICAL": 4}
_STATED = re.compile(rb'"(?:CVE_data_)?timestamp"\s*:\s*"([^"]{10,40})"')


def parse(stream: IO[bytes], name: str) -> Iterator[FeedRecord]:
    """Every CVE of a file or page. A rejected CVE comes without ranges, which withdraws those it had."""
    if name.lower().endswith(".zip"):
        for member, content in members(stream):
            yield from parse(content, member)
        return
    start = stream.read(_HEAD)
    legacy = nvd_legacy.is_legacy(start)
    found = ijson.items(events(Again(start, stream)), nvd_legacy.RECORDS if legacy else "vulnerabilities.item")
    for position, item in enumerate(found, start=1):
        faults: list[str] = []
        try:
            yield _weakness(nvd_legacy.modern(item) if legacy else item["cve"], faults)
        except BAD_RECORD as error:
            yield refused(_place(item, position), error, item)
        for fault in faults:  # of the weakness, only these ranges are left out
            yield Refused(_place(item, position), fault[:300])


def _place(item: object, position: int) -> str:
    record = item.get("cve") if isinstance(item, dict) else None
    meta = record.get("CVE_data_meta", record) if isinstance(record, dict) else None
    known = (meta.get("id") or meta.get("ID")) if isinstance(meta, dict) else None
    return known if isinstance(known, str) else f"record {position}"


def _weakness(record: dict[str, Any], faults: list[str]) -> WeaknessRecord:
    rejected = record.get("vulnStatus") == "Rejected"
    score, vector, severity = best_score(record.get("metrics") or {})
    return WeaknessRecord(
        cve=cve_id(record["id"]),
        title=text(record.get("cisaVulnerabilityName"), 300),
        description=english(record.get("descriptions") or []),
        cvss=score,
        cvss_vector=vector,
        severity=severity,
        cwes=_cwes(record.get("weaknesses") or []),
        references=links([entry.get("url") for entry in record.get("references") or []]),
        rejected=rejected,
        published_at=moment(record.get("published")),
        modified_at=moment(record.get("lastModified")),
        ranges=() if rejected else ranges_from_configurations(record.get("configurations") or [], faults=faults),
    )


def english(descriptions: list[dict[str, Any]]) -> str:
    """The English text of a list of descriptions by language; "" for none."""
    english = (entry.get("value") for entry in descriptions if str(entry.get("lang", "")).startswith("en"))
    return text(next(english, ""), 20_000)


def best_score(metrics: dict[str, Any]) -> tuple[float | None, str, int | None]:
    """Score, vector and severity (0 none to 4 critical): CVSS v4, else 3.1, 3.0, 2.0; Primary before Secondary."""
    for version in _METRICS:
        usable = [metric for metric in metrics.get(version) or [] if _score(metric) is not None]
        if usable:
            chosen = min(usable, key=lambda metric: metric.get("type") != "Primary")
            data = chosen["cvssData"]
            score = _score(chosen)
            word = data.get("baseSeverity") or chosen.get("baseSeverity")
            severity = _WORDS.get(str(word or "").upper())
            return score, clean(str(data.get("vectorString") or ""))[:200], severity_of(score) if severity is None else severity
    return None, "", None


def _score(metric: Any) -> float | None:
    value = (metric.get("cvssData") or {}).get("baseScore")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= 10 else None


def severity_of(score: float | None) -> int | None:
    """The qualitative severity scale of CVSS v3.1, section 5."""
    if score is None:
        return None
    return 0 if score == 0 else 1 if score < 4 else 2 if score < 7 else 3 if score < 9 else 4


def _cwes(weaknesses: list[dict[str, Any]]) -> tuple[str, ...]:
    values = (entry.get("value") for weakness in weaknesses for entry in weakness.get("description") or [])
    return tuple(dict.fromkeys(value for value in values if isinstance(value, str) and re.fullmatch(r"CWE-[0-9]{1,6}", value)))


def _is_nvd(head: bytes) -> bool:
    is_current = b'"NVD_CVE"' in head and re.search(rb'"version"\s*:\s*"2', head) is not None
    return is_current or nvd_legacy.is_legacy(head)


def _stated(head: bytes, name: str) -> str:
    found = _STATED.search(head)
    return found.group(1).decode("ascii", "replace") if found else ""


FEED = FeedKind(
    kind="nvd",
    label="National Vulnerability Database",
    about="Vulnerabilities with their score, kind and the product versions they affect.",
    home="https://nvd.nist.gov/",
    licence="Public domain (United States government)",
    attribution="This product uses the NVD API but is not endorsed or certified by the NVD.",
    taken="CVE id, English description, CVSS, CWE, references, dates, rejection, affected versions (CPE configurations)",
    topic=Topic.VULNERABILITIES,
    store=Store.WEAKNESSES,
    parse=parse,
    patterns=("nvdcve-*.json", "nvdcve-*.json.gz", "nvdcve-*.json.zip"),
    looks_right=_is_nvd,
    stated=_stated,
    fetch=fetch,
)
