"""Counters that every process of every host adds to, kept in Redis: requests, statements and tasks by name, and how long they took.

Kept as one hash of numbers, so that whichever web process is asked for metrics answers for all. Counting costs one round trip, and a
Redis that is away costs nothing but the counts.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

import redis
from django.conf import settings

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0, 600.0)  # seconds
SLOW_KEPT = 50
AWAY_SECONDS = 30.0
_log = logging.getLogger(__name__)
_away_until = 0.0


@dataclass(frozen=True, slots=True)
class Durations:
    """How long something took: observations by bucket (upper bound in seconds; None: longer), their number and sum."""

    buckets: tuple[tuple[float | None, int], ...]
    count: int
    seconds: float


@dataclass(slots=True)
class Measures:
    """What is counted so far. `counts` and `durations` by name, then by the values of its labels."""

    counts: dict[str, dict[tuple[str, ...], float]] = field(default_factory=dict)
    durations: dict[str, dict[tuple[str, ...], Durations]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Slow:
    """A statement that took long: when (seconds since 1970), how long (seconds), its text without values, and what asked for it."""

    at: float
    seconds: float
    statement: str
    request_id: str
    asked_by: str


def count(name: str, *labels: str, by: float = 1) -> dict[str, float]:
    """An increment for `add`."""
    return {_key("c", name, labels): by}


def took(name: str, seconds: float, *labels: str) -> dict[str, float]:
    """The increments of one duration for `add`."""
    bucket = next((str(place) for place, bound in enumerate(BUCKETS) if seconds <= bound), "more")
    return {_key("b" + bucket, name, labels): 1, _key("s", name, labels): seconds}


def add(*increments: Mapping[str, float], slow: Iterable[Slow] = ()) -> None:
    """Add them up, in one round trip. Never raises."""
    global _away_until  # noqa: PLW0603 - one process's memory of a server that does not answer
    if time.monotonic() < _away_until:
        return
    try:
        pipeline = _client().pipeline(transaction=False)
        for increment in increments:
            for key, amount in increment.items():
                pipeline.hincrbyfloat(_hash(), key, amount)
        for one in slow:
            pipeline.lpush(_list(), json.dumps([one.at, one.seconds, one.statement[:2000], one.request_id, one.asked_by[:200]]))
            pipeline.ltrim(_list(), 0, SLOW_KEPT - 1)
        pipeline.execute()
    except redis.RedisError as error:
        _away_until = time.monotonic() + AWAY_SECONDS
        _log.warning("Nothing is counted for %.0f s: %s", AWAY_SECONDS, error)


def read() -> Measures:
    """All that is counted. Raises redis.RedisError."""
    found = Measures()
    parts: dict[str, dict[tuple[str, ...], dict[str, float]]] = {}
    for raw, amount in _client().hgetall(_hash()).items():
        kind, name, *labels = json.loads(raw)
        if kind == "c":
            found.counts.setdefault(name, {})[tuple(labels)] = float(amount)
        else:
            parts.setdefault(name, {}).setdefault(tuple(labels), {})[kind] = float(amount)
    for name, by_label in parts.items():
        found.durations[name] = {labels: _durations(values) for labels, values in by_label.items()}
    return found


def slowest() -> list[Slow]:
    """The last statements that took long, the newest first. Raises redis.RedisError."""
    return [Slow(*json.loads(line)) for line in _client().lrange(_list(), 0, SLOW_KEPT - 1)]


def queued(queue: str = "celery") -> int:
    """Tasks that wait for a worker. Raises redis.RedisError."""
    with redis.Redis.from_url(settings.BROKER_URL, socket_timeout=2, socket_connect_timeout=2) as broker:
        return int(broker.llen(f"{settings.KEY_PREFIX}:{queue}"))


def _durations(values: Mapping[str, float]) -> Durations:
    bounds: list[tuple[float | None, int]] = [(bound, int(values.get(f"b{place}", 0))) for place, bound in enumerate(BUCKETS)]
    bounds.append((None, int(values.get("bmore", 0))))
    return Durations(tuple(bounds), sum(number for _, number in bounds), values.get("s", 0.0))


def _key(kind: str, name: str, labels: tuple[str, ...]) -> str:
    return json.dumps([kind, name, *labels])


def _hash() -> str:
    return f"{settings.KEY_PREFIX}:measures"


def _list() -> str:
    return f"{settings.KEY_PREFIX}:slow"


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.MEASURES_URL, socket_timeout=1, socket_connect_timeout=1, decode_responses=True)
