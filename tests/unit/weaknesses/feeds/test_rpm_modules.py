"""Module streams: which stream an advisory is about, and where its range begins."""

from __future__ import annotations

import pytest

from weaknesses.feeds.rpm_modules import is_modular, of_stream, stream_in
from weaknesses.records import RangeRecord


@pytest.mark.parametrize(
    ("title", "stream"),
    [
        ("Moderate: nodejs:18 security, bug fix, and enhancement update", "nodejs:18"),
        ("Important: container-tools:rhel8 security update", "container-tools:rhel8"),
        ("Important: php:7.4 security update", "php:7.4"),
        ("Important: virt:rhel and virt-devel:rhel security update", "virt:rhel"),
        ("Important: kernel security update", ""),
        ("RHSA-2099:1: kernel (Important)", ""),
        (None, ""),
    ],
)
def test_a_title_names_its_stream(title: object, stream: str) -> None:
    assert stream_in(title) == stream


@pytest.mark.parametrize(
    ("fixed", "stream", "start"),
    [
        ("1:18.12.1-1.module+el9.1.0+1", "nodejs:18", "1:18"),
        ("7.4.33-1.module+el8.7.0+1", "php:7.4", "7.4"),
        ("2.0.20-2.module+el9.1.0+1", "nodejs:18", "2"),
        ("180.1-2.module+el9.1.0+1", "nodejs:18", "180"),
        ("4:4.4.1-12.module+el8.8.0+1", "container-tools:rhel8", ""),
        ("3:10.3.35-1.module_el8.6.0+1", "", "3:10"),
        ("git1-1.module+el8", "x:1", ""),
    ],
)
def test_a_streams_range_begins_with_the_stream(fixed: str, stream: str, start: str) -> None:
    found = of_stream(RangeRecord("rpm:rhel:x", end=fixed, fixed=fixed), stream)
    assert (found.start, found.qualifiers) == (start, (("module", stream or "any"),))


def test_what_was_not_built_in_a_module_stays_as_it_is() -> None:
    plain = RangeRecord("rpm:rhel:x", end="1.2-3.el9", fixed="1.2-3.el9")
    assert of_stream(plain, "nodejs:18") == plain
    assert not is_modular("1.2-3.el9_2")


def test_an_open_range_of_a_stream_is_the_streams() -> None:
    assert of_stream(RangeRecord("rpm:rhel:x"), "nodejs:18").qualifiers == (("module", "nodejs:18"),)
    assert of_stream(RangeRecord("rpm:rhel:x"), "").qualifiers == ()
