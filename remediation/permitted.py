"""Which activities a user of some machine groups may see, and which they may change."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from core.access import Permission, access_of
from inventory import scope
from remediation import queries
from remediation.models import Activity

REFUSED = "It is also about machines of groups that you do not handle. Ask somebody who handles remediation for all of them."


def activity_or_404(request: HttpRequest, pk: UUID) -> Activity:
    """The activity, if a machine that the user may see is in it."""
    related = ("recommendation__configuration", "recommendation__software", "requested_by")
    found = queries.visible(scope.permitted(request)).select_related(*related).filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such activity; completed ones are kept for 180 days.")
    return found


def may_end(request: HttpRequest, activity: Activity) -> bool:
    """An activity is decided on by those who handle remediation for every machine group that it is about."""
    held = access_of(request.user).of(Permission.REMEDIATION)
    return held is None or (bool(held) and not queries.untouchable(activity, groups=sorted(held)))


def check_may_end(request: HttpRequest, activity: Activity) -> None:
    """Raises PermissionDenied."""
    if not may_end(request, activity):
        raise PermissionDenied(REFUSED)
