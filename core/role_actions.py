"""What administrators do about roles, those who hold them, and users. Atomic and audited; nobody locks the last administrator out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from copy import copy
from types import MappingProxyType
from typing import Any

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models import F, Func, Q, Value

from core import audit
from core.models import Role, RoleBinding, User
from core.permissions import Permission


class Refused(ValueError):
    """A wish that cannot be granted; its text says what to do instead."""


LAST = "Nobody would be left who may administer the portal. Give the role Administrator to somebody else first."


def save_role(*, role: Role | None, name: str, description: str, permissions: Sequence[str], by: User, now: dt.datetime) -> Role:
    """Make a role (`role` None) or change one. Raises Refused."""
    wanted = {name for name in permissions if name in Permission.values}
    if not wanted:
        raise Refused("Tick at least one permission: a role without any allows nothing.")
    before = _facts(role) if role else {}
    saved = copy(role) if role else Role()  # who is refused goes on with the role as it is
    saved.name, saved.description = " ".join(name.split()), description.strip()
    saved.permissions = [permission.value for permission in Permission if permission in wanted or permission == Permission.VIEW]
    try:
        with transaction.atomic():
            _one_at_a_time()
            saved.save()
            _leave_an_administrator()
            _record_change(by=by, action="role.save", object=saved, before=before, after=_facts(saved), now=now)
    except IntegrityError as error:
        raise Refused(f"There is already a role named {saved.name}. Choose another name.") from error
    return saved


def delete_role(*, role: Role, by: User, now: dt.datetime) -> int:
    """Whoever holds it loses what it allowed. Returns how many held it. Built-in roles stay. Raises Refused."""
    if role.built_in:
        raise Refused("Built-in roles stay. Take it from those who hold it instead.")
    with transaction.atomic():
        _one_at_a_time()
        holders = [_holder(binding) for binding in role.bindings.select_related("user", "user_group").order_by("pk")]
        audit.record(by=by.get_username(), action="role.delete", object=role, now=now, before=_facts(role) | {"held by": holders})
        Role.objects.filter(pk=role.pk).delete()
        _leave_an_administrator()
    return len(holders)


def give_role(
    *,
    role: Role,
    user: User | None = None,
    user_group: Group | None = None,
    machine_groups: Sequence[int] | None,
    names: Mapping[int, str] = MappingProxyType({}),
    by: User,
    now: dt.datetime,
) -> RoleBinding:
    """Let a user, or everybody in a group of users, hold the role for these machine groups (None: all). Again: for others.

    `names`: of machine groups, for the audit log.
    """
    if machine_groups is not None and not machine_groups:
        raise Refused("Choose at least one machine group, or all of them.")
    with transaction.atomic():
        _one_at_a_time()
        binding = RoleBinding.objects.filter(role=role, user=user, user_group=user_group).first()
        before = {"for": _reach(binding, names)} if binding else {}
        binding = binding or RoleBinding(role=role, user=user, user_group=user_group)
        binding.machine_groups = None if machine_groups is None else sorted(set(machine_groups))
        binding.save()
        _leave_an_administrator()
        holder = user or user_group
        assert holder is not None
        after = {"role": role.name, "holder": _holder(binding), "for": _reach(binding, names)}
        _record_change(by=by, action="role.give", object=holder, before=before, after=after, now=now)
    return binding


def take_role(*, binding: RoleBinding, names: Mapping[int, str] = MappingProxyType({}), by: User, now: dt.datetime) -> None:
    """The holder has it no longer. Raises Refused."""
    with transaction.atomic():
        _one_at_a_time()
        before = {"role": binding.role.name, "holder": _holder(binding), "for": _reach(binding, names)}
        holder = binding.user or binding.user_group
        assert holder is not None
        audit.record(by=by.get_username(), action="role.take", object=holder, now=now, before=before)
        RoleBinding.objects.filter(pk=binding.pk).delete()
        _leave_an_administrator()


def forget_machine_group(group_id: int) -> int:
    """A machine group is deleted: nobody holds a role for it any more. Part of that action, which records it. Returns bindings changed."""
    held = RoleBinding.objects.filter(machine_groups__contains=[group_id])
    return held.update(machine_groups=Func(F("machine_groups"), Value(group_id), function="array_remove"))


def create_user(*, username: str, name: str, email: str, roles: Sequence[Role], by: User, now: dt.datetime) -> User:
    """A user without a password, who chooses one by a link. Raises Refused."""
    first, _, last = " ".join(name.split()).partition(" ")
    try:
        with transaction.atomic():
            user = User.objects.create_user(username, email=email, password=None, first_name=first[:150], last_name=last[:150])
            audit.record(by=by.get_username(), action="user.create", object=user, now=now, after=_person(user))
            for role in roles:
                give_role(role=role, user=user, machine_groups=None, by=by, now=now)
    except IntegrityError as error:
        raise Refused(f"There is already a user named {username}. Choose another name.") from error
    return user


def change_user(*, user: User, name: str, email: str, by: User, now: dt.datetime) -> None:
    """Another name or address."""
    before = _person(user)
    first, _, last = " ".join(name.split()).partition(" ")
    user.first_name, user.last_name, user.email = first[:150], last[:150], email
    with transaction.atomic():
        user.save(update_fields=["first_name", "last_name", "email"])
        _record_change(by=by, action="user.change", object=user, before=before, after=_person(user), now=now)


def activate_user(*, user: User, active: bool, by: User, now: dt.datetime) -> None:
    """Let the user sign in, or not any more: sessions that are open end with the next page. Raises Refused."""
    if not active and user.pk == by.pk:
        raise Refused("You would lock yourself out. Ask another administrator to do it.")
    if user.is_active == active:
        return
    with transaction.atomic():
        _one_at_a_time()
        user.is_active = active
        user.save(update_fields=["is_active"])
        _leave_an_administrator()
        action = "user.activate" if active else "user.deactivate"
        audit.record(by=by.get_username(), action=action, object=user, now=now, before={"active": not active}, after={"active": active})


def administrators() -> Any:
    """Users whose account is in use and who may administer the portal."""
    administer = {"permissions__contains": [Permission.ADMINISTER]}
    roles = Role.objects.filter(**administer)
    held = RoleBinding.objects.filter(role__in=roles, machine_groups__isnull=True)
    own, by_group = Q(role_bindings__in=held), Q(groups__role_bindings__in=held)
    return User.objects.filter(Q(is_superuser=True) | own | by_group, is_active=True).distinct()


def _one_at_a_time() -> None:
    """Two administrators who each take the other's role would both succeed otherwise."""
    list(Role.objects.select_for_update().order_by("pk").values_list("pk", flat=True))


def _leave_an_administrator() -> None:
    if not administrators().exists():
        raise Refused(LAST)


def _record_change(*, by: User, action: str, object: Any, before: dict[str, Any], after: dict[str, Any], now: dt.datetime) -> None:  # noqa: A002
    """Only what differs, so that the log reads as what was done."""
    if before != after:
        changed = {key: value for key, value in after.items() if before.get(key) != value}
        kept = {key: after[key] for key in ("role", "holder") if key in after}
        old = {key: before[key] for key in changed if key in before}
        audit.record(by=by.get_username(), action=action, object=object, now=now, before=old, after=kept | changed)


def _facts(role: Role) -> dict[str, Any]:
    return {"name": role.name, "description": role.description, "permissions": [Permission(name).label for name in role.permissions]}


def _person(user: User) -> dict[str, Any]:
    return {"username": user.username, "name": user.get_full_name(), "email": user.email}


def _holder(binding: RoleBinding) -> str:
    return binding.user.get_username() if binding.user else f"everybody in {binding.user_group}"


def _reach(binding: RoleBinding, names: Mapping[int, str]) -> list[str]:
    if binding.machine_groups is None:
        return ["all machine groups"]
    return [names.get(number, f"machine group {number}") for number in binding.machine_groups]
