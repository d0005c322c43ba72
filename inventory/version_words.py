"""A version as it is compared, in words: what its sort key stands for. Pure."""

from __future__ import annotations

import re

from inventory.versions import scheme, sort_key

_ORDERS = {
    "deb": "as Debian orders packages: epoch, upstream version, revision",
    "rpm": "as RPM orders packages: epoch, version, release",
    "apk": "as Alpine orders packages",
    "pypi": "as Python orders releases (PEP 440)",
    "npm": "by semantic versioning",
    "cargo": "by semantic versioning",
    "golang": "by semantic versioning",
    "nuget": "by semantic versioning with four numbers",
    "gem": "as RubyGems orders versions",
    "composer": "as Composer orders versions",
    "maven": "as Maven orders versions",
    "cpe": "number by number; zeros at the end do not count",
}
_NUMBER_SIZES = "0123456789abcdefghijklmnopqrstuvwxy"
_BEFORE = {"1": "dev", "2": "alpha", "3": "beta", "4": "preview", "5": "rc"}


def order_words(ecosystem: str) -> str:
    """How the ecosystem orders versions."""
    return _ORDERS[scheme(ecosystem)]


def epoch_of(key: str) -> str:
    """The epoch that the sort key of an rpm begins with."""
    return _number(key, 0)[0]


def compared_as(ecosystem: str, version: str, *, epoch: str = "") -> tuple[str, ...]:
    """The parts of a version in the order they are compared; empty where it cannot be compared at all.

    Package versions by the names of their parts; generic ones read back from the key itself; others as one part.
    `epoch`: the one in which an rpm's version is compared that names none.
    """
    key = sort_key(ecosystem, version)
    if not key:
        return ()
    order = scheme(ecosystem)
    if order == "deb":
        return _package(version, rest_name="revision", main="upstream", last=True)
    if order == "rpm":
        return _package(version, rest_name="release", main="version", last=False, epoch=epoch)
    return _generic(key) if order == "cpe" else (version.strip(),)


def _package(text: str, *, rest_name: str, main: str, last: bool, epoch: str = "") -> tuple[str, ...]:
    found = re.match(r"([0-9]+):", text)
    rest = text[found.end() :] if found else text
    head, dash, tail = rest.rpartition("-") if last else rest.partition("-")
    if not dash:
        head, tail = rest, ""
    parts = [f"epoch {found[1] if found else epoch or 0}", f"{main} {head}"]
    return (*parts, f"{rest_name} {tail}") if tail else tuple(parts)


def _generic(key: str) -> tuple[str, ...]:
    """The codes of a generic key read back: numbers, words before the end, words after it."""
    parts: list[str] = []
    at = 0
    while at < len(key) and key[at] != "$":
        mark = key[at]
        if mark == "n":
            digits, at = _number(key, at + 1)
            parts.append(digits)
        elif mark == "!":
            parts.append(_BEFORE[key[at + 1]])
            at += 2
        else:
            end = key.index("$", at)
            parts.append(key[at + 1 : end])
            at = end + 1
    return tuple(parts)


def _number(key: str, at: int) -> tuple[str, int]:
    """A number and where the next code begins. See `versions._number`."""
    if key[at] == "0":
        return "0", at + 1
    if key[at] == "z":
        size, start = int(key[at + 1 : at + 5]), at + 5
    else:
        size, start = _NUMBER_SIZES.index(key[at]), at + 1
    return key[start : start + size], start + size
