"""CPE names and NVD configurations become ranges."""

from __future__ import annotations

from typing import Any

import pytest

from weaknesses.cpe import MalformedName, parse_name, ranges_from_configurations
from weaknesses.records import RangeRecord

CHROME = "cpe:a:google:chrome"


def cpe(
    part: str,
    vendor: str,
    product: str,
    version: str = "*",
    update: str = "*",
    edition: str = "*",
    language: str = "*",
    sw_edition: str = "*",
    target_sw: str = "*",
    target_hw: str = "*",
) -> str:
    return f"cpe:2.3:{part}:{vendor}:{product}:{version}:{update}:{edition}:{language}:{sw_edition}:{target_sw}:{target_hw}:*"


def name(criteria: str, *, vulnerable: bool = True, **bounds: str) -> dict[str, Any]:
    return {"vulnerable": vulnerable, "criteria": criteria, "matchCriteriaId": "x", **bounds}


def node(*names: dict[str, Any], operator: str = "OR", negate: bool = False) -> dict[str, Any]:
    return {"operator": operator, "negate": negate, "cpeMatch": list(names)}


def alone(*names: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"nodes": [node(*names)]}]


def together(*nodes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"operator": "AND", "nodes": list(nodes)}]


def test_escaped_colons_and_signs_belong_to_the_part() -> None:
    parsed = parse_name(r"cpe:2.3:a:notepad-plus-plus:notepad\+\+:8.4\:1:*:*:*:*:*:*:*")
    assert (parsed.product, parsed.version, parsed.key) == ("notepad++", "8.4:1", "cpe:a:notepad-plus-plus:notepad++")


@pytest.mark.parametrize(
    "text", ["", "cpe:2.3:a:x:y", "cpe:/a:x:y:1", "cpe:2.3:q:x:y:1:*:*:*:*:*:*:*", "cpe:2.3:a:x:y::*:*:*:*:*:*:*", "x"]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(MalformedName):
        parse_name(text)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, RangeRecord(CHROME)),
        ({"versionEndExcluding": "120.0"}, RangeRecord(CHROME, end="120.0", fixed="120.0")),
        ({"versionEndIncluding": "119.9"}, RangeRecord(CHROME, end="119.9", end_included=True)),
        (
            {"versionStartIncluding": "1.0", "versionEndExcluding": "2.0"},
            RangeRecord(CHROME, start="1.0", end="2.0", fixed="2.0"),
        ),
        (
            {"versionStartExcluding": "1.0", "versionEndIncluding": "2.0"},
            RangeRecord(CHROME, start="1.0", start_included=False, end="2.0", end_included=True),
        ),
    ],
)
def test_the_four_bounds(bounds: dict[str, Any], expected: RangeRecord) -> None:
    assert ranges_from_configurations(alone(name(cpe("a", "google", "chrome"), **bounds))) == (expected,)


@pytest.mark.parametrize(
    ("version", "update", "bounds", "expected"),
    [
        ("1.0", "*", {}, "1.0"),
        ("1.0", "-", {}, "1.0"),
        ("1.8.0", "update_291", {}, "1.8.0 update_291"),
        ("9.5", "p1", {}, "9.5 p1"),
        ("2.0", "b3", {}, "2.0 beta3"),
        ("*", "update7", {"versionEndIncluding": "1.6.0"}, "1.6.0 update7"),
    ],
)
def test_an_update_belongs_to_its_version(version: str, update: str, bounds: dict[str, Any], expected: str) -> None:
    (found,) = ranges_from_configurations(alone(name(cpe("a", "x", "y", version, update), **bounds)))
    assert (found.end, found.end_included, found.qualifiers) == (expected, True, ())
    assert found.start == ("" if bounds else expected)


def test_a_name_without_a_version_gives_no_range() -> None:
    assert ranges_from_configurations(alone(name(cpe("a", "x", "y", "-")), name(cpe("o", "microsoft", "windows_11_24h2", "-")))) == ()


def test_what_is_not_vulnerable_never_gives_a_range() -> None:
    given = alone(name(cpe("a", "x", "y"), vulnerable=False), name(cpe("a", "x", "z")))
    assert [found.product for found in ranges_from_configurations(given)] == ["cpe:a:x:z"]


def test_running_on_systems_become_platforms() -> None:
    given = together(
        node(name(cpe("a", "adobe", "acrobat_reader_dc"))),
        node(
            name(cpe("o", "apple", "macos", "-"), vulnerable=False),
            name(cpe("o", "microsoft", "windows", "-"), vulnerable=False),
            name(cpe("o", "oracle", "solaris"), vulnerable=False),
        ),
    )
    assert ranges_from_configurations(given) == (RangeRecord("cpe:a:adobe:acrobat_reader_dc", platforms=("macos", "solaris", "windows")),)


@pytest.mark.parametrize(
    ("vendor", "product", "version", "platform"),
    [
        ("microsoft", "windows_10_22h2", "*", "windows"),
        ("microsoft", "windows_server_2019", "-", "windows"),
        ("microsoft", "windows_xp", "*", "windows_xp"),
        ("linux", "linux_kernel", "-", "linux"),
        ("debian", "debian_linux", "12.0", "debian-12"),
        ("canonical", "ubuntu_linux", "22.04", "ubuntu-22.04"),
        ("redhat", "enterprise_linux_server", "9.2", "rhel-9"),
        ("redhat", "enterprise_linux", "*", "rhel"),
        ("google", "android", "*", "android"),
        ("apple", "iphone_os", "*", "ios"),
    ],
)
def test_which_platform_a_system_is(vendor: str, product: str, version: str, platform: str) -> None:
    given = together(node(name(cpe("a", "x", "y"))), node(name(cpe("o", vendor, product, version), vulnerable=False)))
    assert ranges_from_configurations(given)[0].platforms == (platform,)


