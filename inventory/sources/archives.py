"""The files in a tar or zip archive, one after the other, without unpacking any to a name.

An archive is hostile until it is read: what it says of itself is not trusted, and everything it may cost is bounded. In an
archive there may be another, in that one there may not.
"""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from inventory.sources.opening import Opened, open_plain

MEMBERS = 10_000
RATIO = 200
RATIO_FREE = 16_777_216
SIZE_FACTOR = 10
DEPTH = 2
_LARGEST_READ = 1_048_576
_LARGEST_HEADER = 8_192  # of a tar: some releases of Python take time that grows with its square
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive, good until the next is asked for. `fault` says why it cannot be read; then `file` is empty."""

    name: str
    file: BinaryIO
    fault: str = ""


class BadArchive(Exception):
    """The archive cannot be read (further); the message says why."""


def is_archive(head: bytes) -> bool:
    """By the first bytes, decompressed."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06")) or head[257:262] == b"ustar"


def members(opened: Opened, *, packed: int, limit: int) -> Iterator[Member]:
    """The regular files of an archive, by name and in its order; those of an archive in it below its name.

    `packed` is the size in bytes of the file as it came, `limit` that of one member, decompressed. All members together may
    be ten times that, and 200 times what came (16 MiB are free). Raises BadArchive, after what could be read before.
    """
    budget = _Budget(left=min(limit * SIZE_FACTOR, packed * RATIO + RATIO_FREE), limit=limit)
    try:
        yield from _members(opened.file, opened.head, budget, depth=1)
    except BadArchive as error:
        raise BadArchive(opened.fault or str(error)) from error
    if opened.fault:
        raise BadArchive(opened.fault)


@dataclass(slots=True)
class _Budget:
    left: int
    limit: int
    members: int = 0

    def count(self) -> None:
        self.members += 1
        if self.members > MEMBERS:
            raise BadArchive(f"more than {MEMBERS:,} files; the rest was not read")

    def spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise BadArchive("its files are too large together, or far larger than the archive itself; the rest was not read")


def _members(file: BinaryIO, head: bytes, budget: _Budget, *, depth: int) -> Iterator[Member]:
    walk = _of_zip if head.startswith(b"PK") else _of_tar
    try:
        for name, opener in walk(_Careful(file)):
            budget.count()
            if isinstance(opener, str):
                yield Member(name, io.BytesIO(), opener)
            else:
                yield from _member(name, opener, budget, depth=depth)
    except _Unreadable as error:
        raise BadArchive(str(error)) from error
    except _DAMAGED as error:
        raise BadArchive(f"damaged, or cut off: {_words(error)}") from error


Opener = Callable[[], BinaryIO]


def _member(name: str, opener: Opener, budget: _Budget, *, depth: int) -> Iterator[Member]:
    """A member as it is, after a look at how large it becomes and whether it is an archive itself."""
    try:
        with opener() as stream:
            opened = open_plain(stream, limit=min(budget.limit, budget.left) + 1)
    except _DAMAGED as error:
        yield Member(name, io.BytesIO(), f"damaged, or cut off: {_words(error)}")
        return
    with opened.file:
        budget.spend(opened.size)
        if not is_archive(opened.head):
            with opener() as stream:
                yield Member(name, stream)
        elif depth >= DEPTH:
            yield Member(name, io.BytesIO(), "an archive in an archive in an archive: unpack it first")
        else:
            for inner in _members(opened.file, opened.head, budget, depth=depth + 1):
                yield Member(f"{name}/{inner.name}", inner.file, inner.fault)


class _Unreadable(Exception):
    pass


_DAMAGED = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
"""What the libraries raise over bytes that are not what they should be; a chain of headers without end is a RecursionError."""


def _words(error: Exception) -> str:
    return str(error)[:200] or type(error).__name__


class _Careful(io.RawIOBase):
    """A file of which nobody reads much at once: headers of both formats name sizes, which are read whole into memory."""

    def __init__(self, file: BinaryIO) -> None:
        self.largest = _LARGEST_READ
        self._file = file
        self._size = file.seek(0, io.SEEK_END)
        file.seek(0)

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            size = self._size - self._file.tell()
        if size > self.largest:
            raise _Unreadable(f"a header of {size:,} bytes, which is more than any needs")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


# --- formats ---------------------------------------------------------------------------------------------------------


def _of_tar(file: _Careful) -> Iterator[tuple[str, Opener | str]]:
    file.largest = _LARGEST_HEADER
    with tarfile.open(fileobj=cast("BinaryIO", file), mode="r:") as archive:
        while (entry := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined]  # it keeps every entry it has seen
            name = _printable(entry.name)
            file.largest = _LARGEST_READ
            if entry.isreg() and not entry.issparse():
                yield name, _opener_of_tar(archive, entry)
            elif not entry.isdir():
                yield name, "no regular file"
            file.largest = _LARGEST_HEADER
        file.seek(archive.offset)
        if file.read(_BLOCK) != bytes(_BLOCK):
            raise _Unreadable("cut off, or damaged: it has no end mark")


def _opener_of_tar(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> Opener:
    def opener() -> BinaryIO:
        found = archive.extractfile(entry)
        if found is None:
            raise _Unreadable(f"{_printable(entry.name)} has no content")
        return cast("BinaryIO", found)

    return opener


def _of_zip(file: _Careful) -> Iterator[tuple[str, Opener | str]]:
    with zipfile.ZipFile(cast("BinaryIO", file)) as archive:
        for entry in archive.infolist():
            if entry.is_dir():
                continue
            yield _printable(entry.filename), _fault_of_zip(entry) or _opener_of_zip(archive, entry)


def _fault_of_zip(entry: zipfile.ZipInfo) -> str:
    if entry.flag_bits & 1:
        return "encrypted"
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        return "compressed in a way that is not read here"
    mode = entry.external_attr >> 16
    return "no regular file" if mode and stat.S_IFMT(mode) not in {0, stat.S_IFREG} else ""


def _opener_of_zip(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Opener:
    return lambda: cast("BinaryIO", archive.open(entry))


def _printable(name: str) -> str:
    """A member's name is shown, and may name its machine; it is never a place to write to."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in name)[:250]
