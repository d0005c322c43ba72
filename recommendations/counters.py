"""The figures that every page carries: when the data were computed, and how much of everything there is."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from django.core.cache import cache
from django.http import HttpRequest

from core import sql
from inventory import scope
from recommendations.models import Run

KEEP_SECONDS = 60


@dataclass(frozen=True, slots=True)
class LastRun:
    """`id` and `finished_at` are None before the first run."""

    id: int | None = None
    finished_at: dt.datetime | None = None


def last_run(request: HttpRequest) -> LastRun:
    """The run whose figures are shown. One query a request."""
    kept: LastRun | None = getattr(request, "last_run", None)
    if kept is None:
        row = Run.objects.filter(finished_at__isnull=False).order_by("-finished_at", "-id").values_list("id", "finished_at").first()
        kept = LastRun(*row) if row else LastRun()
        request.last_run = kept  # type: ignore[attr-defined]
    return kept


def counts(request: HttpRequest) -> dict[str, int]:
    """Recommendations, software, weaknesses and machines in the chosen groups, kept until the next run or for a minute."""
    run, chosen = last_run(request), scope.of(request)
    if run.id is None:
        return {}
    groups = hashlib.sha256(repr((chosen.group_ids, chosen.is_all)).encode()).hexdigest()[:16]
    key = f"counts:{run.id}:{run.finished_at and run.finished_at.timestamp()}:{groups}"
    kept: dict[str, int] | None = cache.get(key)
    if kept is None:
        kept = dict(sql.rows("recommendations/count_everything", {"groups": chosen.group_ids, "everything": chosen.is_all})[0])
        cache.set(key, kept, KEEP_SECONDS)
    return kept
