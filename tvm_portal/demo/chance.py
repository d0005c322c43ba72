"""Chance that depends on names only: the same seed and names give the same number on every machine, in any order."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def share(seed: int, *names: object) -> float:
    """A number in [0, 1), uniform over names."""
    text = "\x1f".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest()) / 2**56


def pick(options: Sequence[T], seed: int, *names: object) -> T:
    return options[int(share(seed, *names) * len(options))]


def spread(median: float, sigma: float, seed: int, *names: object) -> float:
    """Log-normal around `median` (Box-Muller over two shares)."""
    first = max(share(seed, *names, "radius"), 1e-12)
    second = share(seed, *names, "angle")
    return median * math.exp(sigma * math.sqrt(-2 * math.log(first)) * math.cos(2 * math.pi * second))
