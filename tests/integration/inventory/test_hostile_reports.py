"""Hostile files through the whole intake: the database takes what parsers let through, and a run always says how it ended."""

from __future__ import annotations

import gzip
import io
import itertools
import json
from pathlib import Path

import pytest
from django.test import override_settings

from inventory.actions import ingest
from inventory.models import IngestRun, RejectedRecord
from tests.integration.inventory.reports import NOW
from tests.unit.inventory import hostile

pytestmark = pytest.mark.django_db
SAMPLES = [pytest.param(source, file, id=file.name) for source, file in hostile.samples()]


def read(source: str, data: bytes) -> IngestRun:
    run = ingest(stream=io.BytesIO(data), filename="host-1", source=source, now=NOW, by="test")
    assert run.state in {IngestRun.State.DONE, IngestRun.State.FAILED}
    assert bool(run.machines) or bool(run.error)
    assert run.rejects.count() == min(run.rejected, 1_000)
    return run


@pytest.mark.parametrize(("source", "file"), SAMPLES)
def test_texts_that_cannot_be_stored_never_reach_the_database(source: str, file: Path) -> None:
    data = file.read_bytes()
    if hostile.is_json(data):
        document = hostile.dumped(hostile.documents(data))
        variants = [
            document.replace(b'e"', rb'e\u0000"'),
            document.replace(b'e"', rb'e\ud800"'),
            document.replace(b': "', rb': "\udfff\u0000'),
        ]
    else:
        variants = [
            data.replace(b"e", b"e\x00"),
            data.replace(b"e", b"\xff"),
            data.replace(b"e", "\ud800".encode("utf-8", "surrogatepass")),
        ]
    for variant in variants:
        assert variant != data
        read(source, variant)


@pytest.mark.parametrize(("source", "file"), SAMPLES)
def test_some_of_every_hostile_variant_end_in_a_run_that_says_so(source: str, file: Path) -> None:
    for variant in itertools.islice(hostile.variants(file.read_bytes()), 0, None, 25):
        read(source, variant)


@pytest.mark.parametrize(("source", "file"), SAMPLES)
def test_a_file_over_the_limit_adds_its_beginning_and_removes_nothing(source: str, file: Path) -> None:
    data = file.read_bytes()
    whole = read(source, data)
    assert whole.state == IngestRun.State.DONE
    with override_settings(INGEST_MAX_BYTES=len(data) * 3 // 4):
        run = read(source, gzip.compress(data))
    assert run.removed == 0
    assert "larger than" in run.error or RejectedRecord.objects.filter(run=run, reason__contains="larger than").exists()


def test_many_bad_records_are_counted_and_the_first_thousand_kept() -> None:
    data = json.dumps([{"DisplayName": number} for number in range(1, 20_001)]).encode()
    run = read("windows", data)
    assert (run.state, run.rejected) == (IngestRun.State.FAILED, 20_000)
    assert RejectedRecord.objects.filter(run=run).count() == 1_000


def test_a_file_of_nothing_says_that_it_is_one() -> None:
    run = read("dpkg", b"Package: a\nStatus: deinstall ok config-files\nVersion: 1\n")
    assert run.state == IngestRun.State.FAILED
    assert run.error == "nothing in this dpkg status says what is on a machine"
