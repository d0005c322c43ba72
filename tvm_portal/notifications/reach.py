"""Which machine groups a user may set notification rules for."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from core.access import Permission, access_of, require
from core.models import User
from inventory import scope
from tvm_portal.models import NotificationRule


@dataclass(frozen=True, slots=True)
class Reach:
    """`groups`: (id, name) of those that the user may set rules for. `everywhere`: all, also those of the future."""

    user: User
    groups: tuple[tuple[int, str], ...]
    everywhere: bool

    def covers(self, rule: NotificationRule) -> bool:
        """Whether the rule is about nothing but these groups."""
        return self.everywhere or (not rule.all_groups and {group.pk for group in rule.groups.all()} <= {group for group, _ in self.groups})

    def named(self, ids: tuple[int, ...]) -> list[tuple[int, str]]:
        return [(group, name) for group, name in self.groups if group in ids]


def reach_of(request: HttpRequest) -> Reach:
    """Of the request's user. Raises PermissionDenied."""
    user = require(request, Permission.SETTINGS)
    held = access_of(user).of(Permission.SETTINGS)
    groups = tuple((choice.id, choice.name) for choice in scope.of(request).choices if held is None or choice.id in held)
    return Reach(user, groups, held is None)


def rule_or_refuse(reach: Reach, pk: int, *, deleted: bool = False) -> NotificationRule:
    """A rule that the user may change. Raises Http404, PermissionDenied."""
    rule = NotificationRule.objects.filter(pk=pk, deleted_at__isnull=not deleted).first()
    if rule is None:
        raise Http404("There is no such rule.")
    if not reach.covers(rule):
        raise PermissionDenied("This rule is about machine groups that you may not set rules for.")
    return rule
