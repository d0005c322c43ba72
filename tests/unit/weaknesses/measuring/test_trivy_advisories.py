"""The advisory database of integration tests: distributions, registries, Red Hat's products."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from weaknesses.measuring.trivy_advisories import records
from weaknesses.records import RangeRecord


def ranges(text: str) -> dict[str, tuple[RangeRecord, ...]]:
    return {record.cve: record.ranges or () for record in records([yaml.safe_load(text)])}


def registry(bucket: str, package: str, **value: Any) -> tuple[RangeRecord, ...]:
    entry = {"bucket": bucket, "pairs": [{"bucket": package, "pairs": [{"key": "CVE-2024-0001", "value": value}]}]}
    return next(records([[entry]])).ranges or ()


def test_a_distributions_package_has_a_fix_or_none_yet() -> None:
    found = ranges("""
- bucket: debian 10
  pairs:
    - bucket: plum
      pairs:
        - {key: CVE-2024-0001, value: {FixedVersion: 1.2-1+deb10u1}}
        - {key: CVE-2024-0002, value: {Severity: 1}}
- bucket: data-source
  pairs:
    - {key: debian 10, value: {ID: debian}}
""")
    assert found["CVE-2024-0001"] == (RangeRecord("deb:debian:plum", end="1.2-1+deb10u1", fixed="1.2-1+deb10u1", platforms=("debian-10",)),)
    assert found["CVE-2024-0002"] == (RangeRecord("deb:debian:plum", platforms=("debian-10",)),)


def test_red_hats_entries_are_by_product_and_name_their_cves() -> None:
    found = ranges("""
- bucket: Red Hat CPE
  pairs:
    - bucket: repository
      pairs: [{key: rhel-7-server-rpms, value: [869]}]
    - bucket: cpe
      pairs:
        - {key: "869", value: "cpe:/o:redhat:enterprise_linux:7::server"}
        - {key: "900", value: "cpe:/a:redhat:openshift:4"}
- bucket: Red Hat
  pairs:
    - bucket: plum
      pairs:
        - key: RHSA-2024:0001
          value: {Entries: [{Affected: [869, 900], Cves: [{ID: CVE-2024-0001}, {ID: CVE-2024-0002}], FixedVersion: "1:1.2-3.el7"}]}
        - key: CVE-2024-0003
          value: {Entries: [{Affected: [869], Cves: [{Severity: 1.0}], Status: 5}]}
""")
    fixed = RangeRecord("rpm:rhel:plum", end="1:1.2-3.el7", fixed="1:1.2-3.el7", platforms=("rhel-7",))
    assert found == {
        "CVE-2024-0001": (fixed,),
        "CVE-2024-0002": (fixed,),
        "CVE-2024-0003": (RangeRecord("rpm:rhel:plum", platforms=("rhel-7",)),),
    }


@pytest.mark.parametrize(
    ("bucket", "value", "expected"),
    [
        ("npm::X", {"VulnerableVersions": ["< 3.0.0"], "PatchedVersions": ["3.0.0"]}, [("", "3.0.0", False, "3.0.0")]),
        ("maven::X", {"VulnerableVersions": ["[2.9.0,2.9.10.7)"], "PatchedVersions": ["2.9.10.7"]},
         [("2.9.0", "2.9.10.7", False, "2.9.10.7")]),
        ("rubygems::X", {"VulnerableVersions": [">= 6.0.0, <= 6.0.3"], "PatchedVersions": ["6.0.3.1", "5.2.4.3"]},
         [("6.0.0", "6.0.3", True, "6.0.3.1")]),
        ("cargo::X", {"PatchedVersions": [">= 3.1.0", ">= 2.1.3, < 3.0.0"]},
         [("0", "2.1.3", False, "2.1.3"), ("3.0.0", "3.1.0", False, "3.1.0")]),
        ("conan::X", {"VulnerableVersions": ["<8.44"], "PatchedVersions": ["8.45"]}, [("", "8.44", False, "8.45")]),
    ],
)  # fmt: skip
def test_constraints_of_registries(bucket: str, value: dict[str, Any], expected: list[tuple[str, str, bool, str]]) -> None:
    assert [(found.start, found.end, found.end_included, found.fixed) for found in registry(bucket, "plum", **value)] == expected


def test_the_product_is_the_registrys_name() -> None:
    assert registry("pip::X", "Plum_Tree", VulnerableVersions=["< 1"])[0].product == "pypi:plum-tree"
    assert registry("erlang::X", "plum", VulnerableVersions=["< 1"])[0].product == "other:hex:plum"
