"""Debian machines: what dpkg says is installed, and which CVEs of Debian's security tracker each package must have.

`NAME-expected.csv` has package, version, source, source_version, cve and fixed_version (empty: no fix yet); the inventory
beside or elsewhere below the folder has a name that begins with NAME and is any format that names Debian packages.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from inventory.sources.registry import SOURCES
from inventory.sources.systems import platform_of_os_release
from weaknesses.feeds import reading
from weaknesses.measuring import machines, texts
from weaknesses.measuring.frame import Case, Outcome, TruthSet, UnusableTruth, compared

_COLUMNS = ("package", "version", "cve", "fixed_version")
_END = "-expected"


def find(files: Sequence[Path]) -> Iterator[Case]:
    for path in files:
        name = texts.stem(path)
        if name.endswith(_END) and texts.has_columns(path, *_COLUMNS, "source", "source_version"):
            machine = name.removesuffix(_END)
            yield Case(f"debian/{machine}", {"expected": path, **_inventory(machine, files)})


def _inventory(machine: str, files: Sequence[Path]) -> dict[str, Path]:
    found = {}
    for path in files:
        if not path.name.startswith(f"{machine}-") or texts.stem(path).endswith(_END):
            continue
        if path.name.endswith("os-release"):
            found["os-release"] = path
        elif SOURCES["dpkg"].detect(reading.head(path, 65_536), path.name):
            found["inventory"] = path
    return found


def measure(case: Case, now: dt.datetime) -> Iterator[Outcome]:
    if "inventory" not in case.files:
        raise UnusableTruth(f"{case.files['expected'].name}: there is no inventory of that name")
    machines.ingest_file(case.files["inventory"], machine=case.name, platform=_platform(case), now=now)
    machines.match_everything(now=now)
    expected: dict[str, set[str]] = defaultdict(set)
    fixes: dict[tuple[str, str], str] = {}
    for row in texts.table(case.files["expected"], *_COLUMNS):
        expected[row["package"]].add(row["cve"])
        fixes[row["package"], row["cve"]] = row["fixed_version"]
    found = list(machines.matches(case.name))
    other = [
        f"{package}: {match.cve} is fixed in {match.fixed or 'no version'}, not in {fixes[package, match.cve] or 'none'}"
        for match in found
        for package in match.packages
        if fixes.get((package, match.cve), match.fixed) != match.fixed
    ]
    yield compared(case.name, expected=expected, got=machines.by_package(found), notes=other)


def _platform(case: Case) -> str:
    return platform_of_os_release(texts.content(case.files["os-release"])) if "os-release" in case.files else ""


SET = TruthSet(
    kind="debian",
    about="the dpkg table of a Debian machine against Debian's security tracker",
    find=find,
    measure=measure,
    feeds=("debian",),
)
