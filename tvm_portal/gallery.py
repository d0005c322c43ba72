"""What the gallery of components shows: invented figures, in the shapes that pages give. No table is read."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.template.loader import get_template

from core import tabs
from core.flyouts import Head
from core.lists import Column, Facet, ListSpec, ListState
from core.pager import pager
from core.saved import ViewBar, ViewTab
from recommendations import charts, page_charts
from recommendations.score_queries import Point

TOTAL = 186  # rows of the example list, of which a page's first few are drawn
SURFACES = ("bg", "surface", "surface-2", "surface-3", "ink", "ink-2", "ink-3", "accent", "accent-soft")
MARKS = ("critical", "high", "medium", "low", "none", "good", "1", "2", "3", "4", "5")
EARLIEST = dt.date(2026, 3, 1)
FORM_FIELDS = ("due", "reason", "kind", "notes")
SPEC = ListSpec(
    columns=(
        Column("name", "Recommendation", sort="+", fixed=True),
        Column("weaknesses", "Weaknesses", sort="-", numeric=True),
        Column("threats", "Threats"),
        Column("exposed", "Exposed machines", sort="-"),
        Column("impact", "Impact", sort="-"),
        Column("status", "Status", hint="What was decided about it"),
        Column("tags", "Tags", shown=False),
    ),
    sort="-impact",
    facets=(
        Facet(
            "status", "Status", (("active", "Active"), ("partial", "Partial exception"), ("exception", "Exception")), default=("active",)
        ),
        Facet("threat", "Threats", (("alert", "Possible active alert"), ("exploited", "Exploited in the wild"))),
    ),
    keeps=("tab", *FORM_FIELDS),
)
VIEWS = (
    ViewTab("All active", "?", 186, current=True),
    ViewTab("Ongoing threats", "?threat=exploited", 11),
    ViewTab("Servers, this quarter", "?sort=-exposed", 47, owner="Ikram Haddad", shared=True),
)
COUNTS = {"status": {"active": TOTAL, "partial": 5, "exception": 7}, "threat": {"alert": 3, "exploited": 11}}
DAILY = (52, 52, 51, 53, 52, 51, 50, 49, 49, 48, 50, 56, 55, 54, 53, 52, 51, 50, 50, 49, 48, 48, 47, 50, 49, 48, 47, 47, 46, 46)


@dataclass(frozen=True, slots=True)
class Tag:
    label: str
    tone: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A recommendation of the example list."""

    title: str
    weaknesses: int
    exposed: int
    installed: int
    series: tuple[int, ...]
    impact: float
    gain: float | None = None
    alert: bool = False
    exploit: int = 0
    exploited: bool = False
    insight: bool = False
    status: str = "active"
    status_label: str = "Active"
    tags: tuple[Tag, ...] = ()


ROWS = (
    Row("Update Google Chrome to 146.0.7680.71", 23, 4873, 11_904, (4261, 4400, 4390, 4700, 4873), 7.42, None, True, 3, True, True),
    Row("Block executable content from mail and webmail", 0, 9612, 12_418, (9900, 9800, 9612), 3.36, 9.0, insight=True),
    Row(
        "Uninstall Oracle Java SE 7",
        41,
        486,
        486,
        (486, 486, 486),
        1.84,
        exploit=1,
        status="partial",
        status_label="Partial exception",
        tags=(Tag("EOS software", "solid"), Tag("User impact", "", "user")),
    ),
)


class ExampleForm(forms.Form):
    """Every kind of field. Nothing is stored."""

    due = forms.DateField(
        label="Due date",
        help_text="Policy: 14 days",
        widget=forms.DateInput(attrs={"class": "field__c", "type": "date"}, format="%Y-%m-%d"),
    )
    reason = forms.CharField(label="Title", min_length=8, widget=forms.TextInput(attrs={"class": "field__c", "autocomplete": "off"}))
    kind = forms.ChoiceField(
        label="Priority", choices=(("high", "High"), ("medium", "Medium"), ("low", "Low")), widget=forms.Select(attrs={"class": "field__c"})
    )
    notes = forms.CharField(
        label="Notes",
        required=False,
        widget=forms.Textarea(attrs={"class": "field__c", "rows": 3, "placeholder": "What the IT admin should know"}),
    )

    def clean_due(self) -> dt.date:
        due: dt.date = self.cleaned_data["due"]
        if due < EARLIEST:
            raise ValidationError(f"Choose a day from {EARLIEST:%-d %b %Y} on.")
        return due


