"""What the list of activities can be narrowed by, sorted by, and show."""

from __future__ import annotations

from core.lists import Column, Facet, ListSpec
from recommendations.models import Recommendation
from remediation.models import Activity, Ticket

SPEC = ListSpec(
    columns=(
        Column("title", "Remediation activity", sort="+", fixed=True),
        Column("component", "Related component", sort="+", shown=False),
        Column("kind", "Remediation type", sort="+"),
        Column("priority", "Priority", sort="+"),
        Column("progress", "Machines fixed", sort="-", hint="Fixed of those that were targeted when it was asked for"),
        Column("due", "Due", sort="+"),
        Column("status", "Status", sort="+"),
        Column("ticket", "Ticket"),
        Column("by", "Requested by"),
        Column("created", "Requested on", sort="-"),
        Column("completed", "Completed by", shown=False),
    ),
    sort="due",
    facets=(
        Facet("status", "Status", tuple(Activity.Status.choices), default=(Activity.Status.ACTIVE.value,)),
        Facet("kind", "Remediation type", tuple(Recommendation.Kind.choices)),
        Facet("ticket", "Ticket", tuple(Ticket.State.choices)),
        Facet("priority", "Priority", tuple(Activity.Priority.choices)),
        Facet("due", "Due", (("overdue", "Overdue"), ("soon", "Within 7 days"), ("later", "Later"), ("none", "No date"))),
    ),
)
