"""Who may do what. Every check of the portal asks here; the machine groups it holds for come from `inventory.scope`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Q
from django.db.models.functions import JSONObject
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.models import RoleBinding, User
from core.permissions import EVERYTHING, NOTHING, Access, Grant, Permission, combine

__all__ = ["Access", "Permission", "access_of", "may", "may_everywhere", "require", "require_everywhere"]
MOST_NAMED = 5


def may(user: User | AnonymousUser, permission: Permission) -> bool:
    """Whether the user has it for any machine group at all."""
    return access_of(user).holds(permission)


def may_everywhere(user: User | AnonymousUser, permission: Permission) -> bool:
    """Whether the user has it for all machine groups, those of tomorrow too."""
    return access_of(user).holds_everywhere(permission)


def require(request: HttpRequest, permission: Permission) -> User:
    """The user of the request, who may do it. Raises PermissionDenied with a sentence that names the permission."""
    if not isinstance(request.user, User) or not may(request.user, permission):
        raise PermissionDenied(f"This needs the permission “{permission.label}”. An administrator can give it to you.")
    return request.user


def require_everywhere(request: HttpRequest, permission: Permission) -> User:
    """The user of the request, who may do it for all machine groups. Raises PermissionDenied."""
    user = require(request, permission)
    if not may_everywhere(user, permission):
        raise PermissionDenied(
            f"This needs the permission “{permission.label}” for all machine groups. An administrator can give it to you."
        )
    return user


def access_of(user: User | AnonymousUser) -> Access:
    """What the user may, read once: with the user where the session knows them (`core.backend`), else by a query."""
    if not isinstance(user, User) or not user.is_active:
        return NOTHING
    if user.is_superuser:
        return EVERYTHING
    kept = user.kept_access
    if kept is None:
        grants = getattr(user, "grants", None)
        if grants is None:
            grants = User.objects.filter(pk=user.pk).annotate(grants=grants_of_user()).values_list("grants", flat=True).first() or []
        kept = combine(Grant(grant["permissions"], grant["groups"]) for grant in grants)
        user.kept_access = kept
    return kept


def grants_of_user() -> ArraySubquery:
    """For a query of users: [{permissions, groups}] of the roles that each holds, by itself or by a group of users."""
    held = RoleBinding.objects.filter(Q(user=OuterRef("pk")) | Q(user_group__user=OuterRef("pk"))).order_by()
    return ArraySubquery(held.values(held=JSONObject(permissions="role__permissions", groups="machine_groups")))


def no_role_needed(view: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a view that a signed-in user without any role may open: their own account."""
    view.no_role_needed = True  # type: ignore[attr-defined]
    return view


class ViewerMiddleware:
    """Whoever is signed in but may see nothing gets a page that says whom to ask."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], arguments: Any, named: Any) -> HttpResponse | None:
        is_open = getattr(view, "no_role_needed", False) or not getattr(view, "login_required", True)
        if is_open or not request.user.is_authenticated or may(request.user, Permission.VIEW):
            return None
        return render(request, "registration/no_role.html", {"administrators": _whom_to_ask()}, status=403)


def _whom_to_ask() -> list[str]:
    """Who can give a role, by name."""
    from core.role_actions import administrators

    found = administrators().order_by("username")[:MOST_NAMED]
    return [f"{user.display_name}{f' ({user.email})' if user.email else ''}" for user in found]
