"""Every form leaves a trace in the audit log, or a reason why not."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory

from core.admin import Audited
from core.models import User
from tests.architecture.access import ACCESS, CVE, METHOD, RECOMMENDATION, SOFTWARE
from tests.architecture.audited import ADMIN_EXCUSED, AUDITED, EXCUSED
from tests.architecture.test_access import _filled, _status
from tests.architecture.world import make_rows

ROOT = Path(__file__).resolve().parents[2]
APPS = ("core", "inventory", "weaknesses", "recommendations", "remediation", "exceptions", "tvm_portal")
SOURCE = "\n".join(path.read_text() for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)

REGISTERED: list[Any] = sorted(admin.site._registry, key=lambda model: str(model._meta.label))


@pytest.mark.django_db
def test_every_address_that_takes_a_form_says_what_it_records(superuser: User) -> None:
    machine = make_rows(recommendation=RECOMMENDATION, software=SOFTWARE, cve=CVE)
    taking = set()
    for address in ACCESS:
        client = Client(raise_request_exception=False)
        client.force_login(superuser)
        if _status(client.post(_filled(address, machine))) != METHOD:
            taking.add(address)
    assert taking == set(AUDITED) | set(EXCUSED)
    assert not set(AUDITED) & set(EXCUSED)


@pytest.mark.parametrize("action", sorted({action for actions in AUDITED.values() for action in actions}))
def test_what_is_said_to_be_recorded_is_in_the_code(action: str) -> None:
    assert re.search(rf"""["']{re.escape(action)}["']""", SOURCE)


@pytest.mark.django_db
@pytest.mark.parametrize("model", REGISTERED, ids=[model._meta.label for model in REGISTERED])
def test_every_page_of_the_curation_site_that_changes_something_is_audited(model: Any, superuser: User) -> None:
    page = admin.site._registry[model]
    request = RequestFactory().get("/admin/")
    request.user = superuser
    changing = page.has_add_permission(request) or page.has_change_permission(request) or page.has_delete_permission(request)
    own = [name for name in page.get_actions(request) if name != "delete_selected"]
    if not changing and not own:
        return
    source = inspect.getsource(type(page))
    records = isinstance(page, Audited) or "audit.record" in source or "actions." in source or "agents." in source or "tokens." in source
    assert records or model._meta.label in ADMIN_EXCUSED
