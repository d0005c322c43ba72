"""The course of one soak: reports, pages, orders and faults side by side, then rest, then what is left is judged."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.load.agents import Agents
from tests.load.processes import Memory
from tests.load.readers import Visitors, table
from tests.portals import PASSWORD
from tests.soak import verdict
from tests.soak.faults import FAULTS, Ground, schedule, small_file_system
from tests.soak.operator_verbs import WORK
from tests.soak.site import Site, site, wait_until
from tests.soak.verdict import Check

VISITORS = 4
MAIL = "soak@example.org"
REST_SECONDS = 600.0
ORDER_PAUSE = 3.0
IDLE = (
    "SELECT (SELECT count(*) FROM inventory_dirtymachine) + (SELECT count(*) FROM inventory_version WHERE matched_at IS NULL)"
    " + (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle')"
)
FINISHED = "SELECT count(*) FROM recommendations_run WHERE kind = 'full' AND finished_at IS NOT NULL"


@dataclass(frozen=True)
class Plan:
    """`seconds` of load and faults on so many machines; `rate` reports a second; a fault about every `pause` seconds."""

    seconds: float
    machines: int
    rate: float
    packages: int = 100
    seed: int = 1
    pause: float = 12.0


@dataclass
class Outcome:
    plan: Plan
    checks: list[Check]
    faults: Counter[str]
    orders: Counter[str]
    reports: Counter[int]
    pages: str
    memory: str

    @property
    def good(self) -> bool:
        return all(check.good for check in self.checks)

    def markdown(self, *, command: str) -> str:
        size = f"{self.plan.machines:,} machines of {self.plan.packages} packages, seed {self.plan.seed}"
        head = f"`{command}`: {self.plan.seconds / 60:g} minutes of load, {size}."
        checks = [
            "| At the end | Holds | |",
            "|---|---|---|",
            *(f"| {c.name} | {'yes' if c.good else '**no**'} | {c.detail} |" for c in self.checks),
        ]
        counts = [
            "Faults: " + ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items())) + ".",
            "Reports by answer: " + ", ".join(f"{status or 'none'} {count:,}" for status, count in sorted(self.reports.items())) + ".",
            "Orders: " + ", ".join(f"{name} {count}" for name, count in sorted(self.orders.items())) + ".",
        ]
        return "\n\n".join((head, "\n".join(checks), *counts, self.pages, self.memory)) + "\n"


class Course:
    def __init__(self, plan: Plan, folder: Path, say: Callable[[str], None]) -> None:
        self.plan, self.folder, self.say = plan, folder, say
        self.faults, self.orders = Counter[str](), Counter[str]()
        self._over = threading.Event()

    def run(self) -> Outcome:
        with small_file_system(self.folder / "small") as small, site(self.folder / "data", small, self.say) as there:
            self.say(f"a portal runs in {there.folder} on port {there.port}")
            agents = Agents(there.address, there.token, self.plan.machines, packages=self.plan.packages, seed=self.plan.seed, threads=8)
            self._begin(there, agents)
            memory = Memory(there.portal.process.pid)
            visitors = Visitors(there.address, VISITORS, "admin", PASSWORD, seed=self.plan.seed, exports=True)
            memory.start()
            visitors.start()
            self._load(there, agents)
            self.say("load and faults are over; repeating what was not acknowledged")
            agents.settle(seconds=180)
            visitors.stop()
            checks = [self._rest(there), *verdict.judge(there, agents)]
            memory.stop()
            return Outcome(
                self.plan,
                checks,
                self.faults,
                self.orders,
                Counter(sent.status for sent in agents.sent),
                table(visitors.answers),
                memory.table(),
            )

    def _begin(self, there: Site, agents: Agents) -> None:
        """Weaknesses are known, every machine has reported, and a full run is done."""
        answer = there.operator.order("prepare", jira=there.jira.address, mail=MAIL)
        if "failed" in answer:
            raise RuntimeError(answer["failed"])
        agents.once(seconds=600)
        self.say(f"{len(agents.expected()):,} machines have reported")
        self._full_run(there)
        self.say("the first full run is done")

    def _load(self, there: Site, agents: Agents) -> None:
        """All that happens at once."""
        ground = Ground(there.portal.process.pid, there.port, there.token, there.small)
        reports = threading.Thread(target=agents.run, kwargs={"rate": self.plan.rate, "seconds": self.plan.seconds})
        orders = threading.Thread(target=self._give_orders, args=(there,))
        reports.start()
        orders.start()
        began, chance = time.monotonic(), random.Random(self.plan.seed)
        for at, name in schedule(seed=self.plan.seed, seconds=self.plan.seconds, first=self.plan.pause / 2, pause=self.plan.pause):
            time.sleep(max(0.0, began + at - time.monotonic()))
            self.say(FAULTS[name](ground, chance))
            self.faults[name] += 1
        time.sleep(max(0.0, began + self.plan.seconds - time.monotonic()))
        self._over.set()
        orders.join()
        reports.join()

    def _give_orders(self, there: Site) -> None:
        chance, number = random.Random(self.plan.seed), 0
        while not self._over.wait(chance.uniform(0, 2 * ORDER_PAUSE)):
            verb, number = chance.choice(WORK), number + 1
            answer = there.operator.order(verb, seed=self.plan.seed * 10_000 + number)
            self.orders[f"{verb} {'failed' if 'failed' in answer else 'done'}"] += 1
            if "failed" in answer:
                self.say(f"{verb}: {answer['failed']}")

    def _rest(self, there: Site) -> Check:
        """Until nothing is left to do, then one more full run, as feeds ask for one, and again."""
        began = time.monotonic()
        quiet = self._quiet(there)
        self.say("nothing is left to do" if quiet else "it does not come to rest")
        done = self._full_run(there) and self._quiet(there)
        return Check("it comes to rest", quiet and done, f"after {time.monotonic() - began:.0f} s, with a full run")

    def _quiet(self, there: Site) -> bool:
        """Nothing to do for some seconds in a row: tasks that wait in the broker would begin in that time."""
        calm = 0

        def still() -> bool:
            nonlocal calm
            calm = calm + 1 if there.number(IDLE) == 0 else 0
            return calm >= 16

        return wait_until(still, seconds=REST_SECONDS)

    def _full_run(self, there: Site) -> bool:
        before = there.number(FINISHED)
        there.operator.order("full_run", seed=0)
        return wait_until(lambda: there.number(FINISHED) > before, seconds=REST_SECONDS)
