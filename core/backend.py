"""Signing in by name and password, and what roles mean on the curation site (Django's admin)."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from core.access import access_of, grants_of_user, may
from core.models import User
from core.permissions import Permission

# What a curator works on, as Django names models; administrators work on everything.
CURATION = frozenset(
    {
        "inventory.alert",
        "inventory.configuration",
        "inventory.software",
        "inventory.softwarealias",
        "inventory.ingestrun",
        "recommendations.inaccuracyreport",
        "recommendations.recommendation",
        "weaknesses.affectedrange",
        "weaknesses.exploitevidence",
        "weaknesses.feed",
        "weaknesses.feedrun",
        "weaknesses.matchoverride",
        "weaknesses.product",
        "weaknesses.softwareproduct",
        "weaknesses.supportcycle",
        "weaknesses.threatinsight",
        "weaknesses.unmatchedsoftware",
        "weaknesses.weakness",
    }
)


class RoleBackend(ModelBackend):
    """The user of a session comes with the roles, in one statement."""

    def get_user(self, user_id: Any) -> User | None:
        user = User.objects.annotate(grants=grants_of_user()).filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    def has_perm(self, user_obj: AbstractBaseUser | AnonymousUser, perm: str, obj: Any = None) -> bool:
        """A permission in Django's spelling, `app.verb_model`: by role, else as it was given to the user in person."""
        if isinstance(user_obj, User) and obj is None and _by_role(user_obj, perm):
            return True
        return bool(super().has_perm(user_obj, perm, obj))  # type: ignore[arg-type]

    def has_module_perms(self, user_obj: AbstractBaseUser | AnonymousUser, app_label: str) -> bool:
        if isinstance(user_obj, User):
            access = access_of(user_obj)
            curated = any(model.startswith(f"{app_label}.") for model in CURATION)
            if access.holds(Permission.ADMINISTER) or (access.holds(Permission.CURATE) and curated):
                return True
        return bool(super().has_module_perms(user_obj, app_label))  # type: ignore[arg-type]


def _by_role(user: User, perm: str) -> bool:
    if may(user, Permission.ADMINISTER):
        return True
    app, _, rest = perm.partition(".")
    return may(user, Permission.CURATE) and f"{app}.{rest.rpartition('_')[2]}" in CURATION
