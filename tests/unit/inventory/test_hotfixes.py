"""Updates of Windows machines as Get-HotFix lists them."""

import json

from inventory.records import InstalledSoftware, Report
from inventory.sources.registry import SOURCES
from tests.unit.inventory.sources import read, sample


def rows(*found: object) -> bytes:
    return json.dumps(found).encode()


def patches(report: Report) -> tuple[str, ...]:
    (record,) = report.software
    assert record == InstalledSoftware("os", "", "", "Microsoft", platform="windows", evidence=record.evidence)
    return record.evidence


def test_the_updates_of_a_machine_only_add_evidence() -> None:
    (report,), rejected = read("hotfixes", sample("hotfixes-get-hotfix.json"))
    assert rejected == []
    assert (report.machine.external_id, report.machine.platform) == ("PC-0042", "windows")
    assert patches(report) == ("KB5039895", "KB5040442")
    assert report.covers == frozenset()
    assert report.removed == ()


def test_one_update_is_an_object_and_dates_may_be_anything() -> None:
    for date in ("11.06.2024 00:00:00", {"value": "/Date(1718056800000)/"}, None, 5):
        data = json.dumps({"CSName": "PC-1", "HotFixID": "KB5039895", "InstalledOn": date}, indent=4).encode()
        assert SOURCES["hotfixes"].detect(data, "")
        (report,), rejected = read("hotfixes", data)
        assert rejected == []
        assert patches(report) == ("KB5039895",)


def test_machines_are_kept_apart() -> None:
    found, _ = read(
        "hotfixes",
        rows({"PSComputerName": "a", "HotFixID": "KB5039895"}, {"CSName": "b", "HotFixID": "KB5040442"}, {"HotFixID": "KB1000001"}),
    )
    assert [(report.machine.external_id, patches(report)) for report in found] == [
        ("a", ("KB5039895",)),
        ("b", ("KB5040442",)),
        ("", ("KB1000001",)),
    ]


def test_bad_rows_are_named_and_nameless_updates_passed_over() -> None:
    data = rows({"HotFixID": "KB5039895"}, {"HotFixID": 7}, {}, "x", {"HotFixID": "File 1"}, {"HotFixID": "KB1234567", "CSName": []})
    (report,), rejected = read("hotfixes", data)
    assert [item.place for item in rejected] == ["record 2", "record 3", "record 4", "record 6"]
    assert patches(report) == ("KB5039895",)


def test_a_list_that_ends_early_keeps_its_updates() -> None:
    (report,), (rejected,) = read("hotfixes", rows({"HotFixID": "KB5039895"}, {"HotFixID": "KB5040442"})[:-12])
    assert "not valid JSON" in rejected.reason
    assert patches(report) == ("KB5039895",)
