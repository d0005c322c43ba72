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
    """200 where database and broker answer, else 503. `data_age_seconds` is null before the first run."""
    database, age = _database(now=timezone.now())
    broker = _broker()
    ready = database and broker
    answer = {
        "status": "ready" if ready else "not ready",
        "database": "ok" if database else "unreachable",
        "broker": "ok" if broker else "unreachable",
        "data_age_seconds": age,
    }
    return JsonResponse(answer, status=200 if ready else 503)


def _database(*, now: dt.datetime) -> tuple[bool, int | None]:
    """Whether it answers, and the age of the last finished run in seconds."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        finished = (
            Run.objects.filter(finished_at__isnull=False).order_by("-finished_at", "-id").values_list("finished_at", flat=True).first()
        )
    except DatabaseError:
        return False, None
    return True, None if finished is None else max(0, int((now - finished).total_seconds()))


def _broker() -> bool:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=BROKER_SECONDS, socket_connect_timeout=BROKER_SECONDS) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
