"""A portal that is asked for more than it can do: 429 over real HTTP, and nothing lost."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from django.db import connection
from django.test import Client
from django.utils import timezone
from psycopg.conninfo import make_conninfo
from pytest_django import Settings

from core import measures
from core.models import ApiToken
from core.tokens import digest, make_token
from inventory.models import Agent, DirtyMachine, IngestRun, Machine
from tests.integration.inventory.reports import DEBIAN, debs, log
from tests.integration.pages import text
from tests.load.agents import Agents, lost
from tvm_portal import back_pressure, catching_up, pipeline, tasks
from tvm_portal.back_pressure import Gate
from tvm_portal.celery import app

pytestmark = pytest.mark.django_db(transaction=True)
REPORT = log(DEBIAN, debs(("git", "2.1")))
OTHER = log(DEBIAN, debs(("git", "2.2")))


@pytest.fixture
def token() -> str:
    return make_token(name="agents", scope=ApiToken.Scope.INGEST, by="test", now=timezone.now())[1]


@pytest.fixture(autouse=True)
def nothing_counted(settings: Settings) -> Iterator[None]:
    client = redis.Redis.from_url(settings.MEASURES_URL)
    client.delete(f"{settings.KEY_PREFIX}:measures")
    measures._away_until = 0.0
    yield
    client.delete(f"{settings.KEY_PREFIX}:measures")


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Gate]:
    """Gives the portal other places than the settings do."""

    def give(*, seats: int = 4, at_once: int = 1, max_dirty: int = 1_000, max_dirty_seconds: int = 3_600) -> Gate:
        gate = Gate(seats=seats, at_once=at_once, max_dirty=max_dirty, max_dirty_seconds=max_dirty_seconds)
        for module in ("api", "osquery"):
            monkeypatch.setattr(f"tvm_portal.{module}.gate", lambda: gate)
        return gate

    monkeypatch.setattr(back_pressure, "PATIENCE", 0.05)
    monkeypatch.setattr(back_pressure, "SHORTEST", 1.0)
    monkeypatch.setattr(back_pressure, "_LOOK_EVERY", 0.0)
    return give


def post(portal: str, token: str, body: bytes) -> tuple[int, dict[str, str], dict[str, Any]]:
    parts = urlsplit(portal)
    sender = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    sender.request("POST", "/api/ingest/osquery", body, {"Authorization": f"Bearer {token}"})
    answer = sender.getresponse()
    said = json.loads(answer.read())
    sender.close()
    return answer.status, dict(answer.headers), said


def outcomes() -> dict[str, float]:
    found: dict[str, float] = {}
    for (_, outcome), number in measures.read().counts.get("reports", {}).items():
        found[outcome] = found.get(outcome, 0) + number
    return found


def test_a_report_that_finds_no_seat_is_put_off(
    live_server: Any, token: str, places: Callable[..., Gate], superuser_client: Client
) -> None:
    gate = places(seats=1)
    with gate.seat():
        status, headers, said = post(live_server.url, token, REPORT)
        assert superuser_client.get("/scoring/").status_code == 200
    assert status == 429
    assert said["error"]["code"] == "Busy"
    assert int(headers["Retry-After"]) == said["error"]["retryAfter"] >= 1
    assert not IngestRun.objects.exists()
    assert post(live_server.url, token, REPORT)[0] == 200
    assert outcomes() == {"put off": 1, "changed": 1}
    assert "1 put off" in text(superuser_client.get("/settings/status/"))


def test_while_others_are_stored_a_repeated_report_is_answered_and_a_changed_one_put_off(
    live_server: Any, token: str, places: Callable[..., Gate]
) -> None:
    gate = places()
    assert post(live_server.url, token, REPORT)[0] == 200
    with gate.turn():
        assert post(live_server.url, token, REPORT)[2]["machinesUnchanged"] == 1
        assert post(live_server.url, token, OTHER)[0] == 429
    assert post(live_server.url, token, OTHER)[2]["installationsChanged"] == 1
    assert outcomes() == {"changed": 2, "unchanged": 1, "put off": 1}


@pytest.mark.parametrize("bounds", [{"max_dirty": 2}, {"max_dirty_seconds": 60}])
def test_while_too_much_waits_to_be_computed_nothing_that_changes_is_taken(
    live_server: Any, token: str, places: Callable[..., Gate], bounds: dict[str, int]
) -> None:
    places(**bounds)
    assert post(live_server.url, token, REPORT)[0] == 200
    long_ago = timezone.now() - dt.timedelta(minutes=5)
    DirtyMachine.objects.bulk_create(DirtyMachine(machine_id=1_000_000 + number, since=long_ago) for number in range(3))
    assert post(live_server.url, token, REPORT)[0] == 200
    status, headers, said = post(live_server.url, token, OTHER)
    assert (status, int(headers["Retry-After"]) >= 30) == (429, True)
    assert "wait to be computed anew" in said["error"]["message"]
    DirtyMachine.objects.all().delete()
    assert post(live_server.url, token, OTHER)[0] == 200


def test_an_osquery_agent_is_put_off_and_keeps_its_key(client: Client, places: Callable[..., Gate]) -> None:
    gate = places(seats=1)
    Agent.objects.create(machine_name="h1", digest=digest("key"), enrolled_at=timezone.now())
    said = {"node_key": "key", "log_type": "result", "data": [json.loads(line) for line in REPORT.splitlines()]}
    with gate.seat():
        answer = client.post("/api/osquery/log", said, content_type="application/json")
    assert (answer.status_code, answer.json()["node_invalid"]) == (429, False)
    assert int(answer["Retry-After"]) >= 1
    for read in (True, False):  # the second time by its bytes
        assert client.post("/api/osquery/log", said, content_type="application/json").json() == {"node_invalid": False}
        assert Machine.objects.filter(external_id="h1").exists()
        assert IngestRun.objects.count() == 1, read


@pytest.mark.timeout(280)
def test_a_storm_of_100_machines_loses_nothing(
    live_server: Any, token: str, places: Callable[..., Gate], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All at once, in a portal that stores one report at a time; then again, half of them with other packages."""
    monkeypatch.setattr(back_pressure, "LONGEST", 3.0)
    places(seats=3)
    agents = Agents(portal=live_server.url, token=token, number=100, packages=8, changed=0.5, upgraded=3, threads=8)
    agents.once(seconds=120)
    agents.once(seconds=120)
    assert not agents.unsettled
    statuses = [sent.status for sent in agents.sent]
    assert set(statuses) == {200, 429}, set(statuses)
    assert statuses.count(200) == 200
    params = connection.get_connection_params()
    database = make_conninfo(**{name: params[name] for name in ("host", "port", "user", "password", "dbname") if params.get(name)})
    assert len(agents.expected()) == 100
    assert lost(agents, database) == {}
    assert outcomes()["put off"] == statuses.count(429)


