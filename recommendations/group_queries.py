"""The list of machine groups with the score of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from core.models import AuditEvent
from inventory import group_rules
from inventory.models import MachineGroup
from recommendations.models import GroupScore
from recommendations.records import Weights


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group: its rule in words, `machines` in the scores and `silent` ones that are not, and its exposure score (None: no machine).

    `level` as MachineScore.Level numbers it. `changed_by` is empty where nobody changed the group here.
    """

    group: MachineGroup
    rule: str
    machines: int
    silent: int
    score: float | None
    level: int
    changed_at: dt.datetime | None
    changed_by: str
    first: bool = False
    last: bool = False


def group_rows(*, weights: Weights, groups: Sequence[int]) -> tuple[GroupRow, ...]:
    """These groups by rank, the default one last. Three statements."""
    shown = list(MachineGroup.objects.filter(pk__in=groups).order_by("is_default", "rank", "id"))
    scores = {score.group_id: score for score in GroupScore.objects.all()}
    changes = _changes([group.pk for group in shown])
    ranked = [group.pk for group in shown if not group.is_default]
    return tuple(_row(group, scores.get(group.pk), changes.get(str(group.pk)), weights, ranked) for group in shown)


def _row(
    group: MachineGroup, stored: GroupScore | None, change: tuple[dt.datetime, str] | None, weights: Weights, ranked: Sequence[int]
) -> GroupRow:
    score = 100 * stored.exposure / stored.weight if stored and stored.weight > 0 else None
    level = 0 if score is None else 3 if score >= weights.band_high else 2 if score >= weights.band_medium else 1
    return GroupRow(
        group=group,
        rule="Machines that no rule takes" if group.is_default else group_rules.rule_words(group.rule),
        machines=group.machine_count,
        silent=stored.inactive if stored else 0,
        score=score,
        level=level,
        changed_at=change[0] if change else None,
        changed_by=change[1] if change else "",
        first=ranked[:1] == [group.pk],
        last=ranked[-1:] == [group.pk],
    )


def _changes(groups: Sequence[int]) -> dict[str, tuple[dt.datetime, str]]:
    """Group id -> when it was last changed, and by whom."""
    events = AuditEvent.objects.filter(object_type="machinegroup", object_id__in=[str(pk) for pk in groups])
    latest = events.order_by("object_id", "-at", "-id").distinct("object_id")
    return {number: (at, actor) for number, at, actor in latest.values_list("object_id", "at", "actor")}
