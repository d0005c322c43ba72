"""What users do with their saved views. Every verb is audited."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction

from core import audit
from core.access import Permission, may_everywhere
from core.models import DefaultView, SavedView, User
from core.saved import SavedList

LONGEST_NAME, LONGEST_QUERY = 60, 4000
MOST_VIEWS = 40  # of one user and list
KEPT = dt.timedelta(days=1)  # how long a deleted view can be brought back


class Refused(ValueError):
    """A wish that cannot be granted; its text says what to do instead."""


def save_view(*, of: SavedList, name: str, query: str, shared: bool, owner: User, now: dt.datetime) -> SavedView:
    """Keep the state of a list under a new name."""
    name, query = _name(name), _query(of, query)
    if SavedView.objects.filter(owner=owner, list_name=of.name, deleted_at__isnull=True).count() >= MOST_VIEWS:
        raise Refused(f"You have {MOST_VIEWS} views of this list. Delete one first.")
    view = SavedView(owner=owner, list_name=of.name, name=name, query=query, shared=shared, created_at=now)
    _store(view, by=owner, action="save view", now=now)
    return view


def replace_view(*, view: SavedView, of: SavedList, query: str, by: User, now: dt.datetime) -> None:
    """Let a view show the present state of its list."""
    _own(view, by)
    before, view.query = _facts(view), _query(of, query)
    _store(view, by=by, action="change view", now=now, before=before)


def change_view(*, view: SavedView, name: str, shared: bool, by: User, now: dt.datetime) -> None:
    """Another name, or shared or not."""
    _own(view, by)
    before, view.name, view.shared = _facts(view), _name(name), shared
    with transaction.atomic():
        _release(view)
        _store(view, by=by, action="change view", now=now, before=before)


def unshare_view(*, view: SavedView, by: User, now: dt.datetime) -> None:
    """Its owner sees it alone again. Those who manage settings may do it too."""
    if not may_everywhere(by, Permission.SETTINGS):
        _own(view, by)
    before, view.shared = _facts(view), False
    with transaction.atomic():
        _release(view)
        _store(view, by=by, action="unshare view", now=now, before=before)


def delete_view(*, view: SavedView, by: User, now: dt.datetime) -> None:
    """Out of sight, and gone a day later; until then it can be restored."""
    _own(view, by)
    with transaction.atomic():
        SavedView.objects.filter(owner=by, deleted_at__lt=now - KEPT).delete()
        DefaultView.objects.filter(view=view).delete()
        view.deleted_at = now
        view.save(update_fields=["deleted_at"])
        audit.record(by=by.get_username(), action="delete view", object=view, now=now, before=_facts(view))


def restore_view(*, view: SavedView, by: User, now: dt.datetime) -> None:
    """Bring a deleted view back."""
    _own(view, by)
    view.deleted_at = None
    _store(view, by=by, action="restore view", now=now)


def choose_default(*, list_name: str, view: SavedView | None, user: User) -> None:
    """The view that the user's list opens with; None: the list as it comes."""
    if view is None:
        DefaultView.objects.filter(user=user, list_name=list_name).delete()
    else:
        DefaultView.objects.update_or_create(user=user, list_name=list_name, defaults={"view": view})


def _store(view: SavedView, *, by: User, action: str, now: dt.datetime, before: dict[str, Any] | None = None) -> None:
    try:
        with transaction.atomic():
            view.save()
            audit.record(by=by.get_username(), action=action, object=view, now=now, before=before, after=_facts(view))
    except IntegrityError as error:
        raise Refused(f"You have a view called {view.name} already. Choose another name, or replace that one.") from error


def _release(view: SavedView) -> None:
    """Lists of others that opened with a view open as they come once it is not shared."""
    if not view.shared:
        DefaultView.objects.filter(view=view).exclude(user_id=view.owner_id).delete()


def _facts(view: SavedView) -> dict[str, Any]:
    return {"list": view.list_name, "name": view.name, "query": view.query, "shared": view.shared}


def _own(view: SavedView, by: User) -> None:
    if view.owner_id != by.pk:
        raise PermissionError(f"{by.get_username()} does not own this view")


def _name(text: str) -> str:
    name = " ".join(text.replace("\x00", "").split())
    if not name:
        raise Refused("Give the view a name.")
    if len(name) > LONGEST_NAME:
        raise Refused(f"Choose a name of at most {LONGEST_NAME} characters.")
    return name


def _query(of: SavedList, text: str) -> str:
    """The query string as the list itself writes it, if it knows everything in it."""
    state = of.read(text)
    if state.unknown:
        strangers = ", ".join(f"{name}={value}" for name, value in state.unknown[:3])
        raise Refused(f"The list does not know {strangers}. Take it off first, then save the view.")
    if not state.view_query:
        raise Refused("This is the list as it comes. Filter, sort or choose columns first, then save the view.")
    if len(state.view_query) > LONGEST_QUERY:
        raise Refused("This address is too long for a view. Use fewer filters.")
    return state.view_query
