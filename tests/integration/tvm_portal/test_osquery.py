"""osquery's remote protocol, as an agent speaks it."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.models import ApiToken, AuditEvent
from core.tokens import make_token
from inventory import agents
from inventory.models import Agent, IngestRun, Machine
from inventory.osquery_schedule import configuration
from inventory.sources.osquery_tables import FACT_TABLES, table_of
from tests.integration.inventory.reports import DEBIAN, debs, versions

pytestmark = pytest.mark.django_db


@pytest.fixture
def secret() -> str:
    return make_token(name="rollout", scope=ApiToken.Scope.ENROL, by="test", now=timezone.now())[1]


def post(path: str, body: object, *, base: str = "/api/osquery/", **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Client().post(f"{base}{path}", raw, content_type="application/json", headers=headers)


def enrolled(secret: str, host: str = "h1") -> str:
    answer = post("enroll", {"enroll_secret": secret, "host_identifier": host, "host_details": {"os_version": {"name": "Debian", "x": 1}}})
    assert answer.status_code == 200, answer.content
    assert answer.json()["node_invalid"] is False
    return str(answer.json()["node_key"])


def results(key: str, *tables: tuple[str, list[dict[str, str]]], host: str = "h1") -> dict[str, Any]:
    events = [{"name": table, "hostIdentifier": host, "action": "snapshot", "snapshot": rows} for table, rows in tables]
    return {"data": events, "log_type": "result", "node_key": key}


@pytest.mark.parametrize("base", ["/api/osquery/", "/"])
def test_an_agent_enrols_fetches_its_schedule_and_reports(secret: str, base: str) -> None:
    answer = post("enroll", {"enroll_secret": secret, "host_identifier": "h1", "host_details": {}}, base=base)
    key = answer.json()["node_key"]
    schedule = post("config", {"node_key": key}, base=base).json()["schedule"]
    assert schedule["deb_packages"]["snapshot"] is True
    assert post("log", results(key, DEBIAN, debs(("git", "2.1"))), base=base).json() == {"node_invalid": False}
    assert versions() == {("debian-_-git", "2.1")}
    assert Machine.objects.get().platform == "debian-12"
    assert IngestRun.objects.get().label == "osquery agent h1"


def test_posts_may_be_compressed_and_of_several_lines(secret: str) -> None:
    key = enrolled(secret)
    body = json.dumps(results(key, DEBIAN, debs(("git", "2.1"))), indent=2).encode()
    assert post("log", gzip.compress(body), **{"Content-Encoding": "gzip"}).json() == {"node_invalid": False}
    assert versions() == {("debian-_-git", "2.1")}


def test_an_agent_speaks_for_its_own_machine_only(secret: str) -> None:
    post("log", results(enrolled(secret, "h1"), DEBIAN, debs(("git", "2.1")), host="someone-else"))
    assert list(Machine.objects.values_list("external_id", flat=True)) == ["h1"]


@pytest.mark.parametrize("path", ["config", "log", "distributed_read", "distributed_write"])
@pytest.mark.parametrize("key", ["", "wrong", None, 7, {"a": 1}])
def test_without_its_key_an_agent_is_told_to_enrol_anew(path: str, key: object) -> None:
    answer = post(path, {"node_key": key, "log_type": "result", "data": [{"name": "x"}]})
    assert (answer.status_code, answer.json()) == (200, {"node_invalid": True})
    assert not IngestRun.objects.exists()


def test_only_an_enrolment_secret_in_force_enrols() -> None:
    now = timezone.now()
    poster = make_token(name="poster", scope=ApiToken.Scope.INGEST, by="test", now=now)[1]
    expired = make_token(name="old", scope=ApiToken.Scope.ENROL, by="test", now=now, expires_at=now - dt.timedelta(1))[1]
    for wrong in ("", "x", poster, expired):
        answer = post("enroll", {"enroll_secret": wrong, "host_identifier": "h1"})
        assert (answer.status_code, answer.json()["node_invalid"]) == (401, True), wrong
    assert not Agent.objects.exists()


@pytest.mark.parametrize("host", ["", "  ", "a\x00b", "x" * 256, None, 5, ["h"]])
def test_a_host_identifier_that_is_no_name_is_refused(secret: str, host: object) -> None:
    answer = post("enroll", {"enroll_secret": secret, "host_identifier": host})
    assert answer.status_code == 400
    assert "host_identifier" in answer.json()["error"]


def test_enrolling_again_replaces_the_key(secret: str) -> None:
    first, second = enrolled(secret), enrolled(secret)
    assert post("config", {"node_key": first}).json() == {"node_invalid": True}
    assert "schedule" in post("config", {"node_key": second}).json()
    assert Agent.objects.get().details == {"os_version": {"name": "Debian"}}
    assert AuditEvent.objects.filter(action="agent.enrol", actor="rollout").count() == 2


def test_a_revoked_agent_stays_out_until_it_is_let_in_again(secret: str) -> None:
    key, now = enrolled(secret), timezone.now()
    agents.revoke_agent(agent=Agent.objects.get(), by="admin", now=now)
    assert post("config", {"node_key": key}).json() == {"node_invalid": True}
    assert post("enroll", {"enroll_secret": secret, "host_identifier": "h1"}).status_code == 401
    agents.readmit_agent(agent=Agent.objects.get(), by="admin", now=now)
    assert "schedule" in post("config", {"node_key": key}).json()


def test_status_lines_and_empty_posts_store_nothing(secret: str) -> None:
    key = enrolled(secret)
    for body in ({"log_type": "status", "data": [{"message": "hello"}]}, {"log_type": "result", "data": []}, {"log_type": "result"}):
        assert post("log", {**body, "node_key": key}).json() == {"node_invalid": False}
    assert not IngestRun.objects.exists()


@pytest.mark.parametrize("body", [b"", b"hello", b"[1]", b"{", b"[" * 100_000, b"\xff" * 100, b"\x1f\x8b\x08"])
@pytest.mark.parametrize("path", ["enroll", "config", "log"])
def test_bodies_that_are_no_posts_are_refused_with_a_reason(path: str, body: bytes) -> None:
    answer = post(path, body)
    if path == "log" and body == b"[1]":  # JSON without a key
        assert answer.json() == {"node_invalid": True}
        return
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_bad_results_are_accounted_for_and_not_sent_again(secret: str) -> None:
    key = enrolled(secret)
    answer = post("log", {"node_key": key, "log_type": "result", "data": [5, {"name": "unknown", "hostIdentifier": "h", "snapshot": []}]})
    assert answer.status_code == 200
    assert answer.json()["node_invalid"] is False
    assert IngestRun.objects.get().rejected == 2


def test_a_post_beyond_the_limit_is_refused(secret: str, settings: Any) -> None:
    key = enrolled(secret)
    settings.INGEST_MAX_BYTES = 2000
    body = json.dumps(results(key, debs(*((f"p{number}", "1") for number in range(100))))).encode()
    assert post("log", body).status_code == 413
    assert post("log", gzip.compress(body), **{"Content-Encoding": "gzip"}).status_code == 413
    assert not Machine.objects.exists()


def test_every_query_of_the_schedule_is_one_that_the_log_reader_knows() -> None:
    for name, query in configuration()["schedule"].items():
        table = table_of(name, {})
        assert table is not None, name
        assert re.search(rf"\b(?:FROM|JOIN) {table if isinstance(table, str) else table.name}\b", query["query"])
        assert query["platform"] in {"any", "posix", "windows", "darwin", "linux"}
    assert FACT_TABLES.keys() - {"windows_update_history"} <= {name.rpartition("/")[2] for name in configuration()["schedule"]}
