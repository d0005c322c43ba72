"""What a visitor gets from an installation on which nothing was switched on or off."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.test import Client, RequestFactory

from core.models import User

pytestmark = pytest.mark.django_db


def test_no_debug_and_no_wildcard_host() -> None:
    assert settings.DEBUG is False
    assert "*" not in settings.ALLOWED_HOSTS


def test_an_unknown_host_is_refused() -> None:
    assert Client(headers={"host": "evil.example.net"}).get("/healthz").status_code == 400


def test_a_new_database_has_no_account_to_sign_in_with() -> None:
    assert not User.objects.exists()
    assert authenticate(RequestFactory().post("/"), username="admin", password="admin") is None


def test_every_page_carries_the_strict_policy() -> None:
    response = Client().get("/sign-in/")
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"


def test_an_account_is_locked_after_repeated_failures() -> None:
    User.objects.create_user("known", password="the-right-one-9d2")
    for _ in range(settings.AXES_FAILURE_LIMIT):
        response = Client().post("/sign-in/", {"username": "known", "password": "wrong"})
    assert response.status_code in {403, 429}
    assert Client().post("/sign-in/", {"username": "known", "password": "the-right-one-9d2"}).status_code in {403, 429}
