"""Pieces of pages that are drawn again only when what they show has changed.

    {% kept "recommendations/cells.html" row=row columns=state.columns %}

For what the same people look at again and again, such as the rows of a list. A piece sees the given values and nothing else, neither
request nor user, so equal values give equal text for everybody. Values must be hashable: frozen dataclasses, tuples, text, numbers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.template.loader import get_template

KEPT = 2_048  # pieces of a process; of a row of a list some 4 kB each

register = template.Library()


@register.simple_tag
def kept(name: str, **values: Any) -> str:
    """The template of this name, drawn with these values. While templates are being edited (DEBUG) nothing is kept."""
    return _draw(name, values) if settings.DEBUG else drawn(name, tuple(values.items()))


@lru_cache(maxsize=KEPT)
def drawn(name: str, values: tuple[tuple[str, Any], ...]) -> str:
    return _draw(name, dict(values))


def _draw(name: str, values: dict[str, Any]) -> str:
    return get_template(name).render(values)
