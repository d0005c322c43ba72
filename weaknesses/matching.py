"""Set-based matching: versions against affected ranges, links of software to products, end of support.

Everything here is SQL over sets; `docs/algorithms/matching.md` explains the rules. Callers hold the transaction:
the temporary tables of a batch live as long as it does.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from core import sql
from inventory.rules import EXTENSION_COLLECTORS
from weaknesses import rules, upstream

PACKAGE_ECOSYSTEMS: Final = ["deb", "rpm", "apk", "pypi", "npm", "maven", "composer", "golang", "gem", "nuget", "cargo"]
BATCH: Final = 25_000  # versions per transaction: a crash loses at most one batch, and a batch fits in memory
ANALYZE_FROM: Final = 1_000  # changed versions; the planner takes a table that just grew for an empty one
_PACKAGE_SOURCES: Final = Path(__file__).resolve().parent / "data" / "package_sources.tsv"
FIX_ROUNDS: Final = 50  # each round climbs to the highest fix that is in the way; real products need three or four


@dataclass(frozen=True, slots=True)
class MatchOutcome:
    """What a match changed. `touched_version_ids`: versions that gained, lost or changed a weakness; `gained` and `lost`: how many
    matches there are more or fewer, counted where a curator asked for it.
    """

    versions: int = 0
    touched_version_ids: tuple[int, ...] = field(default=())
    gained: int = 0
    lost: int = 0


def forget(product_ids: Collection[int], *, weakness_ids: Collection[int] = ()) -> int:
    """Link these products, and send every version of their software back to matching. Returns how many versions wait anew.

    Call it after ranges of products changed, with the weaknesses of these ranges, or after new products appeared.
    """
    if not product_ids:
        return 0
    ids = list(product_ids)
    link_software(product_ids=ids)
    parameters = {"product_ids": ids, "weakness_ids": list(weakness_ids), "stand_ins": list(rules.STAND_INS)}
    return sql.run("weaknesses/forget_products", parameters)[0]


def forget_weaknesses(weakness_ids: Collection[int]) -> int:
    """Send back to matching every version that these weaknesses may concern: they were rejected, or no longer are."""
    return sql.run("weaknesses/forget_weaknesses", {"weakness_ids": list(weakness_ids)})[0] if weakness_ids else 0


def forget_all() -> int:
    """Send every version back to matching. Returns how many wait anew."""
    return sql.run("weaknesses/forget_matched")[0]


def link_software(*, software_ids: Sequence[int] | None = None, product_ids: Sequence[int] | None = None, wait: bool = True) -> int | None:
    """Bring the links between software and products up to date; versions with changed links wait to be matched. Returns how many.

    Without `wait` None, and nothing is done, where a feed is being stored or versions are being matched.
    """
    with transaction.atomic():
        if not keep_out(others=True, wait=wait):
            return None
        return sql.run(
            "weaknesses/link_software",
            {
                "software_ids": None if software_ids is None else list(software_ids),
                "product_ids": None if product_ids is None else list(product_ids),
                "package_ecosystems": PACKAGE_ECOSYSTEMS,
                "windows_releases": list(rules.WINDOWS_BUILDS),
                **_package_sources(),
            },
        )[-1]


@lru_cache(maxsize=1)
def _package_sources() -> dict[str, list[str]]:
    """Which source package a well-known binary package is from, for reports that name the binary alone.

    Of the binary's name `*` stands for a number; of the source's `#` for the binary's first number (python3.11-minimal: 3.11).
    """
    with _PACKAGE_SOURCES.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file, delimiter="\t"))
    return {f"known_{column}s": [line[column] for line in lines] for column in ("ecosystem", "package", "source")}


def keep_out(*, others: bool = False, wait: bool = True) -> bool:
    """Until the caller's transaction ends, no feed changes what versions are matched with, and no link; whether that is so.

    Without it a version that is being matched would be stamped as matched with ranges that arrive meanwhile, and never meet them.
    `others`: nothing is matched meanwhile either, for callers that change links themselves. `wait`: for those under way; call it
    before anything else is locked.
    """
    return bool(sql.rows("weaknesses/keep_out", {"others": others, "wait": wait})[0]["kept"])


def waiting(*, limit: int = BATCH) -> list[int]:
    """Lock the next versions that wait to be matched. Versions another worker holds are passed over."""
    return [row["id"] for row in sql.rows("weaknesses/lock_waiting_versions", {"limit": limit})]


def held() -> list[int]:
    """Lock what other workers leave unmatched of the versions they hold. Waits until they let go."""
    return [row["id"] for row in sql.rows("weaknesses/lock_held_versions")]


def take(version_ids: Sequence[int]) -> None:
    """Lock these versions, whether they wait or not. Waits for other workers that match them."""
    sql.run("weaknesses/lock_versions", {"version_ids": list(version_ids)})


def match(version_ids: Sequence[int], *, now: dt.datetime) -> list[int]:
    """Match these versions, in the caller's transaction. Returns the versions whose matches changed."""
    sql.run("weaknesses/prepare_matching", _editions())
    sql.run("weaknesses/want_versions", {"version_ids": list(version_ids)})
    _find_candidates()
    sql.run("weaknesses/add_overridden")
    changed = [row["version_id"] for row in sql.rows("weaknesses/merge_matches", {"now": now})]
    if len(changed) >= ANALYZE_FROM:
        sql.run("weaknesses/analyze_matches")
    return changed


