"""Roles: what each allows, and who holds it for which machine groups."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import role_actions, role_queries
from core.access import Permission, require
from core.models import Role, RoleBinding, User
from core.navigation import back_to
from core.permissions import EXPLANATIONS, ORGANISATION, TREE
from core.role_actions import Refused
from inventory import scope
from inventory.role_forms import ALL, CHOSEN, GiveForm, RoleForm

MOST_OFFERED = 500  # names in the list that helps typing


def group_names() -> dict[int, str]:
    """The machine groups in their order."""
    return {number: name for number, name, _ in scope.known_groups()}


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every role, with what it allows and how many hold it."""
    require(request, Permission.ADMINISTER)
    return render(request, "roles/index.html", {"rows": role_queries.roles()})


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """A role, or a new one: what it allows, and who holds it."""
    by = require(request, Permission.ADMINISTER)
    role = get_object_or_404(Role, pk=pk) if pk is not None else None
    initial = {"name": role.name, "description": role.description, "permissions": role.permissions} if role else {}
    form = RoleForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method != "POST" or not form.is_valid():
        return _answer(request, role, form, status=422 if form.is_bound else 200)
    try:
        saved = role_actions.save_role(role=role, by=by, now=timezone.now(), **form.cleaned_data)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _answer(request, role, form, status=422)
    messages.success(request, f"{saved.name} is saved." if role else f"{saved.name} is made. Give it to somebody.")
    return redirect("role", pk=saved.pk)


@require_POST
def give(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a user or a group of users hold it."""
    by = require(request, Permission.ADMINISTER)
    role = get_object_or_404(Role, pk=pk)
    form = GiveForm(request.POST, groups=list(group_names().items()))
    if not form.is_valid():
        return _answer(request, role, _plain(role), give_form=form, status=422)
    who = form.cleaned_data["who"]
    holder: dict[str, Any] = {"user": who} if isinstance(who, User) else {"user_group": who}
    try:
        role_actions.give_role(role=role, machine_groups=form.machine_groups, names=group_names(), by=by, now=timezone.now(), **holder)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _answer(request, role, _plain(role), give_form=form, status=422)
    messages.success(request, f"{who} holds {role.name} now.")
    return redirect("role", pk=pk)


@require_POST
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """The holder (a binding) has it no longer."""
    by = require(request, Permission.ADMINISTER)
    binding = get_object_or_404(RoleBinding.objects.select_related("role", "user", "user_group"), pk=pk)
    name = str(binding.user or binding.user_group)
    try:
        role_actions.take_role(binding=binding, names=group_names(), by=by, now=timezone.now())
        messages.success(request, f"{name} no longer holds {binding.role.name}.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect(back_to(request))


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Who would lose it, and after the answer to that its end."""
    by = require(request, Permission.ADMINISTER)
    role = get_object_or_404(Role, pk=pk, key="")
    if request.method != "POST":
        return render(request, "roles/delete.html", {"role": role, "holders": role_queries.holders(role, names=group_names())})
    name = role.name
    try:
        role_actions.delete_role(role=role, by=by, now=timezone.now())
        messages.success(request, f"{name} is deleted.")
    except Refused as refusal:
        messages.error(request, str(refusal))
    return redirect("roles")


def _plain(role: Role) -> RoleForm:
    return RoleForm(initial={"name": role.name, "description": role.description, "permissions": role.permissions})


def _answer(
    request: HttpRequest, role: Role | None, form: RoleForm, *, give_form: GiveForm | None = None, status: int = 200
) -> HttpResponse:
    names = group_names()
    ticked = form["permissions"].value() or []
    tree = [
        (
            title,
            [
                (permission, permission.label, EXPLANATIONS[permission], permission in ticked, permission in ORGANISATION)
                for permission in part
            ],
        )
        for title, part in TREE
    ]
    context: dict[str, Any] = {"role": role, "form": form, "tree": tree}
    if role:
        give_form = give_form or GiveForm(groups=list(names.items()))
        context |= {
            "holders": role_queries.holders(role, names=names),
            "give": give_form,
            "reach": reach_of(give_form),
            "people": User.objects.filter(is_active=True)
            .order_by("username")
            .values_list("username", "first_name", "last_name")[:MOST_OFFERED],
            "user_groups": Group.objects.order_by("name").values_list("name", flat=True)[:MOST_OFFERED],
        }
    return render(request, "roles/edit.html", context, status=status)


def reach_of(form: Any) -> dict[str, Any]:
    """What the tick boxes of machine groups show."""
    chosen = {str(number) for number in form["groups"].value() or []}
    field = form.fields["groups"]
    return {
        "all": (form["reach"].value() or ALL) != CHOSEN,
        "groups": [(number, name, str(number) in chosen) for number, name in field.choices],
        "errors": form.errors.get("groups", ()),
    }
