"""Reading hosts, their software and policies from a Fleet server, page by page.

API: Fleet documentation, "REST API", List hosts: pages start at 0 and end with an empty list.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from django.conf import settings
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from inventory.actions import ingest
from inventory.errors import FleetUnavailable

PAGE = 50  # hosts; 500 programs each with their vulnerabilities are about 20 MB
_MOST_PAGES = 20_000  # a server that never comes to an end is not believed
_TRIES = 5
_LONGEST_WAIT = 120.0
_PASSING = {408, 425, 429, 500, 502, 503, 504}
_PATH = "/api/v1/fleet/hosts"


class _TryAgain(Exception):
    def __init__(self, sentence: str, wait: float | None = None) -> None:
        super().__init__(sentence)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Pull:
    """Hosts that were read, those of them that said nothing new, those left out as silent, and records that were no use."""

    hosts: int = 0
    unchanged: int = 0
    silent: int = 0
    rejected: int = 0


def pull(*, now: dt.datetime, by: str, progress: Callable[[Pull], None] | None = None, sleep: Callable[[float], None] = time.sleep) -> Pull:
    """Store what the Fleet server of the settings knows of its hosts. Raises FleetUnavailable; pages read before stay stored.

    Hosts that Fleet has not seen for ACTIVE_DAYS are left out: reading them would make them look alive.
    """
    if not settings.FLEET_URL or not settings.FLEET_TOKEN:
        raise FleetUnavailable("FLEET_URL and FLEET_TOKEN are not both set.")
    silent_before = now - dt.timedelta(days=settings.ACTIVE_DAYS)
    total = Pull()
    for number, hosts in enumerate(_pages(sleep), 1):
        alive = [host for host in hosts if not _silent(host, silent_before)]
        total = Pull(total.hosts, total.unchanged, total.silent + len(hosts) - len(alive), total.rejected)
        if alive:
            body = json.dumps({"hosts": alive}).encode()
            run = ingest(stream=io.BytesIO(body), filename=f"Fleet, page {number}", source="fleet", now=now, by=by)
            total = Pull(total.hosts + run.machines, total.unchanged + run.machines_unchanged, total.silent, total.rejected + run.rejected)
        if progress:
            progress(total)
    return total


def _pages(sleep: Callable[[float], None]) -> Iterator[list[Any]]:
    headers = {"Authorization": f"Bearer {settings.FLEET_TOKEN}", "User-Agent": "TVM-Portal"}
    with httpx.Client(base_url=settings.FLEET_URL, headers=headers, timeout=httpx.Timeout(120, connect=20)) as client:
        for page in range(_MOST_PAGES):
            hosts = _with_patience(client, page, sleep)
            if not hosts:
                return
            yield hosts


def _with_patience(client: httpx.Client, page: int, sleep: Callable[[float], None]) -> list[Any]:
    tries = Retrying(stop=stop_after_attempt(_TRIES), wait=_wait, retry=retry_if_exception_type(_TryAgain), sleep=sleep, reraise=True)
    try:
        found: list[Any] = tries(_page, client, page)
    except _TryAgain as error:
        raise FleetUnavailable(f"{error} Tried {_TRIES} times.") from error
    return found


def _page(client: httpx.Client, page: int) -> list[Any]:
    query: dict[str, str | int] = {
        "page": page,
        "per_page": PAGE,
        "order_key": "id",  # a host that enrols meanwhile comes last, and moves no other from page to page
        "populate_software": "true",
        "populate_policies": "true",
    }
    try:
        answer = client.get(_PATH, params=query)
    except httpx.TransportError as error:
        raise _TryAgain(f"The Fleet server does not answer ({type(error).__name__}: {error}).") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FleetUnavailable(f"The Fleet server cannot be read: {error}.") from error
    if answer.status_code in _PASSING:
        asked = answer.headers.get("Retry-After", "")
        raise _TryAgain(f"The Fleet server answered {answer.status_code}.", float(asked) if asked.isdecimal() else None)
    if answer.status_code in (401, 403):
        raise FleetUnavailable(f"The Fleet server answered {answer.status_code}: FLEET_TOKEN is wrong, has expired or may not read hosts.")
    if answer.status_code != 200:
        raise FleetUnavailable(f"The Fleet server answered {answer.status_code}; is FLEET_URL its address?")
    return _hosts(answer)


def _hosts(answer: httpx.Response) -> list[Any]:
    try:
        hosts = answer.json().get("hosts")
    except (ValueError, AttributeError, RecursionError) as error:
        raise FleetUnavailable("The Fleet server's answer is no JSON object; is FLEET_URL its address?") from error
    if hosts is not None and not isinstance(hosts, list):
        raise FleetUnavailable("The Fleet server's answer holds no list of hosts.")
    return hosts or []


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.wait if isinstance(error, _TryAgain) else None
    return min(_LONGEST_WAIT, asked if asked is not None else 2.0**state.attempt_number)


def _silent(host: object, before: dt.datetime) -> bool:
    """Whether Fleet last heard of the host before that moment. A host without a readable time counts as alive."""
    seen = host.get("seen_time") if isinstance(host, dict) else None
    try:
        moment = dt.datetime.fromisoformat(str(seen)) if seen else before
    except ValueError:
        return False
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)) < before
