"""Every address x every persona gives the expected status."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from core.built_in_roles import ADMINISTRATOR, AUDITOR, IT, VIEWER
from core.models import User
from inventory.models import MachineGroup
from recommendations.models import Recommendation
from tests.architecture.access import (
    ACCESS,
    ADMIN_OPEN,
    CVE,
    METHOD,
    OUTSIDE,
    POSTS,
    RECOMMENDATION,
    SAMPLES,
    SOFTWARE,
    TOKEN_ONLY,
    Access,
)
from tests.architecture.world import make_rows
from tests.conftest import client_of, make_user

PERSONAS = ("anonymous", "nobody", "viewer", "it_admin", "curator", "auditor", "administrator", "superuser")
ARGUMENT = re.compile(r"<(?:\w+:)?(\w+)>")


def _addresses(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _addresses(pattern.url_patterns, route)
        else:
            yield route


def _every_address() -> list[str]:
    return sorted(set(_addresses(get_resolver().url_patterns)))


def _portal_addresses() -> list[str]:
    return [address for address in _every_address() if not address.startswith("admin/")]


@pytest.fixture
def clients(viewer_client: Client, curator_client: Client, superuser_client: Client) -> dict[str, Client]:
    named = {"anonymous": Client(), "viewer": viewer_client, "curator": curator_client, "superuser": superuser_client}
    others = {"nobody": (), "it_admin": (IT,), "auditor": (AUDITOR,), "administrator": (ADMINISTRATOR,)}
    return named | {name: client_of(make_user(name, *roles)) for name, roles in others.items()}


def _filled(address: str, machine: int) -> str:
    samples = next((samples for start, samples in SAMPLES.items() if address.startswith(start)), {})

    def value(match: re.Match[str]) -> str:
        name = match[1]
        assert name in samples, f"{address}: say in SAMPLES what <{name}> is"
        return str(machine if samples[name] == "MACHINE" else samples[name])

    return "/" + ARGUMENT.sub(value, address)


def _status(response: HttpResponseBase) -> int:
    return response.status_code


def test_every_address_has_an_expectation() -> None:
    assert set(_portal_addresses()) == set(ACCESS)


@pytest.mark.django_db
@pytest.mark.parametrize("address", sorted(ACCESS))
def test_each_persona_gets_the_expected_status(address: str, clients: dict[str, Client]) -> None:
    machine = make_rows(recommendation=RECOMMENDATION, software=SOFTWARE, cve=CVE)
    assert Recommendation.objects.count() == 1
    path = _filled(address, machine)
    expected = _expected(ACCESS[address])
    assert {persona: _status(clients[persona].get(path)) for persona in expected} == expected


@pytest.mark.django_db
@pytest.mark.parametrize("address", sorted(ACCESS))
def test_machines_of_other_groups_do_not_exist_for_who_may_not_see_them(address: str) -> None:
    machine = make_rows(recommendation=RECOMMENDATION, software=SOFTWARE, cve=CVE)
    other = MachineGroup.objects.create(name="Elsewhere", rank=1)
    client = client_of(make_user("elsewhere", VIEWER, groups=[other.pk]))
    assert _status(client.get(_filled(address, machine))) == OUTSIDE.get(address, ACCESS[address].viewer)


def _expected(access: Access) -> dict[str, int]:
    return {persona: status for persona in PERSONAS if (status := access.of(persona)) is not None}


def test_every_address_that_only_takes_posts_has_an_expectation_for_them() -> None:
    assert set(POSTS) == {address for address, access in ACCESS.items() if access.superuser == METHOD}


@pytest.mark.django_db
@pytest.mark.parametrize("address", sorted(POSTS))
def test_each_persona_may_post_what_is_expected(address: str, clients: dict[str, Client]) -> None:
    path = _filled(address, make_rows(recommendation=RECOMMENDATION, software=SOFTWARE, cve=CVE))
    expected = _expected(POSTS[address])
    for persona, status in expected.items():
        assert _status(clients[persona].post(path)) == status, persona


@pytest.mark.django_db
@pytest.mark.parametrize("address", sorted(set(POSTS) - TOKEN_ONLY))
def test_a_post_from_another_site_is_refused(address: str, superuser: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(superuser)
    assert _status(client.post(_filled(address, 1))) == 403


@pytest.mark.django_db
def test_only_staff_get_past_the_sign_in_page_of_the_admin_site(clients: dict[str, Client]) -> None:
    plain = [address for address in _every_address() if address.startswith("admin/") and "<" not in address and "(?P" not in address]
    assert len(plain) > 10
    for address in set(plain) - ADMIN_OPEN:
        for persona in ("anonymous", "viewer"):
            assert _status(clients[persona].get(f"/{address}")) in {302, 404}, f"{persona} at {address}"
        assert _status(clients["superuser"].get(f"/{address}")) in {200, 302, 403, 404, 405}, f"superuser at {address}"


@pytest.mark.django_db
def test_staff_without_rights_reach_the_index_and_no_table(clients: dict[str, Client]) -> None:
    assert _status(clients["curator"].get("/admin/")) == 200
    assert _status(clients["curator"].get("/admin/auth/group/")) == 403
