"""The form of a notification rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from core import zones
from core.models import User
from tvm_portal.models import NotificationRule
from tvm_portal.notifications.actions import FIELDS, Draft
from tvm_portal.notifications.kinds import KINDS
from tvm_portal.notifications.rules import WEEKDAYS
from weaknesses.models import Weakness

MOST_ADDRESSES = 100
_SELECT, _CHECK = {"class": "field__c"}, {"class": "check"}
_TEXT = {"class": "field__c", "autocomplete": "off"}
Frequency, Naming = NotificationRule.Frequency, NotificationRule.Naming


class RuleForm(forms.Form):
    """What is told, of which machines, to whom, and how often. `groups` are those that its author may set rules for."""

    name = forms.CharField(
        max_length=100, label="Name", widget=forms.TextInput(attrs=_TEXT), error_messages={"required": "Give the rule a name."}
    )
    description = forms.CharField(max_length=300, required=False, label="Description", widget=forms.TextInput(attrs=_TEXT))
    enabled = forms.BooleanField(required=False, initial=True, label="The rule is on", widget=forms.CheckboxInput(attrs=_CHECK))
    reach = forms.ChoiceField(
        label="Machine groups",
        choices=(("all", "All, also those of the future"), ("chosen", "Only these")),
        widget=forms.RadioSelect(attrs=_CHECK),
        error_messages={"required": "Choose which machine groups the rule is about."},
    )
    groups = forms.TypedMultipleChoiceField(
        coerce=int,
        required=False,
        label="These groups",
        widget=forms.CheckboxSelectMultiple(attrs=_CHECK),
        error_messages={"invalid_choice": "You may not set rules for one of these groups, or it is gone."},
    )
    kinds = forms.MultipleChoiceField(
        label="What is told",
        choices=tuple((kind.key, kind.label) for kind in KINDS.values()),
        widget=forms.CheckboxSelectMultiple(attrs=_CHECK),
        error_messages={"required": "Choose at least one kind of event."},
    )
    severity = forms.TypedChoiceField(
        coerce=int,
        label="New weaknesses from this severity on",
        choices=((0, "Any"), *((value, label) for value, label in reversed(Weakness.Severity.choices) if value)),
        initial=3,
        widget=forms.Select(attrs=_SELECT),
    )
    impact = forms.FloatField(
        min_value=0,
        max_value=100,
        initial=1,
        label="Recommendations from so many points on",
        help_text="What doing it takes off the exposure score of the groups.",
        widget=forms.NumberInput(attrs={"class": "field__c", "step": "any"}),
    )
    rise = forms.FloatField(
        min_value=0.1,
        max_value=100,
        initial=5,
        label="The score rose by so many points in a day",
        widget=forms.NumberInput(attrs={"class": "field__c", "step": "any"}),
    )
    frequency = forms.ChoiceField(
        label="How often", choices=Frequency.choices, initial=Frequency.ONCE, widget=forms.RadioSelect(attrs=_CHECK)
    )
    weekday = forms.TypedChoiceField(
        coerce=int, label="Day of the weekly digest", choices=tuple(enumerate(WEEKDAYS)), initial=0, widget=forms.Select(attrs=_SELECT)
    )
    hour = forms.TypedChoiceField(
        coerce=int,
        label="Hour of digests",
        choices=tuple((hour, f"{hour:02}:00") for hour in range(24)),
        initial=8,
        widget=forms.Select(attrs=_SELECT),
    )
    time_zone = forms.ChoiceField(label="Time zone of the hour", widget=forms.Select(attrs=_SELECT))
    addresses = forms.CharField(
        required=False,
        max_length=20_000,
        label="E-mail addresses",
        help_text="One a line. An address that is added gets what happens from then on.",
        widget=forms.Textarea(attrs={"class": "field__c", "rows": 4, "spellcheck": "false", "autocomplete": "off"}),
    )
    users = forms.TypedMultipleChoiceField(
        coerce=int, required=False, label="Users of the portal", widget=forms.SelectMultiple(attrs={"class": "field__c", "size": 5})
    )
    organisation = forms.CharField(
        max_length=100,
        required=False,
        label="Name of the organisation",
        help_text="Stands in the subject of each mail. Empty: not named.",
        widget=forms.TextInput(attrs={"class": "field__c", "autocomplete": "organization"}),
    )
    naming = forms.ChoiceField(
        label="What mails say about machines", choices=Naming.choices, initial=Naming.COUNTS, widget=forms.RadioSelect(attrs=_CHECK)
    )

    def __init__(self, *args: Any, groups: Sequence[tuple[int, str]], everywhere: bool, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choose("groups", groups)
        self._choose("users", [(user.pk, f"{user} ({user.email})") for user in _users()])
        self._choose("time_zone", [(name, name.replace("_", " ")) for name in dict.fromkeys((*zones.offered_zones(), zone))])
        self.fields["time_zone"].initial = zone
        if not everywhere:
            self._choose("reach", [("chosen", "Only these")])
        self.fields["reach"].initial = "all" if everywhere else "chosen"

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        return _visible(name)

    def clean_kinds(self) -> tuple[str, ...]:
        """In the order of their importance."""
        return tuple(kind for kind in KINDS if kind in self.cleaned_data["kinds"])

    def clean_organisation(self) -> str:
        name: str = self.cleaned_data["organisation"]
        return _visible(name)

    def clean_addresses(self) -> tuple[str, ...]:
        """One a line; commas and semicolons do as well."""
        text = self.cleaned_data["addresses"].replace(",", "\n").replace(";", "\n")
        found = {line.strip().lower(): line.strip() for line in text.splitlines() if line.strip()}
        if len(found) > MOST_ADDRESSES:
            raise ValidationError(f"At most {MOST_ADDRESSES} addresses. Use an address that reaches several people.")
        for address in found.values():
            try:
                validate_email(address)
            except ValidationError as error:
                raise ValidationError(f"“{address[:80]}” is not an e-mail address. Write one a line, such as name@example.org.") from error
            if len(address) > 254:
                raise ValidationError("An address is too long.")
        return tuple(found.values())

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("reach") == "chosen" and "groups" not in self.errors and not values.get("groups"):
            self.add_error("groups", "Choose at least one machine group.")
        if "addresses" not in self.errors and not values.get("addresses") and not values.get("users"):
            self.add_error("addresses", "Name at least one address, or choose a user.")
        return values

    def draft(self) -> Draft:
        """What a valid form says."""
        values = self.cleaned_data
        everywhere = values["reach"] == "all"
        return Draft(
            **{name: values[name] for name in FIELDS},
            all_groups=everywhere,
            groups=() if everywhere else tuple(values["groups"]),
            addresses=values["addresses"],
            users=tuple(values["users"]),
        )

    def _choose(self, name: str, choices: Sequence[tuple[Any, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(choices)


class TrialForm(forms.Form):
    """Where a test mail goes."""

    address = forms.EmailField(
        label="Send it to", max_length=254, widget=forms.EmailInput(attrs={"class": "field__c", "autocomplete": "email"})
    )


def stored(rule: NotificationRule) -> dict[str, Any]:
    """A rule as the form begins with it."""
    people = list(rule.recipients.all())
    return {
        **{name: getattr(rule, name) for name in FIELDS},
        "reach": "all" if rule.all_groups else "chosen",
        "groups": list(rule.groups.values_list("id", flat=True)),
        "addresses": "\n".join(sorted(person.address for person in people if person.address)),
        "users": [person.user_id for person in people if person.user_id],
    }


def _users() -> list[User]:
    return list(User.objects.filter(is_active=True).exclude(email="").order_by("username"))


def _visible(text: str) -> str:
    if not text.isprintable():
        raise ValidationError("Use visible characters only.")
    return text
