"""Any program that takes a signed POST, by Standard Webhooks 1.0.0.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (Apache-2.0). `webhook-id` is the same for
every try, so that the receiver tells repeats. Machines are counted, not listed: a message stays below 20 kB.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
from standardwebhooks import Webhook as Signer
from standardwebhooks.webhooks import EmptyWebhookSecretError

from remediation.ticketing import guard
from remediation.ticketing.base import Connection, Field, Finding, Gone, Made, Reading, Refused, Request, TicketingError, TryLater, Unsure
from remediation.ticketing.http import asked_to_wait

LARGEST = 20_000  # bytes of a message
SHORTEST_SECRET = 24  # bytes
SLOW_DOWN = {429, 502, 503, 504}
TEXT = 4_000  # characters of a text that may be long
SAID = 200  # characters of an answer that are shown


class Webhook:
    key = "webhook"
    label = "Webhook"
    about = "Sends each request as a signed message to an address of yours: a script, an automation platform, a ticket system of any kind."
    fields: tuple[Field, ...] = (
        Field("url", "Address", "Begins with https://. It answers with a 2xx status once it has kept the message.", kind="address"),
        Field("secret", "Signing secret", "whsec_ and at least 24 bytes in base64.", kind="secret", generated=True),
    )
    most_devices: int | None = 0
    look_up_after = 0.0
    reads_back = False  # its answers are pushed to /api/tickets/webhook/

    def test(self, connection: Connection) -> list[Finding]:
        findings = []
        try:
            _signers(connection)
            findings.append(Finding("Signing secret", True, "Usable."))
            guard.check(connection["url"], allow_private=connection.allow_private)
            findings.append(Finding("Address", True, connection["url"]))
            stamp = dt.datetime.now(dt.UTC)
            answer = _post(connection, f"test_{stamp:%Y%m%d%H%M%S%f}", _message("remediation.test", stamp, {"portal": "TVM Portal"}), stamp)
            findings.append(Finding("Message remediation.test", True, f"Answered with {answer.status_code}."))
        except TicketingError as error:
            step = ("Signing secret", "Address", "Message remediation.test")[len(findings)]
            findings.append(Finding(step, False, str(error)))
        return findings

    def find(self, connection: Connection, request: Request) -> Made | None:
        """Nothing can be asked: the receiver tells repeats by `webhook-id`."""
        return None

    def create(self, connection: Connection, request: Request) -> Made:
        stamp = dt.datetime.now(dt.UTC)
        answer = _post(connection, request.key, _message("remediation.created", stamp, _data(request)), stamp)
        return _made(answer, request.key)

    def read(self, connection: Connection, external_id: str) -> Reading:
        raise Refused("A webhook is not asked for states; it pushes them.")

    def tell(self, connection: Connection, external_id: str, *, key: str, event: str, note: str) -> None:
        stamp = dt.datetime.now(dt.UTC)
        _post(connection, key, _message(f"remediation.{event}", stamp, {"ticket": external_id, "note": note[:TEXT]}), stamp)


def _data(request: Request) -> dict[str, Any]:
    return {
        "key": request.key,
        "activity": request.activity,
        "title": request.title,
        "description": request.description[:TEXT],
        "steps": [step[:500] for step in request.steps[:10]],
        "kind": request.kind,
        "product": request.product,
        "publisher": request.publisher,
        "version": request.version,
        "priority": request.priority,
        "due_on": request.due_on.isoformat() if request.due_on else None,
        "notes": request.notes[:TEXT],
        "requested_by": request.requested_by,
        "requested_at": request.requested_at.isoformat(),
        "weaknesses": request.weaknesses,
        "machines": request.device_total,
        "address": request.address,
    }


def _message(kind: str, stamp: dt.datetime, data: Mapping[str, Any]) -> str:
    text = json.dumps({"type": kind, "timestamp": stamp.isoformat(), "data": data}, separators=(",", ":"))
    if len(text.encode()) >= LARGEST:  # other scripts take up to twelve bytes a letter
        text = json.dumps({"type": kind, "timestamp": stamp.isoformat(), "data": dict(_shorter(data))}, separators=(",", ":"))
    return text


def _shorter(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if isinstance(value, str):
            yield name, value[:250]
        elif isinstance(value, list):
            yield name, [str(part)[:80] for part in value[:5]]
        else:
            yield name, value


def _post(connection: Connection, message_id: str, text: str, stamp: dt.datetime) -> httpx.Response:
    """Sends it once. Raises Gone, Refused, TryLater or Unsure for everything but a 2xx."""
    body = text.encode()
    signers = _signers(connection)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(stamp.timestamp())),
        "webhook-signature": " ".join(signer.sign(message_id, stamp, text) for signer in signers),
        "X-Hub-Signature-256": f"sha256={hmac.new(connection['secret'].encode(), body, hashlib.sha256).hexdigest()}",
    }
    try:
        with guard.client(connection) as client:
            answer = client.post(connection["url"], content=body, headers=headers)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise TryLater(f"Nothing answers at the address: {error}") from error
    except httpx.TimeoutException as error:
        raise Unsure(f"No answer within {guard.WAIT:.0f} seconds.") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unsure(f"The connection broke off before an answer: {error or type(error).__name__}") from error
    _judge(answer)
    return answer


def _judge(answer: httpx.Response) -> None:
    status, said = answer.status_code, " ".join(answer.text.split())[:SAID]
    if 200 <= status < 300:
        return
    sentence = f"It answered with {status}{f': {said}' if said else '.'}"
    if status == 410:
        raise Gone(f"It answered with 410: it wants no more messages.{f' {said}' if said else ''}")
    if 300 <= status < 400:
        raise TryLater(f"It answered with {status}, a redirect; redirects are not followed. Enter the address it really has.")
    if status in SLOW_DOWN:
        raise TryLater(sentence, wait=asked_to_wait(answer.headers))
    raise TryLater(sentence)


def _made(answer: httpx.Response, key: str) -> Made:
    """The ticket's id and address, where the receiver says them: {"id": ..., "url": ...}."""
    try:
        said = answer.json()
    except ValueError:
        return Made(key)
    if not isinstance(said, dict):
        return Made(key)
    number, url = said.get("id"), said.get("url")
    known = str(number) if isinstance(number, (str, int)) and 0 < len(str(number)) <= 255 else key
    return Made(known, url if isinstance(url, str) and url.startswith(("https://", "http://")) and len(url) <= 500 else "")


def _signers(connection: Connection) -> list[Signer]:
    """With the secret, and while it is being replaced also with the one before."""
    found = [secret for secret in (connection["secret"], connection["secret_before"]) if secret]
    if not found:
        raise Refused("There is no signing secret: make one on the page of the connection.")
    try:
        if any(len(base64.b64decode(secret.removeprefix("whsec_") + "==")) < SHORTEST_SECRET for secret in found):
            raise Refused(f"The signing secret is shorter than {SHORTEST_SECRET} bytes: make a new one.")
        return [Signer(secret) for secret in found]
    except (ValueError, EmptyWebhookSecretError) as error:
        raise Refused("The signing secret is no base64 after whsec_: make a new one.") from error
