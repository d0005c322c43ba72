"""What the list of recommendations can be narrowed by, sorted by, and show. `sql/read_recommendations.sql` does it."""

from __future__ import annotations

import re
from typing import Any

from core.lists import WIDE, Column, Facet, ListSpec, ListState
from core.sql import containing
from inventory.models import Configuration
from recommendations.models import Recommendation

CVE = re.compile(r"CVE-\d{4}-\d{4,}|GHSA(-[a-z0-9]{4}){3}|(MAL|PYSEC|GO|RUSTSEC)-\d{4}-\d+", re.IGNORECASE)  # or an advisory without one
MOST_WORDS = 8

THREATS = (
    ("alert", "Active alert"),
    ("exploited", "Exploited in the wild"),
    ("kit", "In an exploit kit"),
    ("verified", "Verified exploit"),
    ("public", "Public exploit"),
)
TAGS = (
    ("zero-day", "Zero day"),
    ("eos-software", "EOS software"),
    ("eos-versions", "EOS versions"),
    ("upcoming-eos-software", "Upcoming EOS software"),
    ("upcoming-eos-versions", "Upcoming EOS versions"),
    ("user-impact", "User impact"),
)
PLATFORMS = (("windows", "Windows"), ("macos", "macOS"), ("linux", "Linux"), ("any", "Not tied to one"))
MOST_PICKS = 100
SHOWN_STATUSES = (Recommendation.Status.ACTIVE.value, Recommendation.Status.PARTIAL.value)

SPEC = ListSpec(
    columns=(
        Column("name", "Recommendation", sort="+", fixed=True),
        Column("platform", "OS platform", shown=False),
        Column("weaknesses", "Weaknesses", sort="-", numeric=True),
        Column("component", "Related component", sort="+"),
        Column("threats", "Threats", sort="-", hint="Active alert, exploit, insight"),
        Column("exposed", "Exposed machines", sort="-", hint="Exposed of all that have it, and the last 30 days"),
        Column("status", "Status", sort="+"),
        Column("kind", "Remediation type", sort="+"),
        Column("activities", "Activities", sort="-", numeric=True),
        Column("impact", "Impact", sort="-", hint="What the exposure score drops; + configuration points"),
        Column("exposed_after", "Exposed after exceptions", sort="-", shown=False, numeric=True),
        Column("impact_after", "Impact after exceptions", sort="-", shown=False, numeric=True),
        Column("tags", "Tags"),
    ),
    sort="-impact",
    facets=(
        Facet("status", "Status", tuple(Recommendation.Status.choices), default=SHOWN_STATUSES),
        Facet("kind", "Remediation type", tuple(Recommendation.Kind.choices)),
        Facet("threat", "Threats", THREATS),
        Facet("category", "Related component", tuple(Configuration.Category.choices)),
        Facet("sub", "Within", under="category"),
        Facet("platform", "OS platform", PLATFORMS),
        Facet("tag", "Tags", TAGS),
    ),
    ordered=True,
    picks=MOST_PICKS,
    sizes=WIDE,
)


def parameters(state: ListState) -> dict[str, Any]:
    """What read_recommendations.sql is told about search, filters and order. A CVE finds what removes it."""
    is_cve = CVE.fullmatch(state.q) is not None
    words = [] if is_cve else state.q.split()[:MOST_WORDS]
    return {
        "cve": state.q.upper() if is_cve else "",
        "patterns": [containing(word) for word in words],
        **{facet.key: list(state.chosen.get(facet.key, ())) or None for facet in SPEC.facets},
        "picks": None,
        "by": state.sort.removeprefix("-"),
        "sign": -1 if state.sort.startswith("-") else 1,
    }
