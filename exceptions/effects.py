"""What exceptions in effect do to the figures: the rows that recommendations read, kept by difference."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from exceptions import queries, rules
from exceptions.models import RiskException
from exceptions.queries import Subject
from recommendations import actions
from recommendations.models import ExceptionEffect, WeaknessEffect


@dataclass(frozen=True, slots=True)
class Changed:
    """Whether other things hide, and whether other sums count."""

    hides: bool
    sums: bool


def store(subject: Subject, listed: Sequence[RiskException]) -> Changed:
    """The effects of one subject, whose current exceptions stand in order of precedence."""
    places = rules.covered(queries.standing(listed))
    if subject.of_weakness:
        return _store_weakness(subject, set(places))
    reasons = {exception.pk: exception.justification for exception in listed}
    return _store_recommendation(subject, {group: rules.mitigates(reasons[pk], of_weakness=False) for group, pk in places.items()})


def apply(*, hides: bool, sums: bool, now: dt.datetime) -> None:
    """Figures and statuses in line with the rows, where any changed."""
    if hides or sums:
        actions.apply_effects(now=now, sums=sums)


def _store_recommendation(subject: Subject, wanted: dict[int | None, bool]) -> Changed:
    stored = {effect.group_id: effect for effect in ExceptionEffect.objects.filter(recommendation=subject.recommendation)}
    gone = [effect for group, effect in stored.items() if wanted.get(group) != effect.mitigates]
    new = [group for group, mitigates in wanted.items() if group not in stored or stored[group].mitigates != mitigates]
    ExceptionEffect.objects.filter(pk__in=[effect.pk for effect in gone]).delete()
    ExceptionEffect.objects.bulk_create(
        ExceptionEffect(recommendation=subject.recommendation, group_id=group, mitigates=wanted[group]) for group in new
    )
    return Changed(hides=bool(gone or new), sums=any(e.mitigates for e in gone) or any(wanted[group] for group in new))


def _store_weakness(subject: Subject, wanted: set[int | None]) -> Changed:
    found = WeaknessEffect.objects.filter(weakness=subject.weakness, software=subject.software)
    stored = set(found.values_list("group_id", flat=True))
    gone, new = stored - wanted, wanted - stored
    for group in gone:
        found.filter(group_id=group).delete()
    WeaknessEffect.objects.bulk_create(
        WeaknessEffect(weakness=subject.weakness, software=subject.software, group_id=group) for group in new
    )
    return Changed(hides=False, sums=bool(gone or new))
