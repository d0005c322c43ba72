"""What people decide about machine groups: their rules and their order. Atomic and audited; machines follow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Max, Q, QuerySet

from core import audit, role_actions
from inventory import bulk, group_rules
from inventory.errors import BadGroup
from inventory.groups import default_group
from inventory.models import Machine, MachineGroup
from inventory.rules import fault_of_rule

SCHEDULE = "schedule"  # who asks each night
_AT_ONCE = 20_000


def save_group(
    *,
    group: MachineGroup | None,
    name: str,
    description: str,
    rule: Sequence[dict[str, str]],
    position: int,
    by: str,
    now: dt.datetime,
    address: str = "",
) -> MachineGroup:
    """Make a group (`group` None) or change one; `position` 1 is the highest rank. Raises BadGroup. Machines stay: see regroup_machines.

    The default group keeps its place and has no rule: only its name and description change.
    """
    if fault := fault_of_rule(rule):
        raise BadGroup(fault)
    with transaction.atomic():
        taken = MachineGroup.objects.filter(name__iexact=name).exclude(pk=group.pk if group else 0)
        if taken.exists():
            raise BadGroup(f"There is already a group named {name}.")
        before = _facts(group) if group else {}
        saved = group or MachineGroup(rank=1 + _last_rank())
        saved.name, saved.description = name, description
        if not saved.is_default:
            saved.rule = list(rule)
        saved.save()
        if not saved.is_default:
            _place(saved, position)
        after = _facts(saved)
        if before != after:
            changed = {key: value for key, value in after.items() if before.get(key) != value}
            old = {key: before[key] for key in changed if key in before}
            audit.record(by=by, action="group.save", object=saved, before=old, after=changed, now=now, address=address)
    return saved


def move_group(*, group: MachineGroup, by: str, now: dt.datetime, up: bool, address: str = "") -> bool:
    """Swap a group with its neighbour in rank. Returns whether it moved: the first cannot go up, the last not down."""
    if group.is_default:
        raise BadGroup("The default group is always the last one.")
    with transaction.atomic():
        order = _order()
        at = order.index(group.pk)
        to = at - 1 if up else at + 1
        if not 0 <= to < len(order):
            return False
        order[at], order[to] = order[to], order[at]
        _number(order)
        audit.record(by=by, action="group.move", object=group, before={"rank": at + 1}, after={"rank": to + 1}, now=now, address=address)
    return True


def delete_group(*, group: MachineGroup, by: str, now: dt.datetime, address: str = "") -> int:
    """Delete a group; its machines move to the next group whose rule takes them. Returns how many. The default group stays."""
    if group.is_default:
        raise ValueError("The default group stays.")
    with transaction.atomic():
        others = [(pk, rule) for pk, rule in ranked() if pk != group.pk]
        moved = _move(group_rules.misplaced(Machine.objects.filter(group=group), others, default=default_group().pk), now=now)
        audit.record(
            by=by,
            action="group.delete",
            object=group,
            before={"name": group.name, "rule": group.rule},
            after={"moved": moved},
            now=now,
            address=address,
        )
        role_actions.forget_machine_group(group.pk)
        group.delete()
        _count_again(now=now)
    return moved


def regroup_machines(*, by: str, now: dt.datetime) -> int:
    """Put every machine into the first group by rank whose rule takes it. Returns how many moved. One pass over the machines.

    A machine that comes in while a rule changes may be placed by the old one; the next time finds it.
    """
    with transaction.atomic():
        moved = _move(group_rules.misplaced(Machine.objects.all(), ranked(), default=default_group().pk), now=now)
        if moved or by != SCHEDULE:
            _count_again(now=now)
            audit.record(by=by, action="machines.regroup", object="machinegroup all", now=now, after={"moved": moved})
    return moved


def ranked() -> list[tuple[int, Any]]:
    """(id, rule) of every group but the default one, by rank."""
    return list(MachineGroup.objects.filter(is_default=False).order_by("rank", "id").values_list("id", "rule"))


def _move(misplaced: QuerySet[Any], *, now: dt.datetime) -> int:
    """Move machines where they are wanted, so many at a time, and have their scores follow."""
    moved = 0
    found = misplaced.order_by().values_list("pk", "wanted").iterator(chunk_size=_AT_ONCE)
    for part in _parts(found):
        wanted: dict[int, list[int]] = {}
        for machine_id, group_id in part:
            wanted.setdefault(group_id, []).append(machine_id)
        for group_id, machine_ids in wanted.items():
            Machine.objects.filter(pk__in=machine_ids).update(group_id=group_id)
        bulk.mark_dirty(machine_ids=[machine_id for machine_id, _ in part], now=now)
        moved += len(part)
    return moved


def _parts(found: Iterator[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    part: list[tuple[int, int]] = []
    for row in found:
        part.append(row)
        if len(part) >= _AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def _count_again(*, now: dt.datetime) -> None:
    """Machines in the scores, as a run counts them: seen lately and not excluded."""
    active = Q(machines__excluded=False, machines__last_seen__gte=now - dt.timedelta(days=settings.ACTIVE_DAYS))
    for group in MachineGroup.objects.annotate(now_in=Count("machines", filter=active)):
        if group.machine_count != group.now_in:
            MachineGroup.objects.filter(pk=group.pk).update(machine_count=group.now_in)


def _facts(group: MachineGroup) -> dict[str, Any]:
    return {"name": group.name, "description": group.description, "rule": group.rule, "rank": group.rank}


def _last_rank() -> int:
    return MachineGroup.objects.aggregate(last=Max("rank"))["last"] or 0


def _order() -> list[int]:
    return list(MachineGroup.objects.select_for_update().filter(is_default=False).order_by("rank", "id").values_list("pk", flat=True))


def _place(group: MachineGroup, position: int) -> None:
    order = [pk for pk in _order() if pk != group.pk]
    order.insert(min(max(position, 1), len(order) + 1) - 1, group.pk)
    _number(order)
    group.refresh_from_db(fields=["rank"])


def _number(order: Sequence[int]) -> None:
    """Ranks 1, 2, ... in this order. Two groups never hold one rank, so all step aside first."""
    known = dict(MachineGroup.objects.filter(pk__in=order).values_list("pk", "rank"))
    if all(known[pk] == rank for rank, pk in enumerate(order, 1)):
        return
    aside = _last_rank() + len(order)
    MachineGroup.objects.filter(pk__in=order).update(rank=F("rank") + aside)
    for rank, pk in enumerate(order, 1):
        MachineGroup.objects.filter(pk=pk).update(rank=rank)
