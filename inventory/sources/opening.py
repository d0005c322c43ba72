"""From bytes as they arrive to a seekable plain file of bounded size: decompression with a cap, and UTF-8 out of UTF-16."""

from __future__ import annotations

import bz2
import codecs
import lzma
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol, cast

from inventory.sources.frame import HEAD_BYTES

_CHUNK = 262_144
_IN_MEMORY = 4_194_304
_XZ_MEMORY = 134_217_728
_MARKS = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_MARK_BYTES = 16


@dataclass(frozen=True, slots=True)
class Opened:
    """A decompressed report. `fault` says why it may be incomplete; what was read before that is there.

    The file is closed with its last reference, or by `file.close()`.
    """

    file: BinaryIO
    head: bytes
    size: int
    fault: str = ""
    too_large: bool = False


def open_plain(stream: BinaryIO, *, limit: int) -> Opened:
    """Copy `stream`, decompressed where it is gzip, bzip2 or xz (by its first bytes), to a file of at most `limit` bytes.

    Up to 4 MiB stay in memory. Never more than a chunk beyond the limit is decompressed, so a bomb costs nothing.
    """
    file = cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))  # noqa: SIM115 - the caller closes it
    size, fault, too_large = 0, "", False
    try:
        for piece in _pieces(stream):
            kept = piece[: limit - size]
            file.write(kept)
            size += len(kept)
            if len(kept) < len(piece):
                fault, too_large = f"larger than {limit:,} bytes after decompression; the rest was not read", True
                break
    except _Damaged as error:
        fault = str(error)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    return Opened(file=file, head=head, size=size, fault=fault, too_large=too_large)


class _Damaged(Exception):
    pass


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    return _as_utf8(_unpacked(stream))


# --- encoding --------------------------------------------------------------------------------------------------------


def _as_utf8(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """UTF-16, which PowerShell writes, as UTF-8; and no byte order mark. XML stays as it is, as it says its encoding itself."""
    first = next(pieces, b"")
    while len(first) < _MARK_BYTES and (more := next(pieces, b"")):
        first += more
    encoding = next((encoding for mark, encoding in _MARKS if first.startswith(mark)), "")
    if not encoding or first[2:].lstrip(b"\x00 \t\r\n").startswith(b"<"):
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from pieces
        return
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    yield decoder.decode(first).encode()
    for piece in pieces:
        yield decoder.decode(piece).encode()
    yield decoder.decode(b"", final=True).encode()


# --- compression -----------------------------------------------------------------------------------------------------


class _Decompressor(Protocol):
    """What zlib, bz2 and lzma share, once zlib's left-over input is fed back to it."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Gzip:
    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)
        self._pending = False

    @property
    def eof(self) -> bool:
        return self._member.eof

    @property
    def needs_input(self) -> bool:
        return not self._pending

    @property
    def unused_data(self) -> bytes:
        return self._member.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        piece = self._member.decompress(self._member.unconsumed_tail + data, max_length)
        self._pending = bool(self._member.unconsumed_tail) or len(piece) == max_length
        return piece


_COMPRESSIONS: tuple[tuple[bytes, str, Callable[[], _Decompressor]], ...] = (
    (b"\x1f\x8b", "gzip", _Gzip),
    (b"BZh", "bzip2", bz2.BZ2Decompressor),
    (b"\xfd7zXZ\x00", "xz", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)),
)


def _unpacked(stream: BinaryIO) -> Iterator[bytes]:
    first = stream.read(_CHUNK)
    for mark, name, make in _COMPRESSIONS:
        if first.startswith(mark):
            yield from _decompressed(first, stream, mark, name, make)
            return
    while first:
        yield first
        first = stream.read(_CHUNK)


def _decompressed(data: bytes, stream: BinaryIO, mark: bytes, name: str, make: Callable[[], _Decompressor]) -> Iterator[bytes]:
    """The content of every member of a compressed file, in pieces of at most a chunk."""
    member = make()
    while True:
        try:
            piece = member.decompress(data, _CHUNK)
        except (zlib.error, OSError, EOFError, lzma.LZMAError, ValueError) as error:
            raise _Damaged(f"the {name} stream is damaged ({error}); what came before was read") from error
        if piece:
            yield piece
        data = b""
        if member.eof:
            data = member.unused_data or stream.read(_CHUNK)
            if not data.startswith(mark):  # zero padding and trailing rubbish are ignored, as gzip itself does
                return
            member = make()
        elif member.needs_input:
            data = stream.read(_CHUNK)
            if not data:
                raise _Damaged(f"the {name} stream ends early; what came before was read")
