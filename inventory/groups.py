"""The one group of machines that no rule takes."""

from __future__ import annotations

from inventory.models import MachineGroup


def default_group() -> MachineGroup:
    """The default group; made where it is missing."""
    group, _ = MachineGroup.objects.get_or_create(
        is_default=True, defaults={"name": "Ungrouped", "description": "Machines that no rule takes."}
    )
    return group
