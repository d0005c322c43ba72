"""Operating systems as software, and what an os-release file says."""

from __future__ import annotations

import re
import shlex

from inventory.records import InstalledSoftware, MachineFacts
from inventory.rules import family_of, platform_of

_EDITION = re.compile(
    r"\s+(pro|home|enterprise|education|core|standard|datacenter|essentials|iot|ltsc|ltsb|n|evaluation|single language|for workstations"
    r"|multi-session|edition|insider preview)\b.*$",
    re.IGNORECASE,
)


def operating_system(platform: str) -> InstalledSoftware | None:
    """A Linux distribution as a software: debian-12 -> vendor debian, name debian, version 12. None for anything else."""
    distribution, _, release = platform.rpartition("-")
    if not distribution or family_of(platform) != "linux":
        return None
    return InstalledSoftware("os", distribution, release, distribution, platform=platform)


def windows_name(name: str, build: str) -> str:
    """Windows 11 reports itself as 10 to older agents; builds from 22000 on are 11."""
    plain = re.sub(r"^microsoft\s+", "", name, flags=re.IGNORECASE)
    if build.isdecimal() and int(build) >= 22000 and "server" not in plain.lower():
        plain = re.sub(r"^Windows 10\b", "Windows 11", plain)
    return plain


def windows_version(version: str, build: str) -> str:
    """The four parts of a Windows version, the last being the update revision: 10.0.22631 and 22631.3880 are 10.0.22631.3880.

    `build` may be the whole version, or the build with or without a revision.
    """
    if build.count(".") >= 3 or not version:
        return build
    revision = build.partition(".")[2]
    if version.count(".") == 1 and build:
        return f"{version}.{build}"
    return f"{version}.{revision}" if revision and version.count(".") == 2 and build.count(".") == 1 else version


def operating_system_of(facts: MachineFacts, patches: tuple[str, ...]) -> InstalledSoftware | None:
    """The operating system as a software of its own; the patches of Windows are its evidence."""
    if not facts.platform:
        return None
    if facts.platform == "windows":
        product = _EDITION.sub("", facts.os_name) or "Windows"
        return InstalledSoftware("os", product, facts.os_version, "Microsoft", platform="windows", evidence=patches)
    if facts.platform == "macos":
        return InstalledSoftware("os", "macOS", facts.os_version, "Apple", platform="macos")
    return operating_system(facts.platform)


def own_windows(patches: tuple[str, ...]) -> InstalledSoftware:
    """The Windows that a machine runs, whichever that is: a record without name adds its evidence to what is known."""
    return InstalledSoftware("os", "", "", "Microsoft", platform="windows", evidence=patches)


def platform_of_release_file(text: str) -> str:
    """The platform that an os-release file names, or the one line of a redhat-release ("Rocky Linux release 9.3 (Blue Onyx)")."""
    line = text.strip().partition("\n")[0]
    return platform_of_os_release(text) or (platform_of(line, line.partition("release")[2]) if " release " in line else "")


def platform_of_os_release(text: str) -> str:
    """The platform that an os-release file names (os-release(5)); "" where it says none."""
    values: dict[str, str] = {}
    for line in text.splitlines()[:200]:
        key, separator, value = line.strip().partition("=")
        if separator and not key.startswith("#"):
            values[key] = _unquoted(value)
    return platform_of(values.get("ID", ""), values.get("VERSION_ID", ""))


def _unquoted(value: str) -> str:
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        return value.strip("\"'")
