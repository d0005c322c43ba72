"""What can stand in the way of an exception. Messages are for the one who asks."""

from __future__ import annotations


class ExceptionRefused(Exception):
    """It cannot be done; the text says why and what to do. `field`: of the form, where it is about one."""

    def __init__(self, sentence: str, *, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field
