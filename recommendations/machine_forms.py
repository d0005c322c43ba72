"""What a person may change of a machine."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError

from inventory.models import Machine

LONGEST_TAG = 30
MOST_TAGS = 20


class ValueForm(forms.Form):
    value = forms.TypedChoiceField(
        choices=Machine.Value.choices, coerce=int, label="Device value", widget=forms.Select(attrs={"class": "field__c"})
    )


class FacingForm(forms.Form):
    internet_facing = forms.BooleanField(
        required=False, label="Reachable from the internet", widget=forms.CheckboxInput(attrs={"class": "check"})
    )


class TagsForm(forms.Form):
    tags = forms.CharField(
        required=False,
        max_length=700,
        label="Tags",
        help_text=f"Separated by commas, at most {LONGEST_TAG} characters each.",
        widget=forms.TextInput(attrs={"class": "field__c", "autocomplete": "off"}),
    )

    def clean_tags(self) -> list[str]:
        """The tags without blanks around them, each once, in their order."""
        tags = list(dict.fromkeys(part.strip() for part in self.cleaned_data["tags"].split(",") if part.strip()))
        if any(len(tag) > LONGEST_TAG for tag in tags):
            raise ValidationError(f"A tag has at most {LONGEST_TAG} characters.")
        if len(tags) > MOST_TAGS:
            raise ValidationError(f"A machine has at most {MOST_TAGS} tags.")
        return tags
