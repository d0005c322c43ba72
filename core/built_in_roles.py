"""The roles that come with the portal, made after migrations. They can be changed and never be deleted."""

from __future__ import annotations

from dataclasses import dataclass

from core.models import Role
from core.permissions import Permission


@dataclass(frozen=True, slots=True)
class BuiltIn:
    key: str
    name: str
    description: str
    permissions: tuple[Permission, ...]


ADMINISTRATOR, SECURITY, IT, CURATOR, AUDITOR, VIEWER = "administrator", "security-admin", "it-admin", "curator", "auditor", "viewer"
BUILT_IN = (
    BuiltIn(ADMINISTRATOR, "Administrator", "Everything, for all machine groups.", tuple(Permission)),
    BuiltIn(
        SECURITY,
        "Security admin",
        "Decides what is fixed and what is accepted; sets device values and rules for notifications.",
        (Permission.VIEW, Permission.REMEDIATION, Permission.EXCEPTIONS, Permission.SETTINGS),
    ),
    BuiltIn(IT, "IT admin", "Carries out what was asked for, and asks for more.", (Permission.VIEW, Permission.REMEDIATION)),
    BuiltIn(CURATOR, "Data curator", "Keeps names, matches and feeds right for everybody.", (Permission.VIEW, Permission.CURATE)),
    BuiltIn(AUDITOR, "Auditor", "Sees everything and who changed what; changes nothing.", (Permission.VIEW, Permission.AUDIT)),
    BuiltIn(VIEWER, "Viewer", "Sees everything; changes nothing.", (Permission.VIEW,)),
)


def built_in(key: str) -> Role:
    """The stored role of this key."""
    return Role.objects.get(key=key)


def ensure(roles: type[Role]) -> None:
    """All of them are stored; those that are stay as they were changed."""
    for role in BUILT_IN:
        values = {"name": role.name, "description": role.description, "permissions": list(role.permissions)}
        roles.objects.get_or_create(key=role.key, defaults=values)
