"""Who asks, behind proxies."""

from __future__ import annotations

import pytest

from core.callers import address_of


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "caller"),
    [
        ("10.0.0.9", "", 0, "10.0.0.9"),
        ("10.0.0.9", "203.0.113.7", 0, "10.0.0.9"),  # nobody of ours wrote that
        ("10.0.0.9", "203.0.113.7", 1, "203.0.113.7"),
        ("10.0.0.9", "198.51.100.1, 203.0.113.7", 1, "203.0.113.7"),  # the first was written by the caller
        ("10.0.0.9", "198.51.100.1, 203.0.113.7, 10.0.0.8", 2, "203.0.113.7"),
        ("10.0.0.9", "2001:db8::1", 1, "2001:db8::1"),
        ("10.0.0.9", "", 1, "10.0.0.9"),
        ("10.0.0.9", "unknown", 1, "10.0.0.9"),
    ],
)
def test_the_caller_is_as_many_from_the_end_as_there_are_proxies(peer: str, forwarded: str, proxies: int, caller: str) -> None:
    assert address_of(peer, forwarded, proxies=proxies) == caller
