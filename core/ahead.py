"""Work ahead of its use: while the caller waits for one item to be stored, a thread makes the next."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Generic, TypeVar

_Item = TypeVar("_Item")
_END: Any = object()


class Ahead(Generic[_Item]):
    """The items, in their order, made by a thread of its own. Used as a context, which waits for an item being made when it ends.

    The next item is begun by `begin`, when the caller comes to wait for something else, or when it is asked for. What making one
    raises is raised in its place. Making an item must not need the caller's database connection.
    """

    def __init__(self, items: Iterator[_Item]) -> None:
        self._items = items
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._coming: Future[_Item] | None = None

    def begin(self) -> None:
        """Begin the next item, unless that was done already."""
        self._coming = self._coming or self._thread.submit(next, self._items, _END)

    def __iter__(self) -> Iterator[_Item]:
        return self

    def __next__(self) -> _Item:
        self.begin()
        coming, self._coming = self._coming, None
        assert coming is not None
        if (item := coming.result()) is _END:
            raise StopIteration
        return item

    def __enter__(self) -> Ahead[_Item]:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._thread.shutdown(cancel_futures=True)