def fix_targets(*, software_ids: Sequence[int] | None = None) -> list[dict[str, Any]]:
    """Rows of software_id, platform, version, key, exact: see `queries.fix_targets`. In a transaction of its own."""
    with transaction.atomic():
        sql.run("weaknesses/prepare_matching", _editions())
        sql.run("weaknesses/start_fix_targets", {"software_ids": None if software_ids is None else list(software_ids)})
        for _ in range(FIX_ROUNDS):
            _find_candidates()
            if not sql.rows("weaknesses/raise_fix_targets"):
                break
        return sql.rows("weaknesses/read_fix_targets")


def apply_support_cycles(*, now: dt.datetime) -> tuple[int, int]:
    """Write the end of support of versions and what it means for their software. Returns how many of each changed."""
    parameters = {
        "today": now.date(),
        "soon": now.date() + rules.SUPPORT_ENDS_SOON,
        "long_ago": rules.ENDED_ON_UNKNOWN_DAY,
        "os_software": [software for software, _ in rules.OS_CYCLES],
        "os_slugs": [slug for _, slug in rules.OS_CYCLES],
    }
    with transaction.atomic():
        *_, versions, software = sql.run("weaknesses/apply_support_cycles", parameters)
    return versions, software


def explain(*, version_id: int, weakness_id: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """How one version is compared (rows of `probe`, one for each scheme, its own first; none: no such version), and every range of
    the weakness for its software's products, the ones that hold it first. In a transaction of its own; writes nothing that stays.
    """
    with transaction.atomic():
        sql.run("weaknesses/prepare_matching", _editions())
        sql.run("weaknesses/want_versions", {"version_ids": [version_id]})
        _find_candidates(weakness_id=weakness_id)
        probes = sql.rows("weaknesses/read_probe")
        ranges = sql.rows("weaknesses/explain_ranges", {"weakness_id": weakness_id, **_ranks()})
    return probes, ranges


def _find_candidates(*, weakness_id: int | None = None) -> None:
    """Fill `candidate` with every range (of one weakness) that holds a row of `wanted`."""
    hosts = [(kind, target) for kind, targets in rules.HOST_TARGETS.items() for target in targets]
    sql.run(
        "weaknesses/fill_probe",
        {
            "package_ecosystems": PACKAGE_ECOSYSTEMS,
            "host_kinds": [kind for kind, _ in hosts],
            "host_targets": [target for _, target in hosts],
            "extension_collectors": sorted(EXTENSION_COLLECTORS),
        },
    )
    of_packages = upstream.add_probes()
    sql.run(
        "weaknesses/find_candidates",
        {
            "source_confidence": json.dumps(rules.SOURCE_CONFIDENCE),
            "other_confidence": rules.OTHER_SOURCE_CONFIDENCE,
            "assumed_hardware": sorted(rules.ASSUMED_HARDWARE),
            **_ranks(),
            "qualifier_doubt": rules.QUALIFIER_DOUBT,
            "unbounded_doubt": rules.UNBOUNDED_DOUBT,
            "weakness_id": weakness_id,
        },
    )
    if of_packages:
        upstream.order_fixes()


def _ranks() -> dict[str, Any]:
    return {"ranks": json.dumps(rules.STAND_INS), "single_products": list(rules.OF_SINGLE_PRODUCTS)}


def _editions() -> dict[str, Any]:
    return {
        "edition_products": [edition.product for edition in rules.EDITIONS],
        "edition_qualifiers": [edition.qualifier for edition in rules.EDITIONS],
        "edition_values": [edition.value for edition in rules.EDITIONS],
        "edition_versions": [edition.version for edition in rules.EDITIONS],
        "extension_collectors": sorted(EXTENSION_COLLECTORS),
    }
