"""The flyout over a list: where its row stands, its neighbours, and the addresses that its head needs.

A list page whose address has `open=<key>` shows the flyout of that row. Its head is `components/flyout_head.html`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django_htmx.http import push_url

from core.htmx import details
from core.lists import ListSpec, ListState

Read = Callable[[int, int], tuple[int, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands in its list: its number from 1, the page that shows it, and its neighbours' keys (empty: none)."""

    number: int
    total: int
    page: int
    previous: str
    following: str


@dataclass(frozen=True, slots=True)
class Head:
    """What `components/flyout_head.html` shows. `noun`: what a row is. `address`, `previous`, `following`: its page and its neighbours'."""

    key: str
    title: str
    noun: str
    address: str
    list_address: str
    open_address: str
    number: int = 0
    total: int = 0
    previous: str = ""
    following: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list that has flyouts: its columns and filters, the address names of the list and of one row, and the argument of the latter."""

    spec: ListSpec
    noun: str
    list_name: str
    page_name: str
    argument: str

    def page_of(self, key: str) -> str:
        return reverse(self.page_name, kwargs={self.argument: key})

    def behind(self, request: HttpRequest) -> ListState | None:
        """The state of the list that the flyout stands on, from the address the browser shows. None: it is another page."""
        parts = urlsplit(details(request).current_url_abs_path or "")
        return self.spec.read(QueryDict(parts.query)) if parts.path == reverse(self.list_name) else None

    def head(self, state: ListState, *, key: str, title: str, place: Place | None) -> Head:
        return Head(
            key=key,
            title=title,
            noun=self.noun,
            address=self.page_of(key),
            list_address=f"{reverse(self.list_name)}{state.address(open='')}",
            open_address=f"{reverse(self.list_name)}{state.address(open=key)}",
            number=place.number if place else 0,
            total=place.total if place else 0,
            previous=self.page_of(place.previous) if place and place.previous else "",
            following=self.page_of(place.following) if place and place.following else "",
        )

    def answer(
        self, request: HttpRequest, template: str, context: dict[str, Any], *, state: ListState | None, key: str, place: Place | None
    ) -> HttpResponse:
        """The partial `flyout`; the browser's address becomes that of the list with `open`, on the page that holds the row."""
        response = render(request, f"{template}#flyout", context)
        if state is not None:
            address = f"{reverse(self.list_name)}{state.address(open=key, page=place.page if place else state.page)}"
            if address != details(request).current_url_abs_path:
                push_url(response, address)
        return response


def place_near(state: ListState, key: str, read: Read) -> tuple[Place | None, int]:
    """The place of a row on the state's page or beside it, None where it is not there; and how many rows there are.

    `read(offset, limit)` gives the number of all rows and the keys of some.
    """
    start = max(state.offset - 2, 0)
    total, keys = read(start, state.offset - start + state.per_page + 2)
    return (place_among(state, key, keys, start=start, total=total) if key in keys else None), total


def place_among(state: ListState, key: str, keys: Sequence[str], *, start: int, total: int) -> Place:
    """The place of a row among some that follow each other, the first of which stands at `start` (from 0)."""
    index = keys.index(key)
    number = start + index + 1
    return Place(
        number=number,
        total=total,
        page=(number - 1) // state.per_page + 1,
        previous=keys[index - 1] if index else "",
        following=keys[index + 1] if index + 1 < len(keys) else "",
    )
