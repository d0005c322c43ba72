"""What pages take under concurrent people, at rest and while full runs and reports go on beside them; and the memory of each program.

python -m tests.load.latency [--machines 500 | --data FOLDER] [--visitors 16] [--seconds 60] [--rate 50]

Without --data, a portal of its own with the demo fleet, gone afterwards. With it, a portal is started on that data folder (no other may
run there): a user and a token for the measurement are made and taken back, and the machines that report stay. Loopback only.
"""

from __future__ import annotations

import argparse
import contextlib
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from core.embedded import Postgres
from core.embedded.folders import socket_dir
from tests.load.agents import Agents
from tests.load.processes import Memory
from tests.load.readers import Visitors, quantile, table
from tests.portals import Portal, free_port
from tests.soak.site import Operator, wait_until

NAME = "latency-measurement"
WARM_UP = 5.0  # seconds in which connections open and pages are asked for the first time; not counted
OPEN = """
from core.models import User, ApiToken
from core.tokens import make_token
from django.utils import timezone
ApiToken.objects.filter(name="{name}").delete()
User.objects.filter(username="{name}").delete()
User.objects.create_superuser("{name}", password="{password}")
print(make_token(name="{name}", scope=ApiToken.Scope.INGEST, by="measurement", now=timezone.now())[1])
"""
CLOSE = """
from core.models import User, ApiToken
ApiToken.objects.filter(name="{name}").delete()
User.objects.filter(username="{name}").update(is_active=False)
"""
RUNS = """
SELECT count(*), coalesce(avg(seconds), 0), coalesce(max(seconds), 0) FROM recommendations_run WHERE kind = 'full' AND started_at > %s
"""


@dataclass(frozen=True)
class Wanted:
    visitors: int
    seconds: float
    rate: float
    agents: int
    packages: int
    pause: float


class Place:
    """A running portal, and how to ask its database."""

    def __init__(self, folder: Path) -> None:
        self.portal = Portal(folder, free_port())
        self.password = secrets.token_urlsafe(18)
        try:
            self.portal.wait_until_ready()
            threading.Thread(target=self._listen, daemon=True).start()
            self.database = Postgres(folder.absolute()).url("portal")
            servers = {"DATABASE_URL": self.database, "REDIS_URL": f"unix://{socket_dir(folder.absolute())}/valkey.sock"}
            self.operator = Operator({**self.portal.environment, **servers, "DATABASE_POOL": "false"}, folder / "log" / "operator.log")
            self.token = self.portal.manage("shell", "--verbosity=0", "-c", OPEN.format(name=NAME, password=self.password)).split()[-1]
        except BaseException:
            self.close()
            raise

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.portal.port}"

    def runs_since(self, moment: str) -> tuple[int, float, float]:
        with psycopg.connect(self.database) as connection:
            count, mean, longest = connection.execute(RUNS, [moment]).fetchall()[0]
        return int(count), float(mean), float(longest)

    def moment(self) -> str:
        with psycopg.connect(self.database) as connection:
            return str(connection.execute("SELECT clock_timestamp()").fetchall()[0][0])

    def close(self) -> None:
        if operator := getattr(self, "operator", None):
            operator.close()
        with contextlib.suppress(subprocess.SubprocessError):
            self.portal.manage("shell", "--verbosity=0", "-c", CLOSE.format(name=NAME))
        self.portal.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.portal.process.wait(60)
        self.portal.close()

    def _listen(self) -> None:
        assert self.portal.process.stdout
        with contextlib.suppress(ValueError):
            for line in self.portal.process.stdout:
                if not line.startswith(" "):
                    print(line.rstrip(), file=sys.stderr)


