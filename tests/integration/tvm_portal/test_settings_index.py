"""The page of settings leads nobody to a page that refuses them."""

from __future__ import annotations

import pytest

from core.built_in_roles import AUDITOR, CURATOR, SECURITY, VIEWER
from inventory.actions import default_group
from tests.conftest import client_of, make_user
from tests.integration.pages import links

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", [VIEWER, SECURITY, CURATOR, AUDITOR])
@pytest.mark.parametrize("everywhere", [True, False])
def test_every_link_leads_somewhere(role: str, everywhere: bool) -> None:
    client = client_of(make_user("somebody", role, groups=None if everywhere else [default_group().pk]))
    found = {address for address in links(client.get("/settings/")) if address.startswith(("/settings/", "/admin/"))}
    assert found
    assert {address: client.get(address).status_code for address in found} == dict.fromkeys(found, 200)


def test_the_status_of_the_whole_portal_is_for_who_sets_all_of_it() -> None:
    some, everything = (
        client_of(make_user(name, SECURITY, groups=groups)) for name, groups in (("some", [default_group().pk]), ("all", None))
    )
    for address in ("/settings/status/", "/settings/status/workers/"):
        assert some.get(address).status_code == 403
    assert "/settings/status/" not in links(some.get("/settings/"))
    assert "/settings/status/" in links(everything.get("/settings/"))
