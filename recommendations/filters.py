"""What the list of recommendations can be narrowed by, sorted by, and show."""

from __future__ import annotations

import re

from django.db.models import Exists, OuterRef, Q, QuerySet

from core.lists import Column, Facet, ListSpec, ListState
from inventory.models import Configuration, Software
from recommendations.models import Recommendation, VersionScore
from weaknesses.models import VersionWeakness, Weakness

CVE = re.compile(r"CVE-\d{4}-\d{4,}", re.IGNORECASE)

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
        Facet("tag", "Tags", TAGS),
    ),
)

CONDITIONS: dict[str, dict[str, Q]] = {
    "status": {value: Q(status=value) for value in Recommendation.Status.values},
    "kind": {value: Q(kind=value) for value in Recommendation.Kind.values},
    "threat": {
        "alert": Q(alerts__gt=0),
        "exploited": Q(exploited=True),
        "kit": Q(exploit=Weakness.Exploit.KIT),
        "verified": Q(exploit=Weakness.Exploit.VERIFIED),
        "public": Q(exploit=Weakness.Exploit.PUBLIC),
    },
    "category": {value: Q(category=value) for value in Configuration.Category.values},
    "tag": {
        "zero-day": Q(zero_day=True),
        "eos-software": Q(software__support=Software.Support.ENDED),
        "eos-versions": Q(software__support=Software.Support.ENDED_VERSIONS),
        "upcoming-eos-software": Q(software__support=Software.Support.UPCOMING),
        "upcoming-eos-versions": Q(software__support=Software.Support.UPCOMING_VERSIONS),
        "user-impact": Q(configuration__user_impact__gt=""),
    },
}

ORDERS = {
    "name": ("title",),
    "weaknesses": ("weakness_count",),
    "component": ("component",),
    "threats": ("exploited", "alerts", "exploit"),
    "exposed": ("exposed",),
    "status": ("status",),
    "kind": ("kind",),
    "activities": ("activity_count",),
    "impact": ("impact",),
    "exposed_after": ("exposed_after",),
    "impact_after": ("impact_after",),
}


def any_of(key: str, values: tuple[str, ...]) -> Q:
    """Holds where one of the values of a filter does; without values: always."""
    condition = Q()
    for value in values:
        condition |= CONDITIONS[key][value]
    return condition


def narrow(recommendations: QuerySet[Recommendation], state: ListState) -> QuerySet[Recommendation]:
    """Search and filters of the address. Needs the sums of `recommendation_queries.present` on the rows."""
    for key, values in state.chosen.items():
        recommendations = recommendations.filter(any_of(key, values))
    return recommendations.filter(_search(state.q)) if state.q else recommendations


def order(state: ListState) -> list[str]:
    """Field names for order_by, ending in a unique one."""
    sign = "-" if state.sort.startswith("-") else ""
    fields = ORDERS[state.sort.removeprefix("-")]
    return [*(f"{sign}{name}" for name in fields), *(["-impact"] if "impact" not in fields else []), "pk"]


def _search(text: str) -> Q:
    """By title, component, software key and vendor; a CVE finds what removes it."""
    if CVE.fullmatch(text):
        matches = VersionWeakness.objects.filter(version_id=OuterRef("version_id"), weakness__cve=text.upper())
        removing = VersionScore.objects.filter(recommendation_id=OuterRef("pk")).filter(
            Exists(matches.filter(fix=VersionWeakness.Fix.NONE)) & Q(recommendation__kind=Recommendation.Kind.ATTENTION)
            | Exists(matches.exclude(fix=VersionWeakness.Fix.NONE)) & ~Q(recommendation__kind=Recommendation.Kind.ATTENTION)
            | Exists(matches) & Q(recommendation__kind=Recommendation.Kind.UNINSTALL)
        )
        return Q(Exists(removing))
    condition = Q()
    for word in text.split()[:8]:
        condition &= (
            Q(title__icontains=word)
            | Q(component__icontains=word)
            | Q(key__icontains=word)
            | Q(software__vendor__icontains=word)
            | Q(configuration__cce__iexact=word)
        )
    return condition
