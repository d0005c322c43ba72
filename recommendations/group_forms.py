"""The form of a machine group: its name, its place, and the conditions that all must hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from inventory.group_rules import FIELD_WORDS, OPERATOR_WORDS
from inventory.models import MachineGroup

MOST_CONDITIONS = 20
_SELECT = {"class": "field__c"}


class GroupForm(forms.Form):
    name = forms.CharField(max_length=100, label="Name", widget=forms.TextInput(attrs={"class": "field__c", "autocomplete": "off"}))
    description = forms.CharField(
        max_length=300,
        required=False,
        label="Description",
        widget=forms.TextInput(attrs={"class": "field__c", "autocomplete": "off"}),
    )
    position = forms.TypedChoiceField(
        coerce=int,
        label="Rank",
        help_text="A machine is in the highest group whose rule takes it.",
        widget=forms.Select(attrs=_SELECT),
    )

    def __init__(self, *args: Any, places: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if places:
            self.fields["position"].choices = places  # type: ignore[attr-defined]
        else:
            del self.fields["position"]


class ConditionForm(forms.Form):
    """One condition; without a value it is none."""

    field = forms.ChoiceField(choices=tuple(FIELD_WORDS.items()), label="Of the machine", widget=forms.Select(attrs=_SELECT))
    operator = forms.ChoiceField(
        choices=tuple(OPERATOR_WORDS.items()), initial="starts", label="Comparison", widget=forms.Select(attrs=_SELECT)
    )
    value = forms.CharField(
        max_length=200,
        required=False,
        label="Text",
        widget=forms.TextInput(attrs={"class": "field__c", "autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_value(self) -> str:
        value: str = self.cleaned_data["value"]
        if not value.isprintable():
            raise forms.ValidationError("Use visible characters only.")
        return value


def places(group: MachineGroup | None) -> list[tuple[int, str]]:
    """Where a group may stand: (rank, words). Empty for the default group, which is always last."""
    if group and group.is_default:
        return []
    others = MachineGroup.objects.filter(is_default=False).exclude(pk=group.pk if group else 0)
    names = list(others.order_by("rank", "id").values_list("name", flat=True))
    return [(1, "1, the highest"), *((number, f"{number}, after {name}") for number, name in enumerate(names, 2))]


def position_of(group: MachineGroup | None) -> int:
    """Where the group stands, counted from 1; a new one comes last."""
    ranked = MachineGroup.objects.filter(is_default=False)
    return (ranked.filter(rank__lt=group.rank) if group and group.rank else ranked).count() + 1


def conditions_of(data: QueryDict) -> list[ConditionForm]:
    """The posted conditions, each a form of its own: condition-0-field, condition-0-operator, ..."""
    numbers = sorted({int(part) for name in data if name.startswith("condition-") and (part := name.split("-")[1]).isdecimal()})
    return [ConditionForm(data, prefix=f"condition-{number}") for number in numbers[:MOST_CONDITIONS] if number < 1_000]


def blank_conditions(rule: Sequence[dict[str, str]]) -> list[ConditionForm]:
    """Forms of a stored or posted rule, and an empty one where there is none."""
    return [ConditionForm(initial=condition, prefix=f"condition-{number}") for number, condition in enumerate(rule or [{}])]


def rule_of(conditions: Sequence[ConditionForm]) -> list[dict[str, str]] | None:
    """The rule that the forms spell; None where one of them is wrong."""
    checked = [form.is_valid() for form in conditions]  # every form, so that each shows its errors
    if not all(checked):
        return None
    return [dict(form.cleaned_data) for form in conditions if form.cleaned_data["value"]]
