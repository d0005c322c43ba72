"""The one style sheet: every file is in it, and it may be kept for good."""

from __future__ import annotations

import gzip
import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from core import styles

pytestmark = pytest.mark.django_db


def test_every_style_sheet_is_in_it_once() -> None:
    assert sorted(styles.SHEETS) == sorted(path.stem for path in styles.FOLDER.glob("*.css"))
    assert styles.SHEETS[-2:] == ("narrow", "print")


def test_a_page_asks_for_it_and_gets_it_packed_or_plain() -> None:
    page = Client().get("/sign-in/").content.decode()
    linked = re.findall(r'rel="stylesheet" href="([^"]+)"', page)
    assert linked == [styles.address()]
    packed = Client().get(linked[0], headers={"Accept-Encoding": "br, gzip"})
    plain = Client().get(linked[0])
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert "immutable" in plain["Cache-Control"]
    assert "Content-Encoding" not in plain


def test_what_it_refers_to_is_there() -> None:
    named = re.findall(r'url\("/static/([^"]+)"\)', styles.joined().plain.decode())
    assert named
    assert all(finders.find(name) for name in named)
    assert 'url("../' not in styles.joined().plain.decode()


def test_another_version_is_gone() -> None:
    assert Client().get("/styles/0123456789abcdef.css").status_code == 404
