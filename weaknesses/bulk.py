"""Set-based writes of what feeds say: COPY into temporary tables, then one merge per table.

Sources never blank what another one filled. Every function is one transaction per batch and may run twice.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, transaction

from core import sql
from inventory.versions import sort_key
from weaknesses import matching
from weaknesses.errors import ListingShrank
from weaknesses.models import WeaknessAlias
from weaknesses.records import CycleRecord, EpssRecord, EvidenceRecord, RangeRecord, ThreatRecord, UpdateRecord, WeaknessRecord
from weaknesses.rules import range_keys

BATCH = 5000  # weaknesses of one transaction: about 80,000 ranges, 100 MB at most
# Whose text and score stand where several sources describe the same weakness. Not listed: 1. Advisories name what they fix and
# rate it as a whole: what they say of a weakness counts only while nobody else describes it.
AUTHORITY = {
    "nvd": 4,
    "starter": 3,
    "cvelist": 2,
    **dict.fromkeys(("redhat", "almalinux", "rocky", "suse", "opensuse", "ubuntu_oval", "redhat_oval"), 0),
    **dict.fromkeys(("debian/dsa", "ubuntu/usn", "overrides"), 0),
}
EPSS_DAYS = 365  # how far back the predictions of the organisation's weaknesses are kept
_SUSPICIOUS_FROM = 100  # rows; a shorter listing may well halve


@dataclass(frozen=True, slots=True)
class Counts:
    """Records by what became of them."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.new + other.new, self.changed + other.changed, self.unchanged + other.unchanged, self.removed + other.removed)


@dataclass(frozen=True, slots=True)
class IntelligenceChange:
    """What newly known exploitation changed about one weakness. `exploit`: Weakness.Exploit."""

    weakness_id: int
    cve: str
    old_exploit: int
    exploit: int
    old_exploited: bool
    exploited: bool
    old_ransomware: bool
    ransomware: bool


Record = TypeVar("Record")


def batches(records: Iterable[Record], size: int = BATCH) -> Iterator[list[Record]]:
    iterator = iter(records)
    while batch := list(islice(iterator, size)):
        yield batch


def store_weaknesses(records: Iterable[WeaknessRecord], source: str) -> Counts:
    """Store what a source says of weaknesses and their affected versions; the source's older word never wins.

    `removed` counts weaknesses that are rejected from now on.
    """
    counts = Counts()
    for batch in batches(records):
        with transaction.atomic():
            for part, said in _by_part(batch).items():
                counts += _store_weaknesses(_newest(said), f"{source}/{part}" if part else source)
    return counts


def _by_part(batch: Iterable[WeaknessRecord]) -> dict[str, list[WeaknessRecord]]:
    parts: dict[str, list[WeaknessRecord]] = {}
    for record in batch:
        parts.setdefault(record.part, []).append(record)
    return parts


def _newest(batch: Sequence[WeaknessRecord]) -> dict[str, WeaknessRecord]:
    """One record per CVE: the one modified last, and of equals the last."""
    chosen: dict[str, WeaknessRecord] = {}
    for record in batch:
        known = chosen.get(record.cve)
        if known is None or not (known.modified_at and record.modified_at and record.modified_at < known.modified_at):
            chosen[record.cve] = record
    return chosen


def _store_weaknesses(records: dict[str, WeaknessRecord], source: str) -> Counts:
    parameters = {"source": source, "authority": json.dumps(AUTHORITY)}
    sql.run("weaknesses/store_weaknesses_prepare")
    _copy(
        "incoming_weakness (cve, title, description, severity, cvss, cvss_vector, cwes, refs, rejected, published_at, modified_at,"
        " states_ranges, exploitation, automatable, technical_impact, digest, is_bare)",
        (_weakness_row(record) for record in records.values()),
    )
    _remember_names(records.values())
    stated = [row["cve"] for row in sql.rows("weaknesses/store_weaknesses_drop_known", parameters)]
    if not stated:
        return Counts(unchanged=len(records))
    _copy("incoming_range", (row for cve in stated for row in _range_rows(records[cve])))
    new = sql.run("weaknesses/store_weaknesses", parameters)[0]
    (touched,) = sql.rows("weaknesses/store_ranges", parameters)
    matching.forget(touched["product_ids"], weakness_ids=touched["weakness_ids"])
    rejected, restored = _verdicts()
    matching.forget_weaknesses(rejected + restored)
    removed = len(rejected)
    return Counts(new=new, changed=len(stated) - new - removed, unchanged=len(records) - len(stated), removed=removed)


