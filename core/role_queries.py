"""Roles, those who hold them, and users, as screens show them. Names of machine groups come from above."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser, Group
from django.db.models import Count, F, Prefetch, Q, QuerySet

from core.access import access_of
from core.built_in_roles import ADMINISTRATOR, BUILT_IN
from core.lists import Column, Facet, ListSpec, ListState
from core.models import Role, RoleBinding, User
from core.permissions import EXPLANATIONS, ORGANISATION, Permission

USERS = ListSpec(
    columns=(
        Column("name", "User", sort="+", fixed=True),
        Column("email", "E-mail", sort="+"),
        Column("roles", "Roles"),
        Column("seen", "Last sign-in", sort="-"),
        Column("state", "State"),
    ),
    sort="name",
    facets=(Facet("state", "State", (("active", "In use"), ("inactive", "Deactivated")), default=("active",)),),
)
_SORTS = {"name": "username", "email": "email", "seen": "last_login"}
_ORDER = {role.key: number for number, role in enumerate(BUILT_IN)}


@dataclass(frozen=True, slots=True)
class RoleRow:
    """`users`: active users who hold it in person or by a group of users; `superusers` may do the same without it."""

    role: Role
    permissions: tuple[str, ...]
    users: int
    user_groups: int
    superusers: int = 0


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role that somebody holds. `through`: the group of users that it came with, empty: in person. `groups` None: all machine groups."""

    binding_id: int
    role_id: int
    role: str
    through: str
    groups: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a role: a user, or a group of `members` users."""

    binding_id: int
    user_id: int | None
    name: str
    members: int
    active: bool
    groups: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class UserRow:
    user: User
    roles: tuple[HeldRole, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a user may do: `groups` None: for all machine groups; empty: not at all. `whole`: it only counts for all of them."""

    permission: str
    label: str
    about: str
    groups: tuple[str, ...] | None
    whole: bool

    @property
    def held(self) -> bool:
        return self.groups is None or bool(self.groups)


def roles() -> tuple[RoleRow, ...]:
    """Every role, the built-in ones first. Four statements."""
    superusers = User.objects.filter(is_superuser=True, is_active=True).count()
    found = sorted(Role.objects.all(), key=lambda role: (_ORDER.get(role.key, len(_ORDER)), role.name.lower()))
    held: dict[int, set[int]] = {}
    for role_id, user_id in RoleBinding.objects.filter(user__is_active=True).values_list("role_id", "user_id"):
        held.setdefault(role_id, set()).add(user_id)
    groups: dict[int, set[int]] = {}
    through = RoleBinding.objects.filter(user_group__isnull=False).values_list(
        "role_id", "user_group_id", "user_group__user", "user_group__user__is_active"
    )
    for role_id, group_id, user_id, active in through:
        groups.setdefault(role_id, set()).add(group_id)
        if active:
            held.setdefault(role_id, set()).add(user_id)
    return tuple(
        RoleRow(
            role, labels(role), len(held.get(role.pk, ())), len(groups.get(role.pk, ())), superusers if role.key == ADMINISTRATOR else 0
        )
        for role in found
    )


def labels(role: Role) -> tuple[str, ...]:
    return tuple(permission.label for permission in Permission if permission in role.permissions)


def holders(role: Role, *, names: Mapping[int, str]) -> tuple[Holder, ...]:
    """Who holds the role, groups of users first. One statement."""
    found = role.bindings.select_related("user", "user_group").annotate(members=Count("user_group__user"))
    rows = [
        Holder(
            binding_id=binding.pk,
            user_id=binding.user_id,
            name=binding.user.display_name if binding.user else str(binding.user_group),
            members=binding.members,
            active=binding.user is None or binding.user.is_active,
            groups=_named(binding, names),
        )
        for binding in found
    ]
    return tuple(sorted(rows, key=lambda row: (row.user_id is not None, row.name.lower())))


def users(state: ListState, *, names: Mapping[int, str]) -> tuple[int, tuple[UserRow, ...]]:
    """How many fit, and a page of them."""
    found = _found(state)
    total = found.count()
    page = with_roles(found)[state.part(total)]
    return total, tuple(UserRow(user, held_by(user, names=names)) for user in page)


def user_counts() -> dict[str, dict[str, int]]:
    return {"state": User.objects.aggregate(active=Count("pk", filter=Q(is_active=True)), inactive=Count("pk", filter=Q(is_active=False)))}


def with_roles(found: QuerySet[User]) -> QuerySet[User]:
    """Users with what `held_by` reads."""
    bindings = RoleBinding.objects.select_related("role").order_by("role__name", "pk")
    groups = Group.objects.prefetch_related(Prefetch("role_bindings", bindings)).order_by("name")
    return found.prefetch_related(Prefetch("role_bindings", bindings), Prefetch("groups", groups))


def held_by(user: User, *, names: Mapping[int, str]) -> tuple[HeldRole, ...]:
    """The roles of a user, in person first."""
    own = [HeldRole(b.pk, b.role_id, b.role.name, "", _named(b, names)) for b in user.role_bindings.all()]
    return (
        *own,
        *(
            HeldRole(b.pk, b.role_id, b.role.name, group.name, _named(b, names))
            for group in user.groups.all()
            for b in group.role_bindings.all()
        ),
    )


def effects(user: User, *, names: Mapping[int, str]) -> tuple[Effect, ...]:
    """What the roles of a user come to, a line a permission. `names`: of every machine group, in their order."""
    access = access_of(user)
    lines = []
    for permission in Permission:
        held = access.of(permission)
        groups = None if held is None else tuple(name for number, name in names.items() if number in held)
        lines.append(Effect(permission.value, permission.label, EXPLANATIONS[permission], groups, permission in ORGANISATION))
    return tuple(lines)


def _found(state: ListState) -> QuerySet[User]:
    found = User.objects.all()
    states = state.chosen["state"]
    if len(states) == 1:
        found = found.filter(is_active=states[0] == "active")
    for word in state.q.split()[:8]:
        found = found.filter(
            Q(username__icontains=word) | Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(email__icontains=word)
        )
    column = _SORTS[state.sort.removeprefix("-")]
    by = F(column).desc(nulls_last=True) if state.sort.startswith("-") else F(column).asc(nulls_last=True)
    return found.order_by(by, "username", "pk")


def _named(binding: RoleBinding, names: Mapping[int, str]) -> tuple[str, ...] | None:
    if binding.machine_groups is None:
        return None
    return tuple(name for number, name in names.items() if number in binding.machine_groups)


@dataclass(frozen=True, slots=True)
class OwnRole:
    """A role of somebody's own. `groups`: how many machine groups it is held for, in words; None: all."""

    name: str
    allows: tuple[str, ...]
    through: str
    groups: tuple[str, ...] | None


def own_roles(user: User | AnonymousUser) -> tuple[OwnRole, ...]:
    """The roles that a user holds, in person or by a group of users. One statement. Superusers need none."""
    if not isinstance(user, User) or user.is_superuser:
        return ()
    held = (
        RoleBinding.objects.filter(Q(user=user) | Q(user_group__user=user))
        .select_related("role", "user_group")
        .order_by("role__name", "pk")
    )
    return tuple(
        OwnRole(
            binding.role.name,
            labels(binding.role),
            str(binding.user_group or ""),
            None if binding.machine_groups is None else _counted(len(binding.machine_groups)),
        )
        for binding in held
    )


def _counted(groups: int) -> tuple[str, ...]:
    return (f"{groups} machine group{'' if groups == 1 else 's'}",) if groups else ()
