"""Report files as they arrive: in folders, compressed, in archives, with an os-release file beside them."""

from __future__ import annotations

import platform as this_machine
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from inventory.sources.archives import SIZE_FACTOR, BadArchive, is_archive, members
from inventory.sources.frame import HEAD_BYTES
from inventory.sources.opening import open_plain
from inventory.sources.systems import platform_of_release_file

_OWN_DATABASE = Path("/var/lib/dpkg/status")
_RELEASE_BYTES = 65_536
_RELEASE_NAMES = ("os-release", "redhat-release")
_SAYS_NOTHING = frozenset({"status", "dpkg", "rpm", "packages", ""})
_KINDS = re.compile(r"[-.](?:dpkg|rpm|status|packages)\b|\.(?:tsv|txt|gz|bz2|xz)\b")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One file to read, or why it cannot be. Good until the next.

    `path`: the file, or the archive that it is in. `name`: its path, in an archive below that of the archive. `machine` and
    `platform`: what its place tells of them.
    """

    path: Path
    name: str
    file: BinaryIO | None = None
    fault: str = ""
    machine: str = ""
    platform: str = ""


def files_of(paths: list[Path]) -> Iterator[Path]:
    """The files below the paths, in order; of folders without hidden files, and those that are read together with a report."""
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.is_file())
            yield from (file for file in inside if not _is_passed_over(file.relative_to(path).as_posix()))
        else:
            yield path


def arrivals_of(path: Path, *, limit: int) -> Iterator[Arrival]:
    """A file, or those in the archive that it is. `limit`: bytes of one file, decompressed."""
    try:
        machine, platform = _own_name(path), platform_beside(path)
        for arrival in _arrivals_of(path, limit):
            yield replace(arrival, machine=machine, platform=platform)
    except OSError as error:
        yield Arrival(path, str(path), fault=f"cannot be read: {error.strerror}")


def _arrivals_of(path: Path, limit: int) -> Iterator[Arrival]:
    with ExitStack() as stack:
        stream = stack.enter_context(path.open("rb"))
        peeked = open_plain(stream, limit=HEAD_BYTES)
        peeked.file.close()
        stream.seek(0)
        if is_archive(peeked.head):
            yield from _in_archive(path, stream, limit)
        else:
            yield Arrival(path, str(path), stream)


def _own_name(path: Path) -> str:
    """This very machine's package database is this machine's."""
    return this_machine.node() if path.absolute() == _OWN_DATABASE else ""


def _in_archive(path: Path, stream: BinaryIO, limit: int) -> Iterator[Arrival]:
    opened = open_plain(stream, limit=limit * SIZE_FACTOR)
    with opened.file:
        try:
            for member in members(opened, packed=path.stat().st_size, limit=limit):
                if not _is_passed_over(member.name):
                    yield Arrival(path, f"{path}/{member.name}", None if member.fault else member.file, member.fault)
        except BadArchive as error:
            yield Arrival(path, str(path), None, f"the archive cannot be read (further): {error}")


def _is_passed_over(name: str) -> bool:
    """Hidden files, and files that tell a release, which are read together with the report beside them."""
    return name.endswith(_RELEASE_NAMES) or any(part.startswith((".", "__MACOSX")) and part not in {".", ".."} for part in name.split("/"))


def platform_beside(file: Path) -> str:
    """The release that a file beside a list of packages tells: web01-os-release, os-release, or that of the root it lies in."""
    stem = _KINDS.split(file.name, maxsplit=1)[0]
    names = [f"{stem}{separator}{name}" for name in _RELEASE_NAMES for separator in "-."]
    if stem in _SAYS_NOTHING:
        names += _RELEASE_NAMES
    candidates = [file.parent / name for name in names]
    if file.absolute().as_posix().endswith("/var/lib/dpkg/status"):
        root = file.absolute().parents[3]
        candidates += [root / "etc/os-release", root / "usr/lib/os-release"]
    for candidate in candidates:
        if candidate.is_file() and candidate.absolute() != file.absolute():
            with candidate.open(encoding="utf-8", errors="replace") as text:
                return platform_of_release_file(text.read(_RELEASE_BYTES))
    return ""
