"""OSV records (schema 1.x): in any layout of `documents`. Every ecosystem's feed reads with this.

Format: https://ossf.github.io/osv-schema/. A record is about the CVEs that it is, or that its `aliases` or `upstream` are; an
advisory of a distribution names the CVEs that it fixes in `upstream`, `related` or its links. A record without a CVE keeps its
own id where the ecosystem's advisories stand for themselves (`keeps_own_ids`). Ranges over commits (GIT) are not used.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any
from urllib.parse import quote

from weaknesses.feeds.base import FeedKind, Needs, Parse, Store, Topic
from weaknesses.feeds.documents import records
from weaknesses.feeds.gathering import Gathering
from weaknesses.feeds.osv_ranges import spans
from weaknesses.feeds.osv_scores import score_of, severity_word
from weaknesses.feeds.reading import ADVISORY, BAD_RECORD, CVE, advisory_id, cve_id, links, moment, refused, text
from weaknesses.records import FeedRecord, RangeRecord, Refused, WeaknessRecord

_CVE_INSIDE = re.compile(r"(?:[A-Z]+-)?(CVE-[0-9]{4}-[0-9]{4,15})")
_CVE_IN_LINK = re.compile(r"CVE-[0-9]{4}-[0-9]{4,15}", re.IGNORECASE)
_ADDRESS = "https://osv-vulnerabilities.storage.googleapis.com/"
_FILES = ("*osv*.jsonl", "*osv*.jsonl.gz", "*osv*.json", "*osv*.json.gz", "*osv*.zip", "all.zip")
_ECOSYSTEM = re.compile(rb'"ecosystem"\s*:\s*"([^"]{1,80})"')


@dataclass(frozen=True, slots=True)
class Named:
    """A package that an `affected` entry means. `fixed`: its own fixed version, where that is not the range's."""

    product: str
    platforms: tuple[str, ...] = ()
    qualifiers: tuple[tuple[str, str], ...] = ()
    fixed: str = ""


