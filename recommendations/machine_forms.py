"""What a person may change of a machine, or of many."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError

from inventory.actions import TAG_LIMIT, checked_tag
from inventory.errors import BadTag
from inventory.models import Machine

MOST_TAGS = 20


class ValueForm(forms.Form):
    value = forms.TypedChoiceField(
        choices=Machine.Value.choices,
        coerce=int,
        label="Device value",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose a value of the list.", "invalid_choice": "Choose a value of the list."},
    )


class FacingForm(forms.Form):
    internet_facing = forms.BooleanField(
        required=False, label="Reachable from the internet", widget=forms.CheckboxInput(attrs={"class": "check"})
    )


class TagForm(forms.Form):
    """One tag, to add to machines or to take off them."""

    tag = forms.CharField(
        label="Tag",
        help_text=f"At most {TAG_LIMIT} characters.",
        widget=forms.TextInput(attrs={"class": "field__c", "autocomplete": "off", "list": "known-tags"}),
        error_messages={"required": "Name the tag."},
    )

    def clean_tag(self) -> str:
        return _checked(self.cleaned_data["tag"])


class ReasonForm(forms.Form):
    """Why machines are left out, or taken in again."""

    reason = forms.CharField(
        max_length=300,
        label="Reason",
        help_text="Kept in the audit trail, and shown on the machine's page while it is excluded.",
        widget=forms.TextInput(attrs={"class": "field__c", "autocomplete": "off"}),
        error_messages={"required": "Say why, so that the next one who looks understands it."},
    )


class TagsForm(forms.Form):
    tags = forms.CharField(
        required=False,
        max_length=700,
        label="Tags",
        help_text=f"Separated by commas, at most {TAG_LIMIT} characters each.",
        widget=forms.TextInput(attrs={"class": "field__c", "autocomplete": "off"}),
    )

    def clean_tags(self) -> list[str]:
        """The tags without blanks around them, each once, in their order."""
        tags = list(dict.fromkeys(_checked(part) for part in self.cleaned_data["tags"].split(",") if part.strip()))
        if len(tags) > MOST_TAGS:
            raise ValidationError(f"A machine has at most {MOST_TAGS} tags; these are {len(tags)}.")
        return tags


def _checked(text: str) -> str:
    """A tag as it is stored; what is wrong with it names it and says by how much."""
    tag = " ".join(text.split())
    if len(tag) > TAG_LIMIT:
        raise ValidationError(f"A tag has at most {TAG_LIMIT} characters. “{tag}” has {len(tag)}: shorten it by {len(tag) - TAG_LIMIT}.")
    try:
        return checked_tag(tag)
    except BadTag as error:
        raise ValidationError(str(error)) from error
