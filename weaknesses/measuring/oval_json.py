"""OVAL definitions as a parser of another product writes them into JSON, evaluated as the feeds evaluate OVAL.

`Definitions`: [{Criteria: {Operator: 0 (AND) or 2 (OR), Criteriums: [test id], Criterias: [nested]}, Vulnerabilities: [name]}].
`PackageTests` (deb) and `RpmInfoTests`: {id: {Objects: [package], States: ["less than|EVR"] or [{Evr, Arch, SignatureKeyId}],
StateMatch}}. `RpmVerifyFileTests`: {id: {State: {Name, Version}, StateMatch}}, of which the system's release is used.
Tests that this notation leaves out (files, the running kernel, module streams) are false here, as they are to those who wrote it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from weaknesses.feeds.oval import Condition, Criteria, PackageTest, Test, ranges_of
from weaknesses.records import RangeRecord, WeaknessRecord
from weaknesses.rules import package_product

_AND = 0
_ALL_SATISFY = 1
_OLDER = "less than|"
_RELEASE = re.compile(r"\|?pattern match\|\^([0-9]+)\[")
_RELEASE_NAME = "pattern match|^redhat-release"
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,15}")


def records(document: Mapping[str, Any], *, ecosystem: str, distribution: str, release: str) -> Iterator[WeaknessRecord]:
    """One record per CVE, with a range for every package that some definition finds too old."""
    tests = _tests(document, distribution)
    ranges: dict[str, dict[RangeRecord, None]] = defaultdict(dict)
    for definition in document["Definitions"]:
        criteria = _criteria(definition["Criteria"], tests)
        if criteria is None:
            continue
        found = ranges_of(
            criteria,
            {name: test for name, test in tests.items() if test is not None},
            product=lambda name: package_product(ecosystem, name, distribution=distribution),
            platform=f"{distribution}-{release}",
        )
        for name in definition["Vulnerabilities"]:
            if _CVE.fullmatch(name):
                ranges[name].update(dict.fromkeys(found))
    for cve, stated in sorted(ranges.items()):
        yield WeaknessRecord(cve=cve, ranges=tuple(stated))


def _criteria(node: Mapping[str, Any], tests: Mapping[str, Test | None]) -> Criteria | None:
    """The tree without what can never hold; None where nothing is left."""
    is_and = node["Operator"] == _AND
    asked = [str(test_id) for test_id in node["Criteriums"] or ()]
    held = [name for name in asked if name in tests]
    children = [_criteria(nested, tests) for nested in node["Criterias"] or ()]
    kept = tuple(child for child in children if child is not None)
    if is_and and (len(held) < len(asked) or len(kept) < len(children)):
        return None
    return Criteria(is_and=is_and, tests=tuple(held), children=kept) if held or kept else None


def _tests(document: Mapping[str, Any], distribution: str) -> dict[str, Test | None]:
    """The tests that may hold; None: holds without saying anything (who signed a package, which no inventory tells)."""
    made: dict[str, Test | None] = {}
    for test_id, test in {**(document.get("PackageTests") or {}), **(document.get("RpmInfoTests") or {})}.items():
        states = test.get("States") or []
        if len(states) != 1 or test.get("StateMatch") != _ALL_SATISFY:
            continue
        state = states[0] if isinstance(states[0], Mapping) else {"Evr": states[0]}
        evr = str(state.get("Evr"))
        if evr.startswith(_OLDER):
            made[str(test_id)] = PackageTest(names=tuple(test["Objects"]), end=evr.removeprefix(_OLDER))
        elif state.get("SignatureKeyId"):
            made[str(test_id)] = None
    for test_id, test in (document.get("RpmVerifyFileTests") or {}).items():
        state = test.get("State") or {}
        version = _RELEASE.match(str(state.get("Version")))
        if test.get("StateMatch") == _ALL_SATISFY and state.get("Name") == _RELEASE_NAME and version:
            made[str(test_id)] = Condition(platforms=(f"{distribution}-{version[1]}",))
    return made
