"""Work ahead of its use."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from core.ahead import Ahead


def test_items_come_in_their_order() -> None:
    with Ahead(iter(range(20))) as coming:
        assert list(coming) == list(range(20))
    with Ahead(iter(())) as coming:
        assert list(coming) == []


def test_the_next_item_is_made_once_it_is_begun_and_no_other() -> None:
    made = [threading.Event() for _ in range(3)]

    def items() -> Iterator[int]:
        for number, event in enumerate(made):
            event.set()
            yield number

    with Ahead(items()) as coming:
        assert next(coming) == 0
        assert not made[1].is_set()
        coming.begin()
        assert made[1].wait(timeout=10)
        coming.begin()
        assert next(coming) == 1
        assert not made[2].is_set()


def test_what_making_an_item_raises_comes_in_its_place() -> None:
    def items() -> Iterator[str]:
        yield "first"
        raise ValueError("bad second")

    with Ahead(items()) as coming:
        assert next(coming) == "first"
        coming.begin()
        with pytest.raises(ValueError, match="bad second"):
            next(coming)


def test_leaving_waits_for_the_item_being_made() -> None:
    let_go, done = threading.Event(), []

    def items() -> Iterator[int]:
        let_go.wait(timeout=10)
        done.append("first")
        yield 1

    with Ahead(items()) as coming:
        coming.begin()
        threading.Timer(0.05, let_go.set).start()
    assert done == ["first"]
