"""For which machine groups somebody may handle exceptions."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest

from core.access import Permission, may
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
    return {group for group, _, _ in scope.known_groups()} if may(request.user, Permission.EXCEPTIONS) else set()


def may_everywhere(request: HttpRequest) -> bool:
    """Whether the user may for every group that there is: what an exception for all machines needs."""
    return may(request.user, Permission.EXCEPTIONS) and handled(request) >= set(queries.all_groups())


def may_handle(request: HttpRequest, exception: RiskException) -> bool:
    """Whether the user may change it as a whole."""
    if exception.all_machines:
        return may_everywhere(request)
    return may(request.user, Permission.EXCEPTIONS) and handled(request) >= set(queries.live_groups(exception))


def may_end(request: HttpRequest, groups: Sequence[int]) -> bool:
    return may(request.user, Permission.EXCEPTIONS) and handled(request) >= set(groups)
