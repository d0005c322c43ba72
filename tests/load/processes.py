"""The processes of one running portal, found below the one that was started, and the memory they take (Linux)."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

# A word of the command line -> what the process is called here.
PROGRAMS = {
    "granian": "web",
    "prompt@": "worker",
    "long@": "worker-long",
    "beat": "beat",
    "postgres": "database",
    "valkey-server": "broker",
}
NAMES = tuple(PROGRAMS.values())


def portal_of(folder: Path) -> int:
    """The process that runs the portal of a data folder."""
    return int((folder / "portal.lock").read_text())


def programs(portal: int) -> dict[str, int]:
    """Name -> process, of those that the portal runs now."""
    found: dict[str, int] = {}
    for child in _children(portal):
        line = _command_line(child)
        name = next((name for word, name in PROGRAMS.items() if word in line), "")
        if name:
            found.setdefault(name, child)
    return found


def tree(process: int) -> list[int]:
    """A process and all below it."""
    return [process, *(found for child in _children(process) for found in tree(child))]


def memory(process: int) -> int:
    """Bytes in memory of a process and all below it; what they share counts once."""
    return sum(_proportional(one) for one in tree(process))


@dataclass
class Memory:
    """Samples of every program's memory, in bytes, taken in a thread: name -> [(seconds since the start, bytes)]."""

    portal: int
    every: float = 2.0
    samples: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()

    def table(self) -> str:
        """Markdown: at first, at most, at the end, in MB. The first tenth of the time, in which programs load, is left out."""
        lines = ["| Program | Start, MB | Most, MB | End, MB |", "|---|---:|---:|---:|"]
        for name in NAMES:
            if taken := self.samples.get(name):
                settled = [size for _, size in taken[len(taken) // 10 :]]
                start, end = _mean(settled[:3]), _mean(settled[-3:])
                lines.append(f"| {name} | {start:,.0f} | {max(settled) / 1e6:,.0f} | {end:,.0f} |")
        return "\n".join(lines)

    def _run(self) -> None:
        at = 0.0
        while not self._stop.wait(self.every):
            at += self.every
            for name, process in programs(self.portal).items():
                self.samples.setdefault(name, []).append((at, memory(process)))


def _mean(sizes: list[int]) -> float:
    return sum(sizes) / len(sizes) / 1e6


def _children(process: int) -> Iterator[int]:
    """Of every thread: a server's child belongs to the thread that started it."""
    for thread in Path(f"/proc/{process}/task").glob("*"):
        try:
            yield from map(int, (thread / "children").read_text().split())
        except OSError:
            continue


def _command_line(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def _proportional(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    sizes: Mapping[str, int] = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines[1:] if line.endswith(" kB")}
    return sizes.get("Pss", 0)
