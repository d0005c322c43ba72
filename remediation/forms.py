"""The request: what, where, how urgent, until when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import HttpRequest, QueryDict

from core.htmx import wants
from remediation.models import Activity
from remediation.queries import GroupReach
from remediation.rules import DEFAULT_DAYS
from remediation.ticketing import builtin


def entered(request: HttpRequest) -> QueryDict | None:
    """What was sent, or what the preview of the reach asks with; None: the form was only opened."""
    if request.method == "POST":
        return request.POST
    return request.GET if wants(request, "reach") else None


class RequestForm(forms.Form):
    """`due_on` is not asked for where nothing can be measured (`measurable` False), `reach` only of configuration (`undisturbed`)."""

    groups = forms.TypedMultipleChoiceField(
        coerce=int,
        label="Machine groups",
        widget=forms.CheckboxSelectMultiple(attrs={"class": "check"}),
        error_messages={"required": "Choose at least one machine group.", "invalid_choice": "A chosen group has no such machine any more."},
    )
    priority = forms.ChoiceField(
        choices=Activity.Priority.choices,
        initial=Activity.Priority.MEDIUM,
        label="Priority",
        widget=forms.RadioSelect(attrs={"class": "check"}),
        error_messages={"required": "Choose a priority."},
    )
    due_on = forms.DateField(
        required=False,
        label="Due date",
        help_text="The activity is overdue after this day.",
        widget=forms.DateInput(attrs={"class": "field__c field__c--date", "type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Write a date, such as 2026-12-24."},
    )
    systems = forms.MultipleChoiceField(
        required=False,
        label="Ticket",
        widget=forms.CheckboxSelectMultiple(attrs={"class": "check"}),
        error_messages={"invalid_choice": "A chosen ticket system has been switched off in the meantime."},
    )
    notes = forms.CharField(
        required=False,
        max_length=4000,
        label="Notes for IT",
        help_text="Urgency, maintenance windows, rules to comply with.",
        widget=forms.Textarea(attrs={"class": "field__c", "rows": 4}),
    )

    reach = forms.ChoiceField(
        choices=Activity.Reach.choices,
        initial=Activity.Reach.ALL,
        required=False,
        label="Which machines",
        widget=forms.RadioSelect(attrs={"class": "check"}),
    )

    def __init__(
        self,
        *args: Any,
        reach: Sequence[GroupReach],
        today: dt.date,
        measurable: bool,
        undisturbed: bool = False,
        systems: Sequence[tuple[str, str, int | None]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if not undisturbed:
            del self.fields["reach"]
        self.today = today
        groups = self.fields["groups"]
        assert isinstance(groups, forms.TypedMultipleChoiceField)
        groups.choices = [(group.id, group.name) for group in reach]
        groups.initial = [group.id for group in reach]
        self.exposed = {group.id: group.exposed for group in reach}
        tickets = self.fields["systems"]
        assert isinstance(tickets, forms.MultipleChoiceField)
        tickets.choices = [(key, label) for key, label, _ in systems]
        tickets.initial = [key for key, _, _ in systems if key == builtin.KEY]
        if not systems:
            del self.fields["systems"]
        if measurable:
            self.fields["due_on"].initial = today + dt.timedelta(days=DEFAULT_DAYS[Activity.Priority.MEDIUM])
        else:
            del self.fields["due_on"]

    def clean_due_on(self) -> dt.date | None:
        due: dt.date | None = self.cleaned_data["due_on"]
        if due is not None and due < self.today:
            raise forms.ValidationError("Choose today or a later day.")
        return due

    def asked_systems(self) -> list[str]:
        """The keys of the ticked ticket systems, also while something else is wrong."""
        if "systems" not in self.fields:
            return []
        asked = self.data.getlist("systems") if hasattr(self.data, "getlist") else []
        return list(asked) if self.is_bound else list(self.fields["systems"].initial)

    def only_undisturbed(self) -> bool:
        """Whether only machines without user impact are asked for, also while something else is wrong."""
        return "reach" in self.fields and self.is_bound and self.data.get("reach") == Activity.Reach.UNDISTURBED

    def chosen(self) -> list[int]:
        """The ids of the chosen groups, also while something else is wrong."""
        asked = self.data.getlist("groups") if hasattr(self.data, "getlist") else []
        return [pk for pk in self.exposed if str(pk) in asked] if self.is_bound else list(self.exposed)
