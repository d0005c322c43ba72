"""Middleware: each request gets an id, a line in the log and its place in the counters; slow statements are kept, with who asked."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse

from core import measures, tracing
from core.measures import Slow

log = logging.getLogger("tvm.requests")
UNWATCHED = ("/static/", "/healthz")


class Statements:
    """Counts what a piece of work asks of the database. `seconds`: spent waiting for it."""

    def __init__(self, asked_by: str = "") -> None:
        self.asked_by = asked_by
        self.number = 0
        self.seconds = 0.0
        self.slow: list[Slow] = []

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            spent = time.perf_counter() - started
            self.number += 1
            self.seconds += spent
            if spent * 1000 >= settings.SLOW_STATEMENT_MS:
                self.slow.append(Slow(time.time(), spent, " ".join(str(sql).split()), tracing.current(), self.asked_by))

    def count(self, process: str, *others: Mapping[str, float]) -> None:
        """Add them to the counters of the web or the worker processes, in one round trip with others."""
        measures.add(
            *others,
            measures.count("statements", process, by=self.number),
            measures.count("statement_seconds", process, by=self.seconds),
            *([measures.count("slow_statements", process, by=len(self.slow))] if self.slow else []),
            slow=self.slow,
        )


def watch_requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    def watched(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(UNWATCHED):
            return get_response(request)
        with tracing.tracing(tracing.new_id(request.headers.get(tracing.HEADER, ""))) as request_id:
            statements, started = Statements(f"{request.method} {request.path}"), time.perf_counter()
            with connection.execute_wrapper(statements):
                response = get_response(request)
            response[tracing.HEADER] = request_id
            _note(request, response, statements, time.perf_counter() - started)
            return response

    return watched


def _note(request: HttpRequest, response: HttpResponse, statements: Statements, seconds: float) -> None:
    match = request.resolver_match
    route = (match.route or "/") if match else "unknown"
    method = request.method if request.method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "other"
    status = str(response.status_code)
    statements.count("web", measures.count("requests", route, method, status), measures.took("request", seconds, route))
    user = getattr(request, "_cached_user", None)  # only where the request asked for it: nothing is looked up for the log
    extra = {
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "ms": round(seconds * 1000, 1),
        "database_ms": round(statements.seconds * 1000, 1),
        "statements": statements.number,
        "user": user.get_username() if user is not None and user.is_authenticated else "",
        "address": request.META.get("REMOTE_ADDR", ""),
    }
    log.info("%s %s %s in %.0f ms", request.method, request.path, status, seconds * 1000, extra=extra)
