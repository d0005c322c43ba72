"""POST /api/ingest/<format>: one report of a source format, with a bearer token."""

from __future__ import annotations

import io
from typing import BinaryIO, cast

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from core import measures
from core.models import ApiToken
from core.tokens import bearer, verify_token
from inventory.actions import ingest
from inventory.errors import TooLarge
from inventory.models import IngestRun
from inventory.sources.registry import SOURCES
from tvm_portal.back_pressure import Busy, gate

_SHOWN_REJECTS = 20
_COMPRESSIONS = frozenset({"", "gzip", "identity", "x-gzip"})


@csrf_exempt  # the token is no cookie, so no other site can make a browser send it
@login_not_required
@require_POST
def ingest_report(request: HttpRequest, format: str) -> HttpResponse:  # noqa: A002 - the address's own word
    """Store the report in the body, plain or gzip, and answer with what it changed.

    200 with counts and rejected records; 400 nothing could be used; 401 no valid token; 413 too large;
    415 unknown format or compression; 429 with Retry-After: nothing was stored, to be sent again then.
    X-Machine names the machine for formats that name none.
    """
    try:
        with gate().seat():
            return _take(request, format)
    except Busy as busy:
        measures.add(measures.count("reports", format if format in SOURCES else "unknown", "put off"))
        return busy.tell(request, _refused(429, "Busy", str(busy), retryAfter=busy.retry_after))


def _take(request: HttpRequest, format: str) -> JsonResponse:  # noqa: A002
    now = timezone.now()
    token = verify_token(bearer(request.headers.get("Authorization", "")), scope=ApiToken.Scope.INGEST, now=now)
    if token is None:
        return _refused(401, "Unauthorized", "A valid bearer token that may post inventory reports is needed.")
    if format not in SOURCES:
        return _refused(415, "UnknownFormat", f'"{format[:40]}" is not a known format; known are {", ".join(SOURCES)}.')
    if request.headers.get("Content-Encoding", "").strip().lower() not in _COMPRESSIONS:
        return _refused(415, "UnknownCompression", "The body may be plain or gzip-compressed.")
    limit = settings.INGEST_MAX_BYTES
    announced = request.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > limit:
        return _too_large(limit)
    try:
        run = ingest(
            stream=cast("BinaryIO", Body(request, limit)),
            filename="",
            source=format,
            machine=request.headers.get("X-Machine", ""),
            platform=request.headers.get("X-Platform", ""),
            refuse_oversized=True,
            admission=gate().turn(),
            now=now,
            by=token.name,
        )
    except TooLarge:
        measures.add(measures.count("reports", format, "refused"))
        return _too_large(limit)
    measures.add(measures.count("reports", format, _outcome(run)))
    return _answer(run)


def _outcome(run: IngestRun) -> str:
    if run.state == IngestRun.State.FAILED:
        return "failed"
    return "unchanged" if run.machines and run.machines == run.machines_unchanged else "changed"


class Body(io.RawIOBase):
    """The request's body as a stream that ends a byte after the limit: one byte too many is how the reader sees it is too large."""

    def __init__(self, request: HttpRequest, limit: int) -> None:
        self._request = request
        self._left = limit + 1

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._request.read(wanted) if wanted else b""
        self._left -= len(data)
        return data


def _answer(run: IngestRun) -> JsonResponse:
    if run.state == IngestRun.State.FAILED:
        return _refused(400, "UnreadableReport", run.error, rejected=_rejects(run))
    return JsonResponse(
        {
            "run": run.pk,
            "format": run.source,
            "machines": run.machines,
            "machinesUnchanged": run.machines_unchanged,
            "installationsAdded": run.added,
            "installationsChanged": run.changed,
            "installationsRemoved": run.removed,
            "resultsChanged": run.results,
            "alertsChanged": run.alerts,
            "findingsChanged": run.findings,
            "rejectedCount": run.rejected,
            "rejected": _rejects(run),
            **({"remark": run.error} if run.error else {}),
        }
    )


def _rejects(run: IngestRun) -> list[dict[str, str]]:
    if not run.rejected:
        return []
    return [{"place": item.place, "reason": item.reason} for item in run.rejects.order_by("id")[:_SHOWN_REJECTS]]


def _too_large(limit: int) -> JsonResponse:
    return _refused(413, "TooLarge", f"The report is larger than {limit:,} bytes, as sent or after decompression. Nothing was stored.")


def _refused(status: int, code: str, message: str, **more: object) -> JsonResponse:
    answer = JsonResponse({"error": {"code": code, "message": message, **more}}, status=status)
    if status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    return answer
