"""Pieces of pages that are drawn again only when what they show has changed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.conf import LazySettings
from django.template import Context, Template

from core.templatetags import kept


@dataclass(frozen=True)
class Tag:
    label: str
    tone: str = ""


PIECE = '{% kept "components/tag.html" tag=tag %}'


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    kept.drawn.cache_clear()


def shown(label: str, **others: str) -> str:
    return Template(PIECE).render(Context({"tag": Tag(label), **others})).strip()


def test_equal_values_are_drawn_once() -> None:
    assert shown("a & b") == shown("a & b") == '<span class="chip">a &amp; b</span>'
    assert shown("other") == '<span class="chip">other</span>'
    assert (kept.drawn.cache_info().hits, kept.drawn.cache_info().misses) == (1, 2)


def test_a_piece_sees_the_given_values_alone() -> None:
    """`title` is a variable of the template that is not given: what is around the piece must not show in it."""
    assert "secret" not in shown("one", title="secret")


def test_nothing_is_kept_while_templates_are_edited(settings: LazySettings) -> None:
    settings.DEBUG = True
    assert shown("one") == shown("one")
    assert kept.drawn.cache_info().misses == 0