def test_products_of_an_and_are_required_whether_vulnerable_or_not() -> None:
    given = together(
        node(name(cpe("a", "x", "plugin"))),
        node(name(cpe("a", "x", "server"), vulnerable=False), name(cpe("h", "x", "box"), vulnerable=False)),
    )
    assert ranges_from_configurations(given) == (RangeRecord("cpe:a:x:plugin", requires=("cpe:a:x:server", "cpe:h:x:box")),)
    both = together(node(name(cpe("a", "mozilla", "firefox"))), node(name(cpe("o", "google", "android"))))
    assert ranges_from_configurations(both) == (
        RangeRecord("cpe:a:mozilla:firefox", platforms=("android",)),
        RangeRecord("cpe:o:google:android", requires=("cpe:a:mozilla:firefox",)),
    )


def test_an_appliance_listed_with_its_system_is_not_a_condition() -> None:
    given = together(node(name(cpe("o", "cisco", "asa_software", "7.0"))), node(name(cpe("h", "cisco", "asa_5500"))))
    assert ranges_from_configurations(given)[0].requires == ()


def test_a_node_of_systems_and_products_is_satisfied_by_either() -> None:
    given = together(
        node(name(cpe("a", "x", "y"))),
        node(name(cpe("o", "microsoft", "windows"), vulnerable=False), name(cpe("a", "x", "server"), vulnerable=False)),
    )
    assert ranges_from_configurations(given) == (
        RangeRecord("cpe:a:x:y", platforms=("windows",)),
        RangeRecord("cpe:a:x:y", requires=("cpe:a:x:server",)),
    )


def test_platforms_that_exclude_each_other_give_nothing() -> None:
    given = together(
        node(name(cpe("a", "x", "y"))),
        node(name(cpe("o", "microsoft", "windows"), vulnerable=False)),
        node(name(cpe("o", "apple", "macos"), vulnerable=False)),
    )
    assert ranges_from_configurations(given) == ()


def test_qualifiers_narrow_and_systems_among_them_become_platforms() -> None:
    given = alone(
        name(cpe("a", "mozilla", "firefox", sw_edition="esr")),
        name(cpe("a", "x", "forms", target_sw="wordpress")),
        name(cpe("a", "x", "app", target_sw="macos")),
        name(cpe("a", "x", "old", edition="mac")),
        name(cpe("a", "x", "plain", sw_edition="-", target_sw="-", target_hw="x64")),
    )
    found = {record.product: (record.platforms, record.qualifiers) for record in ranges_from_configurations(given)}
    assert found == {
        "cpe:a:mozilla:firefox": ((), (("sw_edition", "esr"),)),
        "cpe:a:x:forms": ((), (("target_sw", "wordpress"),)),
        "cpe:a:x:app": (("macos",), ()),
        "cpe:a:x:old": (("macos",), ()),
        "cpe:a:x:plain": ((), (("sw_edition", "-"), ("target_hw", "x64"))),
    }


def test_a_windows_release_starts_at_its_build() -> None:
    (found,) = ranges_from_configurations(
        alone(name(cpe("o", "microsoft", "windows_11_24h2", target_hw="x64"), versionEndExcluding="10.0.26100.7623"))
    )
    assert (found.start, found.start_included, found.end, found.fixed) == ("10.0.26100", True, "10.0.26100.7623", "10.0.26100.7623")
    (unbounded,) = ranges_from_configurations(alone(name(cpe("o", "microsoft", "windows_server_2022"))))
    assert (unbounded.start, unbounded.end, unbounded.fixed) == ("10.0.20348", "10.0.20349", "")


def test_repeats_are_kept_once() -> None:
    once = name(cpe("a", "google", "chrome"), versionEndExcluding="1.0")
    assert len(ranges_from_configurations(alone(once, once) + alone(once))) == 1


def test_what_cannot_be_used_is_left_out_and_named() -> None:
    faults: list[str] = []
    given = [
        *alone(name("cpe:2.3:a:broken"), name(cpe("a", "x", "good"))),
        {"operator": "AND", "nodes": [node(name(cpe("a", "x", "y"))), node(name(cpe("o", "microsoft", "windows")), negate=True)]},
    ]
    assert [found.product for found in ranges_from_configurations(given, faults=faults)] == ["cpe:a:x:good"]
    assert len(faults) == 2
    assert "cpe:2.3:a:broken" in faults[0]
    assert "negated" in faults[1]


def test_a_library_that_a_product_carries_itself_is_no_condition() -> None:
    def named(product: str, **bounds: str) -> dict[str, object]:
        return {"criteria": f"cpe:2.3:a:{product}:*:*:*:*:*:*:*:*", "vulnerable": True, **bounds}

    firefox = {"operator": "OR", "cpeMatch": [named("mozilla:firefox", versionEndIncluding="43.0.4")]}
    nss = {"operator": "OR", "cpeMatch": [named("mozilla:nss", versionEndIncluding="3.20.1")]}
    found = {record.product: record.requires for record in ranges_from_configurations([{"operator": "AND", "nodes": [firefox, nss]}])}
    assert found == {"cpe:a:mozilla:firefox": (), "cpe:a:mozilla:nss": ("cpe:a:mozilla:firefox",)}
