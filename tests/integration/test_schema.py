"""The schema as migrated."""

import pytest
from django.core.management import call_command
from django.db import connection

pytestmark = pytest.mark.django_db


def test_models_and_migrations_agree() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


@pytest.mark.parametrize("table", ["inventory_installation", "inventory_configurationresult", "recommendations_exposure"])
def test_tables_that_grow_with_machines_are_partitioned_by_machine(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_partkeydef(%s::regclass)", [table])
        assert cursor.fetchone()[0] == "HASH (machine_id)"
