"""The gallery shows every component, and reads no table for it."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from tests.integration.pages import LARGEST, queries, text
from tests.populations import populate

pytestmark = pytest.mark.django_db
COMPONENTS = {f"components/{file.name}" for file in (settings.BASE_DIR / "templates" / "components").glob("*.html")}


def test_every_component_is_shown(viewer_client: Client) -> None:
    pages = [viewer_client.get(address) for address in ("/gallery/", "/gallery/?open=flyout")]
    shown = {template.name for page in pages for template in page.templates}
    assert COMPONENTS - shown == set()


def test_every_icon_of_the_sprite_is_shown(viewer_client: Client) -> None:
    page = viewer_client.get("/gallery/").content.decode()
    names = {part.split('"')[0] for part in page.split('<symbol id="i-')[1:]}
    assert len(names) > 40
    assert {name for name in names if f'href="#i-{name}"' not in page} == set()


def test_it_takes_as_many_queries_as_its_frame(viewer_client: Client) -> None:
    empty = queries(viewer_client, "/gallery/")
    populate(machines=3, software=2)
    cache.clear()
    assert queries(viewer_client, "/gallery/") <= empty


def test_its_list_filters_sorts_and_pages_by_its_address(viewer_client: Client) -> None:
    words = text(viewer_client.get("/gallery/?status=exception&sort=name&page=2&q=chrome"))
    assert "Status: Exception" in words
    assert "Search: chrome" in words
    assert "31–60 of 186" in words
    assert "Uninstall Oracle Java SE 7" not in words


def test_its_form_tells_mistakes_and_accepts_what_is_right(viewer_client: Client) -> None:
    assert "Choose a day from 1 Mar 2026 on." in text(viewer_client.get("/gallery/"))
    right = viewer_client.get("/gallery/?due=2026-04-01&reason=Update+everything&kind=low&notes=")
    assert "Nothing is wrong." in text(right)
    assert "Unknown due" not in text(right)


def test_its_flyout_opens_by_address_and_by_htmx(viewer_client: Client) -> None:
    assert ' open data-list="/gallery/"' in viewer_client.get("/gallery/?open=flyout").content.decode()
    part = viewer_client.get("/gallery/?open=flyout", headers={"HX-Request": "true", "HX-Target": "flyout"}).content.decode()
    assert "<html" not in part
    assert 'id="flyout-title"' in part


def test_it_is_light(viewer_client: Client) -> None:
    assert len(viewer_client.get("/gallery/").content) < LARGEST
