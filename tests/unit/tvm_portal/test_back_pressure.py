"""Places for posted reports, and how a crowd that finds none is spread."""

from __future__ import annotations

import time

import pytest

from tvm_portal.back_pressure import LONGEST, Busy, Gate
from tvm_portal.catching_up import LEAST, MOST, next_limit


def gate(*, seats: int = 2, at_once: int = 1) -> Gate:
    return Gate(seats=seats, at_once=at_once, max_dirty=10, max_dirty_seconds=10)


def test_so_many_seats_and_they_are_free_again() -> None:
    one = gate()
    for _ in range(3):
        with one.seat(), one.seat(), pytest.raises(Busy) as error, one.seat():
            pass
        assert 1 <= error.value.retry_after <= LONGEST
    with pytest.raises(ZeroDivisionError), one.seat():
        raise ZeroDivisionError
    with one.seat(), one.seat():
        pass


def test_a_larger_crowd_comes_back_over_a_longer_time() -> None:
    """Ten are served a second; those turned away are spread over what it takes to serve them."""
    asked = {}
    for crowd in (5, 5_000):
        one = gate(seats=1)
        for _ in range(10):
            with one.seat():
                pass
        with one.seat():
            asked[crowd] = [_asked(one) for _ in range(crowd)]
    assert max(asked[5]) <= 6
    assert max(asked[5_000]) > 300
    assert len(set(asked[5_000][-1_000:])) > 100  # not all at the same second
    assert max(asked[5_000]) <= LONGEST


def test_old_crowds_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    one = gate(seats=1)
    with one.seat():
        for _ in range(5_000):
            _asked(one)
        now = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: now + 300)
        assert _asked(one) <= 20


def _asked(one: Gate) -> int:
    with pytest.raises(Busy) as error, one.seat():
        pass
    return error.value.retry_after


@pytest.mark.parametrize(
    ("limit", "took", "wanted"),
    [(500, 0.3, 1_000), (500, 3.0, 500), (500, 6.0, 250), (4_000, 0.5, MOST), (200, 60.0, LEAST), (500, 0.0, 1_000)],
)
def test_batches_grow_and_shrink_with_what_they_took(limit: int, took: float, wanted: int) -> None:
    assert next_limit(limit, took=took) == wanted
