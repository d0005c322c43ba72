"""Programs of Windows machines: registry keys, plain lists, a collector's whole machine, and bad rows."""

import json
from typing import Any

import pytest

from inventory.records import InstalledSoftware
from inventory.sources.frame import Limits
from inventory.sources.registry import SOURCES
from tests.unit.inventory.sources import named, read, sample

KEY = "Microsoft.PowerShell.Core\\Registry::HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\Git_is1"
GIT = {"DisplayName": "Git", "DisplayVersion": "2.43", "Publisher": "x", "PSPath": KEY, "PSChildName": "Git_is1"}


def rows(*found: object) -> bytes:
    return json.dumps(found).encode()


def collector(**more: Any) -> bytes:
    computer = {"name": "PC-1", "os": "Windows Server 2022 Standard", "version": "10.0.20348", "build": "10.0.20348.2582"}
    return json.dumps({"computer": computer, "programs": [GIT], "hotfixes": [], **more}).encode()


def test_a_list_of_programs() -> None:
    (report,), rejected = read("windows", sample("windows-programs.json"))
    assert rejected == []
    assert report.machine.platform == "windows"
    assert report.covers == {"cpe"}
    assert named(report, "Google Chrome")[0].vendor == "Google LLC"
    assert named(report, "In-house tool")[0].version == ""


def test_uninstall_keys_are_programs_but_for_nameless_hidden_and_update_keys() -> None:
    (report,), rejected = read("windows", sample("windows-uninstall.json"))
    assert rejected == []
    assert report.machine.external_id == ""
    assert report.covers == {"cpe"}
    key = "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\7-Zip"
    assert named(report, "7-Zip 23.01 (x64)") == [
        InstalledSoftware("cpe", "7-Zip 23.01 (x64)", "23.01", "Igor Pavlov", evidence=("C:\\Program Files\\7-Zip\\", key))
    ]
    assert {record.name for record in report.software} == {"7-Zip 23.01 (x64)", "Python 3.10.6 (64-bit)"}


@pytest.mark.parametrize(
    "more",
    [
        {"SystemComponent": 1},
        {"SystemComponent": "1"},
        {"ParentKeyName": "Office16"},
        {"ReleaseType": "Update Rollup"},
        {"DisplayName": ""},
    ],
)
def test_what_the_system_does_not_list_is_left_out(more: dict[str, object]) -> None:
    (report,), rejected = read("windows", rows({**GIT, "DisplayName": "x", **more}, GIT))
    assert rejected == []
    assert [record.name for record in report.software] == ["Git"]


def test_one_program_is_an_object() -> None:
    data = json.dumps(GIT).encode()
    assert SOURCES["windows"].detect(data, "")
    (report,), rejected = read("windows", data)
    assert rejected == []
    assert named(report, "Git")[0].evidence == (KEY.partition("::")[2],)
    assert report.covers == {"cpe"}


def test_rows_fetched_remotely_are_their_machines() -> None:
    found, rejected = read(
        "windows", rows({**GIT, "PSComputerName": "a"}, {**GIT, "PSComputerName": "b"}, {**GIT, "PSComputerName": "localhost"})
    )
    assert rejected == []
    assert [report.machine.external_id for report in found] == ["a", "b", ""]
    assert all(report.covers == {"cpe"} for report in found)


def test_what_a_collector_posts_is_a_whole_machine() -> None:
    (report,), rejected = read("windows", sample("windows-collector.json"))
    assert rejected == []
    facts = report.machine
    assert (facts.external_id, facts.name, facts.domain) == ("PC-0042", "PC-0042.corp.example", "corp.example")
    assert (facts.os_name, facts.os_version, facts.os_build) == ("Windows 11 Enterprise", "10.0.22631.3880", "22631")
    assert (facts.architecture, facts.ip_addresses[0]) == ("x86_64", "10.20.0.42")
    assert report.covers == {"cpe", "os"}
    assert named(report, "Windows 11") == [
        InstalledSoftware("os", "Windows 11", "10.0.22631.3880", "Microsoft", platform="windows", evidence=("KB5039895", "KB5040442"))
    ]
    assert named(report, "Git")


@pytest.mark.parametrize("build", ["10.0.20348.2582", "20348.2582"])
def test_the_update_revision_is_part_of_the_version(build: str) -> None:
    computer = {"name": "SRV", "os": "Windows Server 2022 Standard", "version": "10.0.20348", "build": build}
    (report,), _ = read("windows", collector(computer=computer))
    assert report.machine.os_version == "10.0.20348.2582"
    assert named(report, "Windows Server 2022")[0].version == "10.0.20348.2582"


def test_a_single_program_and_update_of_a_collector_are_objects() -> None:
    (report,), rejected = read("windows", collector(programs=GIT, hotfixes={"HotFixID": "KB5034123"}))
    assert rejected == []
    assert named(report, "Git")
    assert named(report, "Windows Server 2022")[0].evidence == ("KB5034123",)
    assert report.covers == {"cpe", "os"}


def test_a_collector_without_a_version_adds_its_updates_to_the_windows_that_is_known() -> None:
    (report,), _ = read("windows", collector(computer={"name": "PC-1"}, hotfixes=[{"HotFixID": "KB5034123"}]))
    assert named(report, "")[0].evidence == ("KB5034123",)
    assert report.covers == {"cpe"}


def test_bad_rows_are_named_and_the_good_ones_stay() -> None:
    data = rows(GIT, {"DisplayName": 5}, 7, {**GIT, "DisplayName": "b", "Publisher": ["x"]}, {**GIT, "PSComputerName": {"a": 1}})
    (report,), rejected = read("windows", data)
    assert [item.place for item in rejected] == ["record 2", "record 3", "record 4", "record 5"]
    assert [record.name for record in report.software] == ["Git"]
    assert report.covers == {"cpe"}


def test_a_list_that_ends_early_removes_nothing() -> None:
    (report,), (rejected,) = read("windows", rows(GIT, GIT)[:-40])
    assert rejected.place == "record 2"
    assert report.covers == frozenset()


def test_a_bad_description_of_the_computer_leaves_the_programs() -> None:
    for computer in ({"name": 5}, {"name": ""}, {"name": "x", "build": {}}):
        (report,), (rejected,) = read("windows", collector(computer=computer))
        assert "computer" in rejected.reason
        assert report.machine.external_id == ""
        assert named(report, "Git")


def test_too_many_programs_keep_the_first_and_remove_nothing() -> None:
    (report,), (full,) = read("windows", sample("windows-programs.json"), Limits(records=2))
    assert "more than 2" in full.reason
    assert len(report.software) == 2
    assert report.covers == frozenset()


def test_rows_that_are_all_bad_do_not_look_like_a_machine_without_programs() -> None:
    reports, rejected = read("windows", rows({"DisplayName": 5}, {"DisplayName": 6}))
    assert reports == []
    assert len(rejected) == 2


def test_parts_of_a_post_may_be_null_and_a_workgroup_is_no_domain() -> None:
    computer = {"name": "PC-1", "domain": "WORKGROUP"}
    data = json.dumps({"hotfixes": None, "computer": computer, "programs": [GIT]}).encode()
    assert SOURCES["windows"].detect(data, "")
    (report,), rejected = read("windows", data)
    assert rejected == []
    assert report.machine.name == "PC-1"
    assert report.covers == {"cpe"}