def form(query: QueryDict) -> ExampleForm:
    """As it was sent; a form with mistakes where it was not."""
    sent = any(name in query for name in FORM_FIELDS)
    return ExampleForm(query if sent else {"due": "2026-02-28", "reason": "Chrome", "kind": "high", "notes": ""})


def icons() -> tuple[str, ...]:
    """The names of the drawings in the sprite."""
    source = get_template("components/sprite.html").template.source  # type: ignore[attr-defined]
    return tuple(re.findall(r'id="i-([\w-]+)"', source))


def context(query: QueryDict, *, today: dt.date) -> dict[str, Any]:
    """Everything the gallery's templates take."""
    state = SPEC.read(query)
    days = [today - dt.timedelta(days=len(DAILY) - 1 - n) for n in range(len(DAILY))]
    points = [Point(day, float(value)) for day, value in zip(days, DAILY, strict=True)]
    events = {
        days[11]: ("Google Chrome has 9 new weaknesses", "An exploit for 7-Zip was verified"),
        days[23]: ("WinRAR has 2 new weaknesses",),
    }
    return {
        **_list(state),
        "surfaces": SURFACES,
        "marks": MARKS,
        "icons": icons(),
        "form": form(query),
        "tabs": tabs.tabs(query, (("one", "Recommendations", 2), ("two", "Discovered vulnerabilities", 23), ("three", "Versions", None))),
        "chart": page_charts.exposure_score(points, events=events, bounds=(30, 70)),
        "small_chart": charts.line(days=days, values=[4000.0 + 20 * value for value in DAILY], name="Exposed machines", tone="better"),
        "small_rows": [(day, 4000 + 20 * value) for day, value in zip(reversed(days), reversed(DAILY), strict=True)],
        "levels": (("high", "High", 2214, ""), ("medium", "Medium", 5902, ""), ("low", "Low", 3428, ""), ("good", "None", 642, "")),
        "parts": (("high", "Exposed", 4873), ("none", "Installed, not exposed", 7031)),
        "severities": ((4, "Critical", 2), (3, "High", 14), (2, "Medium", 6), (1, "Low", 1)),
        "terms": _terms(),
        "facts": (("Vendor", "Google"), ("First seen", "3 Mar 2026"), ("Category", "Browser")),
        "updates": (_update(today, latest=True), _update(today, latest=False)),
        "crumbs": (("Recommendations", "#list"), ("Update Google Chrome", "#cards")),
        "series": {"worse": DAILY[9:14], "better": DAILY, "flat": (4, 4, 4)},
        "tags": (Tag("EOS versions"), Tag("EOS software", "solid"), Tag("Zero day", "alarm"), Tag("User impact", "", "user")),
        "today": today,
    }


def _list(state: ListState) -> dict[str, Any]:
    key = state.sort.removeprefix("-")
    by = {"name": "title"}.get(key, key)
    rows = sorted(ROWS, key=lambda row: getattr(row, by), reverse=state.sort.startswith("-"))
    return {
        "state": state,
        "head": Head("flyout", "Flyout", "recommendation", "?open=flyout", "?", "?open=flyout", 1, TOTAL, "", "#list"),
        "views": ViewBar("", VIEWS, state.view_query, staff=False),
        "facets": state.facets(COUNTS),
        "rows": [row for row in rows if state.q.lower() in row.title.lower()],
        "pager": pager(state, TOTAL),
        "columns": dict.fromkeys(state.columns, True),
        "largest": max(row.impact for row in ROWS),
    }


def _terms() -> tuple[dict[str, Any], ...]:
    found = (
        ("Severity", "CVE-2026-2441, CVSS 8.8", "0.88", 0.88, "1"),
        ("Threat", "Exploited in the wild, an alert names it", "1.00", 1.0, "high"),
        ("Reach", "Exposed share of the fleet, by device value", "41.2%", 0.412, "1"),
    )
    return tuple(dict(zip(("label", "about", "text", "share", "tone"), term, strict=True)) for term in found)


def _update(today: dt.date, *, latest: bool) -> dict[str, Any]:
    return {
        "kb": "5079473" if latest else "5074109",
        "url": "",
        "is_latest": latest,
        "title": "Cumulative update for Windows 11",
        "fixed": "10.0.26200.7979",
        "released_on": today,
        "weaknesses": 61,
    }
