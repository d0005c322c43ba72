"""Two workers that match at the same time."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from inventory.models import Version
from tests.integration.weaknesses.world import NOW, affected, cves, version
from weaknesses.actions import match_versions

pytestmark = pytest.mark.django_db(transaction=True)

CHROME = "cpe:a:google:chrome"


@pytest.fixture
def found() -> Version:
    affected("CVE-2024-0001", product=CHROME, end="120")
    return version("google-_-chrome", "100", product=CHROME)


@pytest.fixture
def other(found: Version) -> Iterator[psycopg.Connection]:
    """Another worker, which has taken the version."""
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as worker:
        worker.execute("SELECT id FROM inventory_version WHERE id = %s FOR UPDATE", [found.pk])
        yield worker


def test_what_another_worker_is_matching_is_passed_over(found: Version, other: psycopg.Connection) -> None:
    assert match_versions(now=NOW).versions == 0
    assert cves(found) == []


def test_what_is_matched_for_a_full_run_waits_for_the_other_worker(found: Version, other: psycopg.Connection) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '300ms'")
        with pytest.raises(OperationalError, match="lock timeout"), transaction.atomic():
            match_versions(now=NOW, relink=True)
    other.rollback()
    assert match_versions(now=NOW, relink=True).versions == 1
    assert cves(found) == ["CVE-2024-0001"]


def test_what_the_other_worker_matched_is_not_matched_again(found: Version, other: psycopg.Connection) -> None:
    done = threading.Event()

    def finish() -> None:
        done.set()
        other.commit()

    other.execute("UPDATE inventory_version SET matched_at = now() WHERE id = %s", [found.pk])
    later = threading.Timer(0.3, finish)
    later.start()
    outcome = match_versions(now=NOW, relink=True)
    assert done.is_set()
    later.join()
    assert outcome.versions == 0
