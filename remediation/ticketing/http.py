"""How the clients talk to the other side: one place that sends, reads what comes back and says in a sentence how it ended.

| What happened | Raised |
|---|---|
| not connected (name, refused, TLS) | TryLater |
| sent, then a time-out, a broken connection, 5xx or an unreadable answer | Unsure where the call changes something, else TryLater |
| 429, 408, 409, 425, and 503 with Retry-After | TryLater, with the wait that was asked for |
| 3xx (never followed: the credentials would go along) and every other 4xx | Refused, in the words of the other side |
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from remediation.rules import LONGEST_WAIT
from remediation.ticketing import guard
from remediation.ticketing.base import Connection, Refused, TryLater, Unsure

SECONDS = 20.0  # for a connection, and for each part of an answer
MOST_SAID = 300  # characters of the other side's own words

_PASSING = frozenset({408, 409, 425, 429})
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `body`: the JSON in it, None where it is empty."""

    status: int
    headers: Mapping[str, str]
    body: Any = None

    def get(self, name: str) -> Any:
        """A member of the JSON object; None where there is no such thing."""
        return self.body.get(name) if isinstance(self.body, Mapping) else None

    def rows(self, name: str) -> list[Mapping[str, Any]]:
        """The objects in a list of that name."""
        listed = self.get(name)
        return [row for row in listed if isinstance(row, Mapping)] if isinstance(listed, list) else []


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    params: Mapping[str, str | int] | None
    content: bytes | None
    form: Mapping[str, str] | None
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Manners:
    """How one kind of system speaks. `said`: the words in the body of an error; `advice`: what to do, by status."""

    name: str
    said: Callable[[Any], str]
    advice: Mapping[int, str] = field(default_factory=dict)


