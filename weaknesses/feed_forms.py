"""What a curator may set of a feed."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError


class MirrorForm(forms.Form):
    address = forms.CharField(
        required=False,
        max_length=500,
        label="Mirror",
        help_text="A folder (ending in /) with the publisher's file names, or the address of the one file. Empty: the publisher.",
        widget=forms.URLInput(attrs={"class": "field__c", "placeholder": "https://mirror.example.org/feeds/"}),
    )

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"].strip()
        if address and not address.startswith(("https://", "http://")):
            raise ValidationError("Write an address that begins with https:// or http://, or nothing.")
        return address
