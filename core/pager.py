"""Where a page of a list stands, and the addresses of the pages beside it."""

from __future__ import annotations

from dataclasses import dataclass

from core.lists import ListState


@dataclass(frozen=True, slots=True)
class Pager:
    """Where a page stands: rows first-last of total, and its neighbours' addresses (empty: none).

    `start`, `end`: the first and the last page's, where there are links to them. `more`: there are more than `total`.
    """

    total: int
    first: int
    last: int
    page: int
    pages: int
    previous: str
    following: str
    sizes: tuple[tuple[int, bool], ...]
    start: str = ""
    end: str = ""
    more: bool = False


def pager(state: ListState, total: int) -> Pager:
    """Clamped to the pages there are."""
    pages = max(-(-total // state.per_page), 1)
    page = min(state.page, pages)
    first = (page - 1) * state.per_page + 1 if total else 0
    return Pager(
        total=total,
        first=first,
        last=min(page * state.per_page, total),
        page=page,
        pages=pages,
        previous=state.address(page=page - 1, open="") if page > 1 else "",
        following=state.address(page=page + 1, open="") if page < pages else "",
        sizes=tuple((size, size == state.per_page) for size in state.spec.sizes),
    )
