"""Updates of Windows are evidence of the Windows that the machine runs, whoever told which that is."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.integration.inventory.reports import counts, evidence, installed, send

pytestmark = pytest.mark.django_db
WINDOWS_11 = "microsoft-_-windows_11"


def collector(*hotfixes: str, build: str = "10.0.22631.3880") -> bytes:
    computer = {"name": "PC-1", "os": "Microsoft Windows 11 Pro", "version": "10.0.22631", "build": build}
    programs = [{"DisplayName": "In-house tool", "DisplayVersion": "1"}]
    return json.dumps({"computer": computer, "programs": programs, "hotfixes": [{"HotFixID": name} for name in hotfixes]}).encode()


def get_hotfix(*names: str, host: str = "PC-1") -> bytes:
    return json.dumps([{"PSComputerName": host, "HotFixID": name} for name in names]).encode()


def test_updates_alone_add_to_the_windows_that_is_known_and_remove_nothing() -> None:
    send(collector("KB5000001"), source="windows")
    before = installed("PC-1")
    run = send(get_hotfix("KB5000002"), source="hotfixes")
    assert counts(run)[2:] == (0, 0, 0)
    assert installed("PC-1") == before
    assert evidence(WINDOWS_11, "PC-1") == ["KB5000001", "KB5000002"]
    send(get_hotfix("KB5000003"), source="hotfixes")
    assert evidence(WINDOWS_11, "PC-1") == ["KB5000001", "KB5000002", "KB5000003"]
    assert counts(send(get_hotfix("KB5000003"), source="hotfixes")) == (1, 1, 0, 0, 0)


def test_a_report_of_the_system_that_lists_no_updates_leaves_them() -> None:
    send(get_hotfix("KB5000002"), source="hotfixes")
    send(collector(), source="windows")
    send(get_hotfix("KB5000002"), source="hotfixes")
    send(collector(), source="windows")
    assert evidence(WINDOWS_11, "PC-1") == ["KB5000002"]


def test_updates_of_a_machine_nobody_described_are_kept_until_somebody_does() -> None:
    send(get_hotfix("KB5000002"), source="hotfixes")
    assert {(ecosystem, version) for ecosystem, _, version, _ in installed("PC-1")} == {("os", "")}
    send(collector(), source="windows")
    assert {version for ecosystem, _, version, _ in installed("PC-1") if ecosystem == "os"} == {"10.0.22631.3880"}


def test_updates_of_osquery_without_its_version_table_add_to_the_windows_that_is_known() -> None:
    send(collector("KB5000001"), source="windows")
    patches = {"name": "patches", "hostIdentifier": "PC-1", "action": "snapshot", "snapshot": [{"hotfix_id": "KB5000009"}]}
    send(json.dumps(patches).encode())
    assert evidence(WINDOWS_11, "PC-1") == ["KB5000001", "KB5000009"]


def test_the_look_up_costs_one_statement_for_any_number_of_machines() -> None:
    def data(machines: int) -> bytes:
        return json.dumps([{"CSName": f"PC-{number}", "HotFixID": "KB5000001"} for number in range(machines)]).encode()

    counted = []
    for machines in (1, 20):
        send(data(machines), source="hotfixes")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            send(data(machines), source="hotfixes")
        counted.append(len(queries))
    assert counted[0] == counted[1]
