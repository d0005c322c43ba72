"""One row of each thing that has an address of its own."""

from __future__ import annotations

from django.utils import timezone

from inventory.models import Machine, MachineGroup, Software
from recommendations.models import Recommendation
from weaknesses.models import Weakness


def make_rows(*, recommendation: str, software: str, cve: str) -> int:
    """Returns the machine's number; the others are known by the keys given."""
    now = timezone.now()
    product = Software.objects.create(key=software, ecosystem=Software.Ecosystem.CPE, name="Sample", vendor="Access", first_seen=now)
    Recommendation.objects.create(
        key=recommendation,
        kind=Recommendation.Kind.UPDATE,
        software=product,
        title="Update Sample",
        component="Sample",
        category="software",
        first_seen=now,
    )
    Weakness.objects.create(cve=cve, source="test", published_at=now)
    group, _ = MachineGroup.objects.get_or_create(is_default=True, defaults={"name": "Ungrouped"})
    return Machine.objects.create(external_id="access", name="access.example.org", group=group, first_seen=now, last_seen=now).pk
