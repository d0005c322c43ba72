"""What a rule would do before it is saved, and what a group's end would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from inventory import group_rules
from inventory.group_actions import ranked
from inventory.groups import default_group
from inventory.models import Machine, MachineGroup

SHOWN = 10
_DRAFT = 0


@dataclass(frozen=True, slots=True)
class Move:
    """So many machines from one group to another."""

    group: str
    machines: int


@dataclass(frozen=True, slots=True)
class Preview:
    """`matching`: machines that fit the rule; `holding`: those of them that no higher group takes, which are in the group after saving.

    `joining` of them come from other groups (`origins`), `leaving` go elsewhere (`targets`). `names`: the first that are in it then.
    """

    matching: int
    holding: int
    joining: int
    leaving: int
    origins: tuple[Move, ...]
    targets: tuple[Move, ...]
    names: tuple[str, ...]

    @property
    def elsewhere(self) -> int:
        """Machines that fit, but belong to a group of a higher rank."""
        return self.matching - self.holding

    @property
    def moved(self) -> int:
        return self.joining + self.leaving


def preview(*, group_id: int | None, rule: Sequence[dict[str, str]], position: int) -> Preview:
    """What saving the group with this rule at this place would do. Four statements, each one pass over the machines."""
    own = group_id or _DRAFT
    order = [(pk, kept) for pk, kept in ranked() if pk != own]
    order.insert(min(max(position, 1), len(order) + 1) - 1, (own, list(rule)))
    matches = group_rules.fitting(rule)
    placed = group_rules.placed(Machine.objects.all(), order, default=default_group().pk)
    inside = placed.filter(matches, wanted=own)
    left = placed.filter(~Q(wanted=own), group_id=own)
    names = dict(MachineGroup.objects.values_list("pk", "name"))
    by_origin = dict(inside.order_by().values_list("group_id").annotate(machines=Count("pk")))
    by_target = dict(left.order_by().values_list("wanted").annotate(machines=Count("pk")))
    origins = _moves({pk: count for pk, count in by_origin.items() if pk != own}, names)
    targets = _moves(by_target, names)
    return Preview(
        matching=group_rules.prepared(Machine.objects.all()).filter(matches).count() if rule else 0,
        holding=sum(by_origin.values()),
        joining=sum(move.machines for move in origins),
        leaving=sum(move.machines for move in targets),
        origins=origins,
        targets=targets,
        names=tuple(inside.order_by("name", "pk").values_list("name", flat=True)[:SHOWN]),
    )


def falling(group: MachineGroup) -> tuple[Move, ...]:
    """Where the machines of a group go if it is deleted."""
    others = [(pk, rule) for pk, rule in ranked() if pk != group.pk]
    placed = group_rules.placed(Machine.objects.filter(group=group), others, default=default_group().pk)
    return _moves(dict(placed.order_by().values_list("wanted").annotate(machines=Count("pk"))), dict(_names()))


def moving(*, order: Sequence[tuple[int, Any]]) -> int:
    """How many machines would move if the (id, rule) held in this order."""
    return group_rules.misplaced(Machine.objects.all(), order, default=default_group().pk).count()


def _names() -> list[tuple[int, str]]:
    return list(MachineGroup.objects.values_list("pk", "name"))


def _moves(counted: dict[int, int], names: dict[int, str]) -> tuple[Move, ...]:
    """The largest first."""
    return tuple(Move(names.get(pk, ""), count) for pk, count in sorted(counted.items(), key=lambda item: (-item[1], item[0])))
