"""Tasks carry the id of what asked for them into their logs, and are counted with how long they took."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

from celery.signals import before_task_publish, task_postrun, task_prerun
from django.db import connection

from core import measures, tracing
from core.watching import Statements

HEADER = "request_id"
_running: dict[str, tuple[ExitStack, Statements, float]] = {}


@before_task_publish.connect  # type: ignore[untyped-decorator]
def carry_id(headers: dict[str, Any] | None = None, **_: Any) -> None:
    if headers is not None and tracing.current():
        headers[HEADER] = tracing.current()


@task_prerun.connect  # type: ignore[untyped-decorator]
def begin(task_id: str = "", task: Any = None, **_: Any) -> None:
    asked = getattr(task.request, HEADER, None) or (task.request.headers or {}).get(HEADER, "")
    stack, statements = ExitStack(), Statements(f"task {_short(task.name)}")
    stack.enter_context(tracing.tracing(tracing.new_id(asked or task_id)))
    stack.enter_context(connection.execute_wrapper(statements))
    _running[task_id] = stack, statements, time.perf_counter()


@task_postrun.connect  # type: ignore[untyped-decorator]
def end(task_id: str = "", task: Any = None, state: str | None = None, **_: Any) -> None:
    if task_id not in _running:
        return
    stack, statements, started = _running.pop(task_id)
    stack.close()
    name = _short(task.name)
    seconds = time.perf_counter() - started
    statements.count("worker", measures.count("tasks", name, (state or "lost").lower()), measures.took("task", seconds, name))


def _short(name: str) -> str:
    return name.rpartition(".")[2]
