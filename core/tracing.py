"""Which request or task a line of a log, or a change, belongs to: an id kept for as long as it runs.

A caller's own `X-Request-ID` is kept where it looks like one, so that lines of a proxy and of the portal can be put together.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Request-ID"
_USABLE = re.compile(r"[A-Za-z0-9._:-]{8,64}")
_current: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    """The id of what runs now; empty outside of requests and tasks."""
    return _current.get()


def new_id(given: str = "") -> str:
    """The caller's id, or a new one."""
    return given if _USABLE.fullmatch(given) else secrets.token_hex(8)


@contextmanager
def tracing(request_id: str) -> Iterator[str]:
    """Everything inside belongs to this id."""
    token = _current.set(request_id)
    try:
        yield request_id
    finally:
        _current.reset(token)
