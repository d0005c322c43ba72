"""The form of a connection, built from the fields of its system. Secrets are asked for, never shown."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from remediation.models import TicketConnection
from remediation.ticketing import guard
from remediation.ticketing.base import Field, Refused, System, TryLater

LONGEST = 2_000
CONTROL = {"class": "field__c"}


class ConnectionForm(forms.Form):
    """A field a field of the system, and `allow_private` where it has an address. `row` None: nothing is saved yet."""

    def __init__(self, *args: Any, system: System, row: TicketConnection | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.system = system
        self.secret_names = [field.name for field in system.fields if field.kind == "secret"]
        kept = row.secrets if row else {}
        values = row.values if row else {}
        for field in system.fields:
            self.fields[field.name] = _control(field, kept=field.name in kept)
            self.fields[field.name].initial = "" if field.kind == "secret" else values.get(field.name, field.initial)
        if any(field.kind == "address" for field in system.fields):
            self.fields["allow_private"] = forms.BooleanField(
                required=False,
                label="Inside the own network",
                help_text="Also addresses of the own network are called, and http://. Leave it empty for services on the Internet.",
                initial=row.allow_private if row else False,
                widget=forms.CheckboxInput(attrs={"class": "check"}),
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for field in self.system.fields:
            text = cleaned.get(field.name) or ""
            try:
                if field.kind == "address" and text:
                    guard.check(text, allow_private=bool(cleaned.get("allow_private")))
                if field.kind == "mails":
                    for line in filter(None, map(str.strip, text.splitlines())):
                        validate_email(line)
            except Refused as error:
                self.add_error(field.name, str(error))
            except ValueError:
                self.add_error(field.name, "This is no address, such as https://tickets.example.org/path.")
            except ValidationError:
                self.add_error(field.name, "Enter mail addresses, such as it@example.org, one a line.")
            except TryLater:
                pass  # a name that is not found today may be found tomorrow: the test says so
        return cleaned

    @property
    def allows_private(self) -> bool:
        return bool(self.cleaned_data.get("allow_private"))

    def values(self) -> dict[str, str]:
        """What was entered, without secrets."""
        return {field.name: self.cleaned_data[field.name].strip() for field in self.system.fields if field.name not in self.secret_names}

    def secrets(self) -> dict[str, str]:
        """Secrets that were entered anew."""
        return {name: text for name in self.secret_names if (text := self.cleaned_data[name].strip())}


def _control(field: Field, *, kept: bool) -> forms.Field:
    required = field.required and not kept and not field.generated
    common: dict[str, Any] = {"label": field.label, "help_text": field.help, "required": required}
    if field.kind == "choice":
        return forms.ChoiceField(choices=field.choices, widget=forms.Select(attrs=CONTROL), **common)
    if field.kind == "secret":
        attributes = CONTROL | {"autocomplete": "new-password"}
        return forms.CharField(max_length=LONGEST, widget=forms.PasswordInput(attrs=attributes, render_value=False), **common)
    if field.kind in ("lines", "mails"):
        return forms.CharField(max_length=LONGEST, widget=forms.Textarea(attrs=CONTROL | {"rows": 3}), **common)
    if field.kind == "mail":
        return forms.EmailField(max_length=254, widget=forms.EmailInput(attrs=CONTROL), **common)
    attributes = CONTROL | ({"inputmode": "url", "spellcheck": "false"} if field.kind == "address" else {})
    return forms.CharField(max_length=LONGEST, widget=forms.TextInput(attrs=attributes), **common)
