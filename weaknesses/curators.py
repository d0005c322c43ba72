"""Who may correct matches."""

from __future__ import annotations

from django.http import HttpRequest

from core.access import Permission, may, require
from core.models import User


def curator(request: HttpRequest) -> User | None:
    """The user, if they may curate."""
    return request.user if isinstance(request.user, User) and may(request.user, Permission.CURATE) else None


def curator_or_refuse(request: HttpRequest) -> User:
    """The user. Raises PermissionDenied."""
    return require(request, Permission.CURATE)