def _remember_names(records: Iterable[WeaknessRecord]) -> None:
    """Ids that were given up lead to what they became. One statement."""
    given_up = [WeaknessAlias(alias=record.cve, cve=record.given_up_for) for record in records if record.given_up_for]
    WeaknessAlias.objects.bulk_create(given_up, update_conflicts=True, unique_fields=["alias"], update_fields=["cve"])


def _verdicts() -> tuple[list[int], list[int]]:
    """Ids of the weaknesses of this batch that were known and are rejected from now on, and of those that no longer are."""
    flipped = sql.rows("weaknesses/store_weaknesses_flipped")
    return [row["id"] for row in flipped if row["rejected"]], [row["id"] for row in flipped if not row["rejected"]]


def _weakness_row(record: WeaknessRecord) -> tuple[Any, ...]:
    return (
        record.cve,
        record.title,
        record.description,
        record.severity,
        record.cvss,
        record.cvss_vector,
        list(record.cwes),
        list(record.references),
        record.rejected,
        record.published_at,
        record.modified_at,
        record.ranges is not None or record.rejected,
        record.exploitation,
        record.automatable,
        record.technical_impact,
        hashlib.md5(repr(record).encode("utf-8", "replace"), usedforsecurity=False).hexdigest(),
        record.ranges == () and not _says_more(record),
    )


def _says_more(record: WeaknessRecord) -> bool:
    """Whether a record says anything about the weakness beside affected versions."""
    return any((record.title, record.description, record.references, record.severity, record.cvss, record.exploitation))


def _range_rows(record: WeaknessRecord) -> Iterator[tuple[Any, ...]]:
    known: set[str] = set()
    for entry in () if record.rejected else record.ranges or ():
        mark = fingerprint(entry)
        if mark in known:
            continue
        known.add(mark)
        keys = range_keys(entry)
        yield (
            record.cve,
            entry.product,
            mark,
            list(entry.platforms),
            entry.start,
            keys.start,
            entry.start_included,
            entry.end,
            keys.end,
            entry.end_included,
            entry.fixed,
            keys.fixed,
            json.dumps(dict(entry.qualifiers)),
            list(entry.requires),
        )


def fingerprint(entry: RangeRecord) -> str:
    """MD5 over everything a range says: two ranges with the same one are the same."""
    said = (
        *(entry.product, entry.start, entry.start_included, entry.end, entry.end_included, entry.fixed),
        *(entry.platforms, entry.qualifiers, entry.requires),
    )
    return hashlib.md5(repr(said).encode(), usedforsecurity=False).hexdigest()


def store_epss(records: Iterable[EpssRecord], *, day: dt.date, complete: bool = False) -> Counts:
    """Store a day's scores. `complete`: the list names every CVE that has one."""
    with transaction.atomic():
        _prepare('incoming_score (cve text COLLATE "C", score double precision, percentile double precision)')
        read = _copy("incoming_score", ((record.cve, record.score, record.percentile) for record in records))
        if complete:
            _refuse_shrunk("SELECT count(*) FROM weaknesses_epssscore", (), read)
        _, changed, removed, new, *_ = sql.run("weaknesses/store_scores", {"day": day, "complete": complete, "kept": EPSS_DAYS})
    return Counts(new=new, changed=changed, unchanged=max(0, read - new - changed), removed=removed)


def store_evidence(
    records: Iterable[EvidenceRecord], source: str, *, now: dt.datetime, complete: bool = False, replaces: Sequence[int] = ()
) -> Counts:
    """Store where a source records exploits. `complete`: what the list lacks is gone, and counts for 14 days more.

    `replaces`: levels of starter evidence that a complete list makes superfluous. Raises ListingShrank.
    """
    chosen: dict[tuple[str, str], EvidenceRecord] = {}
    for record in records:
        known = chosen.get((record.cve, record.reference))
        if known is None or record.level >= known.level:
            chosen[record.cve, record.reference] = record
    with transaction.atomic():
        _prepare(
            'incoming_evidence (cve text COLLATE "C", reference text, level smallint, title text, url text, day date, ransomware boolean,'
            " due date, action text)"
        )
        read = _copy("incoming_evidence", (astuple(record) for record in chosen.values()))
        if complete:
            _refuse_shrunk("SELECT count(*) FROM weaknesses_exploitevidence WHERE source = %s AND gone_at IS NULL", (source,), read)
        parameters = {"source": source, "now": now, "complete": complete, "replaces": list(replaces)}
        _, changed, removed, _dropped, new = sql.run("weaknesses/store_evidence", parameters)
    return Counts(new=new, changed=changed, unchanged=read - new - changed, removed=removed)


