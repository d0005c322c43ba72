"""For load balancers and monitors: is it alive, and can it serve."""

from __future__ import annotations

import datetime as dt

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from recommendations.models import Run

BROKER_SECONDS = 2


@require_safe
@never_cache
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Touches neither database nor broker: restarting it would not mend those."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """200 where database and broker answer and the last full run is fresh, else 503. The ages are null before the first run.

    `data_age_seconds` is of the last run of any kind, `full_run_age_seconds` of the last full one, which STALE_HOURS bounds.
    """
    database, age, full = _database(now=timezone.now())
    broker = _broker()
    fresh = full is None or full <= settings.STALE_HOURS * 3600
    answers = database and broker
    answer = {
        "status": "ready" if answers and fresh else "stale" if answers else "not ready",
        "database": "ok" if database else "unreachable",
        "broker": "ok" if broker else "unreachable",
        "data_age_seconds": age,
        "full_run_age_seconds": full,
    }
    return JsonResponse(answer, status=200 if answers and fresh else 503)


def _database(*, now: dt.datetime) -> tuple[bool, int | None, int | None]:
    """Whether it answers, and the age of the last finished run and of the last full one, in seconds."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        finished, full = _last_finished(), _last_finished(kind=Run.Kind.FULL)
    except DatabaseError:
        return False, None, None
    return True, _age(finished, now), _age(full, now)


def _age(at: dt.datetime | None, now: dt.datetime) -> int | None:
    return None if at is None else max(0, int((now - at).total_seconds()))


def _last_finished(**which: str) -> dt.datetime | None:
    done = Run.objects.filter(finished_at__isnull=False, **which).order_by("-finished_at", "-id")
    return done.values_list("finished_at", flat=True).first()


def _broker() -> bool:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=BROKER_SECONDS, socket_connect_timeout=BROKER_SECONDS) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
