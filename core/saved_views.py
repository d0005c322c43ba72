"""The forms of saved views: save, change, share, delete, bring back, and make a view one's default."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from core import actions
from core.models import SavedView, User
from core.navigation import back_to
from core.saved import LISTS, SavedList


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """A new view of the list's present state, or in place of one of the user's own."""
    of = LISTS.get(request.POST.get("list", ""))
    if of is None:
        return HttpResponseBadRequest("Unknown list.")
    user, query, replaced = _user(request), request.POST.get("query", ""), request.POST.get("replace", "")
    of = of.seen_by(request, QueryDict(query))
    try:
        if replaced.isdecimal():
            view = get_object_or_404(SavedView, pk=int(replaced), owner=user, list_name=of.name, deleted_at__isnull=True)
            actions.replace_view(view=view, of=of, query=query, by=user, now=timezone.now())
        else:
            shared = bool(request.POST.get("shared"))
            view = actions.save_view(of=of, name=request.POST.get("name", ""), query=query, shared=shared, owner=user, now=timezone.now())
    except actions.Refused as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(back_to(request))
    messages.success(request, f"{view.name} {'shows this list now' if replaced else 'is saved'}.")
    return redirect(f"{reverse(of.address)}?{view.query}")


@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """What the menu of a view offers: `do` names it."""
    user = _user(request)
    view = get_object_or_404(SavedView.objects.select_related("owner"), pk=pk)
    if view.list_name not in LISTS or not (view.shared or view.owner_id == user.pk):
        raise Http404
    do = _DEEDS.get(request.POST.get("do", ""))
    if do is None:
        return HttpResponseBadRequest("Unknown wish.")
    try:
        return do(request, view, LISTS[view.list_name])
    except actions.Refused as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(back_to(request))
    except PermissionError as error:
        raise PermissionDenied(str(error)) from error


def _edit(request: HttpRequest, view: SavedView, of: SavedList) -> HttpResponse:
    shared = bool(request.POST.get("shared"))
    actions.change_view(view=view, name=request.POST.get("name", ""), shared=shared, by=_user(request), now=timezone.now())
    messages.success(request, f"{view.name} is {'shared with everybody' if shared else 'yours alone'}.")
    return HttpResponseRedirect(back_to(request))


def _unshare(request: HttpRequest, view: SavedView, of: SavedList) -> HttpResponse:
    actions.unshare_view(view=view, by=_user(request), now=timezone.now())
    messages.success(request, f"{view.name} is no longer shared.")
    return HttpResponseRedirect(back_to(request))


def _delete(request: HttpRequest, view: SavedView, of: SavedList) -> HttpResponse:
    actions.delete_view(view=view, by=_user(request), now=timezone.now())
    # The toast offers the way back: its extra tags are the address and the field that undo it.
    messages.success(request, f"{view.name} is deleted.", extra_tags=f"{reverse('change_view', args=[view.pk])} restore")
    return HttpResponseRedirect(back_to(request))


def _restore(request: HttpRequest, view: SavedView, of: SavedList) -> HttpResponse:
    actions.restore_view(view=view, by=_user(request), now=timezone.now())
    messages.success(request, f"{view.name} is back.")
    return redirect(f"{reverse(of.address)}?{view.query}")


def _default(request: HttpRequest, view: SavedView, of: SavedList) -> HttpResponse:
    if view.deleted_at is not None:
        raise Http404
    actions.choose_default(list_name=of.name, view=view, user=_user(request))
    messages.success(request, f"This list opens with {view.name} for you.")
    return HttpResponseRedirect(back_to(request))


def _plain(request: HttpRequest, view: SavedView, of: SavedList) -> HttpResponse:
    actions.choose_default(list_name=of.name, view=None, user=_user(request))
    messages.success(request, "This list opens as it comes again.")
    return HttpResponseRedirect(back_to(request))


_DEEDS = {"edit": _edit, "unshare": _unshare, "delete": _delete, "restore": _restore, "default": _default, "plain": _plain}


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # the middleware lets nobody else in
    return request.user
