"""Whatever an organisation goes through, the stored figures are those that a clean full run makes of the same data.

PROOF_EXAMPLES=500 goes through that many histories instead of a few.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.figures import faults
from tests.integration.recommendations.agreement import in_a_scratch_database
from tests.integration.tvm_portal.organisation import CHECKS, CVES, HOSTS, LINES, PRODUCTS, RELEASES, RULES, SETTINGS, TAGS, Organisation

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(0 if "PROOF_EXAMPLES" in os.environ else 300)]
EXAMPLES = int(os.environ.get("PROOF_EXAMPLES", "5"))
LONGEST = 30

hosts, cves, products = st.sampled_from(HOSTS), st.sampled_from(CVES), st.sampled_from(tuple(PRODUCTS))
numbers, picks = st.integers(0, 2), st.integers(0, 6)
installed = st.lists(st.tuples(products, st.sampled_from(RELEASES)), max_size=5, unique_by=lambda pair: pair[0])


# What once went wrong.
AN_OVERRIDE_BESIDE_OTHER_WEAKNESSES: list[tuple[Any, ...]] = [
    ("report", "pc-0", [("Editor", "1.0")]),
    ("report", "web-0", [("nginx", "1.0")]),
    ("publish", "CVE-2026-0001", "nginx", "2.0", True, 5.0),
    ("publish", "CVE-2026-0002", "Editor", "2.0", True, 5.0),
    ("full_run",),
    ("override", "not_affected", "CVE-2026-0002", "Editor", True),
]
A_FIX_THAT_A_FULL_RUN_MATCHES = [
    ("report", "web-0", [("nginx", "1.0")]),
    ("publish", "CVE-2026-0001", "nginx", "1.5", True, 5.0),
    ("full_run",),
    ("publish", "CVE-2026-0001", "nginx", "3.1", True, 5.0),
    ("full_run",),
]
A_WEAKNESS_FOUND_BETWEEN_FULL_RUNS_AND_LOST_IN_THE_NEXT = [
    ("report", "web-0", [("nginx", "1.0")]),
    ("full_run",),
    ("publish", "CVE-2026-0001", "nginx", "1.5", True, 5.0),
    ("refresh", 500),
    ("publish", "CVE-2026-0001", "openssl", "1.5", True, 5.0),
    ("full_run",),
]


def verb(name: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(st.just(name), *arguments)


REPORT = verb("report", hosts, installed)
PUBLISH = verb("publish", cves, products, st.sampled_from(RELEASES), st.booleans(), st.sampled_from((2.5, 5.0, 7.8, 9.8)))
STEPS = (
    REPORT,
    REPORT,
    verb("check", hosts, st.dictionaries(st.sampled_from(CHECKS), st.booleans())),
    verb("alert", hosts, numbers, st.sampled_from(("", *CVES)), st.booleans()),
    PUBLISH,
    PUBLISH,
    verb("reject", cves, st.booleans()),
    verb("epss", cves, st.integers(0, 100)),
    verb("exploit", cves, st.integers(0, 4)),
    verb("support", st.sampled_from(tuple(LINES)), st.sampled_from(("1", "2", "3")), st.sampled_from((-300, -1, 5, 900))),
    verb("value", hosts, numbers),
    verb("face", hosts, st.booleans()),
    verb("exclude", hosts, st.booleans()),
    verb("tag", hosts, st.sampled_from(TAGS), st.booleans()),
    verb("group", numbers, st.integers(0, len(RULES) - 1), st.integers(1, 3)),
    verb("rank", numbers, st.booleans()),
    verb("ungroup", numbers),
    verb("accept", picks, numbers, numbers, st.sampled_from((3, 60))),
    verb("accept_weakness", cves, st.sampled_from(("", *PRODUCTS)), numbers, numbers, st.sampled_from((3, 60))),
    verb("withdraw", picks),
    verb("end_exceptions"),
    verb("override", st.sampled_from(("affected", "not_affected")), cves, products, st.booleans()),
    verb("revoke", picks),
    verb("correct", cves, products),
    verb("undo_correction", picks),
    verb("settings", st.integers(0, len(SETTINGS) - 1)),
    verb("wait", st.sampled_from((1, 4, 31))),
    verb("refresh", st.sampled_from((1, 2, 500))),
    verb("full_run"),
    verb("snapshot"),
    verb("compare"),
)
beginnings = st.tuples(st.lists(REPORT, min_size=3, max_size=5), st.lists(PUBLISH, min_size=3, max_size=5), st.just([("full_run",)]))
histories = st.builds(
    lambda beginning, steps: [*(step for part in beginning for step in part), *steps],
    beginnings,
    st.lists(st.one_of(STEPS), min_size=8, max_size=LONGEST),
)


def compare(organisation: Organisation) -> None:
    """Everything that waits is worked off first, and what waits for a full run by such a run."""
    organisation.catch_up()
    if organisation.behind:
        organisation.full_run()
    found = faults(now=organisation.now)
    assert not found, "\n".join(found)


def live(history: Sequence[tuple[Any, ...]]) -> None:
    organisation = Organisation()
    for name, *arguments in history:
        if name == "compare":
            compare(organisation)
        else:
            organisation.do(name, *arguments)
    compare(organisation)
    organisation.full_run()
    compare(organisation)


@settings(
    max_examples=EXAMPLES,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if "PROOF_SHRINK" in os.environ else [])],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(history=histories)
@example(history=AN_OVERRIDE_BESIDE_OTHER_WEAKNESSES)
@example(history=A_FIX_THAT_A_FULL_RUN_MATCHES)
@example(history=A_WEAKNESS_FOUND_BETWEEN_FULL_RUNS_AND_LOST_IN_THE_NEXT)
def test_the_figures_are_those_of_a_clean_full_run(history: list[tuple[Any, ...]]) -> None:
    in_a_scratch_database(lambda: live(history))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE recommendations_recommendationstat SET impact = impact + 1e-8", "recommendations_recommendationstat"),
        ("DELETE FROM recommendations_weaknessstat", "recommendations_weaknessstat"),
        ("UPDATE inventory_software SET exposed_count = 9", "inventory_software"),
        ("UPDATE recommendations_scorechange SET exposure = exposure + 1e-8", "causes by run"),
    ],
)
def test_the_comparison_tells_of_a_figure_that_is_off(change: str, told: str) -> None:
    organisation = Organisation()
    for name, *arguments in AN_OVERRIDE_BESIDE_OTHER_WEAKNESSES[:-1]:
        organisation.do(name, *arguments)
    assert faults(now=organisation.now) == []
    with connection.cursor() as cursor:
        cursor.execute(change)
    assert {line.split(":")[0] for line in faults(now=organisation.now)} == {told}
