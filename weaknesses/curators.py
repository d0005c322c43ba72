"""Who may correct matches."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from core.models import User

OVERRIDE = "weaknesses.add_matchoverride"


def curator(request: HttpRequest) -> User | None:
    """The user, if they are staff or have the right to override matches."""
    user = request.user
    return user if isinstance(user, User) and (user.is_staff or user.has_perm(OVERRIDE)) else None


def curator_or_refuse(request: HttpRequest) -> User:
    """The user. Raises PermissionDenied."""
    user = curator(request)
    if user is None:
        raise PermissionDenied("Only curators may correct matches.")
    return user
