"""The shipped alias table and how names are looked up in it."""

import re
from collections import Counter

import pytest

from inventory.alias_rules import Alias, AliasBook, fault_of_pattern
from inventory.aliases import shipped


@pytest.fixture(scope="module")
def book() -> AliasBook:
    return AliasBook([Alias(**{name: line[name] for name in Alias.__slots__}) for line in shipped()])


@pytest.mark.parametrize(
    ("name", "vendor", "key", "version"),
    [
        ("Google Chrome", "Google LLC", "google-_-chrome", ""),
        ("Google Chrome.app", "", "google-_-chrome", ""),
        ("Mozilla Firefox (x64 de)", "Mozilla", "mozilla-_-firefox", ""),
        ("Mozilla Firefox ESR (x64 en-US)", "Mozilla", "mozilla-_-firefox_esr", ""),
        ("Mozilla Thunderbird 115.3.1 (x86 en-US)", "Mozilla", "mozilla-_-thunderbird", ""),
        ("Microsoft Edge", "Microsoft Corporation", "microsoft-_-edge_chromium", ""),
        ("Microsoft Edge WebView2 Runtime", "", "microsoft-_-edge_webview2", ""),
        ("Python 3.10.6 (64-bit)", "Python Software Foundation", "python-_-python", "3.10.6"),
        ("Python 3.11.5 Core Interpreter (64-bit)", "", "python-_-python", "3.11.5"),
        ("Microsoft .NET Runtime - 6.0.6 (x64)", "", "microsoft-_-.net", "6.0.6"),
        ("Microsoft 365 - en-us", "", "microsoft-_-365_apps", ""),
        ("Adobe Acrobat (64-bit)", "Adobe", "adobe-_-acrobat_dc", ""),
        ("Adobe Acrobat Reader DC - Deutsch", "Adobe", "adobe-_-acrobat_reader_dc", ""),
        ("Java 8 Update 291 (64-bit)", "Oracle", "oracle-_-jre", ""),
        ("7-Zip 23.01 (x64)", "Igor Pavlov", "7-zip-_-7-zip", ""),
        ("WinRAR 6.24 (64-bit)", "win.rar GmbH", "rarlab-_-winrar", ""),
        ("Notepad++ (64-bit x64)", "", "notepad-plus-plus-_-notepad++", ""),
        ("Logi Bolt", "Logitech", "logitech-_-logi_bolt", ""),
        ("Adobe AIR", "Adobe Systems", "adobe-_-air", ""),
    ],
)
def test_common_names_are_known(book: AliasBook, name: str, vendor: str, key: str, version: str) -> None:
    known = book.find(name=name, vendor=vendor, family="")
    assert known is not None
    assert (known.alias.key, known.version) == (key, version)


@pytest.mark.parametrize(("name", "vendor"), [("Air", "cosmtrek"), ("Bolt", "Bolt CMS"), ("Arc", "KDE"), ("", "")])
def test_namesakes_of_other_makers_are_not_taken(book: AliasBook, name: str, vendor: str) -> None:
    assert book.find(name=name, vendor=vendor, family="") is None


def test_collectors_of_their_own_need_an_alias_that_names_them(book: AliasBook) -> None:
    assert book.find_collected(name="firefox", collector="homebrew", family="macos") is None
    known = book.find_collected(name="openssl@3", collector="homebrew", family="macos")
    assert known is not None
    assert known.alias.key == "homebrew-_-openssl"


def test_a_family_narrows_an_alias_and_order_decides() -> None:
    anywhere = Alias("exact", "tool", "", "", "a-_-tool", "Tool", "A", "")
    windows = Alias("prefix", "tool", "", "windows", "b-_-tool", "Tool", "B", "")
    book = AliasBook([windows, anywhere])
    assert book.find(name="Tool", vendor="", family="windows") is not None
    assert book.find(name="Tool", vendor="", family="windows").alias.key == "b-_-tool"  # type: ignore[union-attr]
    assert book.find(name="Tool", vendor="", family="macos").alias.key == "a-_-tool"  # type: ignore[union-attr]


def test_a_broken_expression_of_a_curator_fits_nothing() -> None:
    assert AliasBook([Alias("regex", "(", "", "", "k", "n", "v", "")]).find(name="(", vendor="", family="") is None
    assert "Not a regular expression" in fault_of_pattern("regex", "(")
    assert "every name" in fault_of_pattern("regex", ".*")
    assert fault_of_pattern("exact", "chrome") == ""


def test_the_shipped_lines_are_well_formed() -> None:
    lines = shipped()
    assert len({line["key"] for line in lines}) >= 250
    identity = Counter((line["match"], line["name_pattern"], line["vendor_pattern"], line["family"]) for line in lines)
    assert [key for key, count in identity.items() if count > 1] == []
    for line in lines:
        assert line["match"] in {"exact", "prefix", "regex"}
        assert line["family"] in {"", "windows", "macos", "linux"}
        assert fault_of_pattern(line["match"], line["name_pattern"]) == ""
        assert line["match"] == "regex" or line["name_pattern"] == line["name_pattern"].lower()
        assert re.fullmatch(r"\S+-_-\S+", line["key"])
        assert all(re.fullmatch(r"cpe:[ao]:[^:\s]+:[^:\s]+", key) for key in line["product_keys"]), line


def test_one_key_has_one_name_everywhere() -> None:
    """Software is named by its alias, so two lines of one key must agree."""
    names: dict[str, set[tuple[str, str]]] = {}
    for line in shipped():
        names.setdefault(line["key"], set()).add((line["name"], line["vendor"]))
    assert {key: found for key, found in names.items() if len(found) > 1} == {}
