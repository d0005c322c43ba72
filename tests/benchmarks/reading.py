"""Server time and size of pages over fleets of several sizes, as ratios to the smallest, for users who see all groups and for one of two.

Run by `python -m tests.benchmarks --only reading --scale 1000,10000,100000` on fleets of its own, or over the fleet that a database holds:

DATABASE_URL=... REDIS_URL=... python -m tests.benchmarks.reading --reuse [--times 20] [--only machines]

Times are those of the whole request in one process, middleware and templates too, without the network. Each page is asked for twice
before it counts. Exports: the memory of a process that streams the list of machines, at its peak, against its peak after 10,000 rows.
"""

from __future__ import annotations

import argparse
import html
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

from tests.benchmarks import Row

TIMES, WARM = 15, 2
NO_GOAL, BYTES, LIST_MS, PAGE_MS, LIST_GROWTH = float("inf"), 150_000, 100.0, 150.0, 1.3
FEW_ROWS = 10_000
_NEXT = re.compile(rb'href="([^"]*)" rel="next"')
_first: dict[str, float] = {}
Ask = Callable[[str, str], tuple[int, bytes]]
"""(address, the part that HTMX asks for alone, or "") -> (status, content)."""


@dataclass(frozen=True)
class Page:
    """An address, measured as `name`. `goal`: milliseconds; `growth`: of its p95 over the smallest fleet's.

    `next_of`: walk that many pages on, or to the last. `drawn_anew`: with no piece of a page kept from before. `part`: what
    HTMX asks for alone, by its id.
    """

    name: str
    address: str
    goal: float = NO_GOAL
    growth: float = NO_GOAL
    next_of: int = 0
    drawn_anew: bool = False
    part: str = ""


@dataclass
class Measured:
    page: Page
    times: list[float] = field(default_factory=list)
    bytes: int = 0
    queries: int = 0

    def percentile(self, share: float) -> float:
        ordered = sorted(self.times)
        return ordered[min(len(ordered) - 1, round(share * len(ordered)))]


def run(scale: int) -> list[Row]:
    from tests.benchmarks import recompute

    recompute.build(scale)
    try:
        recompute._recompute()
        recompute._execute("ANALYZE")
        return list(measure(scale))
    finally:
        recompute._execute(f"TRUNCATE {recompute.TABLES} CASCADE")


def measure(scale: int, *, times: int = TIMES, only: str = "") -> Iterator[Row]:
    """Rows of every page for both users, then of the exports. A ratio is to the smallest fleet that this process has measured."""
    from core.warming import warm

    warm()  # as a web process does when it starts
    for who, client in _users():
        for page in _pages():
            if only in page.name:
                yield from _rows(_measured(page, client, times=times), who, scale)
    if only in "export":
        yield from _export_rows(scale)


def _rows(measured: Measured, who: str, scale: int) -> Iterator[Row]:
    page = measured.page
    for share in (0.5, 0.95):
        value = measured.percentile(share)
        name = f"{page.name}, {who}: p{share * 100:.0f}"
        floor = _first.setdefault(name, value)
        growth = page.growth if share > 0.9 else NO_GOAL
        yield Row(name, scale, value, "ms", floor, value / floor, growth)
    within = measured.percentile(0.95) / page.goal if page.goal < NO_GOAL else 0.0
    if page.goal < NO_GOAL:
        yield Row(f"{page.name}, {who}: p95 of its goal", scale, measured.percentile(0.95), "ms", page.goal, within, 1.0)
    yield Row(f"{page.name}, {who}: HTML", scale, measured.bytes / 1000, "kB", BYTES / 1000, measured.bytes / BYTES, 1.0)
    floor = _first.setdefault(f"{page.name}, {who}: queries", measured.queries)
    yield Row(f"{page.name}, {who}: queries", scale, measured.queries, "", floor, measured.queries / floor, 1.0)


def _measured(page: Page, client: Ask, *, times: int) -> Measured:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from core.templatetags import kept

    address, found = page.address, Measured(page)
    for _ in range(page.next_of):
        address = urljoin(address, _next(client(address, "")[1]))
    for _ in range(WARM):
        client(address, page.part)
    for _ in range(times):
        if page.drawn_anew:
            kept.drawn.cache_clear()
        started = time.perf_counter()
        status, content = client(address, page.part)
        found.times.append(1000 * (time.perf_counter() - started))
        if status != 200:
            raise RuntimeError(f"{address}: {status}")
        found.bytes = len(content)
    with CaptureQueriesContext(connection) as queries:
        client(address, page.part)
    found.queries = len(queries)
    return found


