"""POST /api/ingest/<format>."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.models import ApiToken, AuditEvent
from core.tokens import bearer, make_token, verify_token
from inventory.models import Alert, ConfigurationResult, Finding, IngestRun, Installation, Machine
from inventory.sources.registry import SOURCES
from tests.integration.inventory.reports import DEBIAN, debs, log, programs
from tests.unit.inventory.hostile import samples

pytestmark = pytest.mark.django_db
REPORT = log(DEBIAN, debs(("git", "2.1")))


@pytest.fixture
def token() -> str:
    return make_token(name="agent", scope=ApiToken.Scope.INGEST, by="test", now=timezone.now())[1]


def post(token: str, body: bytes, source: str = "osquery", **headers: str) -> Any:
    return Client().post(
        f"/api/ingest/{source}", body, content_type="application/json", headers={"Authorization": f"Bearer {token}", **headers}
    )


def test_a_report_is_stored_and_accounted_for(token: str) -> None:
    answer = post(token, REPORT)
    assert answer.status_code == 200
    assert answer.json() == {
        "run": IngestRun.objects.get().pk, "format": "osquery", "machines": 1, "machinesUnchanged": 0, "installationsAdded": 2,
        "installationsChanged": 0, "installationsRemoved": 0, "resultsChanged": 0, "alertsChanged": 0, "findingsChanged": 0,
        "rejectedCount": 0, "rejected": [],
    }  # fmt: skip
    again = post(token, gzip.compress(REPORT), **{"Content-Encoding": "gzip"}).json()
    assert (again["machinesUnchanged"], again["installationsAdded"]) == (1, 0)
    assert IngestRun.objects.latest("id").label == "agent"


@pytest.mark.parametrize(("source", "file"), [pytest.param(*found, id=found[1].name) for found in samples()])
def test_every_format_is_taken_and_the_second_time_changes_nothing(token: str, source: str, file: Path) -> None:
    body = file.read_bytes()
    first = post(token, body, source, **{"X-Machine": "web01", "X-Platform": "debian-12"})
    assert first.status_code == 200, first.content
    said = first.json()
    assert (said["format"], said["machines"], said["machinesUnchanged"]) == (source, Machine.objects.count(), 0)
    assert (said["installationsAdded"], said["resultsChanged"], said["findingsChanged"]) == (
        Installation.objects.count(), ConfigurationResult.objects.count(), Finding.objects.count()
    )  # fmt: skip
    assert (said["alertsChanged"], said["rejectedCount"]) == (Alert.objects.count(), len(said["rejected"]))
    again = post(token, body, source, **{"X-Machine": "web01", "X-Platform": "debian-12"}).json()
    assert (again["machines"], again["machinesUnchanged"]) == (said["machines"], said["machines"])


def test_the_machine_is_named_by_a_header(token: str) -> None:
    status = b"Package: git\nStatus: install ok installed\nVersion: 2.1\n"
    refused = post(token, status, "dpkg")
    assert refused.status_code == 400
    assert "names no machine" in refused.json()["error"]["message"]
    assert post(token, status, "dpkg", **{"X-Machine": "web01", "X-Platform": "debian-12"}).status_code == 200
    assert Machine.objects.get().platform == "debian-12"


def test_rejected_records_are_in_the_answer(token: str) -> None:
    answer = post(token, log(programs(("Good", "1"), ("", "1")))).json()
    assert answer["rejectedCount"] == 1
    assert answer["rejected"] == [{"place": "line 1, row 2", "reason": "programs: name is missing"}]


@pytest.mark.parametrize("body", [b"", b"hello", b"[" * 100_000, b"\x1f\x8b\x08", b"\xff" * 1000])
def test_what_cannot_be_used_is_refused_with_the_reason(token: str, body: bytes) -> None:
    answer = post(token, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "UnreadableReport"
    assert answer.json()["error"]["message"]


def test_only_a_token_that_may_ingest_and_is_in_force_opens_the_address(token: str) -> None:
    now = timezone.now()
    reader = make_token(name="reader", scope=ApiToken.Scope.READ, by="test", now=now)[1]
    expired = make_token(name="expired", scope=ApiToken.Scope.INGEST, by="test", now=now, expires_at=now - dt.timedelta(1))[1]
    revoked, text = make_token(name="revoked", scope=ApiToken.Scope.INGEST, by="test", now=now)
    ApiToken.objects.filter(pk=revoked.pk).update(revoked_at=now)
    for wrong in ("", "x", reader, expired, text, token + "x", "\u00e9\u00e9"):
        answer = post(wrong, REPORT)
        assert answer.status_code == 401, wrong
        assert answer["WWW-Authenticate"] == "Bearer"
    assert Client().post("/api/ingest/osquery", REPORT, content_type="application/json").status_code == 401
    assert not IngestRun.objects.exists()


def test_an_unknown_format_lists_the_known_ones(token: str) -> None:
    answer = post(token, REPORT, "morse")
    assert answer.status_code == 415
    assert ", ".join(SOURCES) in answer.json()["error"]["message"]
    assert post(token, REPORT, **{"Content-Encoding": "br"}).status_code == 415


def test_too_large_a_report_is_refused_whole(token: str, settings: Any) -> None:
    settings.INGEST_MAX_BYTES = 2000
    big = b"\n".join([REPORT, log(programs(*((f"x{number}", "1") for number in range(100))))])
    assert len(gzip.compress(big)) < 2000 < len(big)
    for body in (big, gzip.compress(big)):
        answer = post(token, body)
        assert answer.status_code == 413
        assert "2,000 bytes" in answer.json()["error"]["message"]
    assert not Machine.objects.exists()


def test_only_posts_are_taken(token: str) -> None:
    assert Client().get("/api/ingest/osquery").status_code == 405


def test_a_cookie_is_neither_needed_nor_enough(django_user_model: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(django_user_model.objects.create_user("ann"))
    assert client.post("/api/ingest/osquery", REPORT, content_type="application/json").status_code == 401


def test_tokens_are_kept_as_digests_only_and_audited(token: str) -> None:
    stored = ApiToken.objects.get()
    assert token not in str(vars(stored))
    assert stored.digest != token
    assert AuditEvent.objects.get().action == "token.create"
    assert verify_token(token, scope="ingest", now=timezone.now()) == stored
    assert [bearer(text) for text in ("Bearer x", "bearer  x ", "Basic x", "x", "")] == ["x", "x", "", "", ""]


def test_a_file_that_rightly_names_no_machine_is_taken_with_a_remark(token: str) -> None:
    vex = {"bomFormat": "CycloneDX", "vulnerabilities": [{"id": "CVE-2026-1", "analysis": {"state": "exploitable"}}]}
    answer = post(token, json.dumps(vex).encode(), source="cyclonedx", **{"X-Machine": "x"})
    assert answer.status_code == 200
    assert answer.json()["machines"] == 0
    assert "VEX" in answer.json()["remark"]
