"""Tabs: the address names one of them."""

from __future__ import annotations

from django.http import QueryDict

from core import tabs

WANTED = (("one", "One", 3), ("two", "Two", None))


def test_the_address_names_the_tab() -> None:
    shown = tabs.tabs(QueryDict("tab=two"), WANTED)
    assert tabs.current(shown) == "two"
    assert [tab.address for tab in shown] == ["?tab=one", "?tab=two"]


def test_an_unknown_tab_or_none_is_the_first() -> None:
    assert tabs.current(tabs.tabs(QueryDict("tab=nine"), WANTED)) == "one"
    assert tabs.current(tabs.tabs(QueryDict(""), WANTED)) == "one"