def _next(content: bytes) -> str:
    """The address of the pager's next page; none on the last."""
    found = _NEXT.search(content)
    return html.unescape(found[1].decode()) if found else ""


def _pages() -> Iterator[Page]:
    """Of the largest things there are: what most machines need, the commonest software and version, the riskiest machine of two groups."""
    from django.db.models import Sum

    from inventory.models import Software, VersionStat
    from recommendations.models import MachineScore, RecommendationStat
    from weaknesses.models import Weakness

    needed = RecommendationStat.objects.filter(recommendation__configuration=None).values("recommendation__key")
    fix = needed.annotate(machines=Sum("exposed")).order_by("-machines")[0]["recommendation__key"]
    failed = RecommendationStat.objects.filter(recommendation__configuration__isnull=False).values("recommendation__key")
    check = [row["recommendation__key"] for row in failed.annotate(machines=Sum("exposed")).order_by("-machines")[:1]]
    software = Software.objects.order_by("-installed_count", "id")[0].key
    version = (
        VersionStat.objects.values("version_id", "version__software__key").annotate(machines=Sum("installed")).order_by("-machines")[0]
    )
    carried = f"/software/{version['version__software__key']}/versions/{version['version_id']}/?tab=machines"
    weakness = Weakness.objects.order_by("-exposed_count", "id")[0].cve
    machine = MachineScore.objects.filter(group_id__in=_two_groups()).order_by("-score", "machine_id")[0].machine_id
    yield Page("dashboard", "/", PAGE_MS)
    yield Page("dashboard: top recommendations", "/top-recommendations/", PAGE_MS)
    yield Page("recommendations", "/recommendations/", LIST_MS, LIST_GROWTH)
    yield Page("recommendations, nothing kept", "/recommendations/", LIST_MS, LIST_GROWTH, drawn_anew=True)
    yield Page("recommendations by exposed machines", "/recommendations/?sort=-exposed", LIST_MS, LIST_GROWTH)
    yield Page(
        "recommendations, updates with exploits", "/recommendations/?kind=update&threat=verified,kit,exploited", LIST_MS, LIST_GROWTH
    )
    yield Page("recommendations, 50 rows", "/recommendations/?per_page=50")
    yield Page("recommendation", f"/recommendations/{fix}/", PAGE_MS)
    yield Page("recommendation in a flyout", f"/recommendations/{fix}/", PAGE_MS, part="flyout")
    yield Page("list with a flyout open", f"/recommendations/?open={fix}")
    yield Page("50 rows with a flyout open", f"/recommendations/?per_page=50&open={fix}")
    yield Page("weaknesses of a recommendation, 100 rows", f"/recommendations/{fix}/weaknesses/?per_page=100")
    yield Page("exposed machines", f"/recommendations/{fix}/exposed/")
    yield Page("exposed machines, 20 pages on", f"/recommendations/{fix}/exposed/", next_of=20)
    yield Page("exposed machines by name", f"/recommendations/{fix}/exposed/?sort=name")
    for key in check:
        yield Page("machines that fail a check", f"/recommendations/{key}/exposed/")
    yield Page("software list", "/software/")
    yield Page("software", f"/software/{software}/", PAGE_MS)
    yield Page("software: machines", f"/software/{software}/?tab=machines", PAGE_MS)
    yield Page("software: vulnerabilities, 100 rows", f"/software/{software}/?tab=vulnerabilities&per_page=100")
    yield Page("version: machines", carried)
    yield Page("weaknesses", "/weaknesses/")
    yield Page("weakness", f"/weaknesses/{weakness}/")
    yield Page("weakness: machines", f"/weaknesses/{weakness}/machines/")
    yield Page("machines", "/machines/")
    yield Page("machines, 30 pages on", "/machines/", next_of=30)
    yield Page("machines, last page", "/machines/?before=end")
    for sort in ("name", "group", "-fixes", "platform", "last_seen"):
        yield Page(f"machines by {sort.strip('-')}", f"/machines/?sort={sort}")
    yield Page("machines with a high level", "/machines/?level=high")
    yield Page("machines of high value", "/machines/?value=high")
    yield Page("machines by part of a name", "/machines/?q=ine-12")
    yield Page("machine", f"/machines/{machine}/", PAGE_MS)
    yield Page("machine: vulnerabilities", f"/machines/{machine}/?tab=vulnerabilities", PAGE_MS)
    yield Page("report on vulnerable machines", "/reports/vulnerable-machines/")
    yield Page("vulnerable machines", "/reports/vulnerable-machines/machines/")
    yield Page("vulnerable machines, 100 rows", "/reports/vulnerable-machines/machines/?per_page=100")
    yield Page("search", "/search/?q=machine-12")
    yield Page("remediation", "/remediation/")


