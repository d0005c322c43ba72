"""Archives of reports: their files one by one, and what a hostile archive may not cost."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import time
import tracemalloc
import zipfile
from collections.abc import Callable

import pytest

from inventory.sources import archives
from inventory.sources.archives import BadArchive, Member, is_archive, members
from inventory.sources.opening import open_plain

MEGABYTE = 1024 * 1024
Pack = Callable[[dict[str, bytes]], bytes]


def tar(files: dict[str, bytes], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def tgz(files: dict[str, bytes]) -> bytes:
    return tar(files, "w:gz")


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def content(member: Member, limit: int) -> bytes | str:
    """A member as the intake opens it: its bytes as they are, or what is wrong with it."""
    opened = open_plain(member.file, limit=limit)
    with opened.file:
        if member.fault or opened.too_large:
            return member.fault or opened.fault
    member.file.seek(0)
    return member.file.read(MEGABYTE)


def read(data: bytes, *, limit: int = MEGABYTE) -> dict[str, bytes | str]:
    """Name -> content, or why it cannot be read; under "" why the archive cannot be read further."""
    found: dict[str, bytes | str] = {}
    opened = open_plain(io.BytesIO(data), limit=limit * archives.SIZE_FACTOR)
    with opened.file:
        assert is_archive(opened.head)
        try:
            for member in members(opened, packed=len(data), limit=limit):
                found[member.name] = content(member, limit)
        except BadArchive as error:
            found[""] = str(error)
    return found


PACKS = pytest.mark.parametrize("pack", [tar, tgz, zipped])


@PACKS
def test_the_files_of_an_archive_come_one_by_one(pack: Pack) -> None:
    files: dict[str, bytes] = {"a.json": b"{}", "deep/er/b.log": b"x" * 500_000, "empty": b""}
    assert read(pack(files)) == files


@PACKS
def test_a_name_is_only_a_name(pack: Pack) -> None:
    files: dict[str, bytes] = {"../../etc/passwd": b"1", "/etc/shadow": b"2", "a\nb": b"3"}
    found = read(pack(files))
    assert [value for value in found.values() if value in {b"1", b"2", b"3"}] == [b"1", b"2", b"3"]
    assert all(name.isprintable() for name in found)


@PACKS
def test_an_archive_in_an_archive_is_read_and_the_one_in_that_is_not(pack: Pack) -> None:
    found = read(pack({"a": b"1", "in.zip": zipped({"b": b"2", "in.tgz": tgz({"c": b"3"})}), "z": b"4"}))
    assert found == {"a": b"1", "in.zip/b": b"2", "in.zip/in.tgz": "an archive in an archive in an archive: unpack it first", "z": b"4"}


def test_links_and_devices_are_no_files() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind in (("link", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE), ("device", tarfile.CHRTYPE), ("folder", tarfile.DIRTYPE)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
    assert read(out.getvalue()) == dict.fromkeys(("link", "hard", "device"), "no regular file")


def test_links_encryption_and_rare_compressions_of_a_zip_are_named() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr(zipfile.ZipInfo("rare"), "x" * 100, compress_type=zipfile.ZIP_LZMA)
        archive.writestr("plain", "x")
    data = out.getvalue()
    assert read(data) == {"link": "no regular file", "rare": "compressed in a way that is not read here", "plain": b"x"}
    local, central = data.rindex(b"PK\x03\x04"), data.rindex(b"PK\x01\x02")
    secret = bytearray(data)
    secret[local + 6] |= 1
    secret[central + 8] |= 1
    assert read(bytes(secret))["plain"] == "encrypted"


@PACKS
def test_an_archive_that_is_cut_off_gives_the_files_before_and_says_so(pack: Pack) -> None:
    data = pack({f"{number}.json": bytes([number]) * 3_000 for number in range(40)})
    for size in range(len(data) // 4, len(data) - 1_100, len(data) // 12):
        assert read(data[:size])[""], f"cut at {size} of {len(data)}"


def test_a_damaged_file_of_a_zip_leaves_the_others() -> None:
    data = bytearray(zipped({"a": bytes(range(256)) * 40, "b": b"2"}))
    data[60:70] = b"\xff" * 10
    found = read(bytes(data))
    assert isinstance(found["a"], str)
    assert "damaged" in found["a"]
    assert found["b"] == b"2"


@PACKS
def test_a_bomb_ends_in_a_clear_error_without_the_memory(pack: Pack) -> None:
    bomb = (
        pack({f"{number}": bytes(40 * MEGABYTE) for number in range(2)})
        if pack is not tar
        else tar({"x": zipped({"y": bytes(60 * MEGABYTE)})})
    )
    tracemalloc.start()
    started = time.process_time()
    found = read(bomb, limit=8 * MEGABYTE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found
    assert all("larger than" in str(said) or "too large together" in str(said) for said in found.values())
    assert peak < 40 * MEGABYTE
    assert time.process_time() - started < 60


def test_many_files_that_are_large_together_stop_where_the_archive_may_not_go_on() -> None:
    data = zipped({f"{number}.json": bytes(4 * MEGABYTE) for number in range(12)})
    found = read(data, limit=4 * MEGABYTE)
    assert "too large together" in str(found[""])
    assert len(found) <= 8


@PACKS
def test_more_files_than_any_archive_of_reports_has(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MEMBERS", 50)
    found = read(pack({f"{number}": b"x" for number in range(60)}))
    assert len(found) == 51
    assert "more than 50 files" in str(found[""])


def test_headers_that_name_enormous_sizes_are_not_believed() -> None:
    entry = tarfile.TarInfo("././@LongLink")
    entry.type, entry.size = tarfile.GNUTYPE_LONGNAME, 900 * MEGABYTE
    data = entry.tobuf() + b"x" * (3 * MEGABYTE)
    assert "header" in str(read(data)[""])
    good = zipped({"a": b"1"})
    end = good.rindex(b"PK\x05\x06")
    assert read(good[: end + 12] + struct.pack("<L", 0x7FFFFFFF) + good[end + 16 :])[""]


def test_a_chain_of_headers_without_end_ends() -> None:
    entry = tarfile.TarInfo("x")
    entry.type, entry.size = tarfile.XHDTYPE, 512
    content = b"12 path=abc\n".ljust(512, b"\x00")
    assert read((entry.tobuf() + content) * 3_000)[""]


def test_compressed_files_in_an_archive_stay_as_they_are() -> None:
    packed = gzip.compress(b"x" * 1_000)
    assert read(tar({"a.gz": packed})) == {"a.gz": packed}
