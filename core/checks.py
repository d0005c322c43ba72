"""What `manage.py check --database default` and every migration look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Tags, register

from core import partition_moves, partitions


@register(Tags.database)
def partitions_agree(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Tables by machine are read side by side, so they have one number of partitions, and it is the setting's."""
    if not databases:
        return []
    counts = {table: partitions.count(table) for table in partitions.tables_by_machine()}
    found: list[CheckMessage] = []
    if set(counts.values()) - {settings.INSTALLATION_PARTITIONS}:
        told = ", ".join(f"{table} {count}" for table, count in counts.items())
        text = f"Partitions by machine: {told}; INSTALLATION_PARTITIONS is {settings.INSTALLATION_PARTITIONS}."
        found.append(checks.Warning(text, hint="manage.py partition_tables --count N, and the setting to match.", id="core.W001"))
    if left := partition_moves.unfinished():
        text = f"An interrupted move left {', '.join(left)} behind."
        found.append(checks.Warning(text, hint="manage.py partition_tables --count N drops them.", id="core.W002"))
    return found
