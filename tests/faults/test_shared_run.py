"""A full run shared by two workers over a real broker, and one of them killed in the middle of a slice."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.test_crashes import ROOT, STATE, Site, _wait_until, folder, kill, undisturbed

__all__ = ["folder", "undisturbed"]
pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]
TASKS = "from tvm_portal import tasks; tasks.{}.delay()"
SLICE_AT_WORK = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' AND granted"


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name, text in {"INSTALLATION_PARTITIONS": "6", "FAN_OUT_MACHINES": "1", "FAN_OUT_LEASE_SECONDS": "2"}.items():
        monkeypatch.setenv(name, text)
    made = Site(tmp_path / "site")
    yield made
    made.close()


def test_two_workers_share_a_run(shared: Site, folder: Path, undisturbed: list[Any], tmp_path: Path) -> None:
    assert shared.manage("ingest", "--no-recompute", str(folder)).wait() == 0
    logs = [tmp_path / f"worker-{number}.log" for number in range(2)]
    for log in logs:
        _worker(shared, log)
    _wait_until(lambda: all(log.exists() and " ready." in log.read_text() for log in logs), seconds=400)
    assert _ask(shared, "recompute").wait() == 0
    _wait_until(lambda: _ended(shared), seconds=400)
    assert shared.rows(STATE) == undisturbed
    assert all("score_slice" in log.read_text() for log in logs)


def test_a_worker_killed_in_the_middle_of_a_slice_changes_nothing(
    shared: Site, folder: Path, undisturbed: list[Any], tmp_path: Path
) -> None:
    assert shared.manage("ingest", "--no-recompute", str(folder)).wait() == 0
    first = _worker(shared, tmp_path / "first.log")
    assert _ask(shared, "recompute").wait() == 0
    done = "SELECT count(*) FROM recommendations_runslice WHERE done_at IS NOT NULL"
    _wait_until(lambda: shared.rows(done)[0][0] >= 2 and shared.rows(SLICE_AT_WORK)[0][0] > 0, seconds=400)
    kill(first)
    assert shared.count("recommendations_fannedrun") == 1
    _worker(shared, tmp_path / "second.log")

    def ended() -> bool:
        return _ask(shared, "resume_recompute").wait() == 0 and _ended(shared)

    _wait_until(ended, seconds=400)
    assert shared.rows(STATE) == undisturbed


def _worker(site: Site, log: Path) -> subprocess.Popen[bytes]:
    where = ["-n", f"{log.stem}@%h", "-Q", "long,celery", "-P", "threads", "-c", "1", "-l", "INFO"]
    command = [sys.executable, "-m", "celery", "-A", "tvm_portal", "worker", *where]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=site.environment, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    site.processes.append(process)
    return process


def _ask(site: Site, task: str) -> subprocess.Popen[bytes]:
    return site.manage("shell", "--verbosity=0", "-c", TASKS.format(task))


def _ended(site: Site) -> bool:
    return site.count("recommendations_run WHERE kind = 'full'") > 0 and site.count("recommendations_fannedrun") == 0
