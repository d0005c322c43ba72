"""Operating systems as software, and what an os-release file says."""

from __future__ import annotations

import shlex

from inventory.records import InstalledSoftware
from inventory.rules import family_of, platform_of


def operating_system(platform: str) -> InstalledSoftware | None:
    """A Linux distribution as a software: debian-12 -> vendor debian, name debian, version 12. None for anything else."""
    distribution, _, release = platform.rpartition("-")
    if not distribution or family_of(platform) != "linux":
        return None
    return InstalledSoftware("os", distribution, release, distribution, platform=platform)


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
