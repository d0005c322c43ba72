"""OVAL definitions as a parser of another product writes them into JSON: criteria over tests of package versions.

`Definitions`: [{Criteria: {Operator: 0 (AND) or 2 (OR), Criteriums: [test id], Criterias: [nested]}, Vulnerabilities: [name]}].
`PackageTests` (deb) and `RpmInfoTests`: {id: {Objects: [package], States: ["less than|EVR"] or [{Evr, Arch, SignatureKeyId}],
StateMatch}}. `RpmVerifyFileTests`: {id: {State: {Name, Version}, StateMatch}}, of which the system's release is used.
Tests that are not in the file (files, the running kernel, module streams) cannot be told from packages: their branch is left out.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from weaknesses.records import RangeRecord, WeaknessRecord
from weaknesses.rules import package_product

_AND = 0
_ALL_SATISFY = 1
_OLDER = "less than|"
_RELEASE = re.compile(r"\|?pattern match\|\^([0-9]+)\[")
_RELEASE_NAME = "pattern match|^redhat-release"
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,15}")
_MOST_BRANCHES = 20_000  # of one definition; the largest known has some hundred


@dataclass(frozen=True, slots=True)
class Test:
    """What has to be so: one of `packages` is older than `before`, or the system is of `release`. Nothing of both: holds."""

    packages: tuple[str, ...] = ()
    before: str = ""
    release: str = ""


Branch = tuple[Test, ...]


def records(document: Mapping[str, Any], *, ecosystem: str, distribution: str, release: str) -> Iterator[WeaknessRecord]:
    """One record per CVE, with a range for every package that some branch of some definition finds too old."""
    tests = _tests(document)
    ranges: dict[str, dict[RangeRecord, None]] = defaultdict(dict)
    for definition in document["Definitions"]:
        found = [
            RangeRecord(
                product=package_product(ecosystem, package, distribution=distribution),
                end=test.before,
                fixed=test.before,
                platforms=(f"{distribution}-{named or release}",),
            )
            for test, named in _too_old(_branches(definition["Criteria"], tests))
            for package in test.packages
        ]
        for name in definition["Vulnerabilities"]:
            if _CVE.fullmatch(name):
                ranges[name].update(dict.fromkeys(found))
    for cve, stated in sorted(ranges.items()):
        yield WeaknessRecord(cve=cve, ranges=tuple(stated))


def _too_old(branches: Iterator[Branch]) -> Iterator[tuple[Test, str]]:
    """The package test of each branch that has exactly one, and the release it is about ("": not said).

    A branch that wants two packages at once is no fact about one of them.
    """
    for branch in branches:
        packages = [test for test in branch if test.packages]
        releases = {test.release for test in branch if test.release}
        if len(set(packages)) == 1 and len(releases) < 2:
            yield packages[0], next(iter(releases), "")


def _branches(criteria: Mapping[str, Any], tests: Mapping[int, Test | None]) -> Iterator[Branch]:
    """The criteria as alternatives, each a set of tests that hold together. What cannot be told is no alternative."""
    parts: list[list[Branch]] = []
    for test_id in criteria["Criteriums"] or ():
        test = tests.get(test_id)
        parts.append([] if test is None else [(test,)])
    parts += [list(_branches(nested, tests)) for nested in criteria["Criterias"] or ()]
    if criteria["Operator"] != _AND:
        yield from (branch for part in parts for branch in part)
    elif parts:
        for combination in itertools.islice(itertools.product(*parts), _MOST_BRANCHES):
            yield tuple(test for branch in combination for test in branch)


def _tests(document: Mapping[str, Any]) -> dict[int, Test | None]:
    packages = {**(document.get("PackageTests") or {}), **(document.get("RpmInfoTests") or {})}
    made = {int(test_id): _of_packages(test) for test_id, test in packages.items()}
    return made | {int(test_id): _of_release(test) for test_id, test in (document.get("RpmVerifyFileTests") or {}).items()}


def _of_packages(test: Mapping[str, Any]) -> Test | None:
    """A package older than a version; a signature holds, as who signed a package is not reported; anything else is not known."""
    states = test.get("States") or []
    if len(states) != 1 or test.get("StateMatch") != _ALL_SATISFY:
        return None
    state = states[0] if isinstance(states[0], Mapping) else {"Evr": states[0]}
    if state.get("SignatureKeyId"):
        return Test()
    evr = str(state.get("Evr"))
    if not evr.startswith(_OLDER):
        return None
    return Test(packages=tuple(test["Objects"]), before=evr.removeprefix(_OLDER))


def _of_release(test: Mapping[str, Any]) -> Test | None:
    state = test.get("State") or {}
    version = _RELEASE.match(str(state.get("Version")))
    if test.get("StateMatch") != _ALL_SATISFY or state.get("Name") != _RELEASE_NAME or not version:
        return None
    return Test(release=version[1])