# --- catching up -----------------------------------------------------------------------------------------------------


def test_changed_machines_are_computed_batch_after_batch(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    def refresh(*, now: dt.datetime, limit: int) -> int:
        taken.append(limit)
        return limit if len(taken) < 3 else 7

    monkeypatch.setattr(pipeline, "refresh", refresh)
    assert catching_up.catch_up(clock=timezone.now) == sum(taken[:2]) + 7
    assert taken == [500, 1_000, 2_000]
    taken.clear()
    assert catching_up.catch_up(clock=timezone.now, seconds=0) == 500


def test_one_worker_catches_up_and_the_others_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, leave, counts = threading.Event(), threading.Event(), []

    def refresh(*, now: dt.datetime, limit: int) -> int:
        inside.set()
        assert leave.wait(20)
        return 3

    def work() -> None:
        try:
            counts.append(tasks.refresh_dirty_machines())
        finally:
            connection.close()

    monkeypatch.setattr(pipeline, "refresh", refresh)
    worker = threading.Thread(target=work)
    worker.start()
    assert inside.wait(20)
    assert tasks.refresh_dirty_machines() == 0
    leave.set()
    worker.join(20)
    assert counts == [3]
    assert tasks.refresh_dirty_machines() == 3


def test_tasks_that_were_not_run_for_a_week_do_not_pile_up() -> None:
    for name, entry in app.conf.beat_schedule.items():
        period = entry["schedule"]
        seconds = period if isinstance(period, float) else 86_400 if len(period.hour) == 1 else 86_400 / len(period.hour)
        assert entry["options"]["expires"] <= seconds, name
