"""Writing down what happened, and finding what a rule tells of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Max, Q, Sum

from core import sql
from recommendations.models import GroupScore
from tvm_portal.models import NotificationRule, Occurrence, ToldOccurrence
from tvm_portal.notices import STALE_AFTER
from tvm_portal.notifications.kinds import GONE, OF_RECOMMENDATIONS

LOOK_BACK = dt.timedelta(days=8)  # what happened longer ago without being found is not news
WINDOW = 20_000  # events this far below the newest may still be written
KEPT = dt.timedelta(days=120)
_LOCK = 6_072_001


@dataclass(frozen=True, slots=True)
class Found:
    """An occurrence that a rule tells of: machines of the rule's groups, and points of their score (None: no score).

    `at`: when it happened, `found_at` when that was found.
    """

    id: int
    kind: str
    threat: int
    severity: int
    at: dt.datetime
    found_at: dt.datetime
    machines: int
    points: float | None


def collect(*, now: dt.datetime) -> int:
    """Write down what happened since; returns the last one's number. One at a time, so that numbers are in the order of commits."""
    with transaction.atomic():
        _alone()
        parameters = {"now": now, "since": now - LOOK_BACK, "today": now.date(), "stale": STALE_AFTER, "window": WINDOW}
        for statement in ("collect_events", "collect_recommendations", "collect_acts", "collect_portal"):
            sql.run(f"tvm_portal/{statement}", parameters)
    return newest()


def newest() -> int:
    """The number of the last occurrence."""
    return Occurrence.objects.aggregate(last=Max("id"))["last"] or 0


def matching(
    rule: NotificationRule, groups: Sequence[int] | None, *, after: int = 0, up_to: int | None = None, since: dt.datetime | None = None
) -> list[Found]:
    """What a rule tells of these machine groups (None: all), in the order it was found. Two statements."""
    parameters = {
        "after": after,
        "up_to": up_to,
        "since": since,
        "rule": rule.pk,
        "kinds": list(rule.kinds),
        "everywhere": groups is None,
        "groups": [str(group) for group in groups or ()],
        "gone": list(GONE),
        "weighed": list(OF_RECOMMENDATIONS),
        "severity": rule.severity,
        "impact": rule.impact,
        "weight": weight_of(groups),
    }
    return [Found(**row) for row in sql.rows("tvm_portal/match_occurrences", parameters)]


def weight_of(groups: Sequence[int] | None) -> float:
    """The weight of the machines that points are of."""
    scores = GroupScore.objects.all() if groups is None else GroupScore.objects.filter(group_id__in=groups)
    return float(scores.aggregate(total=Sum("weight"))["total"] or 0)


def rises(rule: NotificationRule, groups: Sequence[int] | None, *, first: dt.date, last: dt.date) -> list[tuple[dt.date, float, float]]:
    """(day, score, rise) of the days on which the score of these groups (None: all) rose as far as the rule tells of."""
    rows = sql.rows("tvm_portal/read_rise", {"first": first, "last": last, "everywhere": groups is None, "groups": list(groups or ())})
    return [(row["day"], row["score"], row["rise"]) for row in rows if row["rise"] is not None and row["rise"] >= rule.rise - 1e-9]


def note_rises(rule: NotificationRule, groups: Sequence[int] | None, *, now: dt.datetime) -> int:
    """Write down days that ended, and today, on which the score of the rule's groups rose far. Returns how many were new."""
    today = now.date()
    found = rises(rule, groups, first=today - dt.timedelta(days=1), last=today)
    if not found:
        return 0
    _alone()
    made = Occurrence.objects.bulk_create(
        [
            Occurrence(
                kind="score_rose",
                key=f"{rule.pk}:{day}",
                at=min(now, dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), tzinfo=dt.UTC)),
                found_at=now,
                subject=rise_words(score, rise),
                reference=str(day),
                severities=[0] * 5,
                rule=rule,
            )
            for day, score, rise in found
            if day >= rule.created_at.date()
        ],
        ignore_conflicts=True,
    )
    return len(made)


def _alone() -> None:
    """Until the transaction ends nobody else writes occurrences: a number that is seen has none below it that is still to come."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def rise_words(score: float, rise: float) -> str:
    return f"The exposure score rose by {rise:.1f} points in a day, to {score:.1f}"


def forget_old(*, now: dt.datetime) -> int:
    """Occurrences that are too old to be told, shown or found again."""
    old = Occurrence.objects.filter(found_at__lt=now - KEPT).exclude(Q(kind__in=("zero_day", "patched")))
    ToldOccurrence.objects.filter(occurrence__in=old).delete()
    return old.delete()[0]
