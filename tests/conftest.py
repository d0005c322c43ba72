"""What every test may ask for: personas, the public data, a portal folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client
from pytest_django import DjangoDbBlocker

from core.built_in_roles import CURATOR, SECURITY, VIEWER, built_in
from core.models import RoleBinding, User

PASSWORD = "only-in-tests-7f3a"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not os.environ.get("TVM_DATA"):
        for item in items:
            if item.get_closest_marker("feeds"):
                item.add_marker(pytest.mark.skip(reason="TVM_DATA does not point to the public vulnerability data"))


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Ends what threads of a test server left open, or the test database could not be dropped."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:  # tests with transactions end by emptying every table
        cursor.execute("ALTER TABLE core_auditevent DISABLE TRIGGER the_audit_log_is_not_emptied")
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> None:
    """The real hasher takes a tenth of a second by design, for every user of every test."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    """What pages keep for a while was said of the rows of another test."""
    cache.clear()


@pytest.fixture(scope="session")
def tvm_data() -> Path:
    """The folder of public vulnerability data, for tests marked `feeds`."""
    return Path(os.environ["TVM_DATA"])


@pytest.fixture
def viewer(db: None) -> User:
    """Sees everything, changes nothing."""
    return make_user("viewer", VIEWER)


@pytest.fixture
def curator(db: None) -> User:
    """Security admin and data curator: may do everything but administer and read the audit log."""
    return make_user("curator", SECURITY, CURATOR)


@pytest.fixture
def superuser(db: None) -> User:
    return User.objects.create_superuser("superuser", password=PASSWORD)


@pytest.fixture
def viewer_client(viewer: User) -> Client:
    return _client(viewer)


@pytest.fixture
def curator_client(curator: User) -> Client:
    return _client(curator)


@pytest.fixture
def superuser_client(superuser: User) -> Client:
    return _client(superuser)


def make_user(name: str, *roles: str, groups: list[int] | None = None) -> User:
    """A user with built-in roles (their keys), for some machine groups or for all."""
    user = User.objects.create_user(name, password=PASSWORD)
    give(user, *roles, groups=groups)
    return user


def give(user: User, *roles: str, groups: list[int] | None = None) -> None:
    """Built-in roles (their keys), for some machine groups or for all."""
    for key in roles:
        RoleBinding.objects.create(role=built_in(key), user=user, machine_groups=groups)


def _client(user: User) -> Client:
    return client_of(user)


def client_of(user: User) -> Client:
    """A browser in which the user is signed in."""
    client = Client()
    client.force_login(user, backend="core.backend.RoleBackend")
    return client
