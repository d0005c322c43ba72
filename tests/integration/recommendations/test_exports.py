"""Exports as the database sees them: one cursor in one transaction, gone with the client."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from inventory.models import Machine
from tests.conftest import PASSWORD, client_of
from tests.populations import NOW, populate

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client() -> Client:
    from core.models import User

    made = populate(machines=6, software=2, weaknesses=1, checks=1)
    Machine.objects.bulk_create(
        Machine(external_id=f"e{number}", name=f"e{number:05}", group=made.groups[0], first_seen=NOW, last_seen=NOW)
        for number in range(1300)
    )
    return client_of(User.objects.create_superuser("exporter", password=PASSWORD))


def cursors() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_cursors WHERE NOT is_holdable")
        return int(cursor.fetchone()[0])


def is_open() -> bool:
    return connection.in_atomic_block


def test_a_client_that_goes_away_frees_cursor_and_transaction(client: Client) -> None:
    answer = client.get("/machines/export.csv?state=any&sort=name")
    parts = iter(answer.streaming_content)  # type: ignore[attr-defined]
    assert next(parts).startswith("\ufeffMachine,".encode()), "the header does not wait for the first row"
    next(parts)
    assert is_open()
    assert cursors() == 1
    answer.close()
    assert not is_open()
    assert cursors() == 0


def test_a_whole_export_leaves_nothing_open(client: Client) -> None:
    answer = client.get("/machines/export.csv?state=any&sort=name")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert text.count("\r\n") == 1 + Machine.objects.count()
    answer.close()
    assert not is_open()
    assert cursors() == 0
