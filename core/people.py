"""How people are called where something of theirs is shown."""

from __future__ import annotations

from core.models import User


def name_of(user: User | None) -> str:
    """None: whoever it was is not known any more."""
    return user.display_name if user else "somebody who has left"
