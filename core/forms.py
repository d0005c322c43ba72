"""A user's own settings."""

from __future__ import annotations

from typing import Any

from django import forms

from core import zones
from core.models import User


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]
    time_zone = forms.ChoiceField(label="Time zone", required=False, help_text="For every time on a page. Exports stay in UTC.")

    class Meta:
        model = User
        fields = ("time_zone", "theme", "density", "shortcuts")
        labels = {"theme": "Colours", "density": "Rows of lists", "shortcuts": "Keyboard shortcuts"}
        help_texts = {"shortcuts": "Single keys, such as / for the search. Switch them off if you speak to your computer."}

    def __init__(self, *arguments: Any, browser_zone: str = "", **named: Any) -> None:
        super().__init__(*arguments, **named)
        like = f"Like the browser: {browser_zone.replace('_', ' ')}" if browser_zone else "Like the browser"
        zone = self.fields["time_zone"]
        assert isinstance(zone, forms.ChoiceField)
        own = self.instance.time_zone  # kept on the list, however it is named
        names = dict.fromkeys((*zones.offered_zones(), *((own,) if zones.zone_named(own) else ())))
        zone.choices = [("", like), *((name, name.replace("_", " ")) for name in names)]
        for field in self.fields.values():
            field.widget.attrs["class"] = "field__c"
