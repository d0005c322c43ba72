"""Intune: tasks as Graph takes them, devices by id and by name, the cap, permissions, and a token that ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from remediation.ticketing import graph
from remediation.ticketing.base import Device, Refused, Request, TryLater
from remediation.ticketing.intune import INTUNE
from tests.fakes.graph_server import DEVICES, READ, TASKS, GraphServer
from tests.fakes.server import Fault
from tests.integration.remediation.ticketing.clients.sides import REQUEST, Side, side


@pytest.fixture
def there() -> Iterator[Side]:
    with side("intune") as made:
        yield made


def made(there: Side, request: Request = REQUEST) -> dict[str, Any]:
    """The task that a request became, as Graph keeps it."""
    task: dict[str, Any] = there.server.tasks[INTUNE.create(there.connection, request).external_id]
    return task


def devices(*names: str, ids: tuple[str, ...] = ()) -> dict[str, Any]:
    listed = tuple(Device(number, name, "Default", "Windows 11", ids[number - 1] if ids else "") for number, name in enumerate(names, 1))
    return {"devices": listed, "device_total": len(listed)}


def test_the_task_says_everything(there: Side) -> None:
    task = made(there)
    assert task["@odata.type"] == "#microsoft.graph.appVulnerabilityTask"
    assert (task["displayName"], task["dueDateTime"], task["mitigationType"]) == ("Update Google Chrome", "2026-12-01T00:00:00Z", "update")
    assert (task["appName"], task["appPublisher"], task["appVersion"]) == ("chrome", "google", "131.0.6778.85")
    assert (task["priority"], task["creator"], task["insights"]) == ("low", "jo@contoso.example", "38 weaknesses, 3 exposed machines")
    assert task["managedDeviceCount"] == 3
    assert [device["displayName"] for device in task["managedDevices"]] == ["PC1", "PC2", "PC3"]
    assert {device["managedDeviceId"] for device in task["managedDevices"]} == {device["id"] for device in there.server.devices}
    assert "Priority in TVM Portal: Medium." in task["creatorNotes"]
    assert task["creatorNotes"].splitlines()[-1] == "TVM Portal key: 0b5f8a526f0e4c3e9d8b5a0c1f2e3d4c"
    assert "After the freeze, please." in task["creatorNotes"]


@pytest.mark.parametrize(
    ("kind", "mitigation"), [("update", "update"), ("upgrade", "update"), ("uninstall", "uninstall"), ("attention", "unknown")]
)
def test_kinds_become_mitigations(there: Side, kind: str, mitigation: str) -> None:
    assert made(there, replace(REQUEST, kind=kind))["mitigationType"] == mitigation


def test_a_configuration_becomes_a_task_of_its_own_kind(there: Side) -> None:
    task = made(there, replace(REQUEST, kind="configuration", settings_asked=(("Allow Telemetry", "0"),)))
    assert task["@odata.type"] == "#microsoft.graph.securityConfigurationTask"
    assert task["intendedSettings"] == [{"@odata.type": "microsoft.graph.keyValuePair", "name": "Allow Telemetry", "value": "0"}]
    assert (task["applicablePlatform"], task["endpointSecurityPolicy"]) == ("windows10AndLater", "unknown")
    assert REQUEST.steps[0] in task["description"]
    assert {device["@odata.type"] for device in task["managedDevices"]} == {"#microsoft.graph.vulnerableManagedDevice"}


def test_machines_that_intune_does_not_know_are_counted_and_named(there: Side) -> None:
    task = made(there, replace(REQUEST, **devices("pc1", "srv1", "srv2")))
    assert task["managedDeviceCount"] == 1
    assert "2 machines are not in Intune: srv1, srv2." in task["creatorNotes"]
    assert task["insights"] == "38 weaknesses, 3 exposed machines; 1 of 3 are listed here"


def test_a_request_for_machines_that_are_all_elsewhere_is_refused(there: Side) -> None:
    with pytest.raises(Refused, match=r"None of the 2 machines is in Intune \(srv1, srv2\)"):
        INTUNE.create(there.connection, replace(REQUEST, **devices("srv1", "srv2")))
    assert not there.server.tasks


def test_devices_are_found_by_entra_id_then_by_name_and_the_newest_counts(there: Side) -> None:
    there.server.devices.clear()
    old = there.server.add_device("PC1", synced="2026-01-01T00:00:00Z")
    new = there.server.add_device("pc1", synced="2026-11-01T00:00:00Z")
    renamed = there.server.add_device("NEW-NAME", directory_id="AAAAAAAA-0000-4000-8000-000000000001")
    there.server.add_device("pc2")
    enrolled = there.server.add_device("pc3", directory_id="00000000-0000-0000-0000-000000000000")
    task = made(there, replace(REQUEST, **devices("pc1", "pc2", "pc3", ids=("", "aaaaaaaa-0000-4000-8000-000000000001", ""))))
    sent = {device["managedDeviceId"]: device for device in task["managedDevices"]}
    assert sent.keys() == {new["id"], renamed["id"], enrolled["id"]}
    assert old["id"] not in sent
    assert sent[renamed["id"]]["id"] == "AAAAAAAA-0000-4000-8000-000000000001"
    assert "id" not in sent[enrolled["id"]]


def test_a_name_without_its_domain_counts_where_it_is_the_only_one(there: Side) -> None:
    there.server.devices.clear()
    alone = there.server.add_device("PC1")
    there.server.add_device("PC2")
    there.server.add_device("pc4.other.example")
    with graph.site(there.connection) as site:
        found = graph.managed(site, devices("pc1.a.example", "pc2.a.example", "pc2.b.example", "pc4.a.example")["devices"])
    assert {machine: device.id for machine, device in found.items()} == {1: alone["id"]}


def test_every_page_of_devices_is_read(there: Side) -> None:
    there.server.page_size = 7
    for number in range(40):
        there.server.add_device(f"box{number:02}")
    task = made(there, replace(REQUEST, **devices(*(f"box{number:02}" for number in range(40)))))
    assert task["managedDeviceCount"] == 40
    assert len(there.server.calls("managedDevices")) == 7


def test_at_most_ten_thousand_are_sent_and_the_task_says_so(there: Side) -> None:
    names = [f"box{number:05}" for number in range(10_001)]
    for name in names:
        there.server.add_device(name)
    request = replace(REQUEST, devices=devices(*names)["devices"][:10_000], device_total=12_345)
    task = made(there, request)
    assert task["managedDeviceCount"] == len(task["managedDevices"]) == 10_000
    assert "10,000 of 12,345 machines" in task["creatorNotes"]
    assert "10,000 of 12,345" in task["insights"]
    too_many = replace(REQUEST, **devices(*names))
    assert made(there, too_many)["managedDeviceCount"] == 10_000


def test_a_next_page_elsewhere_does_not_get_the_token(there: Side) -> None:
    there.server.page_size = 1
    with GraphServer() as elsewhere:
        there.server.next_host = elsewhere.address
        with pytest.raises(TryLater, match=r"another server"):
            INTUNE.create(there.connection, REQUEST)
        assert not elsewhere.seen


def test_pages_without_end_are_given_up(there: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    there.server.page_size = 1
    monkeypatch.setattr(graph, "LONGEST", -1.0)
    with pytest.raises(TryLater, match=r"needs more than"):
        INTUNE.create(there.connection, REQUEST)
    assert not there.server.tasks


def test_a_task_is_found_on_any_page_and_the_first_of_two(there: Side) -> None:
    there.server.page_size = 2
    for number in range(9):
        INTUNE.create(there.connection, replace(REQUEST, key=f"key-{number}"))
    first = INTUNE.create(there.connection, REQUEST)
    INTUNE.create(there.connection, REQUEST)
    assert INTUNE.find(there.connection, REQUEST) == first


def test_a_service_that_takes_no_conditions_is_listed_whole(there: Side) -> None:
    there.server.takes_conditions = False
    task = INTUNE.create(there.connection, REQUEST)
    assert INTUNE.find(there.connection, REQUEST) == task


def test_a_clock_that_is_hours_behind_does_not_hide_the_task(there: Side) -> None:
    there.server.skew = -6 * 3600
    task = INTUNE.create(there.connection, REQUEST)
    assert INTUNE.find(there.connection, REQUEST) == task


def test_a_service_that_takes_no_devices_with_the_task_gets_their_names(there: Side) -> None:
    there.server.takes_devices = False
    task = made(there)
    assert "managedDevices" not in task
    assert "Machines: pc1, pc2, pc3." in task["creatorNotes"]
    assert len(there.server.tasks) == 1


def test_the_token_is_fetched_once_and_again_when_it_is_refused(there: Side) -> None:
    first = INTUNE.create(there.connection, REQUEST)
    INTUNE.read(there.connection, first.external_id)
    assert len(there.server.calls("/oauth2/v2.0/token")) == 1
    there.server.expire_tokens()
    assert INTUNE.read(there.connection, first.external_id).state == "pending"
    assert len(there.server.calls("/oauth2/v2.0/token")) == 2


def test_a_token_refused_twice_is_an_error_and_no_loop(there: Side) -> None:
    there.server.token_seconds = -1
    with pytest.raises(Refused, match=r"401"):
        INTUNE.read(there.connection, "x")
    assert len(there.server.calls(TASKS)) == 2


def test_a_token_near_its_end_is_not_used(there: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    graph.token(there.connection)
    later = time.monotonic() + 3599 - 100
    monkeypatch.setattr("remediation.ticketing.tokens.time.monotonic", lambda: later)
    graph.token(there.connection)
    assert len(there.server.calls("/oauth2/v2.0/token")) == 2


def test_another_secret_does_not_get_the_token_of_the_first(there: Side) -> None:
    graph.token(there.connection)
    with pytest.raises(Refused, match=r"client secret is wrong"):
        graph.token(there.set(secret="another"))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"secret": "nope"}, "enter the secret's value, not its id"),
        ({"client": "nope"}, "is not known in this tenant"),
        ({"tenant": "nope"}, "The tenant is not known"),
    ],
)
def test_what_is_wrong_with_the_sign_in_is_said(there: Side, values: dict[str, str], sentence: str) -> None:
    (finding,) = INTUNE.test(there.set(**values))
    assert (finding.step, finding.good) == ("Sign in", False)
    assert sentence in finding.detail


def test_an_expired_secret_is_said(there: Side) -> None:
    there.server.secret_expired = True
    (finding,) = INTUNE.test(there.connection)
    assert "has expired: make a new one" in finding.detail


@pytest.mark.parametrize(
    ("roles", "bad", "grant"),
    [
        ({DEVICES}, ["Security tasks can be read", "Security tasks can be made"], "DeviceManagementApps.ReadWrite.All"),
        ({DEVICES, READ}, ["Security tasks can be made"], "DeviceManagementApps.ReadWrite.All"),
        ({"DeviceManagementApps.ReadWrite.All"}, ["Devices can be read"], "DeviceManagementManagedDevices.Read.All"),
    ],
)
def test_a_permission_that_is_missing_is_named(there: Side, roles: set[str], bad: list[str], grant: str) -> None:
    there.server.roles = roles
    findings = [finding for finding in INTUNE.test(there.connection) if not finding.good]
    assert [finding.step for finding in findings] == bad
    assert all(f"Grant the application permission {grant} and give admin consent." in finding.detail for finding in findings)


def test_the_words_of_intune_are_unpacked(there: Side) -> None:
    there.server.roles = {DEVICES, READ}
    with pytest.raises(Refused, match=r"Application is not authorized to perform this operation") as caught:
        INTUNE.create(there.connection, REQUEST)
    assert "_version" not in str(caught.value)
    assert "Operation ID" not in str(caught.value)


def test_the_status_of_a_task_is_never_changed_from_here(there: Side) -> None:
    task = INTUNE.create(there.connection, REQUEST)
    there.accept(task.external_id, "")
    INTUNE.tell(there.connection, task.external_id, key="k", event="completed", note="")
    assert there.server.tasks[task.external_id]["status"] == "active"


def test_a_throttled_page_in_the_middle_asks_to_come_back(there: Side) -> None:
    there.server.page_size = 1
    there.server.faults.append(Fault("status", status=429, headers={"Retry-After": "30"}, on="managedDevices"))
    with pytest.raises(TryLater) as caught:
        INTUNE.create(there.connection, REQUEST)
    assert caught.value.wait == 30


def test_national_clouds_have_their_own_addresses() -> None:
    assert {cloud.graph for cloud in graph.CLOUDS.values()} == {
        "https://graph.microsoft.com",
        "https://graph.microsoft.us",
        "https://dod-graph.microsoft.us",
        "https://microsoftgraph.chinacloudapi.cn",
    }
