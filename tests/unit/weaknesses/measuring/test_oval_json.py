"""OVAL in JSON: what holds becomes ranges, what cannot hold takes its branch with it."""

from __future__ import annotations

from typing import Any

from weaknesses.measuring.oval_json import records

OLDER = {"Objects": ["plum", "Plum-Devel"], "States": [{"Evr": "less than|1:1.2-3.el8", "Arch": "equals|x86_64"}], "StateMatch": 1}
SIGNED = {"Objects": ["plum"], "States": [{"SignatureKeyId": "equals|199e2f91fd431d51"}], "StateMatch": 1}
RELEASE = {"State": {"Name": "pattern match|^redhat-release", "Version": "|pattern match|^8[^\\d]"}, "StateMatch": 1}
NOT_INSTALLED = {"State": {"Name": "pattern match|^redhat-release"}, "StateMatch": 2}


def definition(*, operator: int, tests: tuple[int, ...] = (), nested: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"Operator": operator, "Criteriums": list(tests) or None, "Criterias": list(nested) or None}


def stated(criteria: dict[str, Any]) -> dict[str, list[tuple[str, str, tuple[str, ...]]]]:
    document = {
        "Definitions": [{"Criteria": criteria, "Vulnerabilities": ["RHSA-2024:1", "CVE-2024-0001"]}],
        "RpmInfoTests": {"1": OLDER, "2": SIGNED},
        "RpmVerifyFileTests": {"3": RELEASE, "4": NOT_INSTALLED},
    }
    found = records(document, ecosystem="rpm", distribution="rhel", release="8")
    return {record.cve: [(each.product, each.fixed, each.platforms) for each in record.ranges or ()] for record in found}


def test_the_usual_definition() -> None:
    both = definition(operator=0, tests=(1, 2))
    criteria = definition(
        operator=2, tests=(4,), nested=(definition(operator=0, tests=(3,), nested=(definition(operator=2, nested=(both,)),)),)
    )
    assert stated(criteria) == {
        "CVE-2024-0001": [("rpm:rhel:plum", "1:1.2-3.el8", ("rhel-8",)), ("rpm:rhel:plum-devel", "1:1.2-3.el8", ("rhel-8",))]
    }


def test_a_branch_that_needs_a_test_nobody_can_see_is_left_out() -> None:
    assert stated(definition(operator=0, tests=(1, 99))) == {}
    assert stated(definition(operator=0, tests=(1,), nested=(definition(operator=2, tests=(99,)),))) == {}
    assert list(stated(definition(operator=2, tests=(1, 99)))) == ["CVE-2024-0001"]


def test_ubuntus_tests_name_packages_and_a_version() -> None:
    document = {
        "Definitions": [{"Criteria": definition(operator=2, tests=(7,)), "Vulnerabilities": ["USN-1-1", "CVE-2024-0001"]}],
        "PackageTests": {"7": {"Objects": ["plum"], "States": ["less than|0:1.2-3ubuntu1"], "StateMatch": 1}},
    }
    (record,) = records(document, ecosystem="deb", distribution="ubuntu", release="22.04")
    assert [(each.product, each.end, each.platforms) for each in record.ranges or ()] == [
        ("deb:ubuntu:plum", "0:1.2-3ubuntu1", ("ubuntu-22.04",))
    ]