def measure(place: Place, wanted: Wanted) -> str:
    """Markdown."""
    say("machines that report are made known")
    agents = Agents(place.address, place.token, wanted.agents, packages=wanted.packages, threads=8)
    agents.once(seconds=600)
    full_run(place)
    warm = Counter(sent.status for sent in agents.sent)
    agents.sent.clear()
    memory = Memory(place.portal.process.pid)
    memory.start()
    say("pages at rest")
    quiet = read(place, wanted)
    say("pages beside full runs and reports")
    began, over = place.moment(), threading.Event()
    beside = [
        threading.Thread(target=agents.run, kwargs={"rate": wanted.rate, "seconds": wanted.seconds + WARM_UP}),
        threading.Thread(target=run_again_and_again, args=(place, over)),
    ]
    for thread in beside:
        thread.start()
    busy = read(place, wanted)
    over.set()
    for thread in beside:
        thread.join()
    count, mean, longest = place.runs_since(began)
    agents.settle(seconds=60)
    memory.stop()
    return "\n\n".join(
        (
            f"{wanted.visitors} people over open connections, a pause of {wanted.pause:g} s between pages, {wanted.seconds:g} s each.",
            f"At rest:\n\n{table(quiet.answers)}",
            f"Beside full runs and {wanted.rate:g} reports a second:\n\n{table(busy.answers)}",
            reports(agents, warm, seconds=wanted.seconds + WARM_UP),
            f"Full runs meanwhile: {count}, {mean:.1f} s on average, {longest:.1f} s at most.",
            memory.table(),
        )
    )


def read(place: Place, wanted: Wanted) -> Visitors:
    visitors = Visitors(place.address, wanted.visitors, NAME, place.password, pause=wanted.pause)
    visitors.start()
    time.sleep(WARM_UP)
    visitors.answers.clear()
    time.sleep(wanted.seconds)
    visitors.stop()
    return visitors


def full_run(place: Place) -> None:
    """One, until it is done."""
    began = place.moment()
    place.operator.order("full_run", seed=0)
    wait_until(lambda: place.runs_since(began)[0] > 0, seconds=1800)


def run_again_and_again(place: Place, over: threading.Event) -> None:
    while not over.is_set():
        began = place.moment()
        place.operator.order("full_run", seed=0)
        wait_until(lambda since=began: over.is_set() or place.runs_since(since)[0] > 0, seconds=1800)  # type: ignore[misc]


def reports(agents: Agents, warm: Counter[int], *, seconds: float) -> str:
    done = [1000 * sent.seconds for sent in agents.sent if sent.status == 200]
    kept_off = Counter(sent.status for sent in agents.sent if sent.status != 200)
    others = ", ".join(f"{status or 'no answer'} {count}" for status, count in sorted(kept_off.items())) or "none"
    return (
        f"Reports: {len(done):,} acknowledged ({len(done) / seconds:.1f} a second), p50 {quantile(done, 0.5):,.0f} ms,"
        f" p95 {quantile(done, 0.95):,.0f} ms; other answers: {others}; {sum(warm.values()):,} before, to make them known."
    )


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def place_of(options: argparse.Namespace) -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="tvm-latency-") as folder:
        place = Place(options.data or Path(folder) / "data")
        try:
            if not options.data:
                say(f"the demo fleet of {options.machines:,} machines is made")
                place.portal.manage("demo", "--machines", str(options.machines), "--days", "5")
            yield place
        finally:
            place.close()


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    wanted = Wanted(options.visitors, options.seconds, options.rate, options.agents, options.packages, options.pause)
    with place_of(options) as place:
        print(f"`python -m tests.load.latency {' '.join(arguments)}`:\n\n{measure(place, wanted)}")
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.load.latency", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="a PORTAL_DATA folder with a fleet")
    parser.add_argument("--machines", type=int, default=500, help="of the demo fleet, without --data")
    parser.add_argument("--visitors", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60, help="of each of the two measurements")
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between two pages of a person, about")
    parser.add_argument("--rate", type=float, default=50, help="reports a second")
    parser.add_argument("--agents", type=int, default=500, help="machines that report")
    parser.add_argument("--packages", type=int, default=100, help="installed on each of them")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
