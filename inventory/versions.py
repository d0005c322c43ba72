"""Version order as text: `sort_key` makes a key whose bytewise order is the order of the ecosystem.

PostgreSQL then compares versions with plain `<` on a COLLATE "C" column, and a match of thousands of
versions with millions of ranges is one join. Keys of different schemes are not comparable with each other:
`scheme` names which ecosystems share one.

Every encoder writes a sequence of self-delimiting codes, so that no key is a prefix of another. A number is
its count of digits (base 36) and its digits, without leading zeros: 9 -> `19`, 10 -> `210`, 0 -> `0`.
The marks are ASCII in this order: `!` (before the end) < `$` (the end) < letters < `~` (after everything).

Sources: Debian Policy 5.6.12 (deb), rpm-version(7) (rpm), PEP 440 (pypi), semver.org 2.0.0 (npm, cargo, golang,
nuget with four parts), Gem::Version (gem), Composer "Versions and constraints" (composer), Maven "Version Order
Specification" (maven), apk-package(5) (apk). `docs/algorithms/matching.md` explains the generic order.
"""

from __future__ import annotations

import re
from collections.abc import Callable

KEY_LIMIT = 800
_MEANINGLESS = frozenset({"", "-", "*", "n/a", "na", "none", "null", "unknown", "unspecified", "all"})
_SCHEMES = ("deb", "rpm", "apk", "pypi", "npm", "cargo", "golang", "nuget", "gem", "composer", "maven")


def scheme(ecosystem: str) -> str:
    """The version order of an ecosystem; cpe, os and other share the generic one, called "cpe"."""
    return ecosystem if ecosystem in _SCHEMES else "cpe"


def sort_key(ecosystem: str, version: str) -> str:
    """A text that orders bytewise as the ecosystem orders versions; equal keys, equal versions.

    "" where the version cannot be compared: empty, a wildcard, unparsable, with a NUL, or over the key limit.
    """
    text = version.strip()
    if text.lower() in _MEANINGLESS or "\x00" in text or not _is_storable(text):
        return ""
    key = _ENCODERS[scheme(ecosystem)](text)
    return key if len(key) <= KEY_LIMIT else ""


def _is_storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _number(digits: str) -> str:
    digits = digits.lstrip("0")
    size = len(digits)
    if size == 0:
        return "0"
    return f"{'0123456789abcdefghijklmnopqrstuvwxy'[size]}{digits}" if size < 35 else f"z{size:04d}{digits}"


def _numbers(digits: list[str]) -> str:
    """A dotted number; trailing zeros do not count, so that 1.0 equals 1.0.0."""
    kept = list(digits)
    while len(kept) > 1 and not kept[-1].strip("0"):
        kept.pop()
    return "".join("n" + _number(part) for part in kept) + "$"


# --- deb -----------------------------------------------------------------------------------------------------------

_EPOCH = re.compile(r"([0-9]+):")
_DEB_PAIR = re.compile(r"([^0-9]*)([0-9]*)")
_DEB_CHARACTERS = re.compile(r"[^A-Za-z]")


def _deb(text: str) -> str:
    epoch, rest = _split_epoch(text)
    if not rest or (":" in rest and epoch is None):
        return ""
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return _number(epoch or "") + _deb_part(upstream) + _deb_part(revision)


def _split_epoch(text: str) -> tuple[str | None, str]:
    found = _EPOCH.match(text)
    return (found[1], text[found.end() :]) if found else (None, text)


def _deb_part(text: str) -> str:
    """Pairs of a non-digit run and a number: "~" before the end, the end before letters, letters before the rest."""
    pairs = [pair.groups() for pair in _DEB_PAIR.finditer(text) if pair[0]] or [("", "")]
    return "".join(_DEB_CHARACTERS.sub(_deb_character, run) + "$" + _number(digits) for run, digits in pairs) + "$"


def _deb_character(character: re.Match[str]) -> str:
    return "!" if character[0] == "~" else "{" + character[0]


# --- rpm -----------------------------------------------------------------------------------------------------------

_RPM_TOKEN = re.compile(r"([0-9]+)|([A-Za-z]+)|([~^])")


def _rpm(text: str) -> str:
    epoch, rest = _split_epoch(text)
    version, _, release = rest.partition("-")
    if not re.search(r"[0-9A-Za-z]", version):
        return ""
    return _number(epoch or "") + _rpm_part(version) + _rpm_part(release)


def _rpm_part(text: str) -> str:
    """rpmvercmp: "~" before the end, the end before "^", then letters, then numbers; separators only separate."""
    codes = []
    for digits, letters, mark in _RPM_TOKEN.findall(text):
        codes.append("n" + _number(digits) if digits else f"a{letters}$" if letters else "!" if mark == "~" else "%")
    return "".join(codes) + "$"


