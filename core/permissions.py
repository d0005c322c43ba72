"""What a role may allow, and what several roles allow together. No database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import models


class Permission(models.TextChoices):
    """What a role may allow."""

    VIEW = "view", "View"
    REMEDIATION = "remediation", "Handle remediation"
    EXCEPTIONS = "exceptions", "Handle exceptions"
    SETTINGS = "settings", "Manage settings"
    CURATE = "curate", "Curate"
    AUDIT = "audit", "Read the audit log"
    ADMINISTER = "administer", "Administer"


EXPLANATIONS: Mapping[Permission, str] = {
    Permission.VIEW: "See machines, software, weaknesses, recommendations, scores and reports.",
    Permission.REMEDIATION: "Request remediation, create tickets, complete and reopen activities.",
    Permission.EXCEPTIONS: "Create exceptions, change, cancel and approve them.",
    Permission.SETTINGS: "Set device values, tags and what is excluded; notification rules; for all machine groups also the groups "
    "themselves and connections to other systems.",
    Permission.CURATE: "Correct matches and names, run feeds, answer reported inaccuracies.",
    Permission.AUDIT: "See who changed what, before and after, from where.",
    Permission.ADMINISTER: "Everything, for all machine groups: users, roles, tokens, scoring weights.",
}
# The tick boxes of a role, as a tree.
TREE: tuple[tuple[str, tuple[Permission, ...]], ...] = (
    ("See", (Permission.VIEW, Permission.AUDIT)),
    ("Act", (Permission.REMEDIATION, Permission.EXCEPTIONS)),
    ("Set up", (Permission.SETTINGS, Permission.CURATE, Permission.ADMINISTER)),
)
# What reaches over the whole organisation counts only where a role is held for all machine groups.
ORGANISATION = frozenset({Permission.CURATE, Permission.AUDIT, Permission.ADMINISTER})


@dataclass(frozen=True, slots=True)
class Grant:
    """One role that somebody holds. `groups` None: for all machine groups."""

    permissions: Sequence[str]
    groups: Sequence[int] | None


@dataclass(frozen=True, slots=True)
class Access:
    """Permission -> the machine groups it is held for; None: all of them. A permission that is not held is not in it."""

    groups: Mapping[Permission, frozenset[int] | None] = field(default_factory=dict)

    def holds(self, permission: Permission) -> bool:
        """For any machine group at all."""
        return permission in self.groups

    def holds_everywhere(self, permission: Permission) -> bool:
        return permission in self.groups and self.groups[permission] is None

    def of(self, permission: Permission) -> frozenset[int] | None:
        """The machine groups; None: all, empty: none."""
        return self.groups.get(permission, frozenset())


NOTHING = Access()
EVERYTHING = Access(dict.fromkeys(Permission))


def combine(grants: Iterable[Grant]) -> Access:
    """What the roles allow together. Whoever may do something with machines also sees them."""
    found: dict[Permission, frozenset[int] | None] = {}
    for grant in grants:
        groups = None if grant.groups is None else frozenset(grant.groups)
        if groups is not None and not groups:
            continue
        held = {Permission(name) for name in grant.permissions if name in Permission.values}
        if groups is None and Permission.ADMINISTER in held:
            return EVERYTHING
        held -= ORGANISATION if groups is not None else frozenset()
        for permission in held | ({Permission.VIEW} if held else set()):
            before = found.get(permission, frozenset())
            found[permission] = None if groups is None or before is None else before | groups
    return Access(found)