Name = Callable[[dict[str, Any], dict[str, Any]], Iterable[Named]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one publisher uses OSV.

    ecosystem      the ecosystem of its records, without a release
    order          whose version order the ranges follow
    named          record and `affected` entry -> the packages meant; none: not this publisher's word
    settle         a last look at the ranges of one record
    advisory       ids of records that name what they fix and repeat or add to what is said of the CVEs themselves
    advisory_part  the part that speaks in advisories, where CVE records of the same source lead
    by_release     each release has a file of its own, so that each speaks for itself
    gathers        several records may be about one weakness
    keeps_own_ids  a record without a CVE id is a weakness of its own
    passes_over    records that are no weaknesses
    """

    ecosystem: str
    order: str
    named: Name
    settle: Callable[[dict[str, Any], list[RangeRecord]], list[RangeRecord]] = lambda _, ranges: ranges
    advisory: re.Pattern[str] | None = None
    advisory_part: str = ""
    by_release: bool = False
    gathers: bool = False
    keeps_own_ids: bool = False
    passes_over: Callable[[dict[str, Any]], bool] = lambda _: False

    def looks_right(self, head: bytes) -> bool:
        """Whether most packages that a file's first records name are of this ecosystem (a record may name others beside it)."""
        named = Counter(found.split(b":", 1)[0] for found in _ECOSYSTEM.findall(head))
        return bool(named) and named.most_common(1)[0][0] == self.ecosystem.encode()

    def parser(self) -> Parse:
        """The parser of a feed in this dialect."""

        def parse(stream: IO[bytes], name: str) -> Iterator[FeedRecord]:
            return _parse(self, stream, name)

        return parse


def _parse(dialect: Dialect, stream: IO[bytes], name: str) -> Iterator[FeedRecord]:
    """Gathered weaknesses come last: half a list would withdraw what its other half says."""
    with Gathering() as gathered:
        for place, record in records(stream, name):
            if isinstance(record, Refused):
                yield record
                continue
            try:
                is_advisory = bool(dialect.advisory and dialect.advisory.match(record["id"]))
                ids, fragments = _fragments(dialect, record, is_advisory=is_advisory)
                if is_advisory or dialect.gathers:
                    for fragment in fragments:
                        gathered.add(ids, fragment)
                    if dialect.keeps_own_ids and ids and CVE.fullmatch(ids[0]):
                        gathered.rename(_other_names(record), ids)
                else:
                    yield from (replace(fragment, cve=each) for fragment in fragments for each in ids)
            except BAD_RECORD as error:
                yield refused(place, error, record)
        yield from gathered.records()


def _fragments(dialect: Dialect, record: dict[str, Any], *, is_advisory: bool) -> tuple[tuple[str, ...], list[WeaknessRecord]]:
    """The ids of the weaknesses that a record is about, and what it says of each of them, by part."""
    if dialect.passes_over(record):
        return (), []
    ids = subjects(record, is_advisory=is_advisory, own=dialect.keeps_own_ids)
    entries = [(list(dialect.named(record, entry)), entry) for entry in record.get("affected") or []]
    if not ids or not (record.get("withdrawn") or any(named for named, _ in entries)):
        return (), []
    ranges = dialect.settle(record, [found for named, entry in entries if named for found in _ranges(named, entry, dialect.order)])
    said = _said(record, is_advisory=is_advisory, own=not CVE.fullmatch(ids[0]))
    parts: dict[str, list[RangeRecord]] = {}
    for found in dict.fromkeys(ranges):
        part = found.platforms[0].rpartition("-")[2] if dialect.by_release and found.platforms else ""
        parts.setdefault(part or (dialect.advisory_part if is_advisory else ""), []).append(found)
    gone = bool(record.get("withdrawn"))
    return ids, [replace(said, part=part, ranges=() if gone else tuple(found)) for part, found in (parts or {"": []}).items()]


def subjects(record: dict[str, Any], *, is_advisory: bool, own: bool) -> tuple[str, ...]:
    """What a record is about: CVE ids, else (`own`) a GHSA id among its names, else its own id. Raises ValueError for no id at all."""
    names = [record["id"], *(record.get("aliases") or []), *(record.get("upstream") or [])]
    found = _cves(names[:1]) or _cves(names) or (_cves(record.get("related") or []) if is_advisory else ())
    if not found and is_advisory:
        addresses = [str(entry.get("url")) for entry in record.get("references") or []]
        found = tuple(dict.fromkeys(each.upper() for address in addresses for each in _CVE_IN_LINK.findall(address)))
    if found:
        return found
    if not own:
        if is_advisory:
            return ()
        raise ValueError(f"{str(record['id'])[:60]!r} names no CVE.")
    known = next((name for name in names if isinstance(name, str) and name.upper().startswith("GHSA-")), record["id"])
    return (advisory_id(known),)


def _other_names(record: dict[str, Any]) -> Iterator[str]:
    """Under which ids the weakness may have been known before it had a CVE id."""
    for name in (record["id"], *(record.get("aliases") or [])):
        spelled = name.upper() if isinstance(name, str) else ""
        is_own = name == record["id"] or spelled.startswith("GHSA-")
        if is_own and ADVISORY.fullmatch(spelled) and not CVE.fullmatch(spelled):
            yield spelled


def _cves(names: Sequence[object]) -> tuple[str, ...]:
    """The CVE ids among names, which may carry a distribution's prefix (DEBIAN-CVE-2024-1)."""
    matches = (_CVE_INSIDE.fullmatch(name.strip().upper()) for name in names if isinstance(name, str))
    return tuple(dict.fromkeys(cve_id(found[1]) for found in matches if found))


def _said(record: dict[str, Any], *, is_advisory: bool, own: bool) -> WeaknessRecord:
    """Everything but ranges. An advisory's text and score are about all it fixes: only its severity stands in for what is not known."""
    score, vector, severity = score_of(record)
    if is_advisory:
        score, vector = None, ""
    return WeaknessRecord(
        cve="",
        title="" if is_advisory else text(record.get("summary"), 300),
        description="" if is_advisory else text(record.get("details"), 20_000),
        cvss=score,
        cvss_vector=vector,
        severity=severity_word(record.get("summary")) if is_advisory and severity is None else severity,
        references=links([entry.get("url") for entry in record.get("references") or []]),
        rejected=own and bool(record.get("withdrawn")),
        published_at=None if is_advisory else moment(record.get("published")),
        modified_at=moment(record.get("modified")),
    )


def _ranges(packages: list[Named], affected: dict[str, Any], order: str) -> Iterator[RangeRecord]:
    found = list(spans(affected, order))
    for named in packages:
        for span in found:
            own = named.fixed if span.fixed and named.fixed else ""
            yield RangeRecord(
                product=named.product,
                start=span.start,
                end=own or span.end,
                end_included=span.end_included,
                fixed=own or span.fixed,
                platforms=named.platforms,
                qualifiers=named.qualifiers,
            )


def feed(
    *,
    kind: str,
    dialect: Dialect,
    folder: str,
    label: str,
    about: str,
    home: str,
    licence: str,
    by: str,
    topic: Topic = Topic.DISTRIBUTIONS,
    needs: tuple[str, ...] = (),
    patterns: tuple[str, ...] = (),
    revision: int = 1,
) -> FeedKind:
    """A feed of OSV records: `folder` is its ecosystem at OSV.dev, `by` whom to name, `needs` software that its
    packages are (see Needs; none: always of use). Its files are recognised by content.
    """
    return FeedKind(
        kind=kind,
        label=label,
        about=about,
        home=home,
        licence=f"{licence}; export by OSV.dev, CC-BY-4.0",
        attribution=f"{by}; OSV.dev.",
        taken="ids, packages, releases, affected and fixed versions; text and score only where no other source has them",
        topic=topic,
        needs=Needs(needs, f"packages of {folder}") if needs else None,
        store=Store.WEAKNESSES,
        parse=dialect.parser(),
        patterns=(*_FILES, f"{kind}*.zip", *patterns),
        addresses=((f"{kind}-all.zip", f"{_ADDRESS}{quote(folder)}/all.zip"),),
        looks_right=dialect.looks_right,
        revision=revision,
    )
