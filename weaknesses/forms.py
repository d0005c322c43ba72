"""What a curator says about a match."""

from __future__ import annotations

from typing import Any

from django import forms

SCOPES = (
    ("product", "Not this product"),
    ("version", "Not this version"),
    ("range", "Ignore this range"),
    ("affected", "It is affected"),
)


class OverrideForm(forms.Form):
    """`what`: how far the word reaches; `reason`: for the next curator. One form stands on the page for each scope."""

    what = forms.ChoiceField(choices=SCOPES, widget=forms.HiddenInput, error_messages={"invalid_choice": "Choose what to correct."})
    reason = forms.CharField(
        max_length=300,
        label="Reason",
        help_text="Kept with the override and in the audit trail.",
        error_messages={"required": "Say why, so that the next curator understands it."},
        widget=forms.Textarea(attrs={"class": "field__c", "rows": 2}),
    )

    @classmethod
    def of(cls, what: str, data: Any = None) -> OverrideForm:
        """The form of one scope, its fields named apart from those of the others."""
        return cls(data, initial={"what": what}, auto_id=f"{what}-%s")
