"""What people decide about machines and groups."""

from __future__ import annotations

import pytest

from core.models import AuditEvent
from inventory import actions
from inventory.errors import BadTag
from inventory.models import DirtyMachine, Machine, MachineGroup
from tests.integration.inventory.reports import DEBIAN, NOW, log, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def machine() -> Machine:
    send(log(DEBIAN, host="web01", name="web01"))
    DirtyMachine.objects.all().delete()
    return Machine.objects.get()


def audited() -> list[tuple[str, str, dict[str, object], dict[str, object]]]:
    return list(AuditEvent.objects.order_by("id").values_list("actor", "action", "before", "after"))


def test_the_value_of_a_machine_is_audited_and_marks_it(machine: Machine) -> None:
    assert actions.set_machine_value(machines=[machine], value=2, by="ann", now=NOW, address="::1") == 1
    assert Machine.objects.get().value == Machine.Value.HIGH == machine.value
    assert audited() == [("ann", "machine.set_value", {"value": 1}, {"value": 2})]
    assert DirtyMachine.objects.get().machine_id == machine.pk
    assert actions.set_machine_value(machines=[machine], value=2, by="ann", now=NOW) == 0
    assert len(audited()) == 1


def test_an_unknown_value_is_refused(machine: Machine) -> None:
    with pytest.raises(ValueError, match="7"):
        actions.set_machine_value(machines=[machine], value=7, by="ann", now=NOW)


def test_internet_facing_and_excluded(machine: Machine) -> None:
    assert actions.set_internet_facing(machines=[machine], internet_facing=True, by="ann", now=NOW) == 1
    assert actions.exclude_machines(machines=[machine], excluded=True, by="ann", now=NOW) == 1
    stored = Machine.objects.get()
    assert (stored.internet_facing, stored.excluded) == (True, True)
    assert [action for _, action, _, _ in audited()] == ["machine.set_internet_facing", "machine.exclude"]


def test_tags_are_cleaned_kept_once_and_move_the_machine(machine: Machine) -> None:
    group = MachineGroup.objects.create(name="Prod", rank=1, rule=[{"field": "tag", "operator": "equals", "value": "prod"}])
    assert actions.tag_machine(machine=machine, add=["  prod ", "eu  west", "prod"], by="ann", now=NOW)
    stored = Machine.objects.get()
    assert stored.tags == ["prod", "eu west"]
    assert stored.group == group
    assert not actions.tag_machine(machine=machine, add=["prod"], remove=["other"], by="ann", now=NOW)
    assert actions.tag_machine(machine=machine, remove=["prod"], by="ann", now=NOW)
    assert Machine.objects.get().group.is_default
    assert len(audited()) == 2


@pytest.mark.parametrize("tag", ["", "  ", "t" * 31, "a\x00b", "\u202e"])
def test_bad_tags_are_refused(machine: Machine, tag: str) -> None:
    with pytest.raises(BadTag):
        actions.tag_machine(machine=machine, add=[tag], by="ann", now=NOW)


def test_the_regrouping_of_each_night_is_audited_only_where_a_machine_moved(machine: Machine) -> None:
    assert actions.regroup_machines(by="schedule", now=NOW) == 0
    assert audited() == []
    MachineGroup.objects.create(name="Web", rank=1, rule=[{"field": "name", "operator": "starts", "value": "web"}])
    assert actions.regroup_machines(by="schedule", now=NOW) == 1
    assert [action for _, action, *_ in audited()] == ["machines.regroup"]


def test_regrouping_and_deleting_a_group(machine: Machine) -> None:
    group = MachineGroup.objects.create(name="Web", rank=1, rule=[{"field": "name", "operator": "starts", "value": "web"}])
    assert actions.regroup_machines(by="ann", now=NOW) == 1
    group.refresh_from_db()
    assert group.machine_count == 1
    assert DirtyMachine.objects.count() == 1
    assert actions.regroup_machines(by="ann", now=NOW) == 0
    actions.delete_group(group=group, by="ann", now=NOW)
    assert Machine.objects.get().group == actions.default_group()
    assert actions.default_group().machine_count == 1
    with pytest.raises(ValueError, match="stays"):
        actions.delete_group(group=actions.default_group(), by="ann", now=NOW)


def test_a_tagged_machine_keeps_its_group_with_its_next_report(machine: Machine) -> None:
    MachineGroup.objects.create(name="Prod", rank=1, rule=[{"field": "tag", "operator": "equals", "value": "prod"}])
    actions.tag_machine(machine=machine, add=["prod"], by="ann", now=NOW)
    send(log(DEBIAN, host="web01", name="web01.corp.example"))
    stored = Machine.objects.get()
    assert (stored.group.name, stored.tags, stored.name) == ("Prod", ["prod"], "web01.corp.example")
