"""Linux machines against their vendor's OVAL definitions, as parsed into JSON, with what an OVAL scanner found on them.

A machine is a folder named after its system (rhel-8.4, ubuntu-18.04) with `software.json` (name, version, and for RPMs
release and arch; binary packages, without source or epoch), `expected_pairs.csv` (package, installed_version, cve,
fixed_version) and `expected_cves.csv` (one name a line; `#ignore` marks what package names cannot show). Definitions are
`<system>_<release>-oval_def.json`: rhel_08 for RHEL 8, ubuntu_1804 for Ubuntu 18.04.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from inventory.records import InstalledSoftware, MachineFacts, Report
from inventory.rules import platform_of
from inventory.sources.osquery_tables import deb, rpm
from weaknesses import bulk
from weaknesses.measuring import machines, oval_json, texts
from weaknesses.measuring.frame import Case, Outcome, TruthSet, UnusableTruth, compared

_SOFTWARE, _PAIRS, _NAMES, _DEFINITIONS = "software", "expected_pairs", "expected_cves", "-oval_def"
_SYSTEM = re.compile(r"([a-z]+)[-_]([0-9]+(?:\.[0-9]+)?)$")
_SOURCES = {"ubuntu": "ubuntu", "rhel": "redhat"}


def find(files: Sequence[Path]) -> Iterator[Case]:
    definitions = {platform: path for path in files if (platform := _platform_of_definitions(path))}
    for path in files:
        if texts.stem(path) != _SOFTWARE or not (system := _SYSTEM.fullmatch(path.parent.name)):
            continue
        beside = {texts.stem(other): other for other in files if other.parent == path.parent}
        if _NAMES in beside or _PAIRS in beside:
            platform = platform_of(system[1], system[2])
            found = {"definitions": definitions[platform]} if platform in definitions else {}
            yield Case(f"oval-hosts/{path.parent.name}", {**beside, **found})


def _platform_of_definitions(path: Path) -> str:
    """rhel_08-oval_def -> rhel-8; ubuntu_1804-oval_def -> ubuntu-18.04."""
    name, end, _ = texts.stem(path).partition(_DEFINITIONS)
    system, _, release = name.partition("_")
    if not end or not release.isdigit():
        return ""
    return platform_of(system, f"{release[:2]}.{release[2:]}" if len(release) == 4 else str(int(release)))


def measure(case: Case, now: dt.datetime) -> Iterator[Outcome]:
    if "definitions" not in case.files:
        raise UnusableTruth(f"there are no OVAL definitions for {case.name}")
    system, platform = _system(case)
    release = platform.removeprefix(f"{system}-")
    definitions = texts.document(case.files["definitions"])
    advisories = oval_json.records(definitions, ecosystem=_ecosystem(system), distribution=system, release=release)
    bulk.store_weaknesses(advisories, _SOURCES.get(system, system))
    machines.store_reports([_report(case, system, platform)], now=now)
    machines.match_everything(now=now)
    found = list(machines.matches(case.name))
    expected = _expected(case)
    got = machines.by_package(found) if _PAIRS in case.files else {case.name: {match.cve for match in found}}
    cves = {cve for held in expected.values() for cve in held}
    notes = [f"{len(cves)} distinct CVEs expected, {len(cves & {match.cve for match in found})} found"]
    yield compared(case.name, expected=expected, got=got, tolerated=dict.fromkeys(got, _ignored(case)), notes=notes)


def _system(case: Case) -> tuple[str, str]:
    """Of oval-hosts/rhel-8.4: rhel and rhel-8."""
    system, _, release = case.name.rpartition("/")[2].rpartition("-")
    return system, platform_of(system, release)


def _ecosystem(system: str) -> str:
    return "deb" if system in {"ubuntu", "debian"} else "rpm"


def _report(case: Case, system: str, platform: str) -> Report:
    made = _deb if _ecosystem(system) == "deb" else _rpm
    software = [found for row in texts.document(case.files[_SOFTWARE]) if (found := made(row))]
    if not software:
        raise UnusableTruth(f"{case.files[_SOFTWARE].name}: names no package")
    facts = MachineFacts(external_id=case.name, platform=platform, family="linux")
    return Report(machine=facts, software=tuple(dict.fromkeys(software)), covers=frozenset({_ecosystem(system)}))


def _deb(row: dict[str, Any]) -> InstalledSoftware | None:
    return deb(package=str(row["name"]), version=str(row["version"]), source="") if row.get("version") else None


def _rpm(row: dict[str, Any]) -> InstalledSoftware | None:
    """Entries without a release are of other kinds: Python packages, browser add-ons."""
    if not row.get("release"):
        return None
    return rpm(package=str(row["name"]), version=f"{row['version']}-{row['release']}", source="", epoch=str(row.get("epoch") or ""))


def _expected(case: Case) -> dict[str, set[str]]:
    if _PAIRS not in case.files:
        return {case.name: {name for name, _ in _names(case) if name.startswith("CVE-")} - _ignored(case)}
    expected: dict[str, set[str]] = defaultdict(set)
    ignored = _ignored(case)
    for row in texts.table(case.files[_PAIRS], "package", "cve"):
        if row["cve"] not in ignored:
            expected[row["package"]].add(row["cve"])
    return expected


def _names(case: Case) -> Iterator[tuple[str, str]]:
    """The lines of expected_cves.csv: name, and the remark behind it."""
    text = texts.content(case.files[_NAMES]) if _NAMES in case.files else ""
    for line in text.splitlines():
        name, _, remark = line.partition("#")
        if name.strip():
            yield name.strip(), remark.strip()


def _ignored(case: Case) -> set[str]:
    return {name for name, remark in _names(case) if remark.startswith("ignore")}


SET = TruthSet(
    kind="oval-hosts",
    about="the packages of a Linux machine against its vendor's OVAL definitions",
    find=find,
    measure=measure,
    feeds=(),
)
