"""Many agents against a portal of its own, started for this and removed afterwards; or against one that runs (--portal).

python -m tests.load --agents 2000 --rate 50 --seconds 60 [--changed 0.2] [--visitors 4]

First every machine reports as soon as it can. Then reports come in at the rate asked for, while visitors look at pages and one
machine's changes are followed to the list of recommendations. In the end every report without an answer is sent again, and the
database is compared with what was acknowledged.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.embedded import Postgres
from tests.load.agents import Agents, Sent, lost
from tests.load.watching import Watch
from tests.portals import Portal, free_port


@dataclass(frozen=True, slots=True)
class Site:
    address: str
    token: str
    database: str
    folder: Path


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    with _site(options) as site:
        return _load(site, options)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--packages", type=int, default=500)
    parser.add_argument("--rate", type=float, default=20, help="reports a second")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--changed", type=float, default=0.2, help="share of reports with ten other packages")
    parser.add_argument("--threads", type=int, default=48, help="posts under way at most")
    parser.add_argument("--visitors", type=int, default=4)
    parser.add_argument("--portal", help="data folder of a portal that runs, instead of one of its own")
    parser.add_argument("--port", type=int, help="its port")
    parser.add_argument("--token", help="a token of it that may post reports")
    return parser.parse_args(arguments)


@contextmanager
def _site(options: argparse.Namespace) -> Iterator[Site]:
    if options.portal:
        folder = Path(options.portal)
        yield Site(f"http://127.0.0.1:{options.port}", options.token, Postgres(folder).start(), folder)
        return
    home = Path(tempfile.mkdtemp(prefix="tvm-load-"))
    portal = Portal(home / "data", free_port(), PORTAL_DEMO="yes")
    try:
        portal.wait_until_ready()
        token = re.search(r"tvm_\S+", portal.manage("create_token", "load"))
        assert token
        drain = threading.Thread(target=lambda: portal.process.stdout and portal.process.stdout.read(), daemon=True)
        drain.start()
        yield Site(f"http://127.0.0.1:{portal.port}", token[0], Postgres(portal.folder).start(), portal.folder)
    finally:
        portal.stop(signal.SIGINT)
        portal.close()
        shutil.rmtree(home, ignore_errors=True)


def _load(site: Site, options: argparse.Namespace) -> int:
    agents = Agents(
        portal=site.address, token=site.token, number=options.agents, packages=options.packages, changed=options.changed,
        threads=options.threads,
    )  # fmt: skip
    before = _memory(site.folder)
    began = time.monotonic()
    agents.once(seconds=1_800)
    _say(f"first reports of {options.agents:,} machines: {_told(agents.sent, time.monotonic() - began)}")
    first, watch, stop = len(agents.sent), Watch(), threading.Event()
    others = [threading.Thread(target=watch.visit, args=(site.address,), kwargs={"stop": stop}) for _ in range(options.visitors)]
    others.append(threading.Thread(target=watch.follow, args=(site.address, site.token), kwargs={"stop": stop}))
    for other in others:
        other.start()
    began = time.monotonic()
    agents.run(rate=options.rate, seconds=options.seconds)
    lasted = time.monotonic() - began
    stop.set()
    for other in others:
        other.join()
    _say(f"{options.rate:g} reports a second for {options.seconds:g} s: {_told(agents.sent[first:], lasted)}")
    for name, found in (("unchanged", False), ("changed", True)):
        _say(f"  {name}: {_times([sent.seconds for sent in agents.sent[first:] if sent.status == 200 and sent.changed is found])}")
    for path, seconds in sorted(watch.pages.items()):
        _say(f"  page {path}: {_times(seconds)}")
    _say(f"  pages that failed: {len(watch.failed)} {sorted(set(watch.failed))}")
    _say(f"  from a changed report to the changed list: {_times(watch.changes)}, not seen: {watch.unseen}")
    agents.settle(seconds=300)
    wrong = lost(agents, site.database)
    _say(f"acknowledged and not stored: {len(wrong)} of {len(agents.expected()):,} machines; without an answer: {len(agents.unsettled)}")
    sent = sum(one.bytes for one in agents.sent if one.status == 200)
    _say(f"resident after {sent / 1e6:,.0f} MB of reports: {_grown(before, _memory(site.folder))}")
    _say(f"load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return 1 if wrong or agents.unsettled or watch.failed else 0


def _told(sent: Sequence[Sent], lasted: float) -> str:
    taken = [one for one in sent if one.status == 200]
    put_off = sum(one.status == 429 for one in sent)
    failed = len(sent) - len(taken) - put_off
    rate, times = len(taken) / lasted, _times([one.seconds for one in taken])
    return f"{len(taken):,} taken, {rate:.1f}/s; {put_off:,} put off (429), {failed:,} failed; {times}"


def _times(seconds: Sequence[float]) -> str:
    if not seconds:
        return "none"
    ordered = sorted(seconds)
    return f"n={len(ordered):,}, p50 {ordered[len(ordered) // 2] * 1000:,.0f} ms, p95 {ordered[int(len(ordered) * 0.95)] * 1000:,.0f} ms"


def _memory(folder: Path) -> dict[str, float]:
    """Program of the portal -> resident MB of its largest process."""
    found: dict[str, float] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_text().replace("\0", " ")
            surroundings = (entry / "environ").read_text(errors="replace")
            resident = re.search(r"VmRSS:\s+(\d+)", (entry / "status").read_text())
        except OSError:
            continue
        if resident and f"PORTAL_DATA={folder}\0" in surroundings + "\0":
            name = next((name for mark, name in _PROGRAMS if mark in line), "")
            if name:
                found[name] = max(found.get(name, 0.0), int(resident[1]) / 1000)
    return found


_PROGRAMS = (("granian", "web"), (" -Q long", "worker-long"), (" worker ", "worker"), (" beat ", "beat"))


def _grown(before: dict[str, float], after: dict[str, float]) -> str:
    return ", ".join(f"{name} {before.get(name, 0):.0f} -> {resident:.0f} MB" for name, resident in sorted(after.items()))


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
