"""The schedule of a soak, and what it makes of logs."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from tests.soak.faults import FAULTS, schedule
from tests.soak.logs import sorted_out

LOG = """\
2026-11-26 09:27:01,362 ERROR celery.app.trace [993bf001] Task raised unexpected
Traceback (most recent call last):
  File "worker.py", line 1, in run
psycopg.errors.AdminShutdown: terminating connection due to administrator command

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "worker.py", line 2, in run
django.db.utils.OperationalError: terminating connection due to administrator command
Traceback (most recent call last):
  File "pages.py", line 3, in page
KeyError: 'score'
2026-11-26 09:27:04,018 ERROR celery.app.trace [993bf001] Task raised unexpected
Traceback (most recent call last):
  File "worker.py", line 4, in run
psycopg.errors.AdminShutdown: terminating connection due to administrator command
"""


def test_every_fault_comes_once_before_any_comes_again() -> None:
    course = list(schedule(seed=1, seconds=10 * 2 * len(FAULTS), first=5, pause=10))
    names = [name for _, name in course]
    assert set(names[: len(FAULTS)]) == set(FAULTS)
    assert all(before < after for (before, _), (after, _) in pairwise(course))
    assert course == list(schedule(seed=1, seconds=10 * 2 * len(FAULTS), first=5, pause=10))


def test_tracebacks_that_a_fault_explains_are_told_from_others_and_a_chain_counts_once(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "worker.log").write_text(LOG)
    explained, unexplained = sorted_out(tmp_path)
    assert dict(explained) == {"the database was away": 2}
    assert dict(unexplained) == {"worker: KeyError: 'score'": 1}
