"""osquery's remote protocol: agents enrol, fetch what to ask for, and post what they found.

Protocol: osquery documentation, "Remote settings" (TLS plug-ins): JSON posts; an agent is known by the key it got when it
enrolled, and enrols anew where an answer says `node_invalid`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from functools import wraps
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from core import measures
from core.models import ApiToken
from core.tokens import verify_token
from inventory.actions import ingest
from inventory.agents import IDENTIFIER_LIMIT, agent_with_key, enrol_agent
from inventory.errors import AgentRevoked, TooLarge
from inventory.models import Agent
from inventory.osquery_schedule import configuration
from inventory.sources.json_stream import BadJson, values
from inventory.sources.opening import open_plain
from tvm_portal.api import Body
from tvm_portal.back_pressure import Busy, gate

_SMALL = 1_048_576  # bytes; an enrolment has two thousand
_EVENTS = "data.item"
_LOG_KEYS = ("node_key", "log_type", _EVENTS)
_View = Callable[[HttpRequest], HttpResponse]


class _BadPost(Exception):
    """The body is no post of this protocol; the message says why."""


def _protocol(view: _View) -> _View:
    """A post of an agent: no session, no CSRF token, and a sentence where the body is no use."""

    @wraps(view)
    def answer(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except Busy as busy:  # the agent keeps what it wanted to say, and sends it again
            measures.add(measures.count("reports", "osquery", "put off"))
            return busy.tell(request, JsonResponse({"node_invalid": False, "error": str(busy)}, status=429))
        except _BadPost as error:
            return JsonResponse({"node_invalid": False, "error": str(error)}, status=400)
        except TooLarge:
            sentence = f"The post is larger than {settings.INGEST_MAX_BYTES:,} bytes, as sent or after decompression. Nothing was stored."
            return JsonResponse({"node_invalid": False, "error": sentence}, status=413)

    return cast("_View", csrf_exempt(login_not_required(require_POST(answer))))


@_protocol
def enroll(request: HttpRequest) -> JsonResponse:
    """A key for a host that knows an enrolment secret: a token of scope `enrol`."""
    now = timezone.now()
    said = _small_post(request)
    secret = verify_token(str(said.get("enroll_secret", "")), scope=ApiToken.Scope.ENROL, now=now)
    if secret is None:
        return JsonResponse({"node_invalid": True, "error": "The enrolment secret is wrong, has expired or was revoked."}, status=401)
    host = said.get("host_identifier")
    if not isinstance(host, str) or not host.strip().isprintable() or not 0 < len(host.strip()) <= IDENTIFIER_LIMIT:
        raise _BadPost(f"host_identifier is a text of 1 to {IDENTIFIER_LIMIT} printable characters.")
    try:
        key = enrol_agent(
            host_identifier=host.strip(),
            details=said.get("host_details"),
            now=now,
            by=secret.name,
            address=request.META.get("REMOTE_ADDR", ""),
        )
    except AgentRevoked as error:
        return JsonResponse({"node_invalid": True, "error": str(error)}, status=401)
    return JsonResponse({"node_key": key, "node_invalid": False})


@_protocol
def config(request: HttpRequest) -> JsonResponse:
    """What to ask for, and how often."""
    agent = agent_with_key(_small_post(request).get("node_key"), now=timezone.now())
    return _enrol_anew() if agent is None else JsonResponse(configuration())


@_protocol
def log(request: HttpRequest) -> JsonResponse:
    """Results are stored as reports of the agent's own machine, whatever host they name; status lines are let go.

    The key may stand behind the results, so they are spooled to disk, an event a line, before it is known whose they are.
    """
    with gate().seat(), tempfile.SpooledTemporaryFile(max_size=_SMALL) as spool:
        events = cast("BinaryIO", spool)
        said = _unpacked(request, events)
        agent = agent_with_key(said.get("node_key"), now=timezone.now())
        if agent is None:
            return _enrol_anew()
        if said.get("log_type") != "result" or not events.tell():
            return JsonResponse({"node_invalid": False})
        events.seek(0)
        return _stored(agent, events)


def _stored(agent: Agent, stream: BinaryIO) -> JsonResponse:
    run = ingest(
        stream=stream,
        filename="",
        source="osquery",
        only=agent.machine_name,
        refuse_oversized=True,
        admission=gate().turn(),
        now=timezone.now(),
        by=f"osquery agent {agent.machine_name}",
    )
    # 200 whatever became of it: an agent sends a refused post again and again, and the account of the run has the reason.
    return JsonResponse({"node_invalid": False, **({"error": run.error} if run.error else {})})


@_protocol
def distributed_read(request: HttpRequest) -> JsonResponse:
    """No questions outside the schedule; agents that have the distributed plug-in switched on get a proper answer."""
    agent = agent_with_key(_small_post(request).get("node_key"), now=timezone.now())
    return _enrol_anew() if agent is None else JsonResponse({"queries": {}, "node_invalid": False})


@_protocol
def distributed_write(request: HttpRequest) -> JsonResponse:
    """Answers to questions nobody asked are let go."""
    agent = agent_with_key(_small_post(request).get("node_key"), now=timezone.now())
    return _enrol_anew() if agent is None else JsonResponse({"node_invalid": False})


def _enrol_anew() -> JsonResponse:
    """As the protocol has it: 200, and a mark that makes the agent enrol again."""
    return JsonResponse({"node_invalid": True})


def _small_post(request: HttpRequest) -> dict[str, Any]:
    raw = Body(request, _SMALL).read()
    if len(raw) > _SMALL:
        raise _BadPost(f"The post is larger than {_SMALL:,} bytes.")
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _BadPost("The post is no JSON.") from error
    if not isinstance(said, dict):
        raise _BadPost("The post is no JSON object.")
    return said


def _unpacked(request: HttpRequest, events: BinaryIO) -> dict[str, object]:
    """Writes the events of a log post, plain or gzip, to `events`, a line each; returns what else the post says."""
    said: dict[str, object] = {}
    opened = open_plain(cast("BinaryIO", Body(request, settings.INGEST_MAX_BYTES)), limit=settings.INGEST_MAX_BYTES)
    try:
        if opened.too_large:
            raise TooLarge(opened.fault)
        for name, value in values(opened.file, *_LOG_KEYS):
            if name == _EVENTS:
                events.write(json.dumps(value).encode() + b"\n")
            else:
                said[name] = value
    except BadJson as error:
        raise _BadPost(f"The post is no JSON: {error}.") from error
    finally:
        opened.file.close()
    return said
