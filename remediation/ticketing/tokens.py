"""Access tokens that are used until shortly before they expire. In memory: every process fetches its own."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable

from remediation.ticketing.http import Answer

EARLY = 120.0  # seconds before its end from which a token is not used any more

_held: dict[str, tuple[str, float]] = {}
_lock = threading.Lock()


def key(*parts: str) -> str:
    """What a token is kept under: everything that it was asked for with, not readable."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def token(kept_under: str, fetch: Callable[[], tuple[str, float]], *, fresh: bool = False) -> str:
    """`fetch` -> (token, seconds that it is good for). `fresh`: the one that is held was refused."""
    with _lock:
        held = None if fresh else _held.get(kept_under)
    if held and held[1] > time.monotonic():
        return held[0]
    asked_at = time.monotonic()
    found, seconds = fetch()
    with _lock:
        for old in [name for name, (_, ends) in _held.items() if ends <= asked_at]:
            del _held[old]
        _held[kept_under] = (found, asked_at + seconds - min(EARLY, seconds / 2))
    return found


def forget() -> None:
    """Every token, as a new process knows none."""
    with _lock:
        _held.clear()


def read(answer: Answer) -> tuple[str, float] | None:
    """(token, seconds) of an answer as RFC 6749, 5.1 has it."""
    found, seconds = answer.get("access_token"), answer.get("expires_in")
    try:
        return (found, float(seconds or 0)) if isinstance(found, str) and found else None
    except (TypeError, ValueError):
        return found, 0.0
