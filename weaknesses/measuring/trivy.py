"""What trivy's integration tests expect of it: golden reports, and the advisories they were made with, in one tar archive.

A golden report is read as the report it is; only its packages are used, and what it lists as found is the truth. Reports
that were filtered (by severity, by status) lack what another report of the same artifact lists: that is neither asked for
nor wrong.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import tarfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path, PurePath
from typing import Any

import yaml

from inventory.sources.registry import SOURCES
from weaknesses import bulk
from weaknesses.measuring import machines, trivy_advisories
from weaknesses.measuring.frame import Case, Outcome, TruthSet, UnusableTruth, compared

_GOLDEN = ".json.golden"
_DATABASE = "fixtures/db/"
_MOST = 64 * 2**20  # bytes of one member
_SOURCE = "trivy"


def find(files: Sequence[Path]) -> Iterator[Case]:
    for path in files:
        if path.name.endswith((".tar.gz", ".tgz")) and "trivy" in path.name.lower() and _has_goldens(path):
            yield Case("trivy", {"archive": path})


def _has_goldens(path: Path) -> bool:
    with tarfile.open(path, "r:gz") as archive:
        return any(name.endswith(_GOLDEN) for name in archive.getnames())


@dataclass(slots=True)
class _Golden:
    """A report: its bytes, what machine and artifact it is of, how to read it, and the weaknesses that it lists, by package."""

    name: str
    content: bytes
    machine: str
    artifact: str
    source: str
    expected: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def measure(case: Case, now: dt.datetime) -> Iterator[Outcome]:
    if _SOURCE not in SOURCES:
        raise UnusableTruth(f"there is no source {_SOURCE!r} to read the reports with")
    members = dict(_members(case.files["archive"]))
    bulk.store_weaknesses(trivy_advisories.records(_databases(members)), _SOURCE)
    goldens = [golden for name, content in members.items() if (golden := _golden(name, content))]
    for golden in goldens:
        machines.ingest_stream(BytesIO(golden.content), filename=golden.name, machine=golden.machine, source=golden.source, now=now)
    machines.match_everything(now=now)
    yield _compared(case.name, goldens)


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Goldens at the top, not those that are inputs of other tests, and the advisories."""
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            is_golden = name.endswith(_GOLDEN) and "fixtures/" not in name
            if member.isfile() and member.size < _MOST and (is_golden or (_DATABASE in name and name.endswith(".yaml"))):
                content = archive.extractfile(member)
                if content is not None:
                    yield name, content.read()


def _databases(members: Mapping[str, bytes]) -> Iterator[Any]:
    for name, content in members.items():
        if name.endswith(".yaml"):
            try:
                yield yaml.safe_load(content)
            except (yaml.YAMLError, RecursionError) as error:
                raise UnusableTruth(f"{name}: {str(error).splitlines()[0]}") from error


def _golden(name: str, content: bytes) -> _Golden | None:
    """None for a report that lists nothing: in SPDX, of licences, of no package."""
    try:
        report = json.loads(content)
    except ValueError:
        return None
    if not isinstance(report, dict) or not (report.get("Results") or report.get("vulnerabilities")):
        return None
    is_bom = "bomFormat" in report
    short = PurePath(name).name.removesuffix(_GOLDEN)
    golden = _Golden(
        name=short,
        content=content,
        machine=report["metadata"]["component"]["name"] if is_bom else f"trivy/{short}",  # a bill of materials names its own
        artifact=str(report.get("ArtifactName") or name),
        source="cyclonedx" if is_bom else _SOURCE,
    )
    for package, weakness in _listed_in_bom(report) if is_bom else _listed(report):
        golden.expected[_spelled(package)].add(weakness)
    return golden


def _listed(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for result in report["Results"]:
        yield from ((found["PkgName"], found["VulnerabilityID"]) for found in result.get("Vulnerabilities") or ())


def _listed_in_bom(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    names = {component["bom-ref"]: component["name"] for component in report.get("components") or ()}
    for found in report["vulnerabilities"]:
        yield from ((names[affected["ref"]], found["id"]) for affected in found.get("affects") or () if affected["ref"] in names)


def _spelled(package: str) -> str:
    """Registries fold case and separators differently: compared without."""
    return re.sub(r"[-_.]+", "-", package).lower()


def _compared(name: str, goldens: Sequence[_Golden]) -> Outcome:
    expected: dict[str, set[str]] = {}
    tolerated: dict[str, set[str]] = defaultdict(set)
    for golden in goldens:
        for package, found in golden.expected.items():
            expected[f"{golden.name} {package}"] = found
            for other in goldens:
                if other.artifact == golden.artifact:
                    tolerated[f"{other.name} {package}"] |= found
    got: dict[str, set[str]] = defaultdict(set)
    names = {golden.machine: golden.name for golden in goldens}
    for match in machines.matches():
        for package in match.packages:
            got[f"{names.get(match.machine, match.machine)} {_spelled(package)}"].add(match.cve)
    return compared(name, expected=expected, got=got, tolerated=tolerated)


SET = TruthSet(
    kind="trivy",
    about="what trivy's integration tests expect of its own reports and advisories",
    find=find,
    measure=measure,
    feeds=(),
)
