"""A scratch database is empty, leaves the portal's data alone, and is gone afterwards, whatever happens inside."""

from __future__ import annotations

import os

import psycopg
import pytest
from django.db import connection

from core.models import User
from core.scratch import NoScratchDatabase, scratch_database

pytestmark = pytest.mark.django_db(transaction=True)


def databases() -> list[str]:
    """Scratch databases of this test database; other workers on the same server have theirs."""
    own = f"{os.environ.get('PYTEST_XDIST_WORKER', '')}_scratch_"
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE strpos(datname, %s) > 0", [own])
        return sorted(name for (name,) in cursor.fetchall())


def test_what_happens_inside_stays_inside() -> None:
    User.objects.create_user("outside")
    before = databases()
    with scratch_database() as name:
        assert name in databases()
        assert not User.objects.exists()
        User.objects.create_user("inside")
    assert list(User.objects.values_list("username", flat=True)) == ["outside"]
    assert databases() == before


def test_a_failure_inside_leaves_no_database_behind() -> None:
    before = databases()
    with pytest.raises(User.DoesNotExist), scratch_database():
        User.objects.get(username="nobody")
    assert databases() == before
    assert not User.objects.exists()


def test_what_a_killed_command_left_is_dropped_and_what_another_one_uses_is_not() -> None:
    prefix = f"{str(connection.settings_dict['NAME'])[:40]}_scratch_"
    abandoned, used = f"{prefix}1_dead", f"{prefix}2_used"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{abandoned}"')
        cursor.execute(f'CREATE DATABASE "{used}"')
    parameters = connection.get_connection_params()
    with psycopg.connect(**{name: parameters[name] for name in ("dbname", "host", "user") if name in parameters}) as other:
        other.execute("SELECT pg_advisory_lock(hashtext(%s))", [used])
        with scratch_database():
            assert abandoned not in databases()
            assert used in databases()
    with scratch_database():
        assert used not in databases()


def test_a_role_that_may_make_no_database_is_told_so() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE scratch_reader LOGIN")
    user = connection.settings_dict["USER"]
    connection.close()
    connection.settings_dict["USER"] = "scratch_reader"
    try:
        with pytest.raises(NoScratchDatabase, match="could not be made"), scratch_database():
            pass
    finally:
        connection.close()
        connection.settings_dict["USER"] = user
        with connection.cursor() as cursor:
            cursor.execute("DROP ROLE scratch_reader")
