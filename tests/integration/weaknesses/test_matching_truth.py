"""Agreement with reference matchers on real feeds and real inventories (where TVM_DATA points to them)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.integration.weaknesses.world import NOW
from weaknesses.measuring import running

DATA = Path(os.environ.get("TVM_DATA", "/nonexistent"))
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.feeds,
    pytest.mark.skipif(not DATA.is_dir(), reason="TVM_DATA does not point to the public vulnerability data"),
]
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


OF_NAMES = {"cpe_ranges": 0.99, "reported_names": 0.95, "cpe_weaknesses": 0.95}
"""Sets that read NVD, together, as reading it takes minutes -> the recall to reach."""


@pytest.mark.timeout(1500)
def test_names_products_and_ranges_of_nvd() -> None:
    """Nothing that must not match may; ranges may differ in one of a hundred, where the reference matcher decides otherwise."""
    said: list[str] = []
    chosen = [found for found in running.cases(DATA, say=said.append) if found.truth.kind in OF_NAMES]
    outcomes = list(running.measure(DATA, chosen, now=NOW, say=said.append))
    assert {found.truth.kind for found in chosen} == OF_NAMES.keys()
    for outcome, kind in zip(outcomes, [found.truth.kind for found in chosen], strict=True):
        assert outcome.expected > 0, outcome.set
        assert outcome.recall >= OF_NAMES[kind], outcome.misses
        assert outcome.precision >= 0.99 if kind == "cpe_ranges" else not outcome.wrongs, outcome.wrongs
