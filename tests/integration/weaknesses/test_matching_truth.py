"""Agreement with reference matchers on real feeds and real inventories (where TVM_DATA points to them)."""

from __future__ import annotations

import gzip
import json
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from inventory.models import Software, Version
from inventory.versions import sort_key
from tests.integration.weaknesses.world import NOW
from weaknesses import bulk
from weaknesses.actions import match_versions
from weaknesses.cpe import parse_name, ranges_from_configurations
from weaknesses.measuring import running
from weaknesses.models import Product, SoftwareProduct, VersionWeakness
from weaknesses.records import WeaknessRecord
from weaknesses.rules import platform_of

DATA = Path(os.environ.get("TVM_DATA", "/nonexistent"))
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.feeds,
    pytest.mark.skipif(not DATA.is_dir(), reason="TVM_DATA does not point to the public vulnerability data"),
]
NVD_FILES = ("products-2009-2014", "2016", "modified-20241025", "2026", "modified")
PLATFORMS = ("windows", "macos", "debian-12")


@dataclass(frozen=True)
class Agreement:
    expected: int
    found: int
    wrong: int

    @property
    def recall(self) -> float:
        return self.found / self.expected

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.wrong)


def compare(expected: dict[object, set[str]], tolerated: dict[object, set[str]], got: dict[object, set[str]]) -> Agreement:
    """Counts over all keys. Tolerated matches are neither asked for nor wrong."""
    keys = expected.keys() | got.keys()
    return Agreement(
        expected=sum(len(names) for names in expected.values()),
        found=sum(len(expected.get(key, set()) & got.get(key, set())) for key in keys),
        wrong=sum(len(got.get(key, set()) - expected.get(key, set()) - tolerated.get(key, set())) for key in keys),
    )


def newest_records() -> dict[str, dict[str, Any]]:
    newest: dict[str, dict[str, Any]] = {}
    for name in NVD_FILES:
        with gzip.open(DATA / "nvd" / f"nvdcve-2.0-{name}.json.gz") as stream:
            for entry in json.load(stream)["vulnerabilities"]:
                cve = entry["cve"]
                known = newest.get(cve["id"])
                if known is None or cve["lastModified"] > known["lastModified"]:
                    newest[cve["id"]] = cve
    return newest


def nvd_records(products: set[str]) -> Iterator[WeaknessRecord]:
    for cve in newest_records().values():
        ranges = tuple(r for r in ranges_from_configurations(cve.get("configurations", ())) if r.product in products)
        if ranges:
            yield WeaknessRecord(cve=cve["id"], rejected=cve["vulnStatus"] == "Rejected", ranges=ranges)


def runs_on(alternatives: list[list[str]], platform: str) -> bool:
    """Whether a machine of the platform satisfies the "running on" nodes of the truth."""
    family = "linux" if platform.startswith("debian") else platform
    return all(any(platform_of(n.vendor, n.product, n.version) == family for n in map(parse_name, names)) for names in alternatives)


def add_cases(cases: list[dict[str, Any]]) -> dict[tuple[str, str, str], int]:
    """A version of every case on every platform, linked to its product. Returns (product, version, platform) -> id."""
    ids = {}
    for key in sorted({f"cpe:{case['cpe_part']}:{case['vendor_product']}" for case in cases}):
        software = Software.objects.create(key=key.replace(":", "-_-"), ecosystem="cpe", name=key, first_seen=NOW)
        SoftwareProduct.objects.create(software=software, product=Product.objects.get_or_create(key=key)[0], origin="curator")
        texts = {case["version"] for case in cases if f"cpe:{case['cpe_part']}:{case['vendor_product']}" == key}
        rows = [
            Version(software=software, version=text, platform=platform, sort_key=sort_key("cpe", text), first_seen=NOW)
            for text in sorted(texts)
            for platform in PLATFORMS
        ]
        for row in Version.objects.bulk_create(rows):
            ids[key, row.version, row.platform] = row.pk
    return ids


def matches() -> dict[object, set[str]]:
    found: dict[object, set[str]] = defaultdict(set)
    for version_id, cve in VersionWeakness.objects.values_list("version_id", "weakness__cve"):
        found[version_id].add(cve)
    return found


def test_ranges_of_nvd_agree_with_the_reference_matcher() -> None:
    with gzip.open(DATA / "ground-truth" / "nvd-cpe-cases.json.gz") as stream:
        cases = json.load(stream)
    products = {f"cpe:{case['cpe_part']}:{case['vendor_product']}" for case in cases}
    bulk.store_weaknesses(nvd_records(products), "nvd")
    ids = add_cases(cases)
    match_versions(now=NOW)
    expected: dict[object, set[str]] = defaultdict(set)
    tolerated: dict[object, set[str]] = defaultdict(set)
    for case in cases:
        for platform in PLATFORMS:
            version = ids[f"cpe:{case['cpe_part']}:{case['vendor_product']}", case["version"], platform]
            tolerated[version] |= set(case["ambiguous"])
            for entry in case["expected"]:
                proven = not entry["qualifiers"] and runs_on(entry["platform_any_of"], platform)
                (expected if proven else tolerated)[version].add(entry["cve"])
    agreement = compare(expected, tolerated, matches())
    assert agreement.expected > 60_000
    assert agreement.recall >= 0.99
    assert agreement.precision >= 0.99


REACHED = {"debian": 0.99, "oval-hosts": 0.99, "trivy": 0.97}


@pytest.mark.parametrize("kind", REACHED)
def test_precision_and_recall_of_every_set_of_a_kind(kind: str) -> None:
    """The code of `manage.py measure_matching`, with the goals."""
    said: list[str] = []
    chosen = [found for found in running.cases(DATA, say=said.append) if found.truth.kind == kind]
    outcomes = list(running.measure(DATA, chosen, now=NOW, say=said.append))
    assert [outcome.set for outcome in outcomes] == [found.case.name for found in chosen]
    assert outcomes, said
    for outcome in outcomes:
        assert outcome.expected > 0, outcome.set
        assert outcome.precision >= REACHED[kind], outcome.wrongs
        assert outcome.recall >= REACHED[kind], outcome.misses
        assert not (kind == "debian" and outcome.notes), outcome.notes  # a fixed version that is not the advisory's