# --- apk -----------------------------------------------------------------------------------------------------------

_APK = re.compile(r"([0-9]+)((?:\.[0-9]+)*)([a-z]?)((?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*)*)(?:~([0-9a-f]+))?(?:-r([0-9]+))?")
_APK_SUFFIX = re.compile(r"_([a-z]+)([0-9]*)")
_APK_SUFFIXES = {"alpha": "!1", "beta": "!2", "pre": "!3", "rc": "!4", "cvs": "*1", "svn": "*2", "git": "*3", "hg": "*4", "p": "*5"}


def _apk(text: str) -> str:
    found = _APK.fullmatch(text)
    if not found:
        return ""
    first, others, letter, suffixes, commit, revision = found.groups()
    codes = ["n" + _number(first), *("n" + _apk_fraction(part) for part in others.split(".")[1:])]
    codes += [f"L{letter}"] if letter else []
    codes += [_APK_SUFFIXES[word] + (")" + _number(digits) if digits else "") for word, digits in _APK_SUFFIX.findall(suffixes)]
    codes += [f"({commit}$"] if commit else []
    codes += ["%" + _number(revision)] if revision else []
    return "".join(codes) + "$"


def _apk_fraction(digits: str) -> str:
    """Parts after the first compare as text where one starts with a zero, which puts them before all others."""
    return f"0{digits}$" if digits.startswith("0") else _number(digits)


# --- pypi ----------------------------------------------------------------------------------------------------------

_PEP440 = re.compile(
    r"v?(?:(?P<epoch>[0-9]+)!)?(?P<release>[0-9]+(?:\.[0-9]+)*)"
    r"(?:[-_.]?(?P<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?P<pre_n>[0-9]+)?)?"
    r"(?P<post>-(?P<post_dash>[0-9]+)|[-_.]?(?:post|rev|r)[-_.]?(?P<post_n>[0-9]+)?)?"
    r"(?P<dev>[-_.]?dev[-_.]?(?P<dev_n>[0-9]+)?)?"
    r"(?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?"
)


def _pypi(text: str) -> str:
    found = _PEP440.fullmatch(text.lower())
    if not found:
        return ""
    pre, post, dev = found["pre"], found["post"], found["dev"]
    before = _pre_code(pre, found["pre_n"]) if pre else "!" if dev and not post else "~"
    after = "p" + _number(found["post_dash"] or found["post_n"] or "") if post else "!"
    development = "d" + _number(found["dev_n"] or "") if dev else "~"
    local = "".join("n" + _number(part) if part.isdigit() else f"a{part}$" for part in re.split(r"[-_.]", found["local"] or "") if part)
    return _number(found["epoch"] or "") + _numbers(found["release"].split(".")) + before + after + development + local + "$"


def _pre_code(word: str, digits: str | None) -> str:
    return {"a": "a", "b": "b"}.get(word[0], "r") + _number(digits or "")


# --- semver: npm, cargo, golang, nuget -----------------------------------------------------------------------------

_SEMVER = re.compile(r"[v=\s]*([0-9]+(?:\.[0-9]+)*)(?:-?([^+]*))?(?:\+.*)?", re.DOTALL)


def _semver(text: str) -> str:
    found = _SEMVER.fullmatch(text)
    return _numbers(found[1].split(".")) + _semver_pre(found[2]) if found else ""


def _nuget(text: str) -> str:
    return _semver(text.lower())


def _semver_pre(text: str) -> str:
    """Pre-release identifiers: numbers before words, fewer before more, and all of them before the release."""
    parts = [part for part in re.sub(r"[^0-9A-Za-z.-]", "-", text).split(".") if part]
    if not parts:
        return "~"
    return "".join("N" + _number(part) if part.isdigit() else f"S{part}$" for part in parts) + "$"


# --- gem, composer -------------------------------------------------------------------------------------------------


def _gem(text: str) -> str:
    if not re.fullmatch(r"[0-9]+(?:[.-][0-9A-Za-z]+)*(?:-[0-9A-Za-z_.-]+)?", text):
        return ""
    tokens = re.findall(r"[0-9]+|[A-Za-z]+", text.replace("-", ".pre."))
    return "".join("n" + _number(token) if token.isdigit() else f"!{token}$" for token in _without_null(tokens)) + "$"


def _without_null(tokens: list[str]) -> list[str]:
    """Zeros at the end, or before a word, do not count."""
    kept: list[str] = []
    for token in tokens:
        while not token.isdigit() and len(kept) > 1 and kept[-1].isdigit() and not kept[-1].strip("0"):
            kept.pop()
        kept.append(token)
    while len(kept) > 1 and kept[-1].isdigit() and not kept[-1].strip("0"):
        kept.pop()
    return kept


