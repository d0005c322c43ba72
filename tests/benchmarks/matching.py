"""Matching versions with ranges, against the floor of one join that only counts the same pairs.

At scale N (machines): N/2 distinct versions of N/10 products, 60 ranges each, which is what a full NVD has for the
products that organisations install. Everything happens in one transaction that is rolled back.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from django.db import connection, transaction

from inventory.versions import sort_key
from tests.benchmarks import Row
from weaknesses.actions import match_versions
from weaknesses.queries import fix_targets

NOW = dt.datetime(2026, 3, 16, tzinfo=dt.UTC)
RANGES_PER_PRODUCT = 60
VERSIONS_PER_PRODUCT = 5
Result = TypeVar("Result")
GOAL = 40.0  # platforms, qualifiers, sources, overrides and writing with indexes are the work; the floor only compares
_FLOOR = """
SELECT count(*)
FROM inventory_version v
JOIN weaknesses_softwareproduct link ON link.software_id = v.software_id
JOIN weaknesses_affectedrange r ON r.product_id = link.product_id
WHERE v.matched_at IS NULL AND v.sort_key >= r.start_key AND v.sort_key < r.end_key
"""


def run(scale: int) -> list[Row]:
    with transaction.atomic():
        build(products=max(10, scale // 10))
        floor, pairs = _timed(_count)
        first, outcome = _timed(lambda: match_versions(now=NOW))
        again, _ = _timed(lambda: match_versions(now=NOW, version_ids=outcome.touched_version_ids))
        targets, _ = _timed(fix_targets)
        transaction.set_rollback(True)
    name = f"{outcome.versions:,} versions, {pairs:,} matches"
    return [
        Row(f"match, first time: {name}", scale, first, "s", floor, first / floor, GOAL),
        Row("match again, nothing changed", scale, again, "s", floor, again / floor, GOAL),
        Row("the version to go to, all software", scale, targets, "s", floor, targets / floor, GOAL),
    ]


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def _count() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")  # as a batch, which reads temporary tables
        cursor.execute(_FLOOR)
        return int(cursor.fetchone()[0])


def build(*, products: int, seed: int = 7) -> None:
    """Products with their software, versions, weaknesses and ranges, by COPY."""
    chance = random.Random(seed)
    base = 1_000_000_000
    ids = range(base, base + products)
    _copy(
        "inventory_software",
        "id, key, ecosystem, name, vendor, category, support, installed_count, exposed_count, version_count, weakness_count, first_seen",
        ((i, f"bench-_-{i}", "cpe", str(i), "bench", "", 0, 0, 0, 0, 0, NOW) for i in ids),
    )
    _copy("weaknesses_product", "id, key", ((i, f"cpe:a:bench:{i}") for i in ids))
    _copy("weaknesses_softwareproduct", "software_id, product_id, origin, confidence", ((i, i, "curator", 100) for i in ids))
    _copy(
        "inventory_version",
        "software_id, version, platform, sort_key, first_seen",
        ((i, text, "windows", sort_key("cpe", text), NOW) for i in ids for text in _versions(chance)),
    )
    weaknesses = products * 10
    _copy(
        "weaknesses_weakness",
        'id, cve, title, description, severity, cvss_vector, cwes, "references", epss, epss_percentile, exploit,'
        " exploited, ransomware, rejected, source, exposed_count",
        ((base + i, f"CVE-0000-{i:08d}", "", "", 3, "", [], [], 0.0, 0.0, 0, False, False, False, "nvd", 0) for i in range(weaknesses)),
    )
    _copy(
        "weaknesses_affectedrange",
        'weakness_id, product_id, source, fingerprint, platforms, start, start_key, start_included, "end", end_key,'
        " end_included, fixed, fixed_key, qualifiers, requires",
        (row for i in ids for row in _ranges(i, base, weaknesses, chance)),
    )
    with connection.cursor() as cursor:
        for table in (
            "inventory_version",
            "weaknesses_affectedrange",
            "weaknesses_softwareproduct",
            "weaknesses_product",
            "weaknesses_weakness",
        ):
            cursor.execute(f"ANALYZE {table}")


def _versions(chance: random.Random) -> Iterable[str]:
    return {f"{chance.randint(1, 40)}.{chance.randint(0, 20)}.{chance.randint(0, 9999)}" for _ in range(VERSIONS_PER_PRODUCT)}


def _ranges(product: int, base: int, weaknesses: int, chance: random.Random) -> Iterator[tuple[object, ...]]:
    for weakness in chance.sample(range(weaknesses), RANGES_PER_PRODUCT):
        major = chance.randint(1, 40)
        start, end = f"{max(1, major - 4)}.0", f"{major}.{chance.randint(0, 20)}.{chance.randint(0, 9999)}"
        low, high = sort_key("cpe", start), sort_key("cpe", end)
        fingerprint = f"{product}-{weakness}"
        yield base + weakness, product, "nvd", fingerprint, [], start, low, True, end, high, False, end, high, "{}", []


def _copy(table: str, columns: str, rows: Iterable[tuple[object, ...]]) -> None:
    remaining = iter(rows)
    with connection.cursor() as cursor:
        while batch := list(islice(remaining, 50_000)):
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in batch:
                    copy.write_row(row)
