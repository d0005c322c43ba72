"""What a web process does before its first visitor."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Iterator

import pytest
from django.conf import settings

from core.warming import warm


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_every_template_is_loaded_and_left_to_no_collector() -> None:
    assert warm() == len(list((settings.BASE_DIR / "templates").rglob("*.html")))
    assert gc.get_freeze_count() > 10_000


def test_the_web_process_starts_warm() -> None:
    assert importlib.reload(importlib.import_module("tvm_portal.wsgi")).application
    assert gc.get_freeze_count() > 10_000
