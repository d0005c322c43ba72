"""Brings a database to a state in which the portal is worth opening. Safe to run at every start."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from core.models import AuditEvent, User
from inventory.actions import load_aliases
from inventory.models import Machine
from tvm_portal import env
from weaknesses.models import Weakness

ADMIN = "admin"
MACHINES, DAYS = 500, 60


class Command(BaseCommand):
    help = "Applies migrations; on the first start loads the starter intelligence and the demo fleet and makes the first user."

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        self._say("Applying migrations ...")
        call_command("migrate", interactive=False, verbosity=0)
        load_aliases(now=now)
        if _wanted("starter", present=Weakness.objects.exists()):
            self._load_starter(now)
        if _wanted("demo", present=Machine.objects.exists()):
            self._load_demo(now)
        if not User.objects.filter(is_active=True).exists():
            self._make_admin(now)

    def _load_starter(self, now: dt.datetime) -> None:
        from weaknesses import starter

        self._say("Loading the starter intelligence ...")
        _note("starter", "begun", now)
        starter.load(now=now)
        _note("starter", "done", now)

    def _load_demo(self, now: dt.datetime) -> None:
        if not env.read("PORTAL_DEMO"):
            self._say("No demo fleet, as PORTAL_DEMO says; manage.py demo makes one later.")
            _note("demo", "declined", now)
            return
        self._say(f"Building the demo fleet: {MACHINES} machines, {DAYS} days of history ...")
        _note("demo", "begun", now)
        call_command("demo", machines=MACHINES, days=DAYS, stdout=self.stdout)
        _note("demo", "done", now)

    def _make_admin(self, now: dt.datetime) -> None:
        """Last of all and printed at once, so that an interrupted start cannot swallow a generated password."""
        given = env.read("PORTAL_ADMIN_PASSWORD")
        password = given or secrets.token_urlsafe(12)
        with transaction.atomic():
            user = User.objects.create_superuser(username=ADMIN, password=password)
            _note("admin", "done", now)
        if given:
            self._say(f"Sign in as {ADMIN} with the password from PORTAL_ADMIN_PASSWORD.")
            self._warn_if_weak(given, user)
        else:
            self._say(f"Sign in as {ADMIN} with the password {password}  (shown this once; manage.py changepassword {ADMIN} sets another)")

    def _warn_if_weak(self, password: str, user: User) -> None:
        try:
            password_validation.validate_password(password, user)
        except ValidationError as error:
            self._say(f"That password is weak: {' '.join(error.messages)} Change it before others can reach the portal.")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _wanted(part: str, *, present: bool) -> bool:
    """Whether to load a part: not when done before, and not over data that came from elsewhere.

    One that was begun and interrupted is loaded again, on top of what it left.
    """
    steps = set(AuditEvent.objects.filter(object_type="first start", object_id=part).values_list("action", flat=True))
    if steps & {"done", "declined"}:
        return False
    return "begun" in steps or not present


def _note(part: str, step: str, now: dt.datetime) -> None:
    AuditEvent.objects.create(at=now, actor="portal", action=step, object_type="first start", object_id=part)
