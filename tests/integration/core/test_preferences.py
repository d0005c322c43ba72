"""Signing in, and a user's own choices."""

from __future__ import annotations

import pytest
from django.test import Client

from core.models import User
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def test_a_theme_is_kept_with_the_user_and_rendered_by_the_server(viewer_client: Client, viewer: User) -> None:
    assert 'data-theme="' not in viewer_client.get("/recommendations/").content.decode()
    answer = viewer_client.post("/account/theme/", {"theme": "dark", "next": "/recommendations/?q=a"})
    assert answer["Location"] == "/recommendations/?q=a"
    assert User.objects.get(pk=viewer.pk).theme == "dark"
    assert 'data-theme="dark"' in viewer_client.get("/recommendations/").content.decode()
    viewer_client.post("/sign-out/")
    assert 'data-theme="dark"' in viewer_client.get("/sign-in/").content.decode()


def test_a_density_is_kept_with_the_user(viewer_client: Client) -> None:
    viewer_client.post("/account/density/", {"density": "compact", "next": "/recommendations/"})
    assert 'data-density="compact"' in viewer_client.get("/recommendations/").content.decode()


@pytest.mark.parametrize("address", ["/account/theme/", "/account/density/"])
def test_an_unknown_choice_is_refused(viewer_client: Client, address: str) -> None:
    assert viewer_client.post(address, {"theme": "pink", "density": "tight"}).status_code == 400


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example", ""])
def test_a_form_never_sends_its_user_away(viewer_client: Client, address: str) -> None:
    target = viewer_client.post("/account/theme/", {"theme": "light", "next": address})["Location"]
    assert target.startswith("/")
    assert not target.startswith(("//", "/\\"))


def test_an_account_is_locked_after_failed_sign_ins(client: Client, viewer: User) -> None:
    for _ in range(8):
        answer = client.post("/sign-in/", {"username": viewer.username, "password": "wrong"})
    assert answer.status_code == 429
    assert "Locked for a while" in answer.content.decode()
    assert client.post("/sign-in/", {"username": viewer.username, "password": PASSWORD}).status_code == 429


def test_signing_out_takes_a_post(viewer_client: Client) -> None:
    assert viewer_client.get("/sign-out/").status_code == 405
    viewer_client.post("/sign-out/")
    assert viewer_client.get("/recommendations/").status_code == 302


def test_no_page_carries_inline_style_or_script(viewer_client: Client) -> None:
    for address in ("/recommendations/", "/account/password/", "/sign-in/", "/nothing/"):
        text = viewer_client.get(address).content.decode()
        assert " style=" not in text
        assert "<style" not in text
        assert " onclick=" not in text
