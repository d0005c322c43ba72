"""From bytes as they arrive to a seekable plain file of bounded size: decompression with a cap."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from inventory.sources.frame import HEAD_BYTES

_CHUNK = 262_144
_IN_MEMORY = 4_194_304
_GZIP = b"\x1f\x8b"


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
    """Copy `stream`, decompressed where it is gzip (by its first bytes), to a file of at most `limit` bytes.

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
    except _BadGzip as error:
        fault = str(error)
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    return Opened(file=file, head=head, size=size, fault=fault, too_large=too_large)


class _BadGzip(Exception):
    pass


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    first = stream.read(_CHUNK)
    if not first.startswith(_GZIP):
        while first:
            yield first
            first = stream.read(_CHUNK)
        return
    yield from _decompressed(first, stream)


def _decompressed(data: bytes, stream: BinaryIO) -> Iterator[bytes]:
    """The content of every member of a gzip file, in pieces of at most a chunk."""
    member = zlib.decompressobj(wbits=31)
    while True:
        try:
            piece = member.decompress(data, _CHUNK)
        except zlib.error as error:
            raise _BadGzip(f"the gzip stream is damaged ({error}); what came before was read") from error
        if piece:
            yield piece
        if member.eof:
            data = member.unused_data or stream.read(_CHUNK)
            if not data.startswith(_GZIP):  # zero padding and trailing rubbish are ignored, as gzip itself does
                return
            member = zlib.decompressobj(wbits=31)
            continue
        data = member.unconsumed_tail
        if not data and len(piece) < _CHUNK:  # nothing is pending inside the decompressor either
            data = stream.read(_CHUNK)
            if not data:
                raise _BadGzip("the gzip stream ends early; what came before was read")
