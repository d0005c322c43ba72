"""GET /metrics: figures about the portal itself for Prometheus, with a bearer token that may read data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import redis
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from core import measures
from core.measures import Durations, Measures
from core.models import ApiToken
from core.tokens import bearer, verify_token
from tvm_portal import status_queries

# Counter -> (name of its metric, its labels, what it counts).
COUNTERS = {
    "requests": ("tvm_requests", ("route", "method", "status"), "Requests answered."),
    "tasks": ("tvm_tasks", ("task", "state"), "Tasks ended."),
    "statements": ("tvm_statements", ("process",), "SQL statements."),
    "statement_seconds": ("tvm_statement_seconds", ("process",), "Time spent waiting for the database, seconds."),
    "slow_statements": ("tvm_slow_statements", ("process",), "SQL statements that took longer than SLOW_STATEMENT_MS."),
    "reports": ("tvm_reports", ("format", "outcome"), "Posted inventory reports: changed, unchanged, failed, refused, or put off (429)."),
}
DURATIONS = {
    "request": ("tvm_request_seconds", ("route",), "How long requests took."),
    "task": ("tvm_task_seconds", ("task",), "How long tasks took."),
}


@require_safe
@never_cache
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """What is counted since the broker's data began, and what is so now. 401 without a token."""
    token = verify_token(bearer(request.headers.get("Authorization", "")), scope=ApiToken.Scope.READ, now=timezone.now())
    if token is None:
        return HttpResponse("A valid bearer token that may read data is needed.\n", status=401, content_type="text/plain")
    registry = CollectorRegistry()
    registry.register(_Portal())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Portal(Collector):
    """Asked once a scrape. What cannot be read is left out, and `tvm_up` says so."""

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("tvm_up", "Whether a part answers.", labels=["part"])
        for part, gather in (("database", _from_database), ("broker", _from_broker)):
            try:
                found = list(gather())
            except (DatabaseError, redis.RedisError):
                up.add_metric([part], 0)
            else:
                up.add_metric([part], 1)
                yield from found
        yield up


def _from_database() -> Iterator[Metric]:
    now = timezone.now()
    ages, work = status_queries.ages(now=now), status_queries.work(now=now)
    for name, help_text, values in (
        ("tvm_data_age_seconds", "Age of the last finished run.", {"full": ages.full, "incremental": ages.incremental}),
        ("tvm_run_seconds", "How long the last run took.", {"full": ages.full_took, "incremental": ages.incremental_took}),
    ):
        gauge = GaugeMetricFamily(name, help_text, labels=["kind"])
        for kind, value in values.items():
            if value is not None:
                gauge.add_metric([kind], value)
        yield gauge
    yield GaugeMetricFamily("tvm_dirty_machines", "Machines that changed and are not computed yet.", value=work.dirty_machines)
    yield GaugeMetricFamily("tvm_oldest_dirty_seconds", "How long the first of them has waited.", value=work.oldest_dirty_seconds or 0)
    yield GaugeMetricFamily("tvm_deliveries_waiting", "Messages to ticket systems that wait.", value=work.deliveries_waiting)
    yield GaugeMetricFamily("tvm_deliveries_failed", "Messages to ticket systems that failed.", value=work.deliveries_failed)
    yield GaugeMetricFamily("tvm_database_bytes", "Size of the database.", value=work.database_bytes)


def _from_broker() -> Iterator[Metric]:
    yield GaugeMetricFamily("tvm_queue_depth", "Tasks that wait for a worker.", value=measures.queued())
    found: Measures = measures.read()
    for name, (metric, labels, help_text) in COUNTERS.items():
        family = CounterMetricFamily(metric, help_text, labels=labels)
        for values, amount in sorted(found.counts.get(name, {}).items()):
            if len(values) == len(labels):
                family.add_metric(values, amount)
        yield family
    for name, (metric, labels, help_text) in DURATIONS.items():
        histogram = HistogramMetricFamily(metric, help_text, labels=labels)
        for values, durations in sorted(found.durations.get(name, {}).items()):
            if len(values) == len(labels):
                histogram.add_metric(values, _cumulative(durations), sum_value=durations.seconds)
        yield histogram


def _cumulative(durations: Durations) -> Sequence[tuple[str, float]]:
    """Prometheus' buckets hold everything up to their bound."""
    total, buckets = 0, []
    for bound, number in durations.buckets:
        total += number
        buckets.append(("+Inf" if bound is None else str(bound), float(total)))
    return buckets
