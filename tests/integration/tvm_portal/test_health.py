"""Liveness and readiness."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from recommendations.models import Run


def test_alive_without_a_database(client: Client) -> None:
    """No database mark: a query would fail the test."""
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_ready_before_the_first_run(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"status": "ready", "database": "ok", "broker": "ok", "data_age_seconds": None, "full_run_age_seconds": None}


@pytest.mark.django_db
def test_ready_with_the_age_of_the_newest_finished_run(client: Client) -> None:
    now = timezone.now()
    for hours in (30, 2):
        Run.objects.create(kind=Run.Kind.FULL, started_at=now, finished_at=now - dt.timedelta(hours=hours))
    Run.objects.create(kind=Run.Kind.FULL, started_at=now)
    assert 7200 <= client.get("/readyz").json()["data_age_seconds"] < 7260


@pytest.mark.django_db
def test_not_ready_without_a_broker(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nowhere/valkey.sock"
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["broker"] == "unreachable"
