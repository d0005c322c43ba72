"""Versions of NVD's products and the CVEs whose ranges hold them, on every kind of machine.

A JSON list of `{"cpe_part", "vendor_product", "version", "expected": [{"cve", "qualifiers", "platform_any_of"}], "ambiguous": [cve]}`.
The ranges are what is measured, so each software is its product. A CVE is asked for where the range has no qualifiers and the
machine satisfies what it runs on; elsewhere, and where the truth calls it ambiguous, it is allowed.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from inventory.models import Software, Version
from inventory.versions import sort_key
from weaknesses import actions, bulk
from weaknesses.cpe import parse_name
from weaknesses.feeds import reading
from weaknesses.measuring import texts
from weaknesses.measuring.frame import Case, Outcome, TruthSet, compared
from weaknesses.models import Product, SoftwareProduct, VersionWeakness
from weaknesses.rules import platform_of

_PLATFORMS = ("windows", "macos", "debian-12")
_Found = Mapping[str, set[str]]


def find(files: Sequence[Path]) -> Iterator[Case]:
    for path in files:
        head = reading.head(path, 2_000) if ".json" in path.name else b""
        if b'"vendor_product"' in head and b'"expected"' in head:
            yield Case(texts.stem(path), {"cases": path})


def measure(case: Case, now: dt.datetime) -> Iterator[Outcome]:
    rows = texts.document(case.files["cases"])
    versions = _add_versions(rows, now)
    bulk.refresh_statistics()
    actions.match_versions(now=now, version_ids=sorted(versions))
    expected: dict[str, set[str]] = defaultdict(set)
    tolerated: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        for platform in _PLATFORMS:
            subject = _subject(_key(row), row["version"], platform)
            tolerated[subject] |= set(row["ambiguous"])
            for entry in row["expected"]:
                proven = not entry["qualifiers"] and _runs_on(entry["platform_any_of"], platform)
                (expected if proven else tolerated)[subject].add(entry["cve"])
    yield compared(case.name, expected=expected, got=_matches(versions), tolerated=tolerated)


def _key(row: Mapping[str, Any]) -> str:
    return f"cpe:{row['cpe_part']}:{row['vendor_product']}"


def _subject(product: str, version: str, platform: str) -> str:
    return f"{product} {version} on {platform}"


def _add_versions(rows: Sequence[Mapping[str, Any]], now: dt.datetime) -> dict[int, str]:
    """A version of every case on every platform, linked to its product as a curator links. Version id -> subject."""
    texts_of: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        texts_of[_key(row)].add(row["version"])
    subjects = {}
    for key, versions in sorted(texts_of.items()):
        software = Software.objects.create(key=key.replace(":", "-_-"), ecosystem="cpe", name=key, first_seen=now)
        product, _ = Product.objects.get_or_create(key=key)
        SoftwareProduct.objects.create(software=software, product=product, origin=SoftwareProduct.Origin.CURATOR)
        stored = Version.objects.bulk_create(
            Version(software=software, version=text, platform=platform, sort_key=sort_key("cpe", text), first_seen=now)
            for text in sorted(versions)
            for platform in _PLATFORMS
        )
        subjects.update({row.pk: _subject(key, row.version, row.platform) for row in stored})
    return subjects


def _runs_on(alternatives: Sequence[Sequence[str]], platform: str) -> bool:
    """Whether a machine of the platform satisfies the "running on" nodes of the truth."""
    family = "linux" if platform.startswith("debian") else platform
    return all(any(platform_of(n.vendor, n.product, n.version) == family for n in map(parse_name, names)) for names in alternatives)


def _matches(versions: Mapping[int, str]) -> _Found:
    found: dict[str, set[str]] = defaultdict(set)
    rows = VersionWeakness.objects.filter(version_id__in=list(versions))
    for version_id, cve in rows.values_list("version_id", "weakness__cve"):
        found[versions[version_id]].add(cve)
    return found


SET = TruthSet(
    kind="cpe_ranges",
    about="versions of NVD's products against a reference matcher of NVD's ranges",
    find=find,
    measure=measure,
    feeds=("nvd",),
)
