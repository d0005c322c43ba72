"""Posts that are recognised by their bytes: only while they say what is stored."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings

from inventory import aliases, repeats
from inventory.models import DirtyMachine, IngestRun, Machine, SoftwareAlias
from tests.integration.inventory.reports import DEBIAN, NOW, WINDOWS, counts, debs, everything, installed, log, programs, send, versions

pytestmark = pytest.mark.django_db
REPORT = log(DEBIAN, debs(("git", "2.1"), ("nano", "7")))

DIFFERENTIAL = json.dumps(
    {"name": "deb_packages", "hostIdentifier": "h1", "action": "added", "counter": 5, "columns": {"name": "vim", "version": "9"}}
).encode()


def is_read(data: bytes, *, at: dt.datetime = NOW, **more: Any) -> bool:
    """Send it; whether it had to be read."""
    return send(data, now=at, **more).pk is not None


def later(**time: float) -> dt.datetime:
    return NOW + dt.timedelta(**time)


def test_the_same_bytes_are_not_read_again_and_leave_no_run() -> None:
    assert is_read(REPORT)
    before = everything()
    again = send(REPORT, now=later(hours=1))
    assert not again.pk
    assert (counts(again), again.state, again.source) == ((1, 1, 0, 0, 0), "done", "osquery")
    assert everything() == before
    assert Machine.objects.get().last_seen == later(hours=1)
    assert IngestRun.objects.count() == 1


def test_when_the_log_was_written_does_not_matter_but_everything_else_does() -> None:
    def written(at: int, version: str = "2.1") -> bytes:
        lines = [json.loads(line) for line in log(DEBIAN, debs(("git", version))).splitlines()]
        return b"\n".join(json.dumps({**line, "unixTime": at, "calendarTime": f"at {at}"}).encode() for line in lines)

    assert is_read(written(1))
    assert not is_read(written(2))
    assert is_read(written(3, version="2.2"))
    assert versions() == {("debian-_-git", "2.2")}
    assert is_read(written(4))
    assert versions() == {("debian-_-git", "2.1")}


def test_the_time_a_machine_was_seen_is_written_every_quarter_of_an_hour() -> None:
    send(REPORT)
    for minutes, seen in ((5, 0), (14, 0), (16, 16), (20, 16), (32, 32)):
        assert not is_read(REPORT, at=later(minutes=minutes))
        assert Machine.objects.get().last_seen == later(minutes=seen)


def test_another_report_of_the_machine_in_between_is_not_forgotten() -> None:
    """The same part from another source: what the first said is no longer stored, so it counts when it comes again."""
    send(REPORT)
    send(b"Package: git\nStatus: install ok installed\nVersion: 3\n\n", source="dpkg", machine="h1")
    assert ("debian-_-nano", "7") not in versions()
    assert is_read(REPORT, at=later(hours=1))
    assert versions() == {("debian-_-git", "2.1"), ("debian-_-nano", "7")}


def test_sources_that_take_turns_are_both_recognised() -> None:
    def python(version: str) -> bytes:
        return log(("python_packages", [{"name": "pip", "version": version, "path": "/usr"}]))

    send(REPORT)
    send(python("1"))
    for _ in range(2):  # a part that was not known took nothing away from the other
        assert not is_read(REPORT)
        assert not is_read(python("1"))
    assert is_read(python("2"))
    assert is_read(REPORT)
    assert not is_read(REPORT)
    assert versions(ecosystem="pypi") == {("pypi-_-pip", "2")}


def test_a_name_that_means_something_else_now_is_read_again() -> None:
    report = log(WINDOWS, programs(("Odd Tool", "1")))
    send(report)
    assert not is_read(report)
    SoftwareAlias.objects.create(name_pattern="odd tool", key="odd-_-tool", name="Odd", vendor="Odd", product_keys=[])
    assert is_read(report)
    assert any(key == "odd-_-tool" for _, key, _, _ in installed())
    assert not is_read(report)


def test_a_machine_that_comes_back_after_a_long_silence_is_computed_anew() -> None:
    send(REPORT)
    DirtyMachine.objects.all().delete()
    assert is_read(REPORT, at=later(days=40))
    assert DirtyMachine.objects.count() == 1
    assert not is_read(REPORT, at=later(days=40))


def test_a_deleted_machine_comes_back() -> None:
    send(REPORT)
    Machine.objects.all().delete()
    assert is_read(REPORT)
    assert Machine.objects.count() == 1


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(DIFFERENTIAL, id="differential"),
        pytest.param(log(debs(("git", "2.1"), ("", "1"))), id="a bad record"),
        pytest.param(b"\n".join([log(debs(("git", "1")), host="h1"), log(debs(("git", "1")), host="h2")]), id="two machines"),
        pytest.param(b"\n".join([log(debs(("git", "1"))), b"{broken"]), id="a broken line"),
    ],
)  # fmt: skip
def test_what_is_not_the_whole_of_one_machine_is_always_read(data: bytes) -> None:
    assert is_read(data)
    assert is_read(data)
    assert is_read(data)


def test_hotfixes_alone_depend_on_what_the_machine_is_known_to_run() -> None:
    hotfixes = json.dumps({"computer": {"name": "pc1"}, "programs": [], "hotfixes": [{"HotFixID": "KB5000001"}]}).encode()
    assert is_read(hotfixes, source="windows")
    assert is_read(hotfixes, source="windows")


def test_what_is_said_beside_the_body_counts() -> None:
    status = b"Package: git\nStatus: install ok installed\nVersion: 2.1\n"
    assert is_read(status, source="dpkg", machine="web01")
    assert not is_read(status, source="dpkg", machine="web01")
    assert is_read(status, source="dpkg", machine="web02")
    with override_settings(INGEST_MAX_FIELD=100):
        assert is_read(status, source="dpkg", machine="web01")


def test_another_program_reads_everything_again(monkeypatch: pytest.MonkeyPatch) -> None:
    send(REPORT)
    monkeypatch.setattr(repeats, "_program", lambda: "the next release")
    assert is_read(REPORT)
    assert not is_read(REPORT)


def test_a_machine_keeps_the_digests_of_its_last_posts_only() -> None:
    packages = [(f"p{number}", "1") for number in range(20)]
    for turn in range(20):
        assert is_read(log(DEBIAN, debs(*packages[turn:], *packages[:turn])))
    assert len(Machine.objects.get().bodies) == 16
    assert not is_read(log(DEBIAN, debs(*packages[19:], *packages[:19])))


def test_files_are_read_whatever_was_posted() -> None:
    send(REPORT)
    assert is_read(REPORT, filename="h1.log")


def test_every_change_of_the_alias_table_begins_an_edition() -> None:
    """Even one by hand in the database: a report read under the old edition must not be taken for read under the new."""
    aliases.load()
    seen = [aliases.fingerprint()]
    for statement in (
        "UPDATE inventory_softwarealias SET vendor = 'Somebody' WHERE id = (SELECT min(id) FROM inventory_softwarealias)",
        "DELETE FROM inventory_softwarealias WHERE id = (SELECT min(id) FROM inventory_softwarealias)",
        "TRUNCATE inventory_softwarealias",
    ):
        with connection.cursor() as cursor:
            cursor.execute(statement)
        seen.append(aliases.fingerprint())
    assert len({mark.fingerprint for mark in seen}) == len(seen)
    assert [mark.lines - seen[0].lines for mark in seen[:3]] == [0, 0, -1]
    assert seen[3].lines == 0
