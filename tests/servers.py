"""Starts a private PostgreSQL and Valkey before Django reads its settings (a pytest plugin).

Servers of your own are used where DATABASE_URL and REDIS_URL are set.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests() -> None:
    os.environ.setdefault("SECRET_KEY", "tests-only-" + "0" * 32)
    os.environ.setdefault("ALLOWED_HOSTS", "localhost,127.0.0.1,testserver")
    os.environ.setdefault("DATABASE_POOL", "false")
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    os.environ["KEY_PREFIX"] = f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-{os.getpid()}"
    if "DATABASE_URL" in os.environ and "REDIS_URL" in os.environ:
        return
    from core.embedded import Postgres, Valkey

    home = Path(tempfile.mkdtemp(prefix="tvm-test-"))
    postgres, valkey = Postgres(home, fast=True), Valkey(home, durable=False)

    def stop() -> None:
        valkey.stop()
        postgres.stop()
        shutil.rmtree(home, ignore_errors=True)

    atexit.register(stop)
    os.environ.setdefault("DATABASE_URL", postgres.start("portal"))
    os.environ.setdefault("REDIS_URL", valkey.start())
