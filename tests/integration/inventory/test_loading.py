"""Many files into the inventory: each is read while the one before is stored."""

from __future__ import annotations

import errno
import gc
import io
import sys
import threading
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from inventory import loading
from inventory.arrivals import Arrival, arrivals_of
from inventory.ingestion import Ingestion
from inventory.models import IngestRun, SoftwareAlias
from tests.integration.inventory.reports import NOW, WINDOWS, debs, log, programs, versions

pytestmark = pytest.mark.django_db


def loaded(*files: Path) -> list[IngestRun]:
    arrivals: Iterator[Arrival] = (arrival for file in files for arrival in arrivals_of(file, limit=1_000_000))
    return [run for _, run in loading.load(arrivals, source=None, machine="", platform="", clock=lambda: NOW)]


def stored(host: str = "h1") -> set[str]:
    return {version for _, version in versions(host)}


def written(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def test_of_two_files_about_one_machine_the_later_holds(tmp_path: Path) -> None:
    old = written(tmp_path, "a.log", log(debs(("openssl", "3.0.1"))))
    new = written(tmp_path, "b.log", log(debs(("openssl", "3.0.2"))))
    loaded(old, new)
    assert stored() == {"3.0.2"}
    loaded(new, old)
    assert stored() == {"3.0.1"}


def test_a_name_curated_meanwhile_holds_for_the_files_that_are_still_to_be_read(tmp_path: Path) -> None:
    content = [log(WINDOWS, programs(("Rocket Tool", "1.0")), host=f"h{number}") for number in range(4)]
    files = [written(tmp_path, f"{number}.log", said) for number, said in enumerate(content)]
    arrivals = (arrival for file in files for arrival in arrivals_of(file, limit=1_000_000))
    for number, _ in enumerate(loading.load(arrivals, source=None, machine="", platform="", clock=lambda: NOW)):
        if number == 0:
            SoftwareAlias.objects.create(name_pattern="rocket tool", key="acme-_-rocket", name="Rocket", vendor="Acme", order=1)
    assert versions("h0", "cpe") == {("example-_-rocket_tool", "1.0")}
    assert versions("h3", "cpe") == {("acme-_-rocket", "1.0")}


def test_files_that_are_no_use_are_told_and_the_others_stored(tmp_path: Path) -> None:
    files = [
        written(tmp_path, "1.log", log(debs(("openssl", "3.0.1")), host="first")),
        tmp_path / "gone.log",
        written(tmp_path, "2.log", b""),
        written(tmp_path, "3.log", b"neither this nor that"),
        written(tmp_path, "4.log", log(debs(("openssl", "3.0.2")), host="last")),
    ]
    runs = loaded(*files)
    assert [run.state for run in runs] == ["done", "failed", "failed", "failed", "done"]
    assert runs[1].error == "cannot be read: No such file or directory"
    assert [(run.label, run.state) for run in IngestRun.objects.order_by("id")] == [(run.label, run.state) for run in runs]
    assert (stored("first"), stored("last")) == ({"3.0.1"}, {"3.0.2"})


def test_a_file_that_its_disk_fails_to_read_is_told(tmp_path: Path) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

    good = written(tmp_path, "good.log", log(debs(("openssl", "3.0.1"))))
    arrivals = chain([Arrival(tmp_path / "bad.log", "bad.log", Failing())], arrivals_of(good, limit=1_000_000))
    runs = [run for _, run in loading.load(arrivals, source=None, machine="", platform="", clock=lambda: NOW)]
    assert [(run.state, run.error) for run in runs] == [("failed", "cannot be read: Input/output error"), ("done", "")]


def test_what_stops_the_reading_fails_its_file_and_leaves_the_process_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = gc.get_threshold(), gc.get_freeze_count(), sys.getswitchinterval()
    batches = Ingestion.batches

    def failing(self: Ingestion, *given: object, **named: object) -> Iterator[object]:
        assert threading.current_thread() is not threading.main_thread()
        if self.run.label.endswith("2.log"):
            raise MemoryError
        yield from batches(self, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Ingestion, "batches", failing)
    files = [written(tmp_path, f"{number}.log", log(debs(("openssl", "3.0.1")), host=f"h{number}")) for number in (1, 2, 3)]
    with pytest.raises(MemoryError):
        loaded(*files)
    assert stored("h1") == {"3.0.1"}
    assert list(IngestRun.objects.order_by("id").values_list("state", "error")) == [
        ("done", ""),
        ("failed", "stopped by MemoryError; the same file again completes it"),
    ]
    assert (gc.get_threshold(), gc.get_freeze_count(), sys.getswitchinterval()) == before