def _users() -> Iterator[tuple[str, Ask]]:
    from core.built_in_roles import VIEWER, built_in
    from core.models import RoleBinding, User

    every, _ = User.objects.get_or_create(username="bench-all", defaults={"is_superuser": True})
    yield "all groups", _client(every)
    some, _ = User.objects.get_or_create(username="bench-some")
    RoleBinding.objects.update_or_create(user=some, role=built_in(VIEWER), defaults={"machine_groups": _two_groups()})
    yield "two groups", _client(some)


def _two_groups() -> list[int]:
    """The largest."""
    from inventory.models import MachineGroup

    return list(MachineGroup.objects.order_by("-machine_count", "id").values_list("pk", flat=True)[:2])


def _client(user: object) -> Ask:
    """Asks as this user."""
    from django.test.client import Client

    client = Client()
    client.force_login(user, backend="core.backend.RoleBackend")  # type: ignore[arg-type]

    def ask(address: str, part: str) -> tuple[int, bytes]:
        asked = {"HX-Request": "true", "HX-Target": part} if part else {}
        answer = client.get(address, headers={"host": "localhost", **asked})
        return answer.status_code, answer.content

    return ask


def _export_rows(scale: int) -> Iterator[Row]:
    """Peak memory and first rows of the list of machines as a file, in a process of its own, loaded as a web process is."""
    if scale <= FEW_ROWS:
        return
    found = json.loads(
        subprocess.run([sys.executable, "-m", "tests.benchmarks.reading", "--stream"], check=True, capture_output=True, text=True).stdout
    )
    yield Row("export of machines: peak memory", scale, found["peak"], "MB", found["early"], found["peak"] / found["early"], 1.1)
    yield Row("export of machines: first rows", scale, found["first"], "s", 1.0, found["first"], 1.0)
    yield Row("export of machines: rows a second", scale, found["rows"] / found["seconds"], "", 1.0, 1.0, NO_GOAL)


def _stream() -> dict[str, float]:
    from django.test.client import Client

    from core.models import User
    from core.warming import warm

    warm()
    client = Client()
    client.force_login(User.objects.get(username="bench-all"), backend="core.backend.RoleBackend")
    started = time.perf_counter()
    answer = client.get("/machines/export.csv?sort=name", headers={"host": "localhost"})
    first, early, rows = 0.0, 0.0, 0
    for part in answer.streaming_content:  # type: ignore[attr-defined]
        rows += part.count(b"\n")
        if rows > 1 and not first:
            first = time.perf_counter() - started
        if rows > FEW_ROWS and not early:
            early = _peak()
    return {"first": first, "early": early or _peak(), "peak": _peak(), "rows": rows - 1, "seconds": time.perf_counter() - started}


def _peak() -> float:
    """Megabytes, of this program: what getrusage tells counts the process that started it too."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    if found is None:
        raise RuntimeError("this system does not tell a process its peak of memory")
    return int(found[1]) / 1024


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.reading", description=__doc__)
    parser.add_argument("--reuse", action="store_true", help="measure the fleet in the database of DATABASE_URL")
    parser.add_argument("--times", type=int, default=TIMES)
    parser.add_argument("--only", default="", help="pages whose name holds this")
    parser.add_argument("--stream", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if not (options.reuse or options.stream):
        parser.error("--reuse, or python -m tests.benchmarks --only reading")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tvm_portal.settings")
    import logging

    import django

    django.setup()
    logging.disable(logging.INFO)
    if options.stream:
        print(json.dumps(_stream()))
        return 0
    from recommendations.models import GroupScore

    scale = sum(GroupScore.objects.values_list("machines", flat=True))
    worst = 0
    for row in measure(scale, times=options.times, only=options.only):
        missed = row.ratio > row.goal
        worst = max(worst, int(missed))
        goal = "" if row.goal == NO_GOAL else f", goal {row.goal:g} x{', missed' if missed else ''}"
        print(f"{row.scale:,} | {row.name} | {row.value:,.1f} {row.unit} | {row.ratio:.2f} x{goal}", flush=True)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
