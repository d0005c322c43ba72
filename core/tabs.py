"""The tabs of a page: one of them is shown, named by `?tab=`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict

KEPT = ("from",)


@dataclass(frozen=True, slots=True)
class Tab:
    """`count` None: nothing to count."""

    key: str
    label: str
    count: int | None
    current: bool
    kept: tuple[tuple[str, str], ...] = ()

    @property
    def address(self) -> str:
        return "?" + urlencode([("tab", self.key), *self.kept], safe="/")


def tabs(query: QueryDict, wanted: Sequence[tuple[str, str, int | None]]) -> tuple[Tab, ...]:
    """Tabs from (key, label, count). An unknown `?tab=`, or none, is the first. Each keeps where the page was reached from."""
    keys = [key for key, _, _ in wanted]
    named = query.get("tab", "")
    shown = named if named in keys else keys[0]
    kept = tuple((name, value) for name in KEPT if (value := query.get(name, "")))
    return tuple(Tab(key, label, count, key == shown, kept) for key, label, count in wanted)


def current(shown: Sequence[Tab]) -> str:
    """The key of the tab that is shown."""
    return next(tab.key for tab in shown if tab.current)
