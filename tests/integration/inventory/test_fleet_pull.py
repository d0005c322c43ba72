"""Hosts pulled from a Fleet server, page by page, whatever it answers."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command

from inventory import fleet
from inventory.errors import FleetUnavailable
from inventory.models import IngestRun, Machine
from tests.integration.inventory.fleet_server import TOKEN, FleetServer, serving
from tests.integration.inventory.reports import NOW, versions
from tests.unit.inventory.sources import sample

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings: Any) -> Iterator[FleetServer]:
    with serving() as state:
        settings.FLEET_URL, settings.FLEET_TOKEN = state.address, TOKEN
        state.hosts = json.loads(sample("fleet-hosts.json"))["hosts"]
        yield state


def pull(**more: Any) -> fleet.Pull:
    return fleet.pull(now=NOW, by="test", **more)


def test_every_page_is_read_and_the_second_time_nothing_changed(server: FleetServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "PAGE", 2)
    assert pull() == fleet.Pull(hosts=3, unchanged=0, silent=0, rejected=2)
    assert [query["page"] for query in server.asked] == [["0"], ["1"], ["2"]]
    assert versions("web01") == {("ubuntu-_-openssl", "3.0.2-0ubuntu1.10")}
    assert pull() == fleet.Pull(hosts=3, unchanged=3, silent=0, rejected=2)
    assert IngestRun.objects.filter(label="Fleet, page 2").count() == 2


def test_software_that_is_gone_is_removed(server: FleetServer) -> None:
    pull()
    server.hosts[1]["software"] = [{"name": "curl", "version": "7.81.0-1ubuntu1.14", "source": "deb_packages"}]
    pull()
    assert versions("web01") == {("ubuntu-_-curl", "7.81.0-1ubuntu1.14")}


def test_hosts_that_fleet_lost_sight_of_are_left_out(server: FleetServer) -> None:
    server.hosts[1]["seen_time"] = (NOW - dt.timedelta(days=31)).isoformat()
    assert pull() == fleet.Pull(hosts=2, unchanged=0, silent=1, rejected=0)
    assert not Machine.objects.filter(external_id="web01").exists()


def test_a_busy_server_is_asked_again_when_it_says(server: FleetServer) -> None:
    waited: list[float] = []
    server.trouble = [503, (429, "7")]
    assert pull(sleep=waited.append).hosts == 3
    assert waited == [2.0, 7.0]


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ([500] * 5, "answered 500. Tried 5 times"),
        ([403], "FLEET_TOKEN is wrong"),
        ([404], "is FLEET_URL its address"),
        ([b"<html>"], "no JSON object"),
        ([b"[]"], "no JSON object"),
        ([b'{"hosts": 5}'], "no list of hosts"),
    ],
)
def test_trouble_ends_in_a_sentence(server: FleetServer, trouble: list[Any], words: str) -> None:
    server.trouble = trouble
    with pytest.raises(FleetUnavailable, match=words):
        pull(sleep=lambda _: None)


def test_what_was_read_before_trouble_is_kept(server: FleetServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "PAGE", 1)
    with pytest.raises(FleetUnavailable):
        pull(progress=lambda _: server.trouble.append(401))
    assert Machine.objects.count() == 1


def test_a_wrong_token_is_named(server: FleetServer, settings: Any) -> None:
    settings.FLEET_TOKEN = "other"
    with pytest.raises(FleetUnavailable, match="FLEET_TOKEN is wrong"):
        pull()


@time_machine.travel(NOW, tick=False)
def test_the_command_says_what_it_read(server: FleetServer, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("pull_fleet", "--no-recompute")
    assert "3 hosts read, 0 of them unchanged" in capsys.readouterr().out


def test_without_an_address_the_command_says_what_to_set(settings: Any) -> None:
    settings.FLEET_URL = ""
    with pytest.raises(CommandError, match="FLEET_URL"):
        call_command("pull_fleet")
