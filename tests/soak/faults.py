"""What goes wrong while the portal works. Only processes that the portal under test started are touched, each by its number."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.load.agents import report
from tests.load.processes import programs, tree

SMALL_MB = 256


@dataclass
class Ground:
    """What faults need to know. `small`: a folder on a small file system, where there is one."""

    portal: int
    port: int
    token: str
    small: Path | None
    seconds: float = 4.0  # how long a disk stays full

    def process(self, name: str) -> int | None:
        return programs(self.portal).get(name)


def kill(name: str, signum: signal.Signals) -> Callable[[Ground, random.Random], str]:
    def act(ground: Ground, chance: random.Random) -> str:
        process = ground.process(name)
        if process is None:
            return f"{name} was not running"
        os.kill(process, signum)
        return f"{name} ({process}) was sent {signum.name}"

    return act


def kill_a_pool_process(ground: Ground, chance: random.Random) -> str:
    """One of the processes that the worker forked, with the task that it has."""
    worker = ground.process("worker")
    below = tree(worker)[1:] if worker else []
    if not below:
        return "the worker has no processes below it"
    chosen = chance.choice(below)
    os.kill(chosen, signal.SIGKILL)
    return f"a process of the worker ({chosen}) was sent SIGKILL"


def kill_a_backend(ground: Ground, chance: random.Random) -> str:
    """The database ends all connections and recovers, as after any crash of one of its processes."""
    database = ground.process("database")
    below = tree(database)[1:] if database else []
    if not below:
        return "the database was not running"
    chosen = chance.choice(below)
    os.kill(chosen, signal.SIGKILL)
    return f"a process of the database ({chosen}) was sent SIGKILL"


def fill_disk(ground: Ground, chance: random.Random) -> str:
    """Where exports sort and large reports wait, there is no room for a while."""
    if ground.small is None:
        return "there is no small file system here"
    ballast = ground.small / "ballast"
    try:
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 65_536)
        written = ballast.stat().st_size
        time.sleep(ground.seconds)
    finally:
        ballast.unlink(missing_ok=True)
    return f"the disk for exports and temporary files was full for {ground.seconds:.0f} s ({written / 1e6:.1f} MB written)"


def reset_connections(ground: Ground, chance: random.Random) -> str:
    """Senders whose connection is reset in the middle of a report."""
    count = 5
    body = report("load-000000-reset", dict.fromkeys(range(500), 1))
    lines = ("POST /api/ingest/osquery HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {ground.token}")
    head = "\r\n".join((*lines, f"Content-Length: {len(body)}", "", "")).encode()
    for _ in range(count):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", ground.port), timeout=5) as connection:
            connection.sendall(head + body[: chance.randrange(len(body))])
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    return f"{count} connections were reset in the middle of a report"


KILL = signal.SIGKILL
FAULTS: dict[str, Callable[[Ground, random.Random], str]] = {
    "worker killed": kill("worker", KILL),
    "process of the worker killed": kill_a_pool_process,
    "long worker killed": kill("worker-long", KILL),
    "web killed": kill("web", KILL),
    "scheduler killed": kill("beat", KILL),
    "broker killed": kill("broker", KILL),
    "broker stopped": kill("broker", signal.SIGTERM),
    "database restarted": kill("database", signal.SIGINT),
    "database stopped at once": kill("database", signal.SIGQUIT),
    "process of the database killed": kill_a_backend,
    "disk full": fill_disk,
    "connections reset": reset_connections,
}


def schedule(*, seed: int, seconds: float, first: float, pause: float) -> Iterator[tuple[float, str]]:
    """(second, fault): each of them once in an order of chance, then over again, with about `pause` seconds in between."""
    chance = random.Random(seed)
    at, waiting = first, list[str]()
    while at < seconds:
        if not waiting:
            waiting = chance.sample(list(FAULTS), len(FAULTS))
        yield at, waiting.pop()
        at += chance.uniform(0.6, 1.4) * pause


@contextlib.contextmanager
def small_file_system(folder: Path) -> Iterator[Path | None]:
    """So many megabytes mounted on `folder` where this is allowed (root on Linux); else None."""
    folder.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SMALL_MB}m", "tmpfs", str(folder)], capture_output=True, check=False)
    if mounted.returncode:
        yield None
        return
    try:
        yield folder
    finally:
        for _ in range(20):
            if subprocess.run(["umount", str(folder)], capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.5)
