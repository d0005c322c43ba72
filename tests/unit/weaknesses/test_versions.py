"""The key of a version orders bytewise as its ecosystem orders versions."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from univers import versions as reference

from inventory.versions import KEY_LIMIT, scheme, sort_key

ASCENDING = {
    "deb": [
        [
            "1.0~~a",
            "1.0~alpha1",
            "1.0~rc1-1",
            "1.0",
            "1.0-0ubuntu1",
            "1.0-1~bpo12+1",
            "1.0-1",
            "1.0-1+b1",
            "1.0-1+deb12u1",
            "1.0-1.1",
            "1.0a-1",
            "1.0+dfsg-1",
        ],
        ["9:1", "10:0.1"],
        ["7.74.0-1.3+deb11u9", "7.74.0-1.3+deb11u13"],
        ["5.10.9-1", "5.10.223-1", "1:1.0"],
    ],
    "rpm": [
        ["1.0~rc1-1", "1.0-1.el9", "1.0-2.el9", "1.0-10.el9", "1.0^git1-1", "1.0.1-1", "1:0.1-1"],
        ["4.18.0-305.el8", "4.18.0-305.3.1.el8", "4.18.0-372.el8"],
        ["1.a", "1.1"],
    ],
    "apk": [["1.2_alpha1", "1.2_rc1", "1.2", "1.2-r0", "1.2-r10", "1.2_p1", "1.2a", "1.2.01", "1.2.1", "1.10"]],
    "pypi": [
        [
            "1.0.dev1",
            "1.0a1.dev1",
            "1.0a1",
            "1.0b2",
            "1.0rc1",
            "1.0",
            "1.0+abc",
            "1.0+1",
            "1.0.post1.dev1",
            "1.0.post1",
            "1.0.1",
            "2013b",
            "1!0.1",
        ]
    ],
    "npm": [
        [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
            "1.10.0",
        ]
    ],
    "golang": [["v0.0.0-20190308221718-c2843e01d9a2", "v0.0.0-20200101000000-aaaaaaaaaaaa", "v0.1.0", "v2.0.0+incompatible"]],
    "nuget": [["1.0.0-Alpha", "1.0.0-beta", "1.0.0", "1.0.0.1", "1.0.1"]],
    "gem": [["1.0.a", "1.0.a2", "1.0.b", "1.0", "1.0.0.1", "1.1"]],
    "composer": [["1.0.0-dev", "1.0.0-alpha1", "1.0.0-beta2", "1.0.0-RC1", "1.0.0", "1.0.0-p1", "1.0.1"]],
    "maven": [
        ["1.0-alpha-1", "1.0-beta", "1.0-milestone-2", "1.0-rc1", "1.0-SNAPSHOT", "1.0", "1.0-sp1", "1.0-xyz", "1.0-1", "1.0.1"],
        ["4.1.77.Final", "4.1.78.Final"],
        ["2.0-rc1", "2.0", "2.15.0", "2.17.1"],
    ],
    "cpe": [
        ["1.0.0-dev", "1.0-alpha", "1.0 beta", "1.0 beta 2", "1.0-preview3", "1.0rc1", "1.0", "1.0a", "1.0.1", "1.0.1f", "1.0.1g", "1.0.2"],
        ["9.5", "9.5p1", "9.5p2", "9.6"],
        ["2.0-beta9", "2.0"],
        ["10.0.22621.1", "10.0.22621.3007", "10.0.26100.7623", "10.0.26200.1"],
        ["119.0.6045.199", "119.0.6045.200", "119.0.6046.0", "120.0"],
        ["2023-12-31", "2024-01-15", "2024-02-01"],
        ["1.8.0 update 291", "1.8.0_301"],
        ["10", "10 sp1", "10 sp2", "10.1"],
        ["7.0 build 9", "7.0 build 10", "7.0.1"],
        ["6.9.3-9", "6.9.3-10"],
        ["2012", "2012 R2", "2016"],
    ],
}
EQUAL = {
    "deb": [("1.0", "1.0-0"), ("0:1.0-1", "1.0-1"), ("1.00", "1.0"), ("1.", "1.0")],
    "rpm": [("1.0-1", "1_0-1"), ("0:1.0-1", "1.0-1"), ("1.01", "1.1")],
    "pypi": [("1.0", "1"), ("1.0rc1", "1.0.c1"), ("1.0-1", "1.0.post1"), ("V1.0", "1.0.0")],
    "npm": [("1.0.0+build1", "1.0.0"), ("v1.2.3", "1.2.3"), ("1.0", "1.0.0")],
    "nuget": [("1.0.0.0", "1.0"), ("1.0-RC", "1.0.0-rc")],
    "gem": [("1.0.0", "1"), ("1.0.a", "1.a")],
    "composer": [("v1.0", "1.0.0.0"), ("1.0.0-stable", "1.0.0")],
    "maven": [("1.0", "1"), ("1-ga", "1"), ("1.0.0.Final", "1"), ("1-a1", "1-alpha-1"), ("1.0-cr1", "1.0-rc1")],
    "cpe": [
        ("1.0", "1.0.0"),
        ("V1.2", "1.2"),
        ("1.8.0_291", "1.8.0 update_291"),
        ("1.0-beta", "1.0.0 Beta"),
        ("9.5 p1", "9.5p1"),
        ("01.002", "1.2"),
        ("1.1.0a", "1.1a"),
    ],
}
NOT_COMPARABLE = ["", " ", "-", "*", "unknown", "N/A", "1.0\x00", "trunk", "\ud800", "1" * 900]


@pytest.mark.parametrize(("ecosystem", "versions"), [(name, versions) for name, lists in ASCENDING.items() for versions in lists])
def test_hard_cases_ascend(ecosystem: str, versions: list[str]) -> None:
    keys = [sort_key(ecosystem, version) for version in versions]
    for (low, high), names in zip(pairwise(keys), pairwise(versions), strict=True):
        assert "" < low < high, names


@pytest.mark.parametrize(("ecosystem", "one", "other"), [(name, *pair) for name, pairs in EQUAL.items() for pair in pairs])
def test_equal_versions_have_equal_keys(ecosystem: str, one: str, other: str) -> None:
    assert sort_key(ecosystem, one) == sort_key(ecosystem, other) != ""


@pytest.mark.parametrize(
    "ecosystem", ["cpe", "os", "other", "pypi", "npm", "maven", "rpm", "apk", "composer", "gem", "nuget", "golang", "cargo"]
)
@pytest.mark.parametrize("version", NOT_COMPARABLE)
def test_what_is_no_version_is_not_comparable(ecosystem: str, version: str) -> None:
    if (ecosystem, version) != ("rpm", "trunk"):
        assert sort_key(ecosystem, version) == ""


@pytest.mark.parametrize("version", ["", "-", "*", "unknown", "1.0\x00"])
def test_debian_versions_without_a_version_are_not_comparable(version: str) -> None:
    assert sort_key("deb", version) == ""


def test_applications_and_systems_share_one_order() -> None:
    assert scheme("cpe") == scheme("os") == scheme("other") == "cpe"
    assert scheme("deb") == "deb"


def words(*parts: str, most: int = 6) -> st.SearchStrategy[str]:
    return st.builds(lambda first, rest: first + "".join(rest), st.sampled_from("0129"), st.lists(st.sampled_from(parts), max_size=most))


def dotted(*suffixes: str) -> st.SearchStrategy[str]:
    number = st.integers(0, 12).map(str)
    return st.builds(
        lambda numbers, suffix, n: ".".join(numbers) + suffix.replace("#", n),
        st.lists(number, min_size=3, max_size=3),
        st.sampled_from(suffixes),
        number,
    )


TRUTH: dict[str, tuple[Any, st.SearchStrategy[str]]] = {
    "deb": (reference.DebianVersion, words("0", "1", "2", "10", "09", ".", "-1", "~", "+", "a", "b", "deb12u")),
    "rpm": (reference.RpmVersion, words("0", "1", "2", "10", "09", ".", "~", "^", "_", "a", "el", "-1")),
    "pypi": (reference.PypiVersion, words("0", "1", "2", "10", ".", "a1", "b", "rc2", ".post1", ".dev0", "+l1")),
    "npm": (reference.SemverVersion, dotted("", "-alpha", "-alpha.#", "-beta.#", "-rc#", "-#", "-#.a", "+b#")),
    "nuget": (reference.NugetVersion, dotted("", ".#", "-alpha", "-Beta.#", "-rc#", "+b#")),
    "gem": (reference.RubygemsVersion, dotted("", ".#", ".a", ".a#", ".rc#", ".pre.#")),
    "maven": (
        reference.MavenVersion,
        dotted("", ".Final", "-alpha-#", "-beta#", "-rc#", "-SNAPSHOT", "-sp", "-#", ".#", "-b#", "-m#", "-xyz"),
    ),
    "apk": (reference.AlpineLinuxVersion, dotted("-r#", "_alpha#-r0", "_rc#-r0", "_p#-r#", "a-r0", "b-r#", "-r0")),
}


@pytest.mark.parametrize("ecosystem", TRUTH)
@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_order_is_the_ecosystems_own(ecosystem: str, data: st.DataObject) -> None:
    kind, texts = TRUTH[ecosystem]
    one, other = data.draw(texts), data.draw(texts)
    try:
        expected = (kind(one) > kind(other)) - (kind(one) < kind(other))
    except reference.InvalidVersion:
        return
    left, right = sort_key(ecosystem, one), sort_key(ecosystem, other)
    assert left
    assert right
    assert (left > right) - (left < right) == expected, (one, other, left, right)


@settings(max_examples=500, deadline=None)
@given(ecosystem=st.sampled_from([*TRUTH, "cpe", "golang", "cargo", "composer"]), text=st.text(max_size=200))
def test_any_text_gives_a_storable_key(ecosystem: str, text: str) -> None:
    key = sort_key(ecosystem, text)
    assert len(key) <= KEY_LIMIT
    assert "\x00" not in key


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(0, 30000), min_size=1, max_size=6), st.lists(st.integers(0, 30000), min_size=1, max_size=6))
def test_generic_numbers_compare_as_numbers(one: list[int], other: list[int]) -> None:
    def key(parts: list[int]) -> str:
        return sort_key("cpe", ".".join(map(str, parts)))

    size = max(len(one), len(other))
    padded = [[*parts, *[0] * (size - len(parts))] for parts in (one, other)]
    assert (key(one) > key(other)) - (key(one) < key(other)) == (padded[0] > padded[1]) - (padded[0] < padded[1])
