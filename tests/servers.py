"""Starts a private PostgreSQL and Valkey before Django reads its settings (a pytest plugin).

Servers of your own are used where DATABASE_URL and REDIS_URL are set. Workers of a spread run
inherit the PostgreSQL of their controller and make a database each; Valkey they start each for
themselves, as a test that empties the cache empties it for everybody.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

OWN_VALKEY = "TVM_TESTS_OWN_VALKEY"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    _set_settings()
    if os.environ.get(OWN_VALKEY):
        os.environ.pop("REDIS_URL", None)
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        return
    from core.embedded import Postgres, Valkey

    home = Path(tempfile.mkdtemp(prefix="tvm-test-"))
    postgres, valkey = Postgres(home, fast=True), Valkey(home, durable=False)

    def stop() -> None:
        valkey.stop()
        postgres.stop()
        shutil.rmtree(home, ignore_errors=True)

    atexit.register(stop)
    if not os.environ.get("DATABASE_URL"):
        os.environ["DATABASE_URL"] = postgres.start("portal")
    if not os.environ.get("REDIS_URL"):
        os.environ["REDIS_URL"], os.environ[OWN_VALKEY] = valkey.start(), "1"


def _set_settings() -> None:
    """The same in every run, whatever the terminal's environment holds."""
    os.environ["SECRET_KEY"] = "tests-only-" + "0" * 32
    os.environ["ALLOWED_HOSTS"] = "localhost,127.0.0.1,testserver"
    os.environ["DATABASE_POOL"] = "false"
    os.environ["KEY_PREFIX"] = f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-{os.getpid()}"
    for name in ("DEBUG", "HTTPS", "CSRF_TRUSTED_ORIGINS", "PORT", "PORTAL_DATA", "PORTAL_ADMIN_PASSWORD", "PORTAL_DEMO"):
        os.environ.pop(name, None)
    # Playwright runs an event loop in the thread that also talks to the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
