"""Reporting that something is not right, and answering such a report."""

from __future__ import annotations

from typing import Any

from django import forms

from inventory.models import Machine, Software
from recommendations.models import InaccuracyReport, Recommendation
from weaknesses.models import Weakness

Category = InaccuracyReport.Category
Subject = Recommendation | Software | Weakness

# What can be wrong with a thing, the most frequent first.
CATEGORIES: dict[type, tuple[str, ...]] = {
    Recommendation: (Category.DONE, Category.WRONG, Category.COUNT, Category.VAGUE, Category.INCOMPLETE),
    Software: (Category.DETAIL, Category.ABSENT, Category.COUNT),
    Weakness: (Category.NOT_AFFECTED, Category.VERSION, Category.PRODUCT, Category.DETAIL, Category.INCOMPLETE),
}
NEEDS_VALUE = {Category.DETAIL: "Say what it should be.", Category.COUNT: "Say how many there are."}
NEEDS_DETAILS = {Category.VAGUE, Category.INCOMPLETE, Category.WRONG}


class InaccuracyForm(forms.Form):
    """Which fields are asked for follows the category; what is not asked for is not kept."""

    category = forms.ChoiceField(
        label="What is not right",
        widget=forms.Select(attrs={"class": "field__c"}),
        error_messages={"required": "Choose what is not right.", "invalid_choice": "Choose one of the list."},
    )
    right_value = forms.CharField(
        required=False,
        max_length=300,
        label="What it should say",
        help_text="The right name, vendor, version, date or number.",
        widget=forms.TextInput(attrs={"class": "field__c"}),
    )
    machine = forms.CharField(
        required=False,
        max_length=255,
        label="Machine",
        help_text="Where you see it: the name of one machine.",
        widget=forms.TextInput(attrs={"class": "field__c", "autocomplete": "off", "spellcheck": "false"}),
    )
    details = forms.CharField(
        required=False, max_length=4000, label="Tell us more", widget=forms.Textarea(attrs={"class": "field__c", "rows": 4})
    )
    email = forms.EmailField(
        required=False,
        label="E-mail address",
        help_text="For the answer, and for questions. Only curators see it.",
        widget=forms.EmailInput(attrs={"class": "field__c", "autocomplete": "email"}),
    )

    def __init__(self, *args: Any, subject: Subject, groups: tuple[int, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.groups = groups
        names = dict(Category.choices)
        field = self.fields["category"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Choose"), *((value, names[value]) for value in CATEGORIES[type(subject)])]

    def clean_machine(self) -> Machine | None:
        """The machine of this name in the chosen groups; None where none was named."""
        name = self.cleaned_data["machine"].strip()
        if not name:
            return None
        found = Machine.objects.filter(name__iexact=name, group_id__in=self.groups).first()
        if found is None:
            raise forms.ValidationError("No machine of the chosen groups has this name.")
        return found

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        category = values.get("category", "")
        if category in NEEDS_VALUE and not values.get("right_value"):
            self.add_error("right_value", NEEDS_VALUE[category])
        if category in NEEDS_DETAILS and not values.get("details"):
            self.add_error("details", "Say what, so that a curator can mend it.")
        if category not in NEEDS_VALUE:
            values["right_value"] = ""
        return values


class AnswerForm(forms.Form):
    state = forms.ChoiceField(
        label="What came of it",
        choices=[choice for choice in InaccuracyReport.State.choices if choice[0] != InaccuracyReport.State.OPEN],
        widget=forms.RadioSelect(attrs={"class": "check"}),
        error_messages={"required": "Choose what came of it."},
    )
    answer = forms.CharField(
        max_length=4000,
        label="Answer",
        help_text="Mailed to whoever reported it, and shown in the public log: name no people and no machines.",
        widget=forms.Textarea(attrs={"class": "field__c", "rows": 3}),
        error_messages={"required": "Write an answer to whoever reported it."},
    )
