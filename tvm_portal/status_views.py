"""How the portal itself is doing, for those who run it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import redis
from celery.exceptions import OperationalError
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from core import measures
from core.access import Permission, require_everywhere
from core.measures import Durations
from tvm_portal import status_queries
from tvm_portal.celery import app

WORKER_SECONDS = 1.0


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """What waits, how old the data is, the last runs, tasks and pages by how long they take, slow statements."""
    require_everywhere(request, Permission.SETTINGS)
    now = timezone.now()
    context: dict[str, Any] = {
        "ages": status_queries.ages(now=now),
        "stale_after": settings.STALE_HOURS * 3600,
        "work": status_queries.work(now=now),
        "runs": status_queries.runs(),
        "shared_run": status_queries.shared_run(),
        "slow_from": settings.SLOW_STATEMENT_MS,
    }
    try:
        measured = measures.read()
        context |= {
            "queued": measures.queued(),
            "posts": _posts(measured.counts.get("reports", {})),
            "tasks": _table(measured.durations.get("task", {})),
            "pages": _table(measured.durations.get("request", {}))[:15],
            "slow": [(one, dt.datetime.fromtimestamp(one.at, dt.UTC)) for one in measures.slowest()],
        }
    except redis.RedisError as error:
        context["broker_error"] = str(error)
    return render(request, "status/index.html", context)


@require_safe
def workers(request: HttpRequest) -> HttpResponse:
    """The workers that answer within a second, with what they are doing."""
    require_everywhere(request, Permission.SETTINGS)
    try:
        busy: dict[str, list[dict[str, Any]]] = app.control.inspect(timeout=WORKER_SECONDS).active() or {}
    except (OperationalError, redis.RedisError, OSError):
        busy = {}
    found = [(name, [task["name"].rpartition(".")[2] for task in tasks]) for name, tasks in sorted(busy.items())]
    return render(request, "status/workers.html", {"workers": found})


def _posts(counts: Mapping[tuple[str, ...], float]) -> dict[str, int]:
    """Posted reports by what became of them, since counting began."""
    found = dict.fromkeys(("unchanged", "put_off"), 0)
    for (_, outcome), number in counts.items():
        if (name := outcome.replace(" ", "_")) in found:
            found[name] += int(number)
    return found


def _table(durations: dict[tuple[str, ...], Durations]) -> list[dict[str, Any]]:
    """The slowest on the whole first: name, how often, seconds in all, mean, and the bound below which 95 of 100 stay."""
    rows = [
        {
            "name": labels[0] or "/",
            "count": one.count,
            "seconds": one.seconds,
            "mean": one.seconds / one.count,
            "most": _quantile(one, 0.95),
        }
        for labels, one in durations.items()
        if one.count
    ]
    return sorted(rows, key=lambda row: -row["seconds"])


def _quantile(durations: Durations, share: float) -> float | None:
    """The bound of the bucket that the share falls into; None: above all bounds."""
    wanted, seen = share * durations.count, 0
    for bound, number in durations.buckets:
        seen += number
        if seen >= wanted:
            return bound
    return None
