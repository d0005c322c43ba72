"""The portal watches itself: ids of requests, counters, metrics, the status page, readiness."""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
from collections.abc import Iterator

import pytest
import redis
from django.db import connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from core import logs, measures, tracing
from core.models import ApiToken
from core.tokens import make_token
from core.watching import Statements
from recommendations.models import Run
from tests.integration.pages import text
from tvm_portal import status_queries, tasks
from tvm_portal.celery import app

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_counted(settings: Settings) -> Iterator[None]:
    client = redis.Redis.from_url(settings.MEASURES_URL)
    client.delete(f"{settings.KEY_PREFIX}:measures", f"{settings.KEY_PREFIX}:slow")
    measures._away_until = 0.0
    yield
    client.delete(f"{settings.KEY_PREFIX}:measures", f"{settings.KEY_PREFIX}:slow")


@pytest.fixture
def reader() -> dict[str, str]:
    _, token = make_token(name="prometheus", scope=ApiToken.Scope.READ, by="test", now=timezone.now())
    return {"Authorization": f"Bearer {token}"}


def scraped(client: Client, headers: dict[str, str]) -> dict[tuple[str, tuple[str, ...]], float]:
    """(sample, values of its labels in the order of their names) -> value."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    return {
        (sample.name, tuple(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def test_an_answer_carries_an_id_and_keeps_a_callers(viewer_client: Client) -> None:
    own = viewer_client.get("/scoring/")[tracing.HEADER]
    assert re.fullmatch(r"[0-9a-f]{16}", own)
    assert viewer_client.get("/scoring/", headers={"X-Request-ID": "proxy-1234567"})[tracing.HEADER] == "proxy-1234567"
    assert viewer_client.get("/scoring/", headers={"X-Request-ID": "a b\tc<script>"})[tracing.HEADER] != "a b\tc<script>"
    assert tracing.current() == ""


def test_a_line_of_the_log_says_what_was_asked_and_what_it_cost(viewer_client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "tvm.requests"):
        answer = viewer_client.get("/scoring/?x=secret")
    record = next(record for record in caplog.records if record.name == "tvm.requests")
    said = json.loads(logs.JsonLines().format(record))
    assert (said["method"], said["path"], said["status"], said["user"]) == ("GET", "/scoring/", 200, "viewer")
    assert said["statements"] > 0
    assert "secret" not in json.dumps(said)
    assert answer[tracing.HEADER]


def test_the_json_of_a_failure_is_one_line_with_its_traceback() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "it %s", ("broke",), __import__("sys").exc_info())
    with tracing.tracing("abcdefgh"):
        logs.RequestId().filter(record)
    line = logs.JsonLines().format(record)
    assert "\n" not in line
    said = json.loads(line)
    assert (said["message"], said["request_id"], said["level"]) == ("it broke", "abcdefgh", "ERROR")
    assert "ValueError" in said["traceback"]


def test_metrics_count_requests_by_route(viewer_client: Client, reader: dict[str, str]) -> None:
    for _ in range(3):
        viewer_client.get("/scoring/")
    viewer_client.get("/no/such/page/")
    found = scraped(viewer_client, reader)
    assert found["tvm_requests_total", ("GET", "scoring/", "200")] == 3
    assert found["tvm_requests_total", ("GET", "unknown", "404")] == 1
    assert found["tvm_request_seconds_count", ("scoring/",)] == 3
    assert found["tvm_request_seconds_bucket", ("+Inf", "scoring/")] == 3
    assert found["tvm_statements_total", ("web",)] > 0
    assert found["tvm_up", ("database",)] == found["tvm_up", ("broker",)] == 1


def test_metrics_tell_ages_and_what_waits(client: Client, reader: dict[str, str]) -> None:
    now = timezone.now()
    Run.objects.create(kind=Run.Kind.FULL, started_at=now, finished_at=now - dt.timedelta(seconds=600), seconds=100)
    found = scraped(client, reader)
    assert 600 <= found["tvm_data_age_seconds", ("full",)] < 660
    assert found["tvm_run_seconds", ("full",)] == 100
    assert found["tvm_dirty_machines", ()] == 0
    assert found["tvm_queue_depth", ()] == measures.queued()
    assert ("tvm_data_age_seconds", ("incremental",)) not in found


def test_the_queue_depth_is_what_the_broker_holds(settings: Settings) -> None:
    before = measures.queued()
    tasks.snapshot.apply_async(queue="celery")
    assert measures.queued() == before + 1
    app.control.purge()
    assert measures.queued() == 0


def test_metrics_need_a_token(client: Client, superuser_client: Client) -> None:
    _, ingest = make_token(name="agent", scope=ApiToken.Scope.INGEST, by="test", now=timezone.now())
    for headers in ({}, {"Authorization": "Bearer tvm_wrong"}, {"Authorization": f"Bearer {ingest}"}):
        assert client.get("/metrics", headers=headers).status_code == 401
        assert superuser_client.get("/metrics", headers=headers).status_code == 401


def test_without_redis_pages_answer_and_metrics_say_so(viewer_client: Client, reader: dict[str, str], settings: Settings) -> None:
    measures._client.cache_clear()
    settings.MEASURES_URL = settings.BROKER_URL = "unix:///nowhere/valkey.sock?db=1"
    try:
        assert viewer_client.get("/scoring/").status_code == 200
        found = scraped(viewer_client, reader)
        assert found["tvm_up", ("broker",)] == 0
        assert found["tvm_up", ("database",)] == 1
        assert "tvm_dirty_machines" in {name for name, _ in found}
    finally:
        measures._client.cache_clear()
        measures._away_until = 0.0


def test_a_slow_statement_is_kept_without_its_values(settings: Settings) -> None:
    settings.SLOW_STATEMENT_MS = 20
    statements = Statements("GET /slow/")
    with tracing.tracing("slow-request"), connection.execute_wrapper(statements), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(%s), %s", [0.03, "a secret"])
        cursor.execute("SELECT 1")
    assert (statements.number, len(statements.slow)) == (2, 1)
    measures.add(slow=statements.slow)
    kept = measures.slowest()
    assert kept == statements.slow
    assert (kept[0].request_id, kept[0].asked_by) == ("slow-request", "GET /slow/")
    assert kept[0].seconds >= 0.03
    assert "secret" not in kept[0].statement


def test_only_the_last_slow_statements_are_kept() -> None:
    for number in range(measures.SLOW_KEPT + 5):
        measures.add(slow=[measures.Slow(number, 1.0, f"SELECT {number}", "", "")])
    kept = measures.slowest()
    assert len(kept) == measures.SLOW_KEPT
    assert kept[0].at == measures.SLOW_KEPT + 4


def test_a_task_is_counted_and_runs_under_the_id_that_asked(reader: dict[str, str], client: Client) -> None:
    seen: list[str] = []

    @app.task(name="tests.watching.look")  # type: ignore[untyped-decorator]
    def look() -> None:
        seen.append(tracing.current())

    look.apply(headers={"request_id": "from-a-page"})
    look.apply(task_id="12345678-own")
    assert seen == ["from-a-page", "12345678-own"]
    found = scraped(client, reader)
    assert found["tvm_tasks_total", ("success", "look")] == 2
    assert found["tvm_task_seconds_count", ("look",)] == 2


@pytest.mark.parametrize(("hours", "status", "word"), [(25, 200, "ready"), (27, 503, "stale")])
def test_stale_data_turns_readiness_red(client: Client, hours: int, status: int, word: str) -> None:
    now = timezone.now()
    Run.objects.create(kind=Run.Kind.FULL, started_at=now, finished_at=now - dt.timedelta(hours=hours))
    Run.objects.create(kind=Run.Kind.INCREMENTAL, started_at=now, finished_at=now)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (status, word)


def test_the_status_page_shows_it_to_those_who_run_the_portal(superuser_client: Client, viewer_client: Client) -> None:
    assert viewer_client.get("/settings/status/").status_code == 403
    superuser_client.get("/scoring/")
    measures.add(measures.took("task", 2.5, "recompute"), slow=[measures.Slow(1.0, 3.2, "SELECT much", "id-12345", "task recompute")])
    page = text(superuser_client.get("/settings/status/"))
    assert "There was no run yet." in page
    assert "recompute 1 2.5 s 2.5 s 2.5 s" in page
    assert "scoring/" in page
    assert "SELECT much" in page
    now = timezone.now()
    Run.objects.create(kind=Run.Kind.FULL, started_at=now - dt.timedelta(days=3), finished_at=now - dt.timedelta(days=3))
    assert "The data is stale." in text(superuser_client.get("/settings/status/"))
    assert "No worker answers" in text(superuser_client.get("/settings/status/workers/"))


def test_work_counts_what_is_there() -> None:
    work = status_queries.work(now=timezone.now())
    assert work.oldest_dirty_seconds is None
    assert work.reports == work.dirty_machines == work.deliveries_failed == 0
    assert work.database_bytes > 1_000_000
