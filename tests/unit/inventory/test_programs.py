"""A JSON list of Windows programs, plain or with the names of registry values."""

from inventory.sources.frame import Limits
from tests.unit.inventory.sources import named, read, sample


def test_a_list_of_programs() -> None:
    (report,), rejected = read("programs", sample("programs.json"))
    assert rejected == []
    assert report.machine.platform == "windows"
    assert report.covers == {"cpe"}
    assert named(report, "Google Chrome")[0].vendor == "Google LLC"
    assert named(report, "In-house tool")[0].version == ""


def test_registry_values_and_bad_rows_of_a_list() -> None:
    first = b'{"DisplayName": "Git", "DisplayVersion": "2.43", "Publisher": "x", "PSChildName": "Git_is1"}'
    data = b"[" + first + b', {"name": 5}, 7, {"name": "b", "version": "1"'
    (report,), rejected = read("programs", data)
    assert named(report, "Git")[0].evidence == ("Git_is1",)
    assert [item.place for item in rejected] == ["record 2", "record 3", "record 4"]
    assert report.covers == frozenset()  # the list ends early
    (_,), (full,) = read("programs", sample("programs.json"), Limits(records=2))
    assert "more than 2" in full.reason
