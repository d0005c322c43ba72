"""What the list of machines knows: its columns, its filters, and the machines that an address spells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.http import HttpRequest, QueryDict
from django.utils import timezone

from core.lists import WIDE, Column, Facet, ListSpec, ListState
from inventory import scope
from inventory.models import Machine
from recommendations import counters, machine_queries
from recommendations.machine_filters import INACTIVE_AFTER, RISKS, MachineFilter

LEVELS = (("high", "High"), ("medium", "Medium"), ("low", "Low"), ("none", "None"))
NUMBERS = {"none": 0, "low": 1, "medium": 2, "high": 3}
RISK_NAMES: dict[str, int | None] = {**{label.lower(): rank for rank, label in RISKS.items()}, "none": None}
SPEC = ListSpec(
    columns=(
        Column("name", "Machine", sort="+", fixed=True),
        Column("domain", "Domain", sort="+", shown=False),
        Column("group", "Group", sort="+"),
        Column("risk", "Risk level", hint="The worst of its open alerts"),
        Column("level", "Exposure level", sort="-"),
        Column("score", "Score", sort="-", numeric=True),
        Column("fixes", "Recommendations", sort="-", numeric=True, shown=False),
        Column("platform", "OS platform", sort="+"),
        Column("version", "OS version", sort="+"),
        Column("build", "OS build", shown=False),
        Column("health", "Health", hint="Inactive: silent for more than 7 days"),
        Column("last_seen", "Last seen", sort="-"),
        Column("value", "Value", sort="-"),
        Column("internet", "Internet facing", shown=False),
        Column("tags", "Tags"),
    ),
    sort="-score",
    keyset=True,
    facets=(
        Facet("level", "Exposure level", LEVELS),
        Facet("risk", "Risk level", (*((label.lower(), label) for label in RISKS.values()), ("none", "No known risk"))),
        Facet("platform", "OS platform", tuple(Machine.Family.choices)),
        Facet(
            "health",
            "Health",
            (("active", "Active"), ("inactive", "Inactive"), ("no-data", "No sensor data"), ("excluded", "Excluded")),
        ),
        Facet("value", "Device value", tuple((label.lower(), label) for label in Machine.Value.labels)),
        Facet("internet", "Internet facing", (("yes", "Yes"), ("no", "No"))),
        Facet("state", "In the scores", (("active", "Yes"), ("silent", "No, silent or excluded")), default=("active",)),
        Facet(
            "data",
            "Data",
            (
                ("none", "Nothing installed"),
                ("some", "Something installed"),
                ("internet", "Internet facing"),
                ("unsupported", "System out of support"),
            ),
        ),
    ),
    sizes=WIDE,
)


def read(request: HttpRequest) -> ListState:
    """What the address asks for."""
    return spec_of(request, request.GET).read(request.GET)


def spec_of(request: HttpRequest, query: QueryDict) -> ListSpec:
    """The list with the groups and tags that there are to filter by."""
    asked = [part.strip() for text in query.getlist("tag") for part in text.split(",") if part.strip()][:20]
    tags = sorted({*(tag for tag in machine_queries.known_tags(groups=scope.permitted(request)) if "," not in tag), *asked}, key=str.lower)
    groups = [(str(choice.id), choice.name) for choice in scope.of(request).choices if choice.selected]
    facets = [
        *SPEC.facets[:-2],
        *([Facet("group", "Group", tuple(groups))] if len(groups) > 1 else []),
        *([Facet("tag", "Tag", tuple((tag, tag) for tag in tags))] if tags else []),
        *SPEC.facets[-2:],
    ]
    return replace(SPEC, facets=tuple(facets))


def chosen_machines(request: HttpRequest, state: ListState) -> MachineFilter:
    """The address as a filter. Before the first run no machine is in a score: all are listed."""
    computed = counters.last_run(request).id is not None
    states, data, internet = state.chosen["state"], state.chosen["data"], state.chosen["internet"]
    groups = [int(number) for number in state.chosen.get("group", ())]
    return MachineFilter(
        groups=groups or scope.of(request).group_ids,
        text=state.q,
        levels=tuple(NUMBERS[name] for name in state.chosen["level"]),
        risks=tuple(RISK_NAMES[name] for name in state.chosen["risk"]),
        families=state.chosen["platform"],
        values=tuple(("low", "normal", "high").index(name) for name in state.chosen["value"]),
        tags=state.chosen.get("tag", ()),
        health=state.chosen["health"],
        inactive_since=timezone.now() - INACTIVE_AFTER if state.chosen["health"] else None,
        state=_one(states) if computed else "",
        internet=True if "internet" in data else {"yes": True, "no": False}.get(_one(internet)),
        empty="none" in data,
        filled="some" in data,
        unsupported_on=timezone.now().date() if "unsupported" in data else None,
        sort=state.sort,
    )


def _one(values: Sequence[str]) -> str:
    """The only value that was chosen; all of them are none."""
    return values[0] if len(values) == 1 else ""
