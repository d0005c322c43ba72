"""The list of what curators said about matches, and taking it back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from core.exports import stream
from core.lists import ListSpec
from core.navigation import back_to
from core.pager import pager
from weaknesses import actions, override_queries
from weaknesses.curators import curator, curator_or_refuse
from weaknesses.models import MatchOverride

SPEC = ListSpec(columns=(), sort="", per_page=50, keeps=("state",))


@require_safe
def overrides(request: HttpRequest) -> HttpResponse:
    """Every override in force, the newest first; with `state=all` the revoked ones too."""
    state = SPEC.read(request.GET)
    everything = request.GET.get("state") == "all"
    total, rows = override_queries.override_lines(
        holding=None if everything else True, text=state.q, offset=state.offset, limit=state.per_page
    )
    context = {
        "rows": rows,
        "pager": pager(state, total),
        "state": state,
        "everything": everything,
        "may_curate": curator(request) is not None,
    }
    return render(request, "weaknesses/overrides.html", context)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """All of them, revoked ones too."""
    _, rows = override_queries.override_lines(limit=None)
    header = ("Verdict", "Reach", "CVE", "Software", "Version", "Product", "Range", "Reason", "By", "Made", "Effect", "Revoked")
    return stream(filename="overrides.csv", header=header, rows=(_csv_row(row) for row in rows))


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an override back; what the feeds say holds again at once. Curators only."""
    by = curator_or_refuse(request)
    override = get_object_or_404(MatchOverride, pk=pk)
    outcome = actions.revoke_override(override=override, by=by, now=timezone.now(), address=request.META.get("REMOTE_ADDR", ""))
    address = back_to(request, drop=["done"])
    if request.POST.get("here"):  # the page of the match says itself what was done
        return redirect(f"{address}{'&' if '?' in address else '?'}done={override.pk}")
    changed = outcome.gained or outcome.lost
    messages.success(request, f"What the feeds say holds again: {changed:,} match{'' if changed == 1 else 'es'} changed.")
    return redirect(address)


def _csv_row(row: override_queries.OverrideLine) -> tuple[object, ...]:
    o = row.override
    software = o.software or (o.version.software if o.version else None)
    return (
        o.get_verdict_display(),
        row.scope,
        o.weakness.cve if o.weakness else "",
        software.name if software else "",
        o.version.version if o.version else "",
        o.product.key if o.product else "",
        row.range,
        o.reason,
        o.by.get_username() if o.by else "",
        o.created_at,
        row.effect,
        o.revoked_at,
    )
