"""Curation in the admin: every page opens, decisions go through the audited actions, statements are read only."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from core.models import AuditEvent, User
from inventory.models import IngestRun, Machine, MachineGroup, Software, SoftwareAlias
from tests.integration.inventory.reports import DEBIAN, debs, log, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ann"))
    return client


@pytest.fixture(autouse=True)
def machine() -> Machine:
    send(log(DEBIAN, debs(("git", "2.1")), host="web01", name="web01") + b"\n{broken")
    return Machine.objects.get()


@pytest.mark.parametrize("model", ["softwarealias", "software", "machinegroup", "machine", "configuration", "alert", "ingestrun"])
def test_every_list_opens_and_searches(client: Client, model: str) -> None:
    assert client.get(f"/admin/inventory/{model}/", {"q": "web"}).status_code == 200


def test_every_form_opens(client: Client, machine: Machine) -> None:
    for item in (machine, SoftwareAlias.objects.all()[0], Software.objects.get(key="debian-_-git"), machine.group, IngestRun.objects.get()):
        page = client.get(f"/admin/inventory/{type(item).__name__.lower()}/{item.pk}/change/")
        assert page.status_code == 200, item
    assert "line 3" in client.get(f"/admin/inventory/ingestrun/{IngestRun.objects.get().pk}/change/").content.decode()


def test_decisions_about_a_machine_are_audited_actions(client: Client, machine: Machine) -> None:
    answer = client.post(
        f"/admin/inventory/machine/{machine.pk}/change/", {"value": "2", "internet_facing": "on", "tags": "prod,eu", "name": "other"}
    )
    assert answer.status_code == 302
    stored = Machine.objects.get()
    assert (stored.value, stored.internet_facing, stored.tags, stored.name) == (2, True, ["prod", "eu"], "web01")
    actions = set(AuditEvent.objects.values_list("actor", "action"))
    assert actions == {("ann", "machine.set_value"), ("ann", "machine.set_internet_facing"), ("ann", "machine.tag")}


def test_machines_are_decided_about_in_bulk(client: Client, machine: Machine) -> None:
    client.post("/admin/inventory/machine/", {"action": "make_low", "_selected_action": [machine.pk]})
    client.post("/admin/inventory/machine/", {"action": "leave_out", "_selected_action": [machine.pk]})
    stored = Machine.objects.get()
    assert (stored.value, stored.excluded) == (0, True)


def test_a_group_takes_its_machines_when_saved_and_gives_them_back_when_deleted(client: Client) -> None:
    form = {"name": "Web", "rank": "1", "rule": json.dumps([{"field": "name", "operator": "starts", "value": "web"}])}
    assert client.post("/admin/inventory/machinegroup/add/", form).status_code == 302
    group = MachineGroup.objects.get(name="Web")
    assert Machine.objects.get().group == group
    assert client.post(f"/admin/inventory/machinegroup/{group.pk}/delete/", {"post": "yes"}).status_code == 302
    assert Machine.objects.get().group.is_default


@pytest.mark.parametrize("rule", ["7", '[{"field": "x"}]', '[{"field": "name", "operator": "starts", "value": ""}]'])
def test_a_wrong_rule_is_explained(client: Client, rule: str) -> None:
    page = client.post("/admin/inventory/machinegroup/add/", {"name": "Web", "rank": "1", "rule": rule})
    assert page.status_code == 200
    assert page.context["adminform"].form.errors["rule"]


def test_an_alias_of_a_curator_is_no_longer_the_shipped_one(client: Client) -> None:
    alias = SoftwareAlias.objects.get(name_pattern="google chrome")
    form: dict[str, Any] = {
        "order": 1, "match": "regex", "name_pattern": "(", "key": alias.key, "name": "Chrome browser", "vendor": "Google",
        "product_keys": "cpe:a:google:chrome",
    }  # fmt: skip
    page = client.post(f"/admin/inventory/softwarealias/{alias.pk}/change/", form)
    assert page.context["adminform"].form.errors["name_pattern"]
    assert client.post(f"/admin/inventory/softwarealias/{alias.pk}/change/", {**form, "name_pattern": "^google chrome"}).status_code == 302
    alias.refresh_from_db()
    assert (alias.shipped, alias.name) == (False, "Chrome browser")


def test_what_reports_state_is_not_edited(client: Client, machine: Machine) -> None:
    software = Software.objects.get(key="debian-_-git")
    assert client.post(f"/admin/inventory/software/{software.pk}/change/", {"name": "x"}).status_code == 403
    assert client.post(f"/admin/inventory/machine/{machine.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.get("/admin/inventory/machine/add/").status_code == 403
