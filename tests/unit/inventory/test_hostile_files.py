"""What no file may do, whatever its format: every source and every sample of it, made hostile."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from inventory.sources.frame import Limits
from inventory.sources.opening import open_plain
from inventory.sources.registry import SOURCES
from tests.unit.inventory import hostile

SAMPLES = [pytest.param(source, file.read_bytes(), id=file.name) for source, file in hostile.samples()]
KINDS = list({(param.values[0], hostile.kind(param.values[1])): param for param in reversed(SAMPLES)}.values())  # type: ignore[arg-type]
"""A sample for each notation of a source: what takes long is done once for each parser."""
LARGE = [param for param in KINDS if param.values[0] in {"cyclonedx", "xccdf", "dpkg"}]
"""A source of each notation: what takes longest is what they share with others, the streams."""
XML = [param for param in SAMPLES if hostile.is_xml(param.values[1])]  # type: ignore[arg-type]
TEXT = [param for param in KINDS if hostile.kind(param.values[1]) == "text"]  # type: ignore[arg-type]
CUTS = 24
SECONDS = 120
SIZE, RECORDS, MEGABYTES = 4_000_000, 2_000, 128
"""Of a file with more records than the limit, of which all are read; what a parser piled up of it would take a multiple."""
SECRET = "the-content-of-another-file"


def test_every_source_brings_a_sample() -> None:
    assert {source for source, _ in hostile.samples()} == set(SOURCES)


@pytest.mark.parametrize(("source", "data"), SAMPLES)
def test_a_file_cut_off_anywhere_gives_what_it_holds_or_says_why_not(source: str, data: bytes) -> None:
    whole = hostile.outcome_of(source, data)
    assert whole.reports
    for number in range(1, CUTS):
        cut = data[: len(data) * number // CUTS]
        found = hostile.outcome_of(source, cut)
        assert found.reports <= whole.reports


@pytest.mark.parametrize(("source", "data"), SAMPLES)
def test_a_file_ten_times_over_the_limit_is_cut_there(source: str, data: bytes) -> None:
    opened = open_plain(io.BytesIO(data), limit=len(data) // 10)
    with opened.file:
        assert opened.too_large
        assert opened.size == len(data) // 10
        hostile.outcome(source, opened.file, Limits(records=2, field=64, line=256))


@pytest.mark.parametrize(("source", "data"), SAMPLES)
def test_values_of_wrong_types_and_texts_that_cannot_be_stored_are_let_through_nowhere(source: str, data: bytes) -> None:
    outcomes = [hostile.outcome_of(source, variant) for variant in hostile.variants(data)]
    assert len(outcomes) > 20
    assert any(found.rejected or found.error for found in outcomes)
    assert any(found.reports for found in outcomes)


@pytest.mark.parametrize(("source", "data"), SAMPLES)
def test_nesting_without_end_ends(source: str, data: bytes) -> None:
    for variant in hostile.nested(data):
        started = time.process_time()
        hostile.outcome_of(source, variant)
        assert time.process_time() - started < 20


@pytest.mark.parametrize(("source", "data"), XML)
def test_entities_are_not_expanded_and_other_files_not_read(
    source: str, data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.txt"
    other.write_text(SECRET)
    seen: list[object] = []
    monkeypatch.setattr(hostile, "check", seen.append)
    for variant in hostile.with_entities(data, other):
        found = hostile.outcome_of(source, variant)
        assert found.reports == 0
        assert found.error or found.rejected
        assert SECRET not in repr(seen)
        assert "boomboom" not in repr(seen)


@pytest.mark.parametrize(("source", "data"), SAMPLES)
def test_rubbish_is_nothing(source: str, data: bytes) -> None:
    for rubbish in (
        b"\x00" * 100_000,
        b"\xff" * 100_000,
        b"\n" * 100_000,
        b" ",
        b"{}",
        b"[]",
        b"<a/>",
        b"\xef\xbb\xbf",
        b"a,b,c\n1\n",
        b"null",
    ):
        found = hostile.outcome_of(source, rubbish)
        assert found.reports == 0 or not SOURCES[source].detect(rubbish, "file")


@pytest.mark.parametrize(("source", "data"), KINDS)
def test_many_records_are_read_in_bounded_time_and_memory(source: str, data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "many"
    assert hostile.write_many(data, file, size=SIZE) > RECORDS
    expect_bounded(hostile.measured(source, file, records=RECORDS), megabytes=MEGABYTES)


@pytest.mark.parametrize(("source", "data"), TEXT)
def test_many_records_without_a_line_end_are_read_in_bounded_memory(source: str, data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "many"
    hostile.write_many(data, file, size=SIZE)
    file.write_bytes(file.read_bytes().replace(b"\n", b" "))
    expect_bounded(hostile.measured(source, file, records=RECORDS), megabytes=MEGABYTES)


@pytest.mark.parametrize(("source", "data"), LARGE)
def test_the_limits_of_the_settings_bound_a_large_file_too(source: str, data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "large"
    assert hostile.write_many(data, file, size=20_000_000) > 20_000
    expect_bounded(hostile.measured(source, file, records=Limits().records), megabytes=320)


def expect_bounded(found: hostile.Measured, *, megabytes: int) -> None:
    assert found.megabytes < megabytes, found
    assert found.seconds < SECONDS, found
