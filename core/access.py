"""Who may do what. Every check of the portal asks here; the machine groups it holds for come from `inventory.scope`."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest

from core.models import User


class Permission(models.TextChoices):
    """What a role may allow."""

    VIEW = "view", "View"
    REMEDIATION = "remediation", "Handle remediation"
    EXCEPTIONS = "exceptions", "Handle exceptions"
    SETTINGS = "settings", "Manage settings"
    CURATE = "curate", "Curate"
    ADMINISTER = "administer", "Administer"


def may(user: User | AnonymousUser, permission: Permission) -> bool:
    """Whether the user has it for any machine group at all."""
    if not isinstance(user, User) or not user.is_active:
        return False
    return permission == Permission.VIEW or user.is_superuser or user.is_staff


def require(request: HttpRequest, permission: Permission) -> User:
    """The user of the request, who may do it. Raises PermissionDenied with a sentence that names the permission."""
    if not isinstance(request.user, User) or not may(request.user, permission):
        raise PermissionDenied(f"This needs the permission “{permission.label}”. An administrator can give it to you.")
    return request.user
