"""What the list of weaknesses can be narrowed by, sorted by, and show. `sql/read_weaknesses.sql` does it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from core.flyouts import Listed
from core.lists import WIDE, Column, Facet, ListSpec, ListState
from recommendations.weakness_list_queries import AGES, EXCEPTIONS, FIXES, PRESENCE, THREATS, WeaknessFilter
from weaknesses.models import Weakness

SEVERITIES = tuple((severity.label.lower(), severity.label) for severity in reversed(Weakness.Severity) if severity)
NUMBERS = {severity.label.lower(): severity.value for severity in Weakness.Severity}
SPEC = ListSpec(
    columns=(
        Column("cve", "Name", sort="-", fixed=True),
        Column("severity", "Severity", sort="-"),
        Column("cvss", "CVSS", sort="-", numeric=True),
        Column("epss", "EPSS", sort="-", numeric=True, hint="Chance of being exploited in the next 30 days"),
        Column("software", "Related software"),
        Column("age", "Age, days", sort="+", numeric=True, hint="Days since it was published"),
        Column("published", "Published", sort="-"),
        Column("updated", "Updated", sort="-"),
        Column("threats", "Threats"),
        Column("exposed", "Exposed machines", sort="-", numeric=True),
        Column("tags", "Tags"),
    ),
    sort="-exposed",
    facets=(
        Facet("present", "Exposed machines", tuple(PRESENCE.items()), default=("here",)),
        Facet("severity", "Severity", SEVERITIES),
        Facet("threat", "Threats", tuple(THREATS.items())),
        Facet("epss", "EPSS", (("0.9", "Above 0.9"), ("0.5", "Above 0.5"), ("0.1", "Above 0.1"))),
        Facet("fix", "Fix", tuple(FIXES.items())),
        Facet("tag", "Tags", (("zero-day", "Zero day"),)),
        Facet("exception", "Status", tuple(EXCEPTIONS.items())),
        Facet("age", "Age", tuple(AGES.items())),
    ),
    sizes=WIDE,
)
LISTED = Listed(SPEC, "weakness", "recommendations:weakness_list", "recommendations:weakness", "cve")


def filter_of(state: ListState, *, groups: Sequence[int], everything: bool, now: dt.datetime) -> WeaknessFilter:
    """The filter of a list's state. Several scores mean the lowest of them."""
    return WeaknessFilter(
        groups=groups,
        now=now,
        everything=everything,
        present=state.chosen["present"],
        text=state.q,
        severity=tuple(NUMBERS[name] for name in state.chosen["severity"]),
        threats=state.chosen["threat"],
        ages=state.chosen["age"],
        fixes=state.chosen["fix"],
        epss=min((float(score) for score in state.chosen["epss"]), default=None),
        zero_day="zero-day" in state.chosen["tag"],
        exceptions=state.chosen["exception"],
        sort=state.sort,
    )