_COMPOSER = re.compile(
    r"v?([0-9]+(?:[.-]?[0-9]+)*)(?:[._-]?(stable|beta|b|rc|alpha|a|patch|pl|p)[.-]?([0-9]*))?([.-]?dev)?(?:\+.*)?", re.IGNORECASE
)
_COMPOSER_STABILITY = {"alpha": "2", "a": "2", "beta": "3", "b": "3", "rc": "4", "stable": "5", "": "5", "patch": "6", "pl": "6", "p": "6"}


def _composer(text: str) -> str:
    found = _COMPOSER.fullmatch(text)
    if not found:
        return ""
    stability = "1" if found[4] and not found[2] else _COMPOSER_STABILITY[(found[2] or "").lower()]
    return _numbers(re.split(r"[.-]", found[1])) + stability + _number(found[3] or "") + ("!" if found[4] else "$")


# --- maven ---------------------------------------------------------------------------------------------------------

_MAVEN_QUALIFIERS = {"alpha": "!1", "beta": "!2", "milestone": "!3", "rc": "!4", "cr": "!4", "snapshot": "!5", "sp": "a"}
_MAVEN_SHORT = {"a": "alpha", "b": "beta", "m": "milestone"}
_MAVEN_NULL = frozenset({"0", "", "final", "ga", "release"})


def _maven(text: str) -> str:
    """Tokens with the separator before them: qualifiers before `-number` before `.number`."""
    if not re.match(r"[0-9]", text):
        return ""
    return "".join(_maven_code(*token) for token in _maven_trimmed(_maven_tokens(text.lower()))) + "$"


def _maven_tokens(text: str) -> list[tuple[str, str]]:
    raw = re.findall(r"([.-]?)([0-9]+|[^0-9.-]*)", text)[:-1]
    tokens: list[tuple[str, str]] = []
    for index, (separator, token) in enumerate(raw):
        digits = index + 1 < len(raw) and raw[index + 1][0] == "" and raw[index + 1][1].isdigit()
        word = _MAVEN_SHORT.get(token, token) if digits else token
        tokens.append((separator or ("-" if index else "."), (word.lstrip("0") or "0") if word.isdigit() or not word else word))
    return tokens


def _maven_trimmed(tokens: list[tuple[str, str]]) -> list[tuple[str, str]]:
    kept: list[tuple[str, str]] = []
    for separator, token in [*tokens, ("-", "")]:
        while separator == "-" and kept and kept[-1][1] in _MAVEN_NULL:
            kept.pop()
        kept.append((separator, token))
    return kept[:-1]


def _maven_code(separator: str, token: str) -> str:
    if token.isdigit():
        return ("n" if separator == "." else "h") + _number(token)
    return _MAVEN_QUALIFIERS.get(token, f"b{token}$")


# --- generic: cpe, os, other ---------------------------------------------------------------------------------------

_GENERIC_TOKEN = re.compile(r"[0-9]+|[a-z]+")
_GENERIC_PREFIX = re.compile(r"(?:version|ver|v|release|rel|r)?[\s._-]*(?=[0-9])")
_BEFORE = {
    **dict.fromkeys(("dev", "devel", "snapshot", "nightly", "canary"), "!1"),
    **dict.fromkeys(("alpha", "ea", "insider", "insiders"), "!2"),
    "beta": "!3",
    **dict.fromkeys(("milestone", "preview", "pre", "prerelease", "tp"), "!4"),
    **dict.fromkeys(("rc", "cr", "candidate"), "!5"),
}
_NOTHING = frozenset({"final", "ga", "release", "stable", "update", "upd"})
_SAME = {"patch": "p", "pl": "p", "patchlevel": "p", "servicepack": "sp"}


def _generic(text: str) -> str:
    """Numbers of any count; words of a pre-release before the release, other letters after it, more numbers after those."""
    lowered = text.lower()
    prefix = _GENERIC_PREFIX.match(lowered)
    if not prefix:
        return ""
    tokens = [_SAME.get(token, token) for token in _GENERIC_TOKEN.findall(lowered[prefix.end() :]) if token not in _NOTHING]
    return "".join(_generic_code(token) for token in _without_null(tokens)) + "$"


def _generic_code(token: str) -> str:
    return "n" + _number(token) if token.isdigit() else _BEFORE.get(token) or f"a{token}$"


_ENCODERS: dict[str, Callable[[str], str]] = {
    "deb": _deb,
    "rpm": _rpm,
    "apk": _apk,
    "pypi": _pypi,
    "npm": _semver,
    "cargo": _semver,
    "golang": _semver,
    "nuget": _nuget,
    "gem": _gem,
    "composer": _composer,
    "maven": _maven,
    "cpe": _generic,
}
