"""The machine groups that every page, list and figure is restricted to: what the user may see, and of that what was chosen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from core.access import Permission, access_of
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
    """`choices`: the groups that the user may see. `from_address`: this page's address names the chosen ones.

    `restricted`: there are, or may be, groups that the user must not see: no figure of the whole organisation may be shown.
    """

    choices: tuple[GroupChoice, ...]
    from_address: bool = False
    restricted: bool = False

    @property
    def group_ids(self) -> list[int]:
        """The groups in force, all permitted ones where nothing was chosen."""
        return [choice.id for choice in self.choices if choice.selected]

    @property
    def named(self) -> list[int] | None:
        """The groups in force, None for the whole organisation: figures that are kept for it need no sum then."""
        return None if self.is_all else self.group_ids

    @property
    def total(self) -> int:
        return len(self.choices)

    @property
    def is_all(self) -> bool:
        """The whole organisation is in force."""
        return not self.restricted and all(choice.selected for choice in self.choices)


def of(request: HttpRequest) -> Scope:
    """The scope of a request: `groups` of its address, else what the session keeps, else every permitted group. One query a request."""
    kept: Scope | None = getattr(request, "machine_scope", None)
    if kept is None:
        seen = access_of(request.user).of(Permission.VIEW)
        groups = [group for group in known_groups() if seen is None or group[0] in seen]
        kept = choose(
            groups, address=request.GET.getlist("groups"), session=request.session.get(SESSION_KEY, ()), restricted=seen is not None
        )
        request.machine_scope = kept  # type: ignore[attr-defined]
    return kept


def known_groups() -> list[tuple[int, str, int]]:
    """(id, name, machines) by rank, the default group last."""
    groups = MachineGroup.objects.order_by("is_default", "rank", "id").values_list("id", "name", "machine_count")
    return list(groups)


def choose(groups: Sequence[tuple[int, str, int]], *, address: Iterable[str], session: Iterable[int], restricted: bool = False) -> Scope:
    """Which groups are in force. Ids that do not exist (any more), or that are not permitted, are ignored; none left means all."""
    known = {group_id for group_id, _, _ in groups}
    named = {int(part) for text in address for part in text.split(",") if part.strip().isdecimal()} & known
    selected = named or (set(session) & known) or known
    choices = tuple(GroupChoice(group_id, name, machines, group_id in selected) for group_id, name, machines in groups)
    return Scope(choices, bool(named), restricted)


def permitted(request: HttpRequest) -> list[int] | None:
    """Every group that the user may see, whatever is chosen; None: the whole organisation."""
    found = of(request)
    return [choice.id for choice in found.choices] if found.restricted else None


def handled(request: HttpRequest, permission: Permission) -> list[int]:
    """The groups in force for which the user holds the permission."""
    held = access_of(request.user).of(permission)
    return [group_id for group_id in of(request).group_ids if held is None or group_id in held]


def handles_all(request: HttpRequest, permission: Permission, groups: Iterable[int]) -> bool:
    """Whether the user holds the permission for every one of these groups."""
    held = access_of(request.user).of(permission)
    return held is None or held.issuperset(groups)
