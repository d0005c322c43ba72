"""What is typed into the global search, and what is meant."""

from __future__ import annotations

import pytest

from tvm_portal import search_words


@pytest.mark.parametrize(
    ("typed", "prefix"),
    [
        ("CVE-2024-3094", "CVE-2024-3094"),
        ("cve-2024-30", "CVE-2024-30"),
        ("  cve 2024 3094 ", "CVE-2024-3094"),
        ("2024-3094", "CVE-2024-3094"),
        ("2024-", "CVE-2024-"),
        ("ghsa-abcd", "GHSA-ABCD"),
        ("GHSA", "GHSA"),
        ("mal-2024-1", "MAL-2024-1"),
        ("chrome", ""),
        ("web-01", ""),
        ("go", ""),
        ("mal", "MAL"),
    ],
)
def test_ids_are_known_however_they_are_typed(typed: str, prefix: str) -> None:
    assert search_words.read(typed).id_prefix == prefix


@pytest.mark.parametrize("typed", ["CVE", "cve", "CVE-", " cve "])
def test_the_bare_word_asks_for_the_newest(typed: str) -> None:
    words = search_words.read(typed)
    assert words.newest
    assert not words.too_few


@pytest.mark.parametrize(("typed", "too_few"), [("", True), ("a", True), (" a ", True), ("ab", False)])
def test_two_letters_are_enough(typed: str, too_few: bool) -> None:
    assert search_words.read(typed).too_few is too_few


def test_what_is_typed_is_tidied() -> None:
    assert search_words.read("  google \x00  chrome ").text == "google chrome"
    assert len(search_words.read("a" * 5000).text) == search_words.LONGEST
