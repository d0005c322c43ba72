"""Versions as vulnerability data counts them, where a product's installer reports something else. Pure.

Each rule is a fact about one product's numbering; what no rule knows stays as reported. A rule that cannot tell the
exact version gives the highest one it can be, so that only what surely affects it matches.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_PYTHON_NUMBER: Final = re.compile(r"(3\.\d+)\.(\d+)\.0")
_PYTHON_STAGE: Final = re.compile(r"(\d)[.-]?(a|b|rc)(\d+)$")
_STAGES: Final = {"a": "alpha", "b": "beta", "rc": "rc"}
_JAVA_NUMBER: Final = re.compile(r"([5-8])\.0\.(\d+)0(?:\.\d+)?")
_JAVA_NAME: Final = re.compile(r"\b([5-8])(?: update (\d+))?\b")
_TEAMS_NUMBER: Final = re.compile(r"1\.00\.(\d)(\d{5})")
_JETBRAINS_BUILD: Final = re.compile(r"(?:[A-Z]{2}-)?(2\d)([1-4])\.(\d+(?:\.\d+)*)")
_JETBRAINS_NAME: Final = re.compile(r"\b(20\d\d\.[1-4](?:\.\d+){0,2})\b")
_CITRIX_NUMBER: Final = re.compile(r"(2\d)\.(0?[1-9]|1[0-2])\.(\d+)(?:\.\d+)*")
_HOMEBREW_REVISION: Final = re.compile(r"(?<=[0-9A-Za-z])_\d+$")


def compared_version(*, key: str, name: str, version: str, in_name: str = "") -> str:
    """The version to compare, of software `key` reported as `name` and `version`. `in_name`: what its alias found in the name."""
    rule = _RULES.get(key) or next((found for start, found in _FAMILIES.items() if key.startswith(start)), None)
    return rule(name, in_name or version) if rule else in_name or version


def _python(name: str, version: str) -> str:
    """Windows numbers 3.14.0rc1 as 3.14.121.0: a thousand per patch release, and 100, 110, 120 or 150 for its stage.

    Stages are written as NVD does: "3.14.0 rc1".
    """
    if number := _PYTHON_NUMBER.fullmatch(version):
        patch, stage = divmod(int(number[2]), 1000)
        word = next((word for low, word in ((120, "rc"), (110, "beta"), (100, "alpha")) if low < stage < low + 10), "")
        return f"{number[1]}.{patch} {word}{stage % 10}" if word else f"{number[1]}.{patch}" if stage == 150 else version
    return _PYTHON_STAGE.sub(lambda stage: f"{stage[1]} {_STAGES[stage[2]]}{stage[3]}", version)


def _java(name: str, version: str) -> str:
    """Up to Java 8 the installer says 8.0.2910.10 where the data says 1.8.0 update 291."""
    if number := _JAVA_NUMBER.fullmatch(version):
        return f"1.{number[1]}.0 update {number[2]}"
    if not version and (named := _JAVA_NAME.search(name.lower())):
        return f"1.{named[1]}.0" + (f" update {named[2]}" if named[2] else "")
    return version


def _teams(name: str, version: str) -> str:
    """Classic Teams on macOS writes 1.6.00.22155 without its dots: 1.00.622155."""
    number = _TEAMS_NUMBER.fullmatch(version)
    return f"1.{number[1]}.00.{number[2]}" if number else version


def _jetbrains(name: str, version: str) -> str:
    """Build 223.8617.56 is a release of the line 2022.3. Which one, only the name can tell; else it counts as its last."""
    build = _JETBRAINS_BUILD.fullmatch(version)
    if not build:
        return version
    named = _JETBRAINS_NAME.search(name)
    return named[1] if named else f"20{build[1]}.{build[2]}.99.{build[3]}"


def _citrix(name: str, version: str) -> str:
    """23.9.0.99 is release 2309."""
    number = _CITRIX_NUMBER.fullmatch(version)
    return f"{number[1]}{int(number[2]):02d}.{number[3]}" if number else version


def _homebrew(name: str, version: str) -> str:
    """A formula's revision (3.2.1_1) is a rebuild of the same release."""
    return _HOMEBREW_REVISION.sub("", version)


_RULES: Final[dict[str, Callable[[str, str], str]]] = {
    "python-_-python": _python,
    "oracle-_-jre": _java,
    "oracle-_-jdk": _java,
    "microsoft-_-teams": _teams,
    "citrix-_-workspace": _citrix,
}
_FAMILIES: Final[dict[str, Callable[[str, str], str]]] = {"jetbrains-_-": _jetbrains, "homebrew-_-": _homebrew}
