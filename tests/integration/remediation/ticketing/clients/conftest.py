"""Clients that are not patient, and know no token of another test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from remediation.ticketing import http, tokens
from tests.integration.remediation.ticketing.clients.sides import NAMES, Side, side


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "SECONDS", 0.6)
    tokens.forget()


@pytest.fixture(params=NAMES)
def there(request: pytest.FixtureRequest) -> Iterator[Side]:
    """Each system in turn."""
    with side(request.param) as made:
        yield made
