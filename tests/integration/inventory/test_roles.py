"""Roles, those who hold them, and users."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from core import role_actions
from core.access import Permission, access_of, may
from core.built_in_roles import ADMINISTRATOR, BUILT_IN, CURATOR, IT, VIEWER, built_in
from core.models import AuditEvent, Role, RoleBinding, User
from core.role_actions import Refused
from inventory.actions import default_group
from inventory.group_actions import delete_group
from inventory.models import MachineGroup
from tests.conftest import client_of, make_user
from tests.integration.pages import queries, text

pytestmark = pytest.mark.django_db


def _fresh(user: User) -> User:
    return User.objects.get(pk=user.pk)


def test_the_portal_comes_with_its_roles() -> None:
    assert {role.key for role in BUILT_IN} == set(Role.objects.exclude(key="").values_list("key", flat=True))
    for role in BUILT_IN:
        assert set(built_in(role.key).permissions) == set(role.permissions)


def test_a_built_in_role_that_is_gone_comes_back_with_the_next_migration() -> None:
    Role.objects.filter(key=VIEWER).delete()
    Role.objects.filter(key=IT).update(name="Desk")
    call_command("migrate", verbosity=0)
    assert built_in(VIEWER).name == "Viewer"
    assert built_in(IT).name == "Desk"


def test_an_administrator_makes_a_role_gives_it_and_takes_it(superuser_client: Client) -> None:
    group = MachineGroup.objects.create(name="Workstations", rank=1)
    ann = User.objects.create_user("ann")
    answer = superuser_client.post("/settings/roles/new/", {"name": "Desk", "description": "First line", "permissions": ["remediation"]})
    role = Role.objects.get(name="Desk")
    assert answer.headers["Location"] == f"/settings/roles/{role.pk}/"
    assert role.permissions == ["view", "remediation"]
    superuser_client.post(f"/settings/roles/{role.pk}/give/", {"who": "Ann", "reach": "chosen", "groups": [group.pk]})
    assert access_of(_fresh(ann)).of(Permission.REMEDIATION) == frozenset({group.pk})
    page = text(superuser_client.get(f"/settings/roles/users/{ann.pk}/"))
    assert "Desk Workstations" in page
    binding = RoleBinding.objects.get(user=ann)
    superuser_client.post(f"/settings/roles/held/{binding.pk}/take/", {"next": "/settings/roles/"})
    assert not may(_fresh(ann), Permission.VIEW)
    log = list(AuditEvent.objects.order_by("id").values_list("action", "after", "before"))
    assert [action for action, _, _ in log] == ["role.save", "role.give", "role.take"]
    assert log[1][1] == {"role": "Desk", "holder": "ann", "for": ["Workstations"]}


def test_a_group_of_users_holds_a_role_for_everybody_in_it(superuser_client: Client) -> None:
    ben, desk = User.objects.create_user("ben"), Group.objects.create(name="Service desk")
    ben.groups.add(desk)
    superuser_client.post(f"/settings/roles/{built_in(IT).pk}/give/", {"who": "Service desk", "reach": "all"})
    assert access_of(_fresh(ben)).holds_everywhere(Permission.REMEDIATION)
    assert "as one of Service desk" in text(superuser_client.get("/settings/roles/users/"))
    assert client_of(ben).get("/machines/").status_code == 200
    assert "as one of Service desk" in text(client_of(ben).get("/account/"))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"who": "nobody-of-this-name", "reach": "all"}, "There is no user"),
        ({"who": "", "reach": "all"}, "Write the name"),
        ({"who": "superuser", "reach": "chosen"}, "Tick at least one machine group"),
        ({"who": "superuser", "reach": "chosen", "groups": ["999999"]}, "Tick at least one"),
    ],
)
def test_what_cannot_be_given_is_said(data: dict[str, object], sentence: str, superuser_client: Client) -> None:
    answer = superuser_client.post(f"/settings/roles/{built_in(IT).pk}/give/", data)
    assert answer.status_code == 422
    assert sentence in text(answer)


def test_a_role_has_a_name_of_its_own_and_allows_something(superuser_client: Client) -> None:
    for data, sentence in (
        ({"name": "viewer", "permissions": ["view"]}, "There is already a role named viewer"),
        ({"name": "Empty"}, "Tick at least one permission"),
        ({"name": "", "permissions": ["view"]}, "Give the role a name"),
    ):
        answer = superuser_client.post("/settings/roles/new/", data)
        assert answer.status_code == 422
        assert sentence in text(answer)


def test_a_role_that_could_not_be_renamed_is_shown_by_the_name_it_has(superuser_client: Client) -> None:
    role = Role.objects.create(name="Night shift", permissions=["view"])
    page = text(superuser_client.post(f"/settings/roles/{role.pk}/", {"name": "viewer", "permissions": ["view"]}))
    assert "There is already a role named viewer" in page
    assert page.count("Night shift") >= 2


def test_a_role_is_given_to_the_user_whose_name_was_written(superuser_client: Client) -> None:
    upper, lower = User.objects.create_user("Ann"), User.objects.create_user("ann")
    role = Role.objects.create(name="Night shift", permissions=["view"])
    superuser_client.post(f"/settings/roles/{role.pk}/give/", {"who": "ann", "reach": "all"})
    assert [binding.user for binding in role.bindings.all()] == [lower]
    assert not upper.role_bindings.exists()


def test_built_in_roles_stay_and_others_go_with_what_they_allowed(superuser_client: Client, superuser: User) -> None:
    assert superuser_client.post(f"/settings/roles/{built_in(IT).pk}/delete/").status_code == 404
    role = role_actions.save_role(role=None, name="Desk", description="", permissions=["view"], by=superuser, now=timezone.now())
    ann = User.objects.create_user("ann")
    role_actions.give_role(role=role, user=ann, machine_groups=None, by=superuser, now=timezone.now())
    assert "ann" in text(superuser_client.get(f"/settings/roles/{role.pk}/delete/"))
    superuser_client.post(f"/settings/roles/{role.pk}/delete/")
    assert not may(_fresh(ann), Permission.VIEW)
    assert AuditEvent.objects.get(action="role.delete").before["held by"] == ["ann"]


def test_nobody_locks_the_last_administrator_out() -> None:
    ann, ben = make_user("ann", ADMINISTRATOR), make_user("ben", VIEWER)
    administrator, now = built_in(ADMINISTRATOR), timezone.now()
    binding = RoleBinding.objects.get(user=ann)
    with pytest.raises(Refused, match="Nobody would be left"):
        role_actions.take_role(binding=binding, by=ann, now=now)
    with pytest.raises(Refused, match="Nobody would be left"):
        role_actions.save_role(role=administrator, name="Administrator", description="", permissions=["view"], by=ann, now=now)
    with pytest.raises(Refused, match="Nobody would be left"):
        role_actions.give_role(role=administrator, user=ann, machine_groups=[default_group().pk], by=ann, now=now)
    with pytest.raises(Refused, match="Nobody would be left"):
        role_actions.activate_user(user=ann, active=False, by=ben, now=now)
    with pytest.raises(Refused, match="lock yourself out"):
        role_actions.activate_user(user=ann, active=False, by=ann, now=now)
    assert access_of(_fresh(ann)).holds(Permission.ADMINISTER)
    assert not AuditEvent.objects.exists()
    role_actions.give_role(role=administrator, user=ben, machine_groups=None, by=ann, now=now)
    role_actions.take_role(binding=binding, by=ben, now=now)
    assert not may(_fresh(ann), Permission.ADMINISTER)


def test_the_curation_site_keeps_an_administrator_too() -> None:
    ann = User.objects.create_superuser("ann")
    client = client_of(ann)
    data = {"username": "ann", "theme": "light", "density": "compact", "is_active": "on"}
    answer = client.post(f"/admin/core/user/{ann.pk}/change/", data)
    assert "Nobody would be left" in text(answer)
    assert client.post(f"/admin/core/user/{ann.pk}/delete/", {"post": "yes"}).status_code == 403
    assert _fresh(ann).is_superuser


def test_a_deleted_machine_group_is_held_by_nobody(superuser: User) -> None:
    default_group()
    first, second = (MachineGroup.objects.create(name=name, rank=rank) for rank, name in enumerate(("One", "Two"), 1))
    ann, number = make_user("ann", IT, groups=[first.pk, second.pk]), first.pk
    delete_group(group=first, by="superuser", now=timezone.now())
    assert access_of(_fresh(ann)).of(Permission.VIEW) == frozenset({second.pk})
    assert not RoleBinding.objects.filter(machine_groups__contains=[number]).exists()
    delete_group(group=second, by="superuser", now=timezone.now())
    assert client_of(ann).get("/machines/").status_code == 403


def test_a_data_curator_works_on_what_is_curated_and_on_nothing_else() -> None:
    client = client_of(make_user("cora", CURATOR))
    for address in ("weaknesses/matchoverride/", "inventory/softwarealias/add/", "weaknesses/unmatchedsoftware/", "inventory/software/"):
        assert client.get(f"/admin/{address}").status_code == 200, address
    for address in ("core/user/", "core/apitoken/", "inventory/machine/", "recommendations/scoringsettings/1/change/", "auth/group/"):
        assert client.get(f"/admin/{address}").status_code == 403, address
    group = MachineGroup.objects.create(name="One", rank=1)
    part = client_of(make_user("part", CURATOR, groups=[group.pk]))
    assert part.get("/admin/weaknesses/matchoverride/").status_code == 302


def test_an_administrator_without_being_superuser_works_on_everything() -> None:
    client = client_of(make_user("ada", ADMINISTRATOR))
    for address in ("/admin/core/user/", "/admin/core/apitoken/", "/settings/roles/", "/settings/audit/", "/settings/groups/new/"):
        assert client.get(address).status_code == 200, address


def test_a_new_user_chooses_a_password_by_a_link(superuser_client: Client, settings: Settings) -> None:
    settings.PUBLIC_URL = "http://testserver"
    data = {"username": "ann", "name": "Ann Other", "email": "", "role": built_in(VIEWER).pk}
    page = superuser_client.post("/settings/roles/users/new/", data, follow=True)
    ann = User.objects.get(username="ann")
    assert (ann.first_name, ann.last_name, ann.has_usable_password()) == ("Ann", "Other", False)
    assert "ann sees nothing yet" not in text(page)
    shown = text(superuser_client.post(f"/settings/roles/users/{ann.pk}/password/"))
    link = re.search(r"http://testserver(/sign-in/choose-password/\S+)", shown)
    assert link
    browser, password = Client(), "a-long-one-5d1c"
    form = browser.get(link[1], follow=True)
    where = form.redirect_chain[-1][0]
    answer = browser.post(where, {"new_password1": password, "new_password2": password}, follow=True)
    assert "Your password is set" in text(answer)
    assert browser.post("/sign-in/", {"username": "ann", "password": password}).status_code == 302
    assert browser.get("/machines/").status_code == 200
    assert "does not lead any more" in text(Client().get(link[1], follow=True))
    assert link[1] not in str(list(AuditEvent.objects.values_list("after", flat=True)))
    actions = list(AuditEvent.objects.order_by("id").values_list("action", flat=True))
    assert actions == ["user.create", "role.give", "user.password_link", "user.choose_password", "user.sign_in"]


def test_a_deactivated_user_is_out_at_once(superuser_client: Client) -> None:
    ann = make_user("ann", VIEWER)
    browser = client_of(ann)
    assert browser.get("/machines/").status_code == 200
    superuser_client.post(f"/settings/roles/users/{ann.pk}/activate/", {"active": "no"})
    assert browser.get("/machines/").status_code == 302
    superuser_client.post(f"/settings/roles/users/{ann.pk}/activate/", {"active": "yes"})
    assert client_of(_fresh(ann)).get("/machines/").status_code == 200


def test_lists_of_roles_and_users_cost_the_same_for_many(superuser_client: Client) -> None:
    before = [queries(superuser_client, address) for address in ("/settings/roles/", "/settings/roles/users/")]
    for number in range(12):
        make_user(f"user{number}", VIEWER, IT)
        Role.objects.create(name=f"Role {number}", permissions=["view"])
    after = [queries(superuser_client, address) for address in ("/settings/roles/", "/settings/roles/users/")]
    assert after[0] == before[0]
    assert after[1] <= before[1] + 2  # the roles and the groups of users that nobody had before


def test_users_are_found_by_name_and_state(superuser_client: Client) -> None:
    make_user("ann", VIEWER)
    User.objects.create_user("gone", is_active=False)
    assert "gone" not in text(superuser_client.get("/settings/roles/users/"))
    assert "Deactivated" in text(superuser_client.get("/settings/roles/users/?state=inactive"))
    assert "No user matches" in text(superuser_client.get("/settings/roles/users/?q=zzz"))


@pytest.mark.django_db(transaction=True)
def test_an_upgrade_leaves_everybody_what_they_could_do() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate([("core", "0005_outgoing_mail")])
    old = executor.loader.project_state([("core", "0005_outgoing_mail"), ("auth", "0012_alter_user_first_name_max_length")]).apps
    users = old.get_model("core", "User").objects
    users.create(username="plain")
    users.create(username="staff", is_staff=True)
    users.create(username="root", is_superuser=True)
    asker = users.create(username="asker")
    rights = old.get_model("auth", "Permission").objects.filter(codename="add_activity")
    asker.user_permissions.set(rights)
    call_command("migrate", verbosity=0)
    held = {user.username: set(user.role_bindings.values_list("role__key", flat=True)) for user in User.objects.all()}
    assert held["plain"] == {"viewer"}
    assert held["staff"] == {"viewer", "security-admin", "curator"}
    assert held["root"] == set()
    assert held["asker"] == ({"viewer", "it-admin"} if rights else {"viewer"})
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE core_auditevent DISABLE TRIGGER the_audit_log_is_not_emptied")
