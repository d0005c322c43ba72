"""What names in vulnerability data mean."""

from __future__ import annotations

import pytest

from weaknesses.records import RangeRecord
from weaknesses.rules import product_scheme, range_keys, range_text, windows_window


@pytest.mark.parametrize(
    ("key", "expected"),
    [("cpe:a:google:chrome", "cpe"), ("cpe:o:microsoft:windows_11", "cpe"), ("deb:debian:openssl", "deb"), ("pypi:requests", "pypi")],
)
def test_the_order_of_a_product(key: str, expected: str) -> None:
    assert product_scheme(key) == expected


def test_open_bounds_have_no_key_and_unusable_ones_an_empty_one() -> None:
    keys = range_keys(RangeRecord("cpe:a:x:y", start="0", end="https://example.org/fixed", fixed=""))
    assert (keys.start, keys.end, keys.fixed) == (None, "", None)


@pytest.mark.parametrize(
    ("start", "start_included", "end", "end_included", "expected"),
    [
        ("", True, "", False, "all versions"),
        ("0", True, "2.0", False, "before 2.0"),
        ("1.0", True, "2.0", True, "from 1.0 up to 2.0"),
        ("1.0", False, "", False, "after 1.0"),
        ("1.0", True, "1.0", True, "exactly 1.0"),
    ],
)
def test_a_range_in_words(start: str, start_included: bool, end: str, end_included: bool, expected: str) -> None:
    assert range_text(start=start, start_included=start_included, end=end, end_included=end_included) == expected


def test_windows_releases_by_build() -> None:
    assert windows_window("windows_server_2025") == ("10.0.26100", "10.0.26101")
    assert windows_window("windows_7") is None
