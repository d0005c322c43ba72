"""The feeds screen: what comes in, from where, under which licence, and how the last runs ended."""

from __future__ import annotations

from celery import current_app
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from core.access import Permission, may, require
from weaknesses import actions, feed_queries
from weaknesses.feed_forms import MirrorForm

_TASK = "tvm_portal.tasks.sync_feeds"  # by name: tasks of the root are above this app


@require_safe
def feeds(request: HttpRequest) -> HttpResponse:
    """Every feed with its last run, by topic."""
    context = {"topics": feed_queries.by_topic(feed_queries.feed_lines()), "may_curate": may(request.user, Permission.CURATE)}
    return render(request, "weaknesses/feeds.html", context)


@require_safe
def feed(request: HttpRequest, kind: str) -> HttpResponse:
    """One feed: its last runs, and what the newest run (or the one of `?run=`) could not use."""
    return _feed_page(request, kind)


@require_POST
def point_feed(request: HttpRequest, kind: str) -> HttpResponse:
    """Read a feed from a mirror from now on, or from its publisher again. Curators only."""
    by = require(request, Permission.CURATE)
    line, form = _known(kind), MirrorForm(request.POST)
    if not form.is_valid():
        return _feed_page(request, kind, form=form)
    mirror = form.cleaned_data["address"]
    actions.point_feed(kind=kind, mirror=mirror, by=by, now=timezone.now(), address=request.META.get("REMOTE_ADDR", ""))
    messages.success(request, f"{line.kind.label} is read from {mirror or 'its publisher'} from now on.")
    return HttpResponseRedirect(reverse("weaknesses:feed", args=[kind]))


def _feed_page(request: HttpRequest, kind: str, *, form: MirrorForm | None = None) -> HttpResponse:
    line = feed_queries.feed_line(kind)
    if line is None:
        raise Http404
    wanted = request.GET.get("run", "")
    chosen = next((entry for entry in line.runs if str(entry.run.pk) == wanted), line.last)
    rejects = feed_queries.rejects_of(chosen.run) if chosen and chosen.run.rejected else []
    context = {
        "feed": line,
        "chosen": chosen,
        "rejects": rejects,
        "may_curate": may(request.user, Permission.CURATE),
        "form": form or MirrorForm(initial={"address": line.address}),
    }
    return render(request, "weaknesses/feed.html", context, status=422 if form else 200)


@require_POST
def switch_feed(request: HttpRequest, kind: str) -> HttpResponse:
    """Let the schedule read a feed, or leave it out. Curators only."""
    by = require(request, Permission.CURATE)
    line = _known(kind)
    enabled = request.POST.get("enabled") == "on"
    actions.switch_feed(kind=kind, enabled=enabled, by=by, now=timezone.now(), address=request.META.get("REMOTE_ADDR", ""))
    messages.success(request, f"{line.kind.label} is switched {'on' if enabled else 'off'}.")
    return HttpResponseRedirect(reverse("weaknesses:feeds"))


@require_POST
def run_feed(request: HttpRequest, kind: str) -> HttpResponse:
    """Ask a worker to read a feed now. Curators only."""
    by = require(request, Permission.CURATE)
    line = _known(kind)
    actions.request_feed(kind=kind, by=by, now=timezone.now(), address=request.META.get("REMOTE_ADDR", ""))
    current_app.send_task(_TASK, kwargs={"kinds": [kind]})
    messages.success(request, f"{line.kind.label} will be read as soon as a worker is free.")
    return HttpResponseRedirect(reverse("weaknesses:feeds"))


def _known(kind: str) -> feed_queries.FeedLine:
    line = feed_queries.feed_line(kind)
    if line is None:
        raise Http404
    return line