class Site:
    """One address of another system, spoken to in JSON.

    `hidden`: texts that no sentence may show. `bearer`: gives the access token, and a fresh one where it is told that the last one
    was refused: that is asked for once a call, as a 401 did nothing.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        address: str,
        manners: Manners,
        headers: Mapping[str, str] | None = None,
        hidden: Sequence[str] = (),
        bearer: Callable[[bool], str] | None = None,
    ) -> None:
        self.address = address.strip().rstrip("/")
        self.manners = manners
        self._bearer = bearer
        self._hidden = {text for text in hidden if len(text) > 3}
        self._client = _client(connection, headers or {}, manners)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def get(self, path: str, params: Mapping[str, str | int] | None = None, *, also: Collection[int] = ()) -> Answer:
        return self.call("GET", path, params=params, also=also)

    def rows(self, answer: Answer, name: str) -> list[Mapping[str, Any]]:
        """The objects of a list that has to be there: nothing may be taken for "none". Raises TryLater."""
        if not isinstance(answer.get(name), list):
            raise TryLater(f"{self.manners.name} answered without “{name}”: is {self.address} its address?")
        return answer.rows(name)

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        body: Any = None,
        form: Mapping[str, str] | None = None,
        changes: bool = False,
        also: Collection[int] = (),
    ) -> Answer:
        """`changes`: doing it twice would show; `also`: statuses beside 2xx that the caller reads itself. `path` may be a whole address."""
        url = path if path.startswith(("https://", "http://")) else self.address + path
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"} if content is not None else {}
        request = _Request(method, url, params, content, form, headers)
        response = self._send(request, changes=changes, again=False)
        if response.status_code == 401 and self._bearer:
            response = self._send(request, changes=changes, again=True)
        return self._judge(response, changes=changes, also=also)

    def _send(self, request: _Request, *, changes: bool, again: bool) -> httpx.Response:
        headers = dict(request.headers)
        if self._bearer:
            token = self._bearer(again)
            self._hidden.add(token)
            headers["Authorization"] = f"Bearer {token}"
        name = self.manners.name
        try:
            return self._client.request(
                request.method, request.url, params=request.params, content=request.content, data=request.form, headers=headers
            )
        except Unsure as error:  # too long or too slow, says the guard
            raise self._uncertain(str(error), changes=changes) from error
        except _NOT_SENT as error:
            raise TryLater(
                f"{name} cannot be reached at {_host(request.url)}: {self._clean(str(error) or 'it does not answer')}"
            ) from error
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeError):
            # Their texts hold what could not be sent, credentials too.
            raise Refused(f"The address or the credentials of {name} hold characters that cannot be sent. Enter them again.") from None
        except httpx.HTTPError as error:
            raise self._uncertain(f"{name} {_broken(error)}.", changes=changes) from error

    def _judge(self, response: httpx.Response, *, changes: bool, also: Collection[int]) -> Answer:
        status = response.status_code
        if status in also:
            return Answer(status, response.headers, _json(response))
        if status < 300:
            return self._good(response, changes=changes)
        if status < 400:
            to = _host(str(response.headers.get("Location", ""))) or "nowhere"
            raise Refused(
                f"{self.manners.name} sends on to {to} ({status}), which is not followed: enter the address that answers itself, "
                "and an account that needs no page to sign in."
            )
        said = self._clean(self.manners.said(_json(response)))
        wait = asked_to_wait(response.headers)
        if status in _PASSING or (status == 503 and wait is not None):
            raise TryLater(f"{self.manners.name} asks to come back later ({status}). {said}".rstrip(), wait=wait)
        if status >= 500:
            raise self._uncertain(f"{self.manners.name} has an error of its own ({status}). {said}".rstrip(), changes=changes, wait=wait)
        raise self.refusal(Answer(status, response.headers, _json(response)))

    def refusal(self, answer: Answer) -> Refused:
        """What an answer that refuses says, and what to do."""
        said = self._clean(self.manners.said(answer.body))
        parts = (f"{self.manners.name} refused it ({answer.status}).", said, self.manners.advice.get(answer.status, ""))
        return Refused(" ".join(part for part in parts if part))

    def _good(self, response: httpx.Response, *, changes: bool) -> Answer:
        if not response.content.strip():
            return Answer(response.status_code, response.headers)
        body = _json(response)
        if body is None:
            raise self._uncertain(
                f"{self.manners.name} answered {response.status_code} with something that is not JSON: is {self.address} its address?",
                changes=changes,
            )
        return Answer(response.status_code, response.headers, body)

    def _uncertain(self, sentence: str, *, changes: bool, wait: float | None = None) -> TryLater:
        return Unsure(f"{sentence} It may have been done.", wait=wait) if changes else TryLater(sentence, wait=wait)

    def _clean(self, text: str) -> str:
        """One line without secrets, not too long, ending in a full stop."""
        for secret in self._hidden:
            text = text.replace(secret, "•••")
        text = re.sub(r"\s+", " ", text).strip()
        if len(text) > MOST_SAID:
            text = text[: MOST_SAID - 1].rstrip() + "…"
        return text if not text or text[-1] in ".!?…" else text + "."


def asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds of Retry-After: a number, or a date (RFC 9110, 10.2.3), counted from the clock of the one who wrote it."""
    asked = headers.get("Retry-After", "").strip()
    if not asked:
        return None
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", asked):
        return min(LONGEST_WAIT, float(asked))
    until = _date(asked)
    if until is None:
        return None
    theirs = _date(headers.get("Date", "")) or dt.datetime.now(dt.UTC)
    return min(LONGEST_WAIT, max(0.0, (until - theirs).total_seconds()))


def _client(connection: Connection, headers: Mapping[str, str], manners: Manners) -> httpx.Client:
    try:
        return guard.client(connection, timeout=SECONDS, headers={"Accept": "application/json", **headers})
    except UnicodeError:
        raise Refused(f"The credentials of {manners.name} hold characters that cannot be sent. Enter them again.") from None


def _json(response: httpx.Response) -> Any:
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        return None


def _date(text: str) -> dt.datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""


def _broken(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "did not answer in time"
    if isinstance(error, httpx.DecodingError):
        return "sent an answer that cannot be unpacked"
    return "broke off the connection"
