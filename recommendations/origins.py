"""Pages that a breadcrumb may lead back to, and what it calls them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest

from core import origin
from core.origin import Crumb, Place, Trail
from inventory import scope
from inventory.models import Machine, Software
from recommendations.models import Recommendation


def _software(request: HttpRequest, arguments: Mapping[str, Any]) -> str:
    return Software.objects.filter(key=arguments["key"]).values_list("name", flat=True).first() or ""


def _machine(request: HttpRequest, arguments: Mapping[str, Any]) -> str:
    found = Machine.objects.filter(pk=arguments["machine_id"], group_id__in=scope.of(request).group_ids)
    return found.values_list("name", flat=True).first() or ""


def _recommendation(request: HttpRequest, arguments: Mapping[str, Any]) -> str:
    return Recommendation.objects.filter(key=arguments["key"]).values_list("title", flat=True).first() or ""


def _weakness(request: HttpRequest, arguments: Mapping[str, Any]) -> str:
    return str(arguments["cve"])


LIST, SOFTWARE, MACHINES, WEAKNESSES = (f"recommendations:{name}" for name in ("list", "software_list", "machine_list", "weakness_list"))
PLACES = {
    "dashboard": Place("Dashboard"),
    "search": Place("Search"),
    "notices": Place("Notifications"),
    "recommendations:timeline": Place("Event timeline"),
    LIST: Place("Recommendations"),
    SOFTWARE: Place("Software"),
    MACHINES: Place("Machines"),
    WEAKNESSES: Place("Weaknesses"),
    "recommendations:detail": Place(_recommendation, LIST),
    "recommendations:exposed": Place("Exposed machines", LIST),
    "recommendations:installed": Place("Installed machines", LIST),
    "recommendations:addressed": Place("Weaknesses addressed", LIST),
    "recommendations:software": Place(_software, SOFTWARE),
    "recommendations:machine": Place(_machine, MACHINES),
    "recommendations:weakness": Place(_weakness, WEAKNESSES),
    "recommendations:software_version": Place("Version", SOFTWARE),
    "recommendations:weakness_machines": Place("Machines with it", WEAKNESSES),
    "recommendations:event": Place("Event", "recommendations:timeline"),
    "recommendations:vulnerable_machines": Place("Vulnerable machines"),
    "recommendations:vulnerable_machine_list": Place("Vulnerable machines"),
    "remediation:list": Place("Remediation"),
    "remediation:activity": Place("Remediation activity", "remediation:list"),
    "exceptions:list": Place("Exceptions"),
    "exceptions:exception": Place("Exception", "exceptions:list"),
}


def trail(request: HttpRequest, *, home: str, page: str = "", then: Sequence[Crumb] = ()) -> Trail:
    """See core.origin.trail."""
    return origin.trail(request, places=PLACES, home=home, page=page, then=then)
