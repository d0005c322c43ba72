"""The state of a list and its address are the same thing in two forms."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.lists import Column, Facet, ListSpec, ListState
from core.pager import pager

SPEC = ListSpec(
    columns=(Column("name", "Name", sort="+", fixed=True), Column("size", "Size", sort="-"), Column("note", "Note", shown=False)),
    sort="-size",
    facets=(
        Facet("status", "Status", (("on", "On"), ("off", "Off"), ("gone", "Gone")), default=("on", "off")),
        Facet("kind", "Kind", (("a", "A"), ("b", "B"))),
    ),
)


def read(query: str) -> ListState:
    return SPEC.read(QueryDict(query))


def test_an_empty_address_is_the_untouched_list() -> None:
    state = read("")
    assert state.chosen == {"status": ("on", "off"), "kind": ()}
    assert (state.sort, state.page, state.per_page, state.columns) == ("-size", 1, 30, ("name", "size"))
    assert state.address() == "?"
    assert not state.is_narrowed


def test_repeated_parameters_and_comma_lists_say_the_same() -> None:
    assert read("kind=a&kind=b").address() == read("kind=b,a").address() == "?kind=a,b"


def test_any_lifts_a_default_and_a_value_beside_it_wins() -> None:
    assert read("status=any").chosen["status"] == ()
    assert read("status=any").address() == "?status=any"
    assert read("status=any&status=gone").chosen["status"] == ("gone",)


@pytest.mark.parametrize(
    ("query", "unknown"),
    [
        ("colour=red", ("colour", "red")),
        ("kind=c", ("kind", "c")),
        ("sort=note", ("sort", "note")),
        ("page=0", ("page", "0")),
        ("page=x", ("page", "x")),
        ("per_page=31", ("per_page", "31")),
        ("columns=shape", ("columns", "shape")),
    ],
)
def test_what_is_not_known_is_ignored_and_named(query: str, unknown: tuple[str, str]) -> None:
    state = read(query)
    assert state.unknown == (unknown,)
    assert state.address() == "?"
    assert [chip.bad for chip in state.chips()] == [False, True]


def test_a_fixed_column_stays_whatever_is_chosen() -> None:
    assert read("columns=note").columns == ("name", "note")


def test_a_second_click_on_a_head_turns_the_order_round() -> None:
    heads = {head.column.key: head for head in read("sort=name").headers()}
    assert heads["name"].aria_sort == "ascending"
    assert heads["name"].address == "?sort=-name"
    assert heads["size"].address == "?"


def test_a_changed_filter_starts_at_the_first_page() -> None:
    state = read("kind=a&page=4&open=x")
    assert [chip.address for chip in state.chips() if chip.label == "Kind"] == ["?"]
    assert ("page", "4") not in state.hidden("q")


def test_a_page_beyond_the_last_is_the_last() -> None:
    pages = pager(read("page=9"), 61)
    assert (pages.first, pages.last, pages.page, pages.pages, pages.following) == (61, 61, 3, 3, "")


def test_an_empty_list_has_one_page() -> None:
    assert (pager(read(""), 0).first, pager(read(""), 0).pages) == (0, 1)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text(max_size=40), st.lists(st.sampled_from(["a", "b", "c"])), st.integers(-3, 10**9), st.sampled_from(["name", "-size", "x", ""])
)
def test_an_address_leads_back_to_its_state(q: str, kinds: list[str], page: int, sort: str) -> None:
    query = QueryDict(mutable=True)
    query.update({"q": q, "page": str(page), "sort": sort})
    query.setlist("kind", kinds)
    state = SPEC.read(query)
    again = SPEC.read(QueryDict(state.address()[1:]))
    assert again.address() == state.address()
    assert again.unknown == ()


ORDERED = ListSpec(columns=SPEC.columns, sort=SPEC.sort, facets=SPEC.facets, ordered=True, picks=3)


def test_an_ordered_list_keeps_the_order_of_its_columns_behind_the_fixed_ones() -> None:
    keys = [column.key for column in SPEC.columns if not column.fixed][::-1]
    state = ORDERED.read(QueryDict(f"columns={','.join(keys)}"))
    assert list(state.columns)[-len(keys) :] == keys
    assert [head.column.key for head in state.headers()] == list(state.columns)
    assert ORDERED.read(QueryDict(state.address()[1:])).columns == state.columns


def test_moving_a_column_there_and_back_changes_nothing() -> None:
    state = ORDERED.read(QueryDict("columns=" + ",".join(column.key for column in SPEC.columns)))
    movable = [choice for choice in state.column_choices() if choice.later]
    for choice in movable:
        moved = ORDERED.read(QueryDict(choice.later[1:]))
        assert moved.columns != state.columns
        back = next(other for other in moved.column_choices() if other.value == choice.value)
        assert ORDERED.read(QueryDict(back.earlier[1:])).columns == state.columns


def test_only_so_many_rows_can_be_picked_and_the_rest_is_named() -> None:
    state = ORDERED.read(QueryDict("pick=5,7&pick=5,9,11,x"))
    assert state.picks == (5, 7, 9)
    assert state.address() == "?pick=5,7,9"
    assert [name for name, _ in state.unknown] == ["pick", "pick"]
    assert SPEC.read(QueryDict("pick=5")).unknown == (("pick", "5"),)


def test_a_view_keeps_neither_page_nor_picks() -> None:
    assert ORDERED.read(QueryDict("q=a&page=3&pick=5&open=x")).view_query == "q=a"


def test_the_untouched_list_has_an_address_of_its_own_where_the_bare_one_leads_elsewhere() -> None:
    state = replace(SPEC.read(QueryDict("view=all")), plain="view=all")
    assert state.unknown == ()
    assert state.address() == "?view=all"
    assert state.address(q="a") == "?q=a"