def store_threats(records: Iterable[ThreatRecord], source: str, *, complete: bool = False) -> Counts:
    """Store who a source says uses which weakness, and how. `complete`: what the list lacks is removed. Raises ListingShrank."""
    chosen = {(record.cve, record.reference): record for record in records}
    with transaction.atomic():
        _prepare(
            'incoming_threat (cve text COLLATE "C", reference text, kind text, name text, summary text, url text, techniques text[],'
            " first_seen date, last_seen date)"
        )
        rows = (
            (r.cve, r.reference, r.kind, r.name, r.summary, r.url, list(r.techniques), r.first_seen, r.last_seen) for r in chosen.values()
        )
        read = _copy("incoming_threat", rows)
        if complete:
            _refuse_shrunk("SELECT count(*) FROM weaknesses_threatinsight WHERE source = %s", (source,), read)
        _, changed, removed, new = sql.run("weaknesses/store_threats", {"source": source, "complete": complete})
    return Counts(new=new, changed=changed, unchanged=max(0, read - new - changed), removed=removed)


def store_cycles(records: Iterable[CycleRecord], source: str, *, complete: bool = False) -> Counts:
    """Store release lines and when their support ends. `complete`: what the list lacks is removed. Raises ListingShrank."""
    chosen = {(record.slug, record.cycle): record for record in records}
    with transaction.atomic():
        _prepare("incoming_cycle (slug text, cycle text, product_keys text[], released_on date, ended boolean, ends_on date, latest text)")
        rows = ((r.slug, r.cycle, list(r.product_keys), r.released_on, r.ended, r.ends_on, r.latest) for r in chosen.values())
        read = _copy("incoming_cycle", rows)
        if complete:
            _refuse_shrunk("SELECT count(*) FROM weaknesses_supportcycle WHERE source = %s", (source,), read)
        _, changed, removed, _dropped, new = sql.run("weaknesses/store_cycles", {"source": source, "complete": complete})
    return Counts(new=new, changed=changed, unchanged=max(0, read - new - changed), removed=removed)


def store_updates(records: Iterable[UpdateRecord], source: str) -> Counts:
    """Store a vendor's updates by product and KB. What a later document says of a KB replaces what an earlier one said."""
    chosen = {(record.product, record.kb): record for record in records}
    if not chosen:
        return Counts()
    with transaction.atomic():
        _prepare(
            'incoming_update (product text COLLATE "C", kb text, title text, fixed text, fixed_key text, released_on date, url text,'
            " cves text[], supersedes text[])"
        )
        rows = (
            (r.product, r.kb, r.title, r.fixed, sort_key("cpe", r.fixed), r.released_on, r.url, list(r.cves), list(r.supersedes))
            for r in chosen.values()
        )
        read = _copy("incoming_update", rows)
        _, _products, changed, new = sql.run("weaknesses/store_updates", {"source": source})
    return Counts(new=new, changed=changed, unchanged=read - new - changed)


def apply_intelligence(now: dt.datetime) -> list[IntelligenceChange]:
    """Bring EPSS, exploit level, exploitation and ransomware of every weakness up to date; only changed rows are written.

    Returns what changed for weaknesses that moved on the exploit ladder (old and new level differ, exploited or
    ransomware flipped) and for those present in the inventory (their score alone may have changed).
    """
    with transaction.atomic():
        return [IntelligenceChange(**row) for row in sql.rows("weaknesses/apply_intelligence", {"now": now})]


def refresh_statistics() -> None:
    """Let PostgreSQL look at the tables anew after a large load, which the next matching would otherwise be planned without."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE weaknesses_weakness, weaknesses_affectedrange, weaknesses_product, weaknesses_statement")


def _prepare(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table.split(' ', 1)[0]}")
        cursor.execute(f"CREATE TEMP TABLE {table} ON COMMIT DROP")


def _copy(table: str, rows: Iterable[Sequence[Any]]) -> int:
    """COPY rows into a temporary table, as they come; returns how many."""
    count = 0
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def _refuse_shrunk(question: str, parameters: Sequence[Any], read: int) -> None:
    """A list that lost more than half of its entries since the last time is taken for broken."""
    with connection.cursor() as cursor:
        cursor.execute(question, parameters)
        known = int(cursor.fetchone()[0])
    if known >= _SUSPICIOUS_FROM and read * 2 < known:
        raise ListingShrank(f"The list names {read:,} entries where {known:,} are known. It was taken for broken and nothing was changed.")
