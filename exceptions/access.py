"""For which machine groups somebody may handle exceptions."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest

from core import access
from core.access import Permission, access_of, may
from exceptions import queries
from exceptions.models import RiskException
from inventory import scope


def offered(request: HttpRequest) -> list[int]:
    """The groups in force (by the filter of the page) for which the user may."""
    return scope.handled(request, Permission.EXCEPTIONS)


def seen(request: HttpRequest) -> set[int]:
    """All groups that the user may see, whatever the filter of the page leaves out."""
    return {choice.id for choice in scope.of(request).choices}


def handled(request: HttpRequest) -> set[int]:
    """All groups for which the user may, whatever the filter of the page leaves out."""
    held = access_of(request.user).of(Permission.EXCEPTIONS)
    return set(queries.all_groups()) if held is None else set(held)


def may_everywhere(request: HttpRequest) -> bool:
    """Whether the user may for all machine groups, those of tomorrow too: what an exception for all machines needs."""
    return access.may_everywhere(request.user, Permission.EXCEPTIONS)


def may_handle(request: HttpRequest, exception: RiskException) -> bool:
    """Whether the user may change it as a whole."""
    if exception.all_machines:
        return may_everywhere(request)
    return may_end(request, queries.live_groups(exception))


def may_end(request: HttpRequest, groups: Sequence[int]) -> bool:
    """Whether the user may end one in these groups."""
    return may(request.user, Permission.EXCEPTIONS) and scope.handles_all(request, Permission.EXCEPTIONS, groups)
