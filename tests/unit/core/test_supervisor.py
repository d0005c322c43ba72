"""Programs are kept running, said to have ended, and gone afterwards."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core import supervisor
from core.embedded.processes import started_at
from core.supervisor import Program, Supervisor

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
BROKEN = "raise SystemExit('cannot read the moon')"


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[Supervisor, list[str]]]]:
    monkeypatch.setattr(supervisor, "FIRST_PAUSE", 0.05)
    made: list[Supervisor] = []

    def build(**codes: str) -> tuple[Supervisor, list[str]]:
        said: list[str] = []
        programs = [Program(name, [sys.executable, "-c", code], os.environ) for name, code in codes.items()]
        made.append(Supervisor(programs, folder=tmp_path, say=said.append))
        return made[-1], said

    yield build
    for each in made:
        each.stop()


def _wait(condition: Callable[[], object], keeper: Supervisor | None = None) -> None:
    end = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < end
        if keeper:
            keeper.tick()
        time.sleep(0.02)


def _running(folder: Path) -> list[int]:
    return [int(line.split()[0]) for line in (folder / "programs").read_text().splitlines()]


def test_what_ends_is_started_again_after_a_growing_pause_and_its_words_are_shown(
    make: Callable[..., tuple[Supervisor, list[str]]],
) -> None:
    keeper, said = make(moon=BROKEN)
    keeper.start()
    _wait(lambda: len(said) >= 3, keeper)
    assert keeper.failures() >= 3
    assert said[0].startswith("moon ended (exit code 1); starting it again in ")
    assert "cannot read the moon" in said[0]


def test_a_killed_program_comes_back(make: Callable[..., tuple[Supervisor, list[str]]], tmp_path: Path) -> None:
    keeper, said = make(a=SLEEP, b=SLEEP)
    keeper.start()
    first, second = _running(tmp_path)
    os.kill(first, signal.SIGKILL)
    _wait(lambda: said and len(_running(tmp_path)) == 2 and first not in _running(tmp_path), keeper)
    assert said[0].startswith("a ended (SIGKILL)")
    assert second in _running(tmp_path)


def test_stopping_ends_even_what_does_not_listen(
    make: Callable[..., tuple[Supervisor, list[str]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.3)
    keeper, _ = make(stubborn=STUBBORN, willing=SLEEP)
    keeper.start()
    pids = _running(tmp_path)
    _wait(lambda: "up" in keeper.log("stubborn").read_text())
    keeper.stop()
    assert [started_at(pid) for pid in pids] == ["", ""]
    assert not (tmp_path / "programs").exists()


def test_leftovers_of_an_earlier_supervisor_are_ended_first(make: Callable[..., tuple[Supervisor, list[str]]], tmp_path: Path) -> None:
    earlier, _ = make(a=SLEEP)
    earlier.start()
    (left,) = _running(tmp_path)
    later, _ = make(a=SLEEP)
    later.start()
    assert started_at(left) == ""
    assert left not in _running(tmp_path)


def test_a_process_that_merely_has_the_number_is_left_alone(make: Callable[..., tuple[Supervisor, list[str]]], tmp_path: Path) -> None:
    (tmp_path / "programs").write_text(f"{os.getpid()} 1\nnonsense\n")
    keeper, _ = make(a=SLEEP)
    keeper.start()
    assert started_at(os.getpid())
