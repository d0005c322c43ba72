"""The request, its renewal, the decision, and the settings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django import forms

from exceptions import rules
from exceptions.models import ExceptionSettings
from exceptions.queries import GroupChoice

ALL, SOME = "all", "groups"
OWN = "date"
MOST_WORDS = 4000


class EndForm(forms.Form):
    """How long: 30, 60 or 90 days, or until a day. `until` is the end of the last day."""

    duration = forms.ChoiceField(
        label="Duration",
        initial=str(rules.DURATIONS[0]),
        widget=forms.RadioSelect(attrs={"class": "check"}),
        error_messages={"required": "Choose how long it lasts."},
    )
    until = forms.DateField(
        required=False,
        label="Until and including",
        widget=forms.DateInput(attrs={"class": "field__c field__c--date", "type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Write a date, such as 2026-12-24."},
    )

    def __init__(self, *args: Any, today: dt.date, longest_days: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.longest = today, today + dt.timedelta(days=longest_days)
        duration = self.fields["duration"]
        assert isinstance(duration, forms.ChoiceField)
        offered = [days for days in rules.DURATIONS if days <= longest_days]
        duration.choices = [*((str(days), f"{days} days") for days in offered), (OWN, "Until a date")]
        duration.initial = str(offered[0]) if offered else OWN
        self.fields["until"].widget.attrs |= {"min": today.isoformat(), "max": self.longest.isoformat()}
        self.fields["until"].help_text = f"At most {longest_days} days from today: {self.longest:%Y-%m-%d}."

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "duration" in data and "until" not in self.errors:
            data["ends_at"] = self._end(data)
        return data

    def _end(self, data: dict[str, Any]) -> dt.datetime | None:
        if data["duration"] != OWN:
            return rules.end_of(self.today + dt.timedelta(days=int(data["duration"])))
        day: dt.date | None = data.get("until")
        if day is None:
            self.add_error("until", "Choose the last day.")
        elif day < self.today:
            self.add_error("until", "Choose today or a later day.")
        elif day > self.longest:
            self.add_error("until", f"Choose a day up to {self.longest:%Y-%m-%d}.")
        return rules.end_of(day) if day else None


class RequestForm(EndForm):
    """`everywhere`: whether one for all machines may be asked for; without groups nothing else can."""

    justification = forms.ChoiceField(
        label="Justification",
        widget=forms.RadioSelect(attrs={"class": "check"}),
        error_messages={"required": "Choose why it is not fixed."},
    )
    context = forms.CharField(
        max_length=MOST_WORDS,
        label="Justification context",
        help_text="Who decided it and why, what protects these machines, a ticket or a document.",
        widget=forms.Textarea(attrs={"class": "field__c", "rows": 3}),
        error_messages={"required": "Say in a sentence why: it is what the next person reads."},
    )
    scope = forms.ChoiceField(
        label="Scope", widget=forms.RadioSelect(attrs={"class": "check"}), error_messages={"required": "Choose which machines."}
    )
    groups = forms.TypedMultipleChoiceField(
        coerce=int,
        required=False,
        label="Machine groups",
        widget=forms.CheckboxSelectMultiple(attrs={"class": "check"}),
        error_messages={"invalid_choice": "A chosen group holds an exception in the meantime, or is not yours to handle. Choose again."},
    )
    field_order = ("justification", "context", "duration", "until", "scope", "groups")

    def __init__(self, *args: Any, of_weakness: bool, groups: Sequence[GroupChoice], everywhere: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offered, self.everywhere = groups, everywhere
        self.meanings = rules.meanings(of_weakness=of_weakness)
        self._choose("justification", [(meaning.key, meaning.label) for meaning in self.meanings])
        self._choose("scope", [*([(ALL, "")] if everywhere else []), *([(SOME, "")] if groups else [])])
        self._choose("groups", [(group.id, group.name) for group in groups])
        self.fields["scope"].initial = ALL if everywhere else SOME
        self.fields["groups"].initial = [group.id for group in groups]

    def _choose(self, name: str, choices: list[tuple[Any, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, (forms.ChoiceField, forms.TypedMultipleChoiceField))
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("scope") == SOME and not data.get("groups") and "groups" not in self.errors:
            self.add_error("groups", "Choose at least one machine group.")
        return data

    @property
    def justification_value(self) -> str:
        """What is chosen, also while something else is wrong; empty: nothing."""
        value = str(self.data.get("justification", "")) if self.is_bound else ""
        return value if value in {meaning.key for meaning in self.meanings} else ""

    @property
    def scope_value(self) -> str:
        value = str(self.data.get("scope", "")) if self.is_bound else ""
        return value if value in (ALL, SOME) else str(self.fields["scope"].initial)

    @property
    def chosen_groups(self) -> list[int]:
        """The ids of the chosen groups, also while something else is wrong."""
        known = [group.id for group in self.offered]
        if not self.is_bound:
            return known
        asked = set(self.data.getlist("groups")) if hasattr(self.data, "getlist") else set()
        return [pk for pk in known if str(pk) in asked]

    @property
    def wanted_groups(self) -> list[int] | None:
        """None: all machines."""
        return None if self.scope_value == ALL and self.everywhere else self.chosen_groups


class RenewForm(EndForm):
    context = forms.CharField(
        max_length=MOST_WORDS,
        label="Why it goes on",
        widget=forms.Textarea(attrs={"class": "field__c", "rows": 3}),
        error_messages={"required": "Say why it goes on."},
    )
    field_order = ("duration", "until", "context")


class DecisionForm(forms.Form):
    """`do`: approve or reject. Who rejects says why."""

    do = forms.ChoiceField(choices=(("approve", "Approve"), ("reject", "Reject")))
    note = forms.CharField(
        required=False, max_length=MOST_WORDS, label="Note", widget=forms.Textarea(attrs={"class": "field__c", "rows": 2})
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("do") == "reject" and not data.get("note", "").strip():
            self.add_error("note", "Say why it is rejected.")
        return data


class SettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = ExceptionSettings
        fields = ("approval_required", "longest_days", "growth", "least_growth")
        labels = {
            "approval_required": "A second person approves",
            "longest_days": "Longest duration in days",
            "growth": "Resurface when the impact grows by this share",
            "least_growth": "And by at least these points",
        }
        help_texts = {
            "approval_required": "An exception, or its renewal, takes effect once somebody other than its requester approves it.",
            "longest_days": "From 1 to 365, counted from the day of the request or of the renewal.",
            "growth": "0.5 is half of what it was when the exception was granted.",
            "least_growth": "So that small figures do not bring small exceptions back.",
        }
        widgets = {
            "approval_required": forms.CheckboxInput(attrs={"class": "check"}),
            "longest_days": forms.NumberInput(attrs={"class": "field__c field__c--date", "min": 1, "max": 365}),
            "growth": forms.NumberInput(attrs={"class": "field__c field__c--date", "min": 0, "step": 0.05}),
            "least_growth": forms.NumberInput(attrs={"class": "field__c field__c--date", "min": 0, "step": 0.1}),
        }
