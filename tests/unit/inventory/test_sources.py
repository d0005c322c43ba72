"""Recognising formats, opening files, and values out of JSON."""

import gzip
import io
import os
import tracemalloc
from pathlib import Path
from typing import BinaryIO

import pytest

from inventory.errors import UnknownFormat
from inventory.sources import registry
from inventory.sources.frame import Limits
from inventory.sources.json_stream import END, BadJson, values
from inventory.sources.opening import open_plain
from tests.unit.inventory.sources import SAMPLES, sample

MEGABYTE = 1024 * 1024


def opened(data: bytes, limit: int = 10 * MEGABYTE) -> tuple[bytes, str, bool]:
    result = open_plain(io.BytesIO(data), limit=limit)
    with result.file:
        return result.file.read(), result.fault, result.too_large


@pytest.mark.parametrize("file", sorted(SAMPLES.iterdir()), ids=lambda file: file.name)
def test_every_sample_is_recognised_as_its_own_format(file: os.PathLike[str]) -> None:
    name = os.fspath(file)
    with open(name, "rb") as stream:
        head = stream.read(65_536)
    takers = [source.name for source in registry.SOURCES.values() if source.detect(head, name)]
    assert takers == [Path(name).name.split("-")[0].split(".")[0]]


def test_every_source_has_a_sample() -> None:
    assert {file.name.split("-")[0].split(".")[0] for file in SAMPLES.iterdir()} == set(registry.SOURCES)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"PK\x03\x04...", "zip archive"),
        (b"\x00" * 257 + b"ustar", "tar archive"),
        (b'{"spdxVersion":"SPDX-2.3"}', "SPDX"),
        (b"hello", "supported are .*cyclonedx, .*dpkg, .*osquery"),
        (b"Package: a\nVersion: 1\n", "not a supported format"),
        (b'{"a": 1}', "not a supported format"),
        (b"<html></html>", "not a supported format"),
    ],
)
def test_what_no_source_reads_is_named(data: bytes, words: str) -> None:
    with pytest.raises(UnknownFormat, match=words):
        registry.detected(data, "file")


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownFormat, match=r"cyclonedx, .*dpkg, .*osquery, .*programs"):
        registry.named("morse")


def test_plain_and_gzip_are_opened_alike() -> None:
    data = os.urandom(3 * MEGABYTE)
    assert opened(data) == (data, "", False)
    assert opened(gzip.compress(data)) == (data, "", False)
    assert opened(gzip.compress(data[:1000]) + gzip.compress(data[1000:])) == (data, "", False)  # two members
    assert opened(gzip.compress(data) + b"\x00" * 512) == (data, "", False)


def test_a_gzip_stream_that_ends_early_gives_what_was_there() -> None:
    data = os.urandom(MEGABYTE)
    found, fault, _ = opened(gzip.compress(data)[: MEGABYTE // 2])
    assert "ends early" in fault
    assert data.startswith(found)
    assert len(found) > MEGABYTE // 4


def test_a_damaged_gzip_stream_says_so() -> None:
    packed = bytearray(gzip.compress(os.urandom(MEGABYTE)))
    packed[MEGABYTE // 2 :] = b"\xff" * (len(packed) - MEGABYTE // 2)
    assert "damaged" in opened(bytes(packed))[1] or "ends early" in opened(bytes(packed))[1]
    assert "ends early" in opened(b"\x1f\x8b")[1]


def test_a_bomb_is_cut_at_the_limit_without_the_memory() -> None:
    bomb = gzip.compress(b"\x00" * (300 * MEGABYTE), 9)
    tracemalloc.start()
    found, fault, too_large = opened(bomb, limit=MEGABYTE)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(found), too_large) == (MEGABYTE, True)
    assert "larger than 1,048,576 bytes" in fault
    assert peak < 16 * MEGABYTE


def test_values_are_found_at_their_paths_only() -> None:
    data = b'{"a": {"b": [1, {"c": 2}], "items": [{"a": 5}]}, "items": [{"x": {"items": [9]}}, "two"], "n": null}'
    assert list(values(io.BytesIO(data), "items.item", "n", "a.b")) == [
        ("a.b", [1, {"c": 2}]), ("items.item", {"x": {"items": [9]}}), ("items.item", "two"), ("n", None)
    ]  # fmt: skip


def test_the_end_of_an_object_is_told_after_its_values() -> None:
    data = b'{"r": [{"p": [1, {"r": [{}]}], "t": "a"}, {}, 5], "n": null, "e": []}'
    assert list(values(io.BytesIO(data), "r.item.p.item", "r.item.t", ends=("r.item", "r", "n", "e"))) == [
        ("r.item.p.item", 1), ("r.item.p.item", {"r": [{}]}), ("r.item.t", "a"), ("r.item", END), ("r.item", END), ("r", END), ("e", END)
    ]  # fmt: skip


@pytest.mark.parametrize("data", [b"[" * 1_000_000, b'{"a":' * 1_000_000, b"[1,", b"nonsense", b"\xff\xfe", b""])
def test_bad_json_is_refused_quickly(data: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(BadJson):
        list(values(io.BytesIO(data), "item"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * MEGABYTE


def test_a_parser_reads_only_its_stream() -> None:
    class Closed(io.BytesIO):
        def fileno(self) -> int:
            raise AssertionError("a parser has no business with the file below its stream")

    stream: BinaryIO = Closed(sample("dpkg-status"))
    assert list(registry.SOURCES["dpkg"].parse(stream, Limits()))
