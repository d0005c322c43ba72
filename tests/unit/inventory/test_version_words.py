"""A version as it is compared, in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.version_words import compared_as, order_words
from inventory.versions import sort_key


@pytest.mark.parametrize(
    ("ecosystem", "version", "parts"),
    [
        ("deb", "1:9.2p1-2+deb12u5", ("epoch 1", "upstream 9.2p1", "revision 2+deb12u5")),
        ("deb", "2.36", ("epoch 0", "upstream 2.36")),
        ("rpm", "3.0.7-25.el9_3", ("epoch 0", "version 3.0.7", "release 25.el9_3")),
        ("cpe", "115.0.5790.102", ("115", "0", "5790", "102")),
        ("cpe", "1.0.0", ("1",)),
        ("cpe", "2.0-beta2", ("2", "beta", "2")),
        ("cpe", "9.5p1", ("9", "5", "p", "1")),
        ("cpe", "1.8.0 update 291", ("1", "8", "0", "291")),
        ("cpe", "v7", ("7",)),
        ("pypi", "2.31.0", ("2.31.0",)),
        ("cpe", "unknown", ()),
        ("cpe", "", ()),
    ],
)
def test_the_parts_are_those_that_are_compared(ecosystem: str, version: str, parts: tuple[str, ...]) -> None:
    assert compared_as(ecosystem, version) == parts


@given(st.lists(st.integers(0, 10**40), min_size=1, max_size=6))
def test_every_generic_key_can_be_read_back(numbers: list[int]) -> None:
    text = ".".join(map(str, numbers))
    parts = compared_as("cpe", text)
    assert sort_key("cpe", ".".join(parts)) == sort_key("cpe", text)


def test_every_order_has_words() -> None:
    assert all(
        order_words(name) for name in ("deb", "rpm", "apk", "pypi", "npm", "cargo", "golang", "nuget", "gem", "maven", "os", "other")
    )
