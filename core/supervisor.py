"""Keeps programs running until told to stop: starts them in order, restarts those that end, stops them in order.

Every program leads a session of its own, so that Ctrl-C reaches the supervisor alone. A supervisor
that is killed takes its programs with it (Linux); where it cannot, the next one ends them first.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.embedded.folders import tail
from core.embedded.processes import own_session, started_at

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
SETTLED_SECONDS = 60.0
STOP_SECONDS = 10.0
LARGEST_LOG = 10_000_000


@dataclass(frozen=True)
class Program:
    """`stop`: asks it to end. `orphaned`: what it is sent when the supervisor was killed."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    stop: signal.Signals = signal.SIGTERM
    orphaned: signal.Signals = signal.SIGTERM


@dataclass
class _Child:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    due: float = field(default=0.0)


class Supervisor:
    """`folder` holds `log/<name>.log` and the list of running programs. `say` shows a line to the person."""

    def __init__(self, programs: Sequence[Program], *, folder: Path, say: Callable[[str], None]) -> None:
        self._children = [_Child(program) for program in programs]
        self._folder, self._say = folder, say
        self._list = folder / "programs"
        (folder / "log").mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """End what an earlier supervisor left, then start every program in order."""
        self._end_leftovers()
        for child in self._children:
            self._rotate(self.log(child.program.name))
            self._launch(child)

    def tick(self) -> None:
        """Restart what ended, each time after a longer pause. Call a few times a second."""
        now = time.monotonic()
        for child in self._children:
            if child.process and child.process.poll() is not None:
                self._plan_restart(child, now)
            if child.process is None and now >= child.due:
                self._launch(child)

    def failures(self) -> int:
        """The most ends in a row that any one program has behind it."""
        return max(child.failures for child in self._children)

    def stop(self) -> None:
        """Ask each program to end, in order, and end for good what does not."""
        for child in self._children:
            if child.process:
                _signal_group(child.process.pid, child.program.stop, leader_only=True)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.process.wait(STOP_SECONDS)
                _signal_group(child.process.pid, signal.SIGKILL)
                child.process.wait()
                child.process = None
        self._list.unlink(missing_ok=True)

    def log(self, name: str) -> Path:
        return self._folder / "log" / f"{name}.log"

    def _launch(self, child: _Child) -> None:
        program = child.program
        with self.log(program.name).open("ab") as log:
            child.process = subprocess.Popen(
                list(program.command),
                env=dict(program.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=own_session(program.orphaned),
            )
        child.started = time.monotonic()
        self._write_list()

    def _plan_restart(self, child: _Child, now: float) -> None:
        assert child.process is not None
        code = child.process.returncode
        _signal_group(child.process.pid, signal.SIGKILL)  # what it started goes with it
        child.failures = 1 if now - child.started > SETTLED_SECONDS else child.failures + 1
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (child.failures - 1))
        child.process, child.due = None, now + pause
        log = self.log(child.program.name)
        lines = "\n".join(f"    {line}" for line in tail(log).splitlines()[-8:])
        self._say(f"{child.program.name} ended ({_ending(code)}); starting it again in {pause:.0f} s. The end of {log}:\n{lines}")

    def _write_list(self) -> None:
        running = [child.process.pid for child in self._children if child.process]
        self._list.write_text("".join(f"{pid} {started_at(pid)}\n" for pid in running))

    def _end_leftovers(self) -> None:
        """A number is only trusted together with its start time: it may belong to something else by now."""
        if not self._list.exists():
            return
        entries = [line.partition(" ")[::2] for line in self._list.read_text().splitlines()]
        left = [int(pid) for pid, started in entries if pid.isdecimal() and started and started_at(int(pid)) == started]
        for signum, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 2.0)):
            for pid in left:
                _signal_group(pid, signum)
            end = time.monotonic() + seconds
            while any(started_at(pid) for pid in left) and time.monotonic() < end:
                time.sleep(0.1)
        self._list.unlink(missing_ok=True)

    @staticmethod
    def _rotate(log: Path) -> None:
        if log.exists() and log.stat().st_size > LARGEST_LOG:
            log.replace(log.with_suffix(".log.1"))


def _signal_group(leader: int, signum: signal.Signals, *, leader_only: bool = False) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if leader_only:
            os.kill(leader, signum)
        else:
            os.killpg(leader, signum)


def _ending(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
