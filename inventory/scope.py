"""The machine groups that every page, list and figure is restricted to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from core.access import Permission, may
from inventory.models import MachineGroup

SESSION_KEY = "groups"


@dataclass(frozen=True, slots=True)
class GroupChoice:
    id: int
    name: str
    machines: int
    selected: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """`group_ids`: the groups in force, all of them where nothing was chosen. `from_address`: this page's address names them."""

    choices: tuple[GroupChoice, ...]
    from_address: bool = False

    @property
    def group_ids(self) -> list[int]:
        return [choice.id for choice in self.choices if choice.selected]

    @property
    def total(self) -> int:
        return len(self.choices)

    @property
    def is_all(self) -> bool:
        return all(choice.selected for choice in self.choices)


def of(request: HttpRequest) -> Scope:
    """The scope of a request: `groups` of its address, else what the session keeps, else every group. One query a request."""
    kept: Scope | None = getattr(request, "machine_scope", None)
    if kept is None:
        kept = choose(known_groups(), address=request.GET.getlist("groups"), session=request.session.get(SESSION_KEY, ()))
        request.machine_scope = kept  # type: ignore[attr-defined]
    return kept


def known_groups() -> list[tuple[int, str, int]]:
    """(id, name, machines) by rank, the default group last."""
    groups = MachineGroup.objects.order_by("is_default", "rank", "id").values_list("id", "name", "machine_count")
    return list(groups)


def choose(groups: Sequence[tuple[int, str, int]], *, address: Iterable[str], session: Iterable[int]) -> Scope:
    """Which groups are in force. Ids that do not exist (any more) are ignored; none left means all."""
    known = {group_id for group_id, _, _ in groups}
    named = {int(part) for text in address for part in text.split(",") if part.strip().isdecimal()} & known
    selected = named or (set(session) & known) or known
    return Scope(tuple(GroupChoice(group_id, name, machines, group_id in selected) for group_id, name, machines in groups), bool(named))


def handled(request: HttpRequest, permission: Permission) -> list[int]:
    """The groups in force for which the user holds the permission."""
    return of(request).group_ids if may(request.user, permission) else []
