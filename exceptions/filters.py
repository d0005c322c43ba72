"""What the list of exceptions can be narrowed by, sorted by, and show. `sql/read_exceptions.sql` does it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.flyouts import Listed
from core.lists import Column, Facet, ListSpec, ListState
from core.sql import containing
from exceptions import rules
from exceptions.models import RiskException
from recommendations.models import Recommendation

WEAKNESS, PAIR = "weakness", "pair"
TYPES = (*Recommendation.Kind.choices, (WEAKNESS, "Weakness"), (PAIR, "Weakness in one software"))
ENDS = (("soon", "Within 7 days"), ("month", "Within 30 days"), ("later", "Later"))

SPEC = ListSpec(
    columns=(
        Column("title", "Exception", sort="+", fixed=True),
        Column("groups", "Machine groups", sort="-"),
        Column("justification", "Justification"),
        Column("type", "Type", sort="+"),
        Column("status", "Status"),
        Column("by", "Requested by"),
        Column("requested", "Requested on", sort="-", shown=False),
        Column("expires", "Expires", sort="+"),
    ),
    sort="expires",
    facets=(
        Facet("status", "Status", tuple(RiskException.Status.choices), default=rules.CURRENT),
        Facet("justification", "Justification", tuple(RiskException.Justification.choices)),
        Facet("type", "Type", TYPES),
        Facet("ends", "Expires", ENDS),
    ),
)
LISTED = Listed(SPEC, "exception", "exceptions:list", "exceptions:exception", "pk")


def parameters(state: ListState, *, groups: Sequence[int] | None, now: Any) -> dict[str, Any]:
    """What read_exceptions.sql is told. `groups` None: every group."""
    return {
        "patterns": [containing(word) for word in state.q.split()[:8]],
        **{facet.key: list(state.chosen.get(facet.key, ())) or None for facet in SPEC.facets},
        "by": state.sort.removeprefix("-"),
        "sign": -1 if state.sort.startswith("-") else 1,
        "groups": None if groups is None else list(groups),
        "now": now,
    }
