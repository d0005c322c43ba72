"""A database of its own for work that must not touch the portal's data: made beside the configured one, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from typing import Any, cast

import psycopg
from django.core.management import call_command
from django.db import connection
from psycopg import sql

_MARK = "_scratch_"


class NoScratchDatabase(Exception):
    """The database server does not let the portal make another database. The message is a sentence."""


@contextlib.contextmanager
def scratch_database() -> Iterator[str]:
    """Everything inside uses a new, migrated and otherwise empty database of the configured server; yields its name.

    Only for commands: it changes where this process's one connection leads. One that a killed command left behind is
    dropped by the next, which knows it by the lock that nobody holds. Raises NoScratchDatabase.
    """
    configured = str(connection.settings_dict["NAME"])
    name = f"{configured[:40]}{_MARK}{os.getpid()}_{secrets.token_hex(4)}"
    with _keeper() as keeper:
        _drop_abandoned(keeper, configured)
        keeper.execute("SELECT pg_advisory_lock(hashtext(%s))", [name])
        try:
            keeper.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        except psycopg.Error as error:
            raise NoScratchDatabase(f"A scratch database could not be made beside {configured}: {error}".strip()) from error
        try:
            _lead_to(name)
            call_command("migrate", verbosity=0, interactive=False)
            yield name
        finally:
            _lead_to(configured)
            _drop(keeper, name)


@contextlib.contextmanager
def _keeper() -> Iterator[psycopg.Connection[Any]]:
    """A connection to the configured database, outside Django's, that makes, locks and drops."""
    parameters = {name: value for name, value in connection.get_connection_params().items() if name in _ADDRESS and value is not None}
    with psycopg.connect(**parameters, autocommit=True) as keeper:
        yield keeper


_ADDRESS = frozenset({"dbname", "user", "password", "host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "service", "passfile"})


def _lead_to(name: str) -> None:
    connection.close()
    cast("Any", connection).close_pool()
    connection.settings_dict["NAME"] = name


def _drop_abandoned(keeper: psycopg.Connection[Any], configured: str) -> None:
    """Those whose maker is gone: its lock, which a connection holds, is free."""
    mine = "SELECT datname FROM pg_database WHERE starts_with(datname, %s) AND pg_get_userbyid(datdba) = current_user"
    for (name,) in keeper.execute(mine, [f"{configured[:40]}{_MARK}"]).fetchall():
        taken = keeper.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [name]).fetchone()
        if taken and taken[0]:
            _drop(keeper, name)
            keeper.execute("SELECT pg_advisory_unlock(hashtext(%s))", [name])


def _drop(keeper: psycopg.Connection[Any], name: str) -> None:
    keeper.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
