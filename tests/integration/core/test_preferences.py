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


def test_a_rail_is_collapsed_by_the_server_and_remembered(viewer_client: Client) -> None:
    assert "data-rail=" not in viewer_client.get("/help/").content.decode().split(">")[1]
    answer = viewer_client.post("/account/rail/", {"rail": "icons", "next": "/help/"})
    assert answer["Location"] == "/help/"
    assert (
        '<html lang="en" data-density="comfortable" data-shortcuts="pages" data-rail="icons">'
        in viewer_client.get("/help/").content.decode()
    )
    assert viewer_client.post("/account/rail/", {"rail": "labels"}, headers={"HX-Request": "true"}).status_code == 204
    assert 'data-rail="icons"' not in viewer_client.get("/help/").content.decode()
    assert viewer_client.post("/account/rail/", {"rail": "wide"}).status_code == 400


def test_settings_are_saved_together(viewer_client: Client, viewer: User) -> None:
    chosen = {"time_zone": "Asia/Kolkata", "theme": "dark", "density": "compact", "shortcuts": "off"}
    assert viewer_client.post("/account/", chosen).status_code == 302
    page = viewer_client.get("/account/").content.decode()
    assert 'data-theme="dark"' in page
    assert 'data-density="compact" data-shortcuts="off"' in page
    assert " IST where you are set to be" in page
    assert User.objects.get(pk=viewer.pk).time_zone == "Asia/Kolkata"


def test_settings_that_do_not_exist_are_refused_in_words(viewer_client: Client, viewer: User) -> None:
    answer = viewer_client.post("/account/", {"time_zone": "Mars/Olympus", "theme": "dark", "density": "compact", "shortcuts": "off"})
    assert answer.status_code == 422
    assert "Mars/Olympus is not one of the available choices" in answer.content.decode()
    assert User.objects.get(pk=viewer.pk).theme == "system"


def test_nobody_changes_another_or_what_is_not_offered(viewer_client: Client, viewer: User, curator: User) -> None:
    viewer_client.post(
        "/account/", {"time_zone": "", "theme": "light", "density": "compact", "shortcuts": "off", "is_staff": "on", "pk": curator.pk}
    )
    assert not User.objects.get(pk=viewer.pk).is_staff
    assert User.objects.get(pk=curator.pk).theme == "system"


@pytest.mark.parametrize(
    ("cookie", "own", "zone"),
    [
        ("America/New_York", "", "E"),
        ("America/New_York", "Asia/Kolkata", "IST"),
        ("", "Asia/Kolkata", "IST"),
        ("../../etc/passwd", "", "UTC"),
        ("Mars/Olympus", "Mars/Olympus", "UTC"),
        ("", "", "UTC"),
    ],
)
def test_times_are_in_the_users_zone_else_in_the_browsers(cookie: str, own: str, zone: str, viewer_client: Client, viewer: User) -> None:
    User.objects.filter(pk=viewer.pk).update(time_zone=own)
    if cookie:
        viewer_client.cookies["zone"] = cookie
    shown = viewer_client.get("/account/").content.decode().split("It is ")[1].split(" where")[0]
    assert shown.split()[-1].startswith(zone)


def test_help_names_only_what_is_there(viewer_client: Client) -> None:
    page = viewer_client.get("/help/").content.decode()
    assert "manage.py ingest" in page
    assert "http://testserver/api/ingest/FORMAT" in page
    panel = viewer_client.get("/help/", headers={"HX-Request": "true", "HX-Target": "panel"}).content.decode()
    assert "<html" not in panel
    assert "Keyboard shortcuts" in panel
