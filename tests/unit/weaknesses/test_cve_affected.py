"""What CVE records say is affected: what can be compared becomes a range, the rest is counted."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.unit.weaknesses.feed_samples import affected
from weaknesses.cve_affected import ranges_from_containers
from weaknesses.records import RangeRecord

CPE = "cpe:2.3:a:acme:rocket:*:*:*:*:*:*:*:*"


def read(*entries: Any, cisa: tuple[Any, ...] = ()) -> tuple[tuple[RangeRecord, ...], Counter[str]]:
    faults: Counter[str] = Counter()
    found = ranges_from_containers([{"affected": list(entries)}, {"affected": list(cisa)}], faults=faults)
    return found, +faults


def spans(*versions: dict[str, Any], **changes: Any) -> list[tuple[str, str, bool, str]]:
    """(start, end, end included, fixed) of what the versions of Acme Rocket say."""
    found, _ = read(affected(versions=list(versions), **changes))
    return [(entry.start, entry.end, entry.end_included, entry.fixed) for entry in found]


def stated(version: str, **changes: Any) -> dict[str, Any]:
    return {"version": version, "status": "affected", **changes}


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (stated("2.0", lessThan="2.5"), [("2.0", "2.5", False, "2.5")]),
        (stated("v2.0", lessThanOrEqual="v2.5"), [("2.0", "2.5", True, "")]),
        (stated("0", lessThan="2.5"), [("", "2.5", False, "2.5")]),
        (stated("unspecified", lessThan="2.5"), [("", "2.5", False, "2.5")]),
        (stated("n/a", lessThan="2.5"), [("", "2.5", False, "2.5")]),
        (stated("2.5", lessThan="2.5"), [("", "2.5", False, "2.5")]),
        (stated("8.1.*", lessThan="8.1.29"), [("8.1", "8.1.29", False, "8.1.29")]),
        (stated("2.0", lessThan="*"), [("2.0", "", False, "")]),
        (stated("2.4"), [("2.4", "2.4", True, "")]),
        (stated("15.2(1)S"), [("15.2(1)S", "15.2(1)S", True, "")]),
        (stated(">= 1.0, < 2.3.1"), [("1.0", "2.3.1", False, "2.3.1")]),
        (stated("<= 4.9"), [("", "4.9", True, "")]),
        (stated("= 4.9"), [("4.9", "4.9", True, "")]),
    ],
)
def test_bounds_are_read(version: dict[str, Any], expected: list[tuple[str, str, bool, str]]) -> None:
    assert spans(version) == expected


@pytest.mark.parametrize(
    "version",
    [
        stated("16.0.1", lessThan="https://aka.ms/OfficeSecurityReleases"),
        stated("1.0", lessThan="publication"),
        stated("0", lessThan="*"),
        stated("unspecified"),
        stated("*"),
        stated("n/a"),
        stated("All versions"),
        stated("2.4 and earlier"),
        stated("1.0 - 2.0"),
        stated("8.3.*"),
        stated("5.15", lessThanOrEqual="5.15.*"),
        stated("1da177e4c3f41524e886b7f1b8a0c1fc7321cac2", lessThan="5b2d1c1f3f41524e886b7f1b8a0c1fc7321cac2a"),
        stated("2.6.12", lessThan="3", versionType="git"),
        stated("0:4.18.0-1.el8", lessThan="*", versionType="rpm"),
        stated("> "),
        stated("<" + " " * 100_000 + "x"),
        {"version": "2.4", "status": "unaffected"},
        {"version": "2.4", "status": "unknown"},
        {"version": 2, "status": "affected"},
        {"status": "affected"},
    ],
)
def test_what_cannot_be_compared_gives_nothing(version: dict[str, Any]) -> None:
    assert spans(version) == []


def test_each_refusal_is_counted_by_its_reason() -> None:
    _, faults = read(
        affected(versions=[stated("All versions"), stated("see references"), stated("*")]),
        affected("n/a", "n/a", versions=[stated("1.0")]),
        affected(product="Rocket Launcher, Boosters (all)", versions=[stated("1.0")]),
        affected("Linux", "Linux", versions=[stated("5.10")]),
        affected(packageName="rocket", collectionURL="https://access.redhat.example/packages", versions=[stated("1.0")]),
    )
    assert faults == {
        "versions in words": 2,
        "products of which no version is named": 1,
        "entries that name no vendor or no product": 1,
        "entries whose product is described rather than named": 1,
        "entries of the Linux kernel, which every distribution patches on its own": 1,
        "packages of a distribution or of no known registry": 1,
    }


def test_changes_cut_a_version_line_where_its_status_turns() -> None:
    changes = [{"at": "8.1.4", "status": "unaffected"}, {"at": "8.1.8", "status": "affected"}]
    assert spans(stated("8.1", lessThan="8.1.24", changes=changes)) == [
        ("8.1", "8.1.4", False, "8.1.4"),
        ("8.1.8", "8.1.24", False, "8.1.24"),
    ]


def test_affected_by_default_is_read_where_one_line_goes_on_for_ever() -> None:
    unaffected = {"version": "2.5", "lessThan": "*", "status": "unaffected"}
    assert spans(unaffected, defaultStatus="affected") == [("", "2.5", False, "2.5")]
    assert spans(unaffected, {"version": "1.9.7", "lessThan": "1.10", "status": "unaffected"}, defaultStatus="affected") == []
    assert spans({"version": "2.5", "status": "unaffected"}, defaultStatus="affected") == []


def test_of_lines_without_a_beginning_only_the_lowest_end_is_believed() -> None:
    assert spans(stated("0", lessThan="14.4"), stated("0", lessThan="12.7.4"), stated("13.0", lessThan="13.6.5")) == [
        ("", "12.7.4", False, "12.7.4"),
        ("13.0", "13.6.5", False, "13.6.5"),
    ]


def test_a_system_whose_releases_live_side_by_side_is_bounded_by_its_release() -> None:
    found, _ = read(affected("Apple", "macOS", versions=[stated("unspecified", lessThan="14.4"), stated("unspecified", lessThan="13.6.5")]))
    assert [(entry.product, entry.start, entry.end) for entry in found] == [
        ("cpe:o:apple:macos", "14", "14.4"),
        ("cpe:o:apple:macos", "13", "13.6.5"),
    ]


def test_windows_is_bounded_by_its_build() -> None:
    cpe = "cpe:2.3:o:microsoft:windows_11_23H2:10.0.22631.3007:*:*:*:*:*:x64:*"
    [entry] = read(affected("Microsoft", "Windows 11", cpes=[cpe], versions=[stated("10.0.0", lessThan="10.0.22631.3007")]))[0]
    assert (entry.product, entry.start, entry.end) == ("cpe:o:microsoft:windows_11_23h2", "10.0.22631", "10.0.22631.3007")


@pytest.mark.parametrize(
    ("vendor", "product", "key"),
    [
        ("Apache Software Foundation", "Apache Tomcat", "cpe:a:apache:tomcat"),
        ("Google", "Chrome", "cpe:a:google:chrome"),
        ("curl", "curl", "cpe:a:haxx:curl"),
        ("The Document Foundation", "LibreOffice", "cpe:a:libreoffice:libreoffice"),
        ("Python Software Foundation", "CPython", "cpe:a:python:python"),
        ("Mozilla", "Firefox ESR", "cpe:a:mozilla:firefox_esr"),
    ],
)
def test_names_lead_to_the_key_that_vulnerability_data_uses(vendor: str, product: str, key: str) -> None:
    assert [entry.product for entry in read(affected(vendor, product, versions=[stated("1.0")]))[0]] == [key]


@pytest.mark.parametrize(
    ("registry", "package", "key"),
    [
        ("https://packages.npmjs.example", "@acme/rocket", "npm:@acme/rocket"),
        ("https://pypi.example", "Acme_Rocket", "pypi:acme-rocket"),
        ("https://repo.maven.apache.org/maven2", "org.acme:rocket", "maven:org.acme:rocket"),
        ("https://rubygems.org/gems", "rocket", "gem:rocket"),
    ],
)
def test_packages_are_known_by_their_registry(registry: str, package: str, key: str) -> None:
    found, _ = read(affected(packageName=package, collectionURL=registry, versions=[stated("1.0", lessThan="2.0")]))
    assert [entry.product for entry in found] == [key]


def test_cpe_names_give_the_product_and_what_narrows_it_but_no_bounds() -> None:
    cpes = ["cpe:2.3:a:acme:rocket:9.9:*:*:*:*:wordpress:*:*", "cpe:/a:acme:rocket", "cpe:2.3:a:*:*:*:*:*:*:*:*:*:*", 7]
    [entry] = read(affected("n/a", "n/a", cpes=cpes, versions=[stated("1.0", lessThan="2.0")]))[0]
    assert (entry.product, entry.end, dict(entry.qualifiers)) == ("cpe:a:acme:rocket", "2.0", {"target_sw": "wordpress"})


def test_a_product_listed_for_several_processors_is_meant_on_any() -> None:
    cpes = [CPE.replace(":*:*:*:*:*:*:*:*", f":*:*:*:*:*:*:{hardware}:*") for hardware in ("x86", "x64", "arm64")]
    [entry] = read(affected(cpes=cpes, versions=[stated("1.0", lessThan="2.0")]))[0]
    assert entry.qualifiers == ()
    [narrow] = read(affected(cpes=cpes[2:], versions=[stated("1.0", lessThan="2.0")]))[0]
    assert dict(narrow.qualifiers) == {"target_hw": "arm64"}


@pytest.mark.parametrize(
    ("platforms", "expected"),
    [
        (["Windows", "MacOS"], ("macos", "windows")),
        (["x64-based Systems", "32-bit Systems", "Unknown"], ()),
        (["Windows Server 2019"], ("windows",)),
        (["Snapdragon Auto"], ("snapdragon auto",)),
    ],
)
def test_platforms_are_named_in_our_words(platforms: list[str], expected: tuple[str, ...]) -> None:
    [entry] = read(affected(platforms=platforms, versions=[stated("1.0")]))[0]
    assert entry.platforms == expected


def test_the_publisher_has_the_say_on_a_product_and_cisa_adds_what_is_missing() -> None:
    own = affected(cpes=[CPE], versions=[stated("0", lessThan="2.5")])
    other = affected(cpes=[CPE], versions=[stated("0", lessThan="3.0")])
    booster = affected(cpes=[CPE.replace("rocket", "booster")], versions=[stated("0", lessThan="1.1")])
    found, _ = read(own, cisa=(other, booster))
    assert [(entry.product, entry.end) for entry in found] == [("cpe:a:acme:rocket", "2.5"), ("cpe:a:acme:booster", "1.1")]


def test_applicability_statements_have_the_form_of_nvd() -> None:
    match = {"vulnerable": True, "criteria": CPE, "versionStartIncluding": "1.0", "versionEndExcluding": "2.5"}
    statement = {"operator": "OR", "nodes": [{"operator": "OR", "negate": False, "cpeMatch": [match]}]}
    container = {"cpeApplicability": [statement], "affected": [affected(cpes=[CPE], versions=[stated("0", lessThan="9")])]}
    [entry] = ranges_from_containers([container], faults=Counter())
    assert (entry.start, entry.end) == ("1.0", "2.5")


@pytest.mark.parametrize(
    "entry",
    [
        7,
        None,
        "x",
        [],
        {},
        affected(versions="1.0"),
        affected(versions=[7]),
        affected(cpes=7),
        affected(platforms=7, versions=[stated("1")]),
    ],
)
def test_an_entry_of_another_form_costs_only_itself(entry: Any) -> None:
    found, _ = read(entry, affected(product="Booster", versions=[stated("1.0", lessThan="2.0")]))
    assert [entry.product for entry in found] == ["cpe:a:acme:booster"]
