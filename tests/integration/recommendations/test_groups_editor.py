"""The editor of machine groups: what its preview says is what saving does; permissions, order, deletion, audit."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from core.built_in_roles import SECURITY
from core.models import AuditEvent, User
from inventory import group_actions, group_queries, group_rules
from inventory.errors import BadGroup
from inventory.groups import default_group
from inventory.models import DirtyMachine, Machine, MachineGroup
from inventory.rules import first_group, match_group
from tests.conftest import give
from tests.integration.pages import queries, text
from tests.populations import NOW

pytestmark = pytest.mark.django_db
PAGE = "/settings/groups/"


def machine(name: str, *, domain: str = "", platform: str = "windows", tags: tuple[str, ...] = ()) -> Machine:
    return Machine.objects.create(
        external_id=name,
        name=name,
        domain=domain,
        platform=platform,
        tags=list(tags),
        group=default_group(),
        first_seen=NOW,
        last_seen=NOW,
    )


def group(name: str, rank: int, *conditions: tuple[str, str, str]) -> MachineGroup:
    rule = [{"field": field, "operator": operator, "value": value} for field, operator, value in conditions]
    return MachineGroup.objects.create(name=name, rank=rank, rule=rule)


def posted(name: str, *conditions: tuple[str, str, str], position: int = 1, do: str = "save") -> dict[str, Any]:
    data: dict[str, Any] = {"name": name, "position": position, "do": do}
    for number, (field, operator, value) in enumerate(conditions):
        data |= {f"condition-{number}-{key}": part for key, part in (("field", field), ("operator", operator), ("value", value))}
    return data


@pytest.fixture
def fleet() -> None:
    group("Servers", 1, ("name", "starts", "srv"))
    group("Field", 2, ("tag", "equals", "field"))
    for name, tags in (("srv-1", ()), ("SRV-2", ("field",)), ("pc-1", ("field",)), ("pc-2", ()), ("pc-3", ("field", "100%_"))):
        machine(name, tags=tags)
    group_actions.regroup_machines(by="test", now=NOW)
    DirtyMachine.objects.all().delete()


def placed() -> dict[str, str]:
    return dict(Machine.objects.values_list("name", "group__name"))


class TestBothWaysToMatchAgree(TestCase):
    """The database places machines as `rules.first_group` does."""

    words = st.text(alphabet="aA1-_%\\. ", max_size=3)
    conditions = st.fixed_dictionaries(
        {
            "field": st.sampled_from(["name", "domain", "platform", "tag"]),
            "operator": st.sampled_from(["equals", "starts", "ends", "contains"]),
            "value": st.text(alphabet="aA1-_%\\. ", min_size=1, max_size=2),
        }
    )

    @settings(max_examples=60, deadline=None)
    @given(
        rules=st.lists(st.lists(conditions, max_size=2), min_size=1, max_size=3),
        facts=st.tuples(words, words, words, st.lists(words.filter(bool), max_size=2)),
    )
    def test_agree(self, rules: list[list[dict[str, str]]], facts: tuple[str, str, str, list[str]]) -> None:
        name, domain, platform, tags = facts
        made = machine(name, domain=domain, platform=platform, tags=tuple(tags))
        order = list(enumerate(rules, 1000))
        told = {"name": name, "domain": domain, "platform": platform, "tags": tags}
        kept = group_rules.prepared(Machine.objects.filter(pk=made.pk))
        assert [kept.filter(group_rules.fitting(rule)).exists() for rule in rules] == [match_group(rule, told) for rule in rules]
        found = group_rules.placed(Machine.objects.filter(pk=made.pk), order, default=7).values_list("wanted", flat=True)
        assert list(found) == [first_group(order, told, 7)]


@pytest.mark.parametrize(
    ("position", "holding", "joining"),
    [(1, {"SRV-2", "pc-1", "pc-3"}, 3), (2, {"pc-1", "pc-3"}, 2), (3, set(), 0)],
)
def test_the_preview_is_what_happens(position: int, holding: set[str], joining: int, fleet: None, curator_client: Client) -> None:
    rule = [{"field": "tag", "operator": "equals", "value": "field"}]
    before = group_queries.preview(group_id=None, rule=rule, position=position)
    assert (before.matching, before.holding, before.joining, before.leaving) == (3, len(holding), joining, 0)
    assert set(before.names) == holding
    assert sum(move.machines for move in before.origins) == joining
    assert curator_client.post(f"{PAGE}new/", posted("New", ("tag", "equals", "field"), position=position)).status_code == 302
    assert {name for name, where in placed().items() if where == "New"} == holding
    assert MachineGroup.objects.get(name="New").rank == position
    assert DirtyMachine.objects.count() == before.moved
    assert list(MachineGroup.objects.filter(is_default=False).order_by("rank").values_list("rank", flat=True)) == [1, 2, 3]


def test_a_narrower_rule_lets_machines_go(fleet: None, curator_client: Client) -> None:
    servers = MachineGroup.objects.get(name="Servers")
    before = group_queries.preview(group_id=servers.pk, rule=[{"field": "name", "operator": "equals", "value": "SRV-1"}], position=1)
    assert (before.holding, before.joining, before.leaving) == (1, 0, 1)
    assert [(move.group, move.machines) for move in before.targets] == [("Field", 1)]
    curator_client.post(f"{PAGE}{servers.pk}/", posted("Servers", ("name", "equals", "SRV-1")))
    assert placed()["SRV-2"] == "Field"
    saved = AuditEvent.objects.get(action="group.save")
    assert saved.actor == "curator"
    assert saved.after == {"rule": [{"field": "name", "operator": "equals", "value": "SRV-1"}]}
    assert saved.before == {"rule": [{"field": "name", "operator": "starts", "value": "srv"}]}


def test_the_page_previews_without_saving(fleet: None, curator_client: Client) -> None:
    page = curator_client.post(f"{PAGE}new/", posted("New", ("name", "contains", "pc"), do="preview"))
    assert page.status_code == 200
    assert "3 Machines match the rule 3 Are in the group then 3 Join 0 Leave" in text(page)
    part = curator_client.post(
        f"{PAGE}new/", posted("", ("name", "contains", "pc"), do=""), headers={"HX-Request": "true", "HX-Target": "preview"}
    )
    assert part.content.decode().lstrip().startswith('<section class="card preview" id="preview"')
    saving = posted("New", ("name", "contains", "pc"), do="save")  # the button that was pressed before is sent along
    curator_client.post(f"{PAGE}new/", saving, headers={"HX-Request": "true", "HX-Target": "preview"})
    assert not MachineGroup.objects.filter(name="New").exists()


def test_conditions_come_and_go_without_being_saved(fleet: None, curator_client: Client) -> None:
    more = curator_client.post(f"{PAGE}new/", posted("New", ("name", "starts", "pc"), do="add")).content.decode()
    assert 'name="condition-1-value"' in more
    both = posted("New", ("name", "starts", "pc"), ("tag", "equals", "x"), do="remove-0")
    less = curator_client.post(f"{PAGE}new/", both).content.decode()
    assert 'value="x"' in less
    assert 'name="condition-1-value"' not in less


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (posted("New"), "Give at least one condition"),
        (posted("servers", ("name", "starts", "pc")), "There is already a group named servers."),
        (posted("", ("name", "starts", "pc")), "This field is required."),
        (posted("New", ("colour", "starts", "pc")), "A condition is not right yet."),
        (posted("New", ("name", "starts", "pc\x07")), "Use visible characters only."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_saved(data: dict[str, Any], complaint: str, fleet: None, curator_client: Client) -> None:
    response = curator_client.post(f"{PAGE}new/", data)
    assert response.status_code == 422
    assert complaint in text(response)
    assert MachineGroup.objects.count() == 3


def test_the_order_changes_by_one_and_machines_follow(fleet: None, curator_client: Client) -> None:
    field = MachineGroup.objects.get(name="Field")
    page = curator_client.post(f"{PAGE}{field.pk}/move/", {"to": "up"}, follow=True)
    assert "Field has rank 1 now. 1 machine moved" in text(page)
    assert placed()["SRV-2"] == "Field"
    curator_client.post(f"{PAGE}{field.pk}/move/", {"to": "up"})  # the first stays
    assert dict(MachineGroup.objects.filter(is_default=False).values_list("name", "rank")) == {"Field": 1, "Servers": 2}
    assert AuditEvent.objects.filter(action="group.move").count() == 1
    curator_client.post(f"{PAGE}{field.pk}/move/", {"to": "down"})
    assert placed()["SRV-2"] == "Servers"


def test_deleting_says_where_machines_go_and_marks_them(fleet: None, curator_client: Client) -> None:
    field = MachineGroup.objects.get(name="Field")
    asked = curator_client.get(f"{PAGE}{field.pk}/delete/")
    assert "2 machines fall to the next group whose rule takes them: Ungrouped 2" in text(asked)
    assert curator_client.post(f"{PAGE}{field.pk}/delete/").status_code == 302
    assert {name for name, where in placed().items() if where == "Ungrouped"} == {"pc-1", "pc-2", "pc-3"}
    assert set(DirtyMachine.objects.values_list("machine__name", flat=True)) == {"pc-1", "pc-3"}
    assert AuditEvent.objects.get(action="group.delete").before["name"] == "Field"


def test_the_default_group_keeps_its_place(fleet: None, curator_client: Client) -> None:
    default = default_group()
    assert curator_client.post(f"{PAGE}{default.pk}/delete/").status_code == 404
    assert curator_client.post(f"{PAGE}{default.pk}/move/").status_code == 404
    assert curator_client.post(f"{PAGE}{default.pk}/", {"name": "The rest", "do": "save"}).status_code == 302
    default.refresh_from_db()
    assert (default.name, default.rule, default.rank) == ("The rest", [], None)
    with pytest.raises(BadGroup):
        group_actions.move_group(group=default, up=True, by="x", now=NOW)


def test_others_read_and_who_holds_the_right_changes(fleet: None, viewer: User, viewer_client: Client) -> None:
    field = MachineGroup.objects.get(name="Field")
    words = text(viewer_client.get(PAGE))
    assert "Name starts with “srv”" in words
    assert "Add group" not in words
    for address in (f"{PAGE}new/", f"{PAGE}{field.pk}/", f"{PAGE}{field.pk}/delete/"):
        assert viewer_client.get(address).status_code == 403
        assert viewer_client.post(address).status_code == 403
    assert viewer_client.post(f"{PAGE}{field.pk}/move/").status_code == 403
    give(viewer, SECURITY)
    assert "Add group" in text(viewer_client.get(PAGE))
    assert viewer_client.post(f"{PAGE}new/", posted("Mine", ("name", "is", "x"))).status_code == 422
    assert viewer_client.post(f"{PAGE}new/", posted("Mine", ("name", "equals", "x"))).status_code == 302


def test_many_machines_move_in_the_background(
    fleet: None, curator_client: Client, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr("recommendations.views.groups.AT_ONCE", 1)
    monkeypatch.setattr("recommendations.views.groups.current_app.send_task", lambda _, kwargs: sent.append(kwargs))
    with django_capture_on_commit_callbacks(execute=True):
        page = curator_client.post(f"{PAGE}new/", posted("New", ("name", "contains", "pc")), follow=True)
    assert sent == [{"by": "curator"}]
    assert "3 machines are moving, which takes a few minutes." in text(page)
    assert placed()["pc-1"] == "Field"


def test_the_pages_take_as_many_statements_for_many_as_for_few(fleet: None, curator_client: Client) -> None:
    field = MachineGroup.objects.get(name="Field")
    pages = (PAGE, f"{PAGE}new/", f"{PAGE}{field.pk}/", f"{PAGE}{field.pk}/delete/")
    few = {page: queries(curator_client, page) for page in pages}
    for number in range(3, 30):
        group(f"Group {number}", number, ("name", "starts", f"x{number}"))
    default = default_group()
    Machine.objects.bulk_create(
        Machine(external_id=f"m{n}", name=f"x{n % 40}", group=default, first_seen=NOW, last_seen=NOW) for n in range(1_000)
    )
    assert {page: queries(curator_client, page) for page in pages} == few
    assert max(few.values()) <= 16
