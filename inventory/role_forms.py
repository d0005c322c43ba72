"""Forms of roles and users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.auth.models import Group
from django.contrib.auth.validators import UnicodeUsernameValidator

from core.models import Role, User
from core.permissions import Permission

ALL, CHOSEN = "all", "chosen"
REACHES = ((ALL, "All machine groups, those of tomorrow too"), (CHOSEN, "Only these:"))


class RoleForm(forms.Form):
    name = forms.CharField(max_length=60, error_messages={"required": "Give the role a name."})
    description = forms.CharField(max_length=300, required=False, help_text="Who it is for.")
    permissions = forms.MultipleChoiceField(
        choices=Permission.choices, required=False, error_messages={"invalid_choice": "There is no such permission."}
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for name in ("name", "description"):
            self.fields[name].widget.attrs["class"] = "field__c"


class ReachForm(forms.Form):
    """For which machine groups."""

    reach = forms.ChoiceField(choices=REACHES, initial=ALL, label="For which machines", widget=forms.RadioSelect)
    groups = forms.MultipleChoiceField(required=False, label="Machine groups", widget=forms.CheckboxSelectMultiple)

    def __init__(self, *arguments: Any, groups: Sequence[tuple[int, str]], **named: Any) -> None:
        super().__init__(*arguments, **named)
        field = self.fields["groups"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(str(number), name) for number, name in groups]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("reach") == CHOSEN and not values.get("groups"):
            self.add_error("groups", "Tick at least one machine group, or choose all of them.")
        return values

    @property
    def machine_groups(self) -> list[int] | None:
        """The ids; None: all machine groups."""
        return None if self.cleaned_data["reach"] == ALL else [int(number) for number in self.cleaned_data["groups"]]


class GiveForm(ReachForm):
    """To whom: a user by name, or everybody in a group of users."""

    who = forms.CharField(
        max_length=300, label="User or group of users", error_messages={"required": "Write the name of a user or a group of users."}
    )
    field_order = ("who", "reach", "groups")

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["who"].widget.attrs |= {"class": "field__c", "list": "people", "autocomplete": "off"}

    def clean_who(self) -> User | Group:
        name = " ".join(self.cleaned_data["who"].split())
        users = User.objects.filter(username__iexact=name).order_by("pk")  # ann and Ann may be two people
        found = users.filter(username=name).first() or users.first() or Group.objects.filter(name__iexact=name).first()
        if found is None:
            raise forms.ValidationError("There is no user and no group of users with this name. Choose one of the list.")
        return found


class GiveUserForm(ReachForm):
    """Which role."""

    role = forms.ModelChoiceField(Role.objects.order_by("name"), error_messages={"required": "Choose a role."}, empty_label="Choose a role")
    field_order = ("role", "reach", "groups")

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fields["role"].widget.attrs["class"] = "field__c"


class PersonForm(forms.Form):
    name = forms.CharField(max_length=300, required=False, label="Name", help_text="As colleagues know them.")
    email = forms.EmailField(required=False, label="E-mail", error_messages={"invalid": "Write an address such as ann@example.org."})

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for field in self.fields.values():
            field.widget.attrs["class"] = "field__c"


class NewUserForm(PersonForm):
    username = forms.CharField(
        max_length=150,
        label="Name to sign in with",
        validators=[UnicodeUsernameValidator()],
        error_messages={"required": "Write the name to sign in with."},
    )
    role = forms.ModelChoiceField(
        Role.objects.order_by("name"),
        required=False,
        empty_label="None yet",
        help_text="For all machine groups; give it for some on the next page.",
    )
    field_order = ("username", "name", "email", "role")
