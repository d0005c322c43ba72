"""The first start: what is loaded, what is left alone, and what an interruption leaves."""

from __future__ import annotations

from io import StringIO

import pytest
from django.utils import timezone

from core.models import AuditEvent, User
from tvm_portal.management.commands import prepare

pytestmark = pytest.mark.django_db


def _note(step: str) -> None:
    prepare._note("starter", step, timezone.now())


def test_an_empty_database_gets_a_part_and_one_with_data_does_not() -> None:
    assert prepare._wanted("starter", present=False)
    assert not prepare._wanted("starter", present=True)


def test_an_interrupted_part_is_loaded_again_over_what_it_left() -> None:
    _note("begun")
    assert prepare._wanted("starter", present=True)


@pytest.mark.parametrize("end", ["done", "declined"])
def test_a_part_is_loaded_once(end: str) -> None:
    _note("begun")
    _note(end)
    assert not prepare._wanted("starter", present=False)


def test_the_first_user_gets_a_generated_password_that_is_printed_and_works() -> None:
    out = StringIO()
    prepare.Command(stdout=out)._make_admin(timezone.now())
    password = out.getvalue().split("password ")[1].split()[0]
    user = User.objects.get()
    assert (user.username, user.is_superuser) == ("admin", True)
    assert len(password) >= 16
    assert user.check_password(password)
    assert AuditEvent.objects.filter(object_type="first start", object_id="admin").exists()


def test_a_given_password_is_used_not_printed_and_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_ADMIN_PASSWORD", "short-one")
    out = StringIO()
    prepare.Command(stdout=out)._make_admin(timezone.now())
    assert User.objects.get().check_password("short-one")
    assert "short-one" not in out.getvalue()
    assert "That password is weak: " in out.getvalue()
