"""Precision and recall on the public data's ground truth (where TVM_DATA points to it), by the code of `manage.py measure_matching`."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.weaknesses.world import NOW
from weaknesses import bulk
from weaknesses.cpe import ranges_from_configurations
from weaknesses.measuring import running
from weaknesses.measuring.running import Found
from weaknesses.records import WeaknessRecord

DATA = Path(os.environ.get("TVM_DATA", "/nonexistent"))
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.feeds,
    pytest.mark.skipif(not DATA.is_dir(), reason="TVM_DATA does not point to the public vulnerability data"),
]
NVD_FILES = ("products-2009-2014", "2016", "modified-20241025", "2026", "modified")
REACHED = {"debian": 0.99, "oval-hosts": 0.99, "trivy": 0.97}


def cases(kind: str) -> list[Found]:
    return [found for found in running.cases(DATA, say=print) if found.truth.kind == kind]


@pytest.mark.parametrize("kind", REACHED)
def test_precision_and_recall_of_every_set_of_a_kind(kind: str) -> None:
    chosen = cases(kind)
    outcomes = list(running.measure(DATA, chosen, now=NOW, say=print))
    assert [outcome.set for outcome in outcomes] == [found.case.name for found in chosen] != []
    for outcome in outcomes:
        assert outcome.expected > 0, outcome.set
        assert outcome.precision >= REACHED[kind], outcome.wrongs
        assert outcome.recall >= REACHED[kind], outcome.misses
        assert not (kind == "debian" and outcome.notes), outcome.notes  # a fixed version that is not the advisory's


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


def test_ranges_of_nvd_agree_with_the_reference_matcher() -> None:
    """With the ranges of the products in question only, as loading all of NVD takes minutes."""
    (found,) = cases("cpe_ranges")
    with gzip.open(found.case.files["cases"]) as stream:
        products = {f"cpe:{case['cpe_part']}:{case['vendor_product']}" for case in json.load(stream)}
    bulk.store_weaknesses(nvd_records(products), "nvd")
    (outcome,) = running.measured(found, now=NOW)
    assert outcome.expected > 60_000
    assert outcome.recall >= 0.99
    assert outcome.precision >= 0.99
