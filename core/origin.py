"""Breadcrumbs that lead back to where the user came from, with its filters.

On the first arrival the Referer says it, after that the page's own parameter `from`, which `settle` puts into the request so that
tabs, lists and forms carry it along. Only pages that the caller knows how to name count; without one the crumb is the list of its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import Resolver404, resolve, reverse

from core import origin_rules as rules


@dataclass(frozen=True, slots=True)
class Place:
    """A page that may be an origin. `label`: its words, or how to find them ("" where it is gone). `home`: for the page of one
    thing the address name of the list of its kind."""

    label: str | Callable[[HttpRequest, Mapping[str, Any]], str]
    home: str = ""


@dataclass(frozen=True, slots=True)
class Crumb:
    label: str
    address: str


@dataclass(frozen=True, slots=True)
class Trail:
    """The crumbs before a page. `origin`: the value of `from`, empty where the page is under the list of its kind."""

    crumbs: tuple[Crumb, ...]
    origin: str = ""


def trail(request: HttpRequest, *, places: Mapping[str, Place], home: str, page: str = "", then: Sequence[Crumb] = ()) -> Trail:
    """The trail of a page. `home`: address name of the list of its kind; `then`: crumbs between the origin and the page;
    `page`: the path of the thing where the request is for a list behind it."""
    origin = settle(request, places=places, page=page or request.path)
    first = _crumb(request, origin, places) if origin else None
    if first is None:
        settle(request, places={}, page=request.path)
        first, origin = Crumb(_label(request, places[home], {}), reverse(home)), ""
    steps = tuple(Crumb(crumb.label, rules.with_origin(crumb.address, origin)) for crumb in then)
    return Trail((first, *steps), origin)


def settle(request: HttpRequest, *, places: Mapping[str, Place], page: str) -> str:
    """The origin, which the request's query then names, whatever it named before; "" where there is none to name."""
    given = rules.own(request.GET.get(rules.PARAMETER, ""))
    site = f"{request.scheme}://{request.get_host()}"
    came = given or rules.of_referer(request.headers.get("Referer", ""), site=site)
    origin = rules.before(came, page=page) if came else ""
    if origin and _match(origin)[0] not in places:
        origin = ""
    if request.GET.get(rules.PARAMETER, "") != origin:
        query = request.GET.copy()
        query.pop(rules.PARAMETER, None)
        if origin:
            query[rules.PARAMETER] = origin
        request.GET = query  # type: ignore[assignment]
        request.META["QUERY_STRING"] = query.urlencode(safe="/,")
    return origin


def _crumb(request: HttpRequest, origin: str, places: Mapping[str, Place]) -> Crumb | None:
    name, arguments = _match(origin)
    place = places[name]
    label = _label(request, place, arguments)
    if not label:
        return None
    # The page of a thing is told where it was, so that going back to it does not make this page its origin.
    known = rules.nested(origin) or not place.home
    return Crumb(label, origin if known else rules.with_origin(origin, reverse(place.home)))


def _label(request: HttpRequest, place: Place, arguments: Mapping[str, Any]) -> str:
    return place.label if isinstance(place.label, str) else place.label(request, arguments)


def _match(address: str) -> tuple[str, Mapping[str, Any]]:
    """The address name and arguments of a page of ours; an empty name where there is none."""
    try:
        match = resolve(rules.path_of(address))
    except Resolver404:
        return "", {}
    return match.view_name or "", match.kwargs
