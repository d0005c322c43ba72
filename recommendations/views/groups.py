"""Machine groups: their list by rank, and the editor that shows what a rule would do before it is saved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from celery import current_app
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from core.access import Permission, may_everywhere, require_everywhere
from core.htmx import wants
from inventory import group_actions, group_queries, scope
from inventory.errors import BadGroup
from inventory.models import MachineGroup
from recommendations import group_forms, score_queries
from recommendations import group_queries as score_rows
from recommendations.group_forms import ConditionForm, GroupForm

AT_ONCE = 5_000
_TASK = "tvm_portal.tasks.regroup_machines"  # by name: tasks of the root are above this app


@require_safe
@vary_on_headers("HX-Request", "HX-Target")
def index(request: HttpRequest) -> HttpResponse:
    """Every group by rank."""
    weights = score_queries.weights_of(score_queries.scoring_settings())
    context = {
        "rows": score_rows.group_rows(weights=weights, groups=[choice.id for choice in scope.of(request).choices]),
        "may_change": may_change(request),
    }
    return render(request, "groups/index.html#results" if wants(request, "results") else "groups/index.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request", "HX-Target")
def edit(request: HttpRequest, group_id: int | None = None) -> HttpResponse:
    """A group, or a new one: the form and what it would do. `do` of the form: save, preview, add, remove-<number>."""
    require_everywhere(request, Permission.SETTINGS)
    group = get_object_or_404(MachineGroup, pk=group_id) if group_id is not None else None
    places = group_forms.places(group)
    if request.method != "POST":
        draft = _stored(group, places)
        return _answer(request, draft)
    draft = _posted(request, group, places)
    # A live preview carries the last button that was pressed along: it saves nothing.
    wanted = "preview" if wants(request, "preview") else request.POST.get("do", "preview")
    if wanted == "save":
        return _save(request, draft)
    if wanted == "add" or wanted.startswith("remove-"):
        draft = _other_conditions(draft, wanted)
    return _answer(request, draft)


@require_POST
def move(request: HttpRequest, group_id: int) -> HttpResponse:
    """One rank up or down."""
    require_everywhere(request, Permission.SETTINGS)
    group = get_object_or_404(MachineGroup, pk=group_id, is_default=False)
    if group_actions.move_group(group=group, up=request.POST.get("to") != "down", **_who(request)):
        group.refresh_from_db()
        messages.success(request, f"{group.name} has rank {group.rank} now. {_regroup(request)}")
    return redirect("recommendations:groups")


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, group_id: int) -> HttpResponse:
    """Where the machines of a group go, and after the answer to that its end."""
    require_everywhere(request, Permission.SETTINGS)
    group = get_object_or_404(MachineGroup, pk=group_id, is_default=False)
    if request.method != "POST":
        targets = group_queries.falling(group)
        return render(request, "groups/delete.html", {"group": group, "targets": targets, "machines": sum(t.machines for t in targets)})
    name = group.name
    moved = group_actions.delete_group(group=group, **_who(request))
    messages.success(request, f"{name} is deleted. {_moved(moved)}")
    return redirect("recommendations:groups")


def may_change(request: HttpRequest) -> bool:
    """Groups decide who sees which machines: not for those who may change a part of them alone."""
    return may_everywhere(request.user, Permission.SETTINGS)


@dataclass(frozen=True, slots=True)
class Draft:
    """A group as the form has it. `rule` None: a condition is wrong."""

    group: MachineGroup | None
    form: GroupForm
    conditions: list[ConditionForm]
    rule: list[dict[str, str]] | None
    position: int

    @property
    def is_default(self) -> bool:
        return bool(self.group and self.group.is_default)


def _stored(group: MachineGroup | None, places: list[tuple[int, str]]) -> Draft:
    position = group_forms.position_of(group)
    initial = {"name": group.name, "description": group.description} if group else {}
    rule = list(group.rule) if group else []
    form = GroupForm(initial={**initial, "position": position}, places=places)
    return Draft(group, form, group_forms.blank_conditions(rule), rule, position)


def _posted(request: HttpRequest, group: MachineGroup | None, places: list[tuple[int, str]]) -> Draft:
    conditions = group_forms.conditions_of(request.POST)
    asked = request.POST.get("position", "")
    position = int(asked) if asked.isdecimal() and int(asked) in dict(places) else len(places) or 1
    return Draft(group, GroupForm(request.POST, places=places), conditions, group_forms.rule_of(conditions), position)


def _other_conditions(draft: Draft, wanted: str) -> Draft:
    """The same draft with a condition more or less; nothing is checked yet."""
    kept = [
        {name: form[name].value() or "" for name in ("field", "operator", "value")}
        for form in draft.conditions
        if form.prefix != f"condition-{wanted.removeprefix('remove-')}"
    ]
    kept += [{}] if wanted == "add" and len(kept) < group_forms.MOST_CONDITIONS else []
    conditions = group_forms.blank_conditions(kept)
    if wanted == "add":
        conditions[-1].fields["field"].widget.attrs["autofocus"] = True
    form = GroupForm(initial={name: draft.form[name].value() for name in draft.form.fields}, places=group_forms.places(draft.group))
    rule = [condition for condition in kept if condition.get("value")]
    return Draft(draft.group, form, conditions, None if draft.rule is None else rule, draft.position)


def _save(request: HttpRequest, draft: Draft) -> HttpResponse:
    if not draft.form.is_valid() or draft.rule is None:
        return _answer(request, draft, status=422)
    if not draft.rule and not draft.is_default:
        draft.form.add_error(None, "Give at least one condition: a rule without one takes no machine.")
        return _answer(request, draft, status=422)
    try:
        saved = group_actions.save_group(
            group=draft.group,
            name=draft.form.cleaned_data["name"],
            description=draft.form.cleaned_data["description"],
            rule=[] if draft.is_default else draft.rule,
            position=draft.position,
            **_who(request),
        )
    except BadGroup as error:
        draft.form.add_error("name", str(error))
        return _answer(request, draft, status=422)
    told = "" if draft.is_default else f" {_regroup(request)}"
    messages.success(request, f"{saved.name} is saved.{told}")
    return redirect("recommendations:groups")


def _regroup(request: HttpRequest) -> str:
    """Have the machines follow: at once where few move, else by a worker. Says which."""
    moving = group_queries.moving(order=group_actions.ranked())
    if moving > AT_ONCE:
        by = request.user.get_username()
        transaction.on_commit(lambda: current_app.send_task(_TASK, kwargs={"by": by}))
        return f"{moving:,} machines are moving, which takes a few minutes."
    if not moving:
        return "No machine moved."
    return _moved(group_actions.regroup_machines(by=request.user.get_username(), now=timezone.now()))


def _moved(machines: int) -> str:
    return f"{machines:,} machine{'' if machines == 1 else 's'} moved; scores follow within seconds." if machines else "No machine moved."


def _answer(request: HttpRequest, draft: Draft, *, status: int = 200) -> HttpResponse:
    """The page, or for a live preview its partial alone."""
    context: dict[str, Any] = {
        "group": draft.group,
        "form": draft.form,
        "conditions": draft.conditions,
        "is_default": draft.is_default,
        "most": group_forms.MOST_CONDITIONS,
        "may_delete": draft.group is not None and not draft.is_default,
        "rule": draft.rule,
        "preview": _preview(draft),
    }
    template = "groups/edit.html#preview" if wants(request, "preview") else "groups/edit.html"
    return render(request, template, context, status=status)


def _preview(draft: Draft) -> group_queries.Preview | None:
    if draft.is_default or draft.rule is None:
        return None
    return group_queries.preview(group_id=draft.group.pk if draft.group else None, rule=draft.rule, position=draft.position)


def _who(request: HttpRequest) -> dict[str, Any]:
    return {"by": request.user.get_username(), "now": timezone.now()}
