"""Granting exceptions, ending them, and keeping the figures after exceptions in step. All of it is one change at a time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.forms.models import model_to_dict

from core import audit
from core.models import User
from core.transitions import allows, move
from exceptions import effects, queries, rules
from exceptions.errors import ExceptionRefused
from exceptions.models import ExceptionPart, ExceptionSettings, RiskException
from exceptions.queries import Subject
from inventory.models import MachineGroup
from recommendations.rules import resurfaces

SYSTEM = "system"


@transaction.atomic
def grant(
    *,
    subjects: Sequence[Subject],
    justification: str,
    context: str,
    until: dt.datetime,
    group_ids: Sequence[int] | None,
    by: User,
    now: dt.datetime,
) -> list[RiskException]:
    """Except these from being fixed, on the machines of these groups (None: all machines, now and in future), until then.

    In effect at once; where the settings ask for it, once another person approves. Raises ExceptionRefused.
    """
    queries.lock()
    _check_end(until, now=now)
    made = []
    for subject in subjects:
        _check_free(subject, group_ids)
        made.append(_make(subject, justification, context, until, group_ids, by=by, now=now))
    for exception in made:
        audit.record(by=by.get_username(), action="exception.request", object=exception, now=now, after=_facts(exception))
    _settle(subjects, now=now)
    for exception in made:
        exception.refresh_from_db()
    return made


def cancel(*, exception: RiskException, by: User, now: dt.datetime, group_ids: Sequence[int] | None = None) -> RiskException:
    """End it before its time: as a whole, or for some of its groups. Raises ExceptionRefused where it has ended already."""
    return cancel_several(wanted=[(exception, group_ids)], by=by, now=now)[0]


@transaction.atomic
def cancel_several(*, wanted: Sequence[tuple[RiskException, Sequence[int] | None]], by: User, now: dt.datetime) -> list[RiskException]:
    """End each of these before its time, as a whole (None) or for some of its groups; all or none. Figures are computed once.

    Raises ExceptionRefused where one has ended already.
    """
    queries.lock()
    ended = [_cancel(exception, group_ids, by=by, now=now) for exception, group_ids in wanted]
    _settle([queries.subject_of(found) for found in ended], now=now)
    return ended


@transaction.atomic
def renew(*, exception: RiskException, until: dt.datetime, context: str, by: User, now: dt.datetime) -> RiskException:
    """Let it last until then, for a reason of its own; waits for another person where the settings say so. Raises ExceptionRefused."""
    queries.lock()
    found = _fresh(exception)
    if not allows(rules.TRANSITIONS, found.status, "renew"):
        raise ExceptionRefused(f"It cannot be renewed: {found.get_status_display().lower()}.")
    _check_end(until, now=now)
    if until <= found.ends_at:
        raise ExceptionRefused("Choose a day after the one on which it ends now.", field="until")
    if queries.settings().approval_required:
        after = {"until": until.isoformat(), "context": context}
        _set(found, asked_until=until, asked_context=context, asked_by=by)
        audit.record(by=by.get_username(), action="exception.ask_renewal", object=found, now=now, after=after)
        return found
    _renew(found, until=until, context=context, who=by.get_username(), now=now)
    return found


@transaction.atomic
def approve(*, exception: RiskException, by: User, note: str, now: dt.datetime) -> RiskException:
    """Let what was asked for take effect: the exception, or its renewal. Not by the one who asked. Raises ExceptionRefused."""
    queries.lock()
    found = _fresh(exception)
    if found.status == rules.PENDING:
        _check_other(found.requested_by, by)
        if found.ends_at <= now:
            raise ExceptionRefused("The time that was asked for is over. Cancel it, and ask again.")
        subject = queries.subject_of(found)
        impact = queries.measure(subject, groups=None if found.all_machines else queries.live_groups(found)).impact
        _set(found, decided_by=by, decided_at=now, decision_note=note, starts_at=now, impact_when_granted=impact)
        _move(found, "approve", by=by.get_username(), now=now, note=note)
        _settle([subject], now=now)
        return found
    if found.asked_until is not None and allows(rules.TRANSITIONS, found.status, "renew"):
        _check_other(found.asked_by, by)
        if found.asked_until <= now:
            raise ExceptionRefused("The time that was asked for is over. Ask again.")
        _set(found, decided_by=by, decided_at=now, decision_note=note)
        _renew(found, until=found.asked_until, context=found.asked_context, who=by.get_username(), now=now, note=note)
        return found
    raise ExceptionRefused("Nothing waits for approval here any more.")


@transaction.atomic
def reject(*, exception: RiskException, by: User, note: str, now: dt.datetime) -> RiskException:
    """Refuse what was asked for, with a reason. A refused renewal leaves the exception as it is. Raises ExceptionRefused."""
    queries.lock()
    found = _fresh(exception)
    if found.status == rules.PENDING:
        _check_other(found.requested_by, by)
        _set(found, decided_by=by, decided_at=now, decision_note=note)
        _end(found, "reject", by=by.get_username(), now=now, note=note)
    elif found.asked_until is not None:
        _check_other(found.asked_by, by)
        before = {"until": found.asked_until.isoformat()}
        _set(found, decided_by=by, decided_at=now, decision_note=note, **NOTHING_ASKED)
        audit.record(
            by=by.get_username(),
            action="exception.reject_renewal",
            object=found,
            now=now,
            before=before,
            after={"note": note},
        )
    else:
        raise ExceptionRefused("Nothing waits for approval here any more.")
    return found


@transaction.atomic
def follow(*, now: dt.datetime, growth: bool = True) -> int:
    """End what is over, and (`growth`) what costs much more than when it was granted. Returns how many ended.

    What waited behind them takes effect, and figures are as if they had never been. Safe to run again.
    """
    queries.lock()
    ended = [_expire(exception, now=now) for exception in _listed(ends_at__lte=now)]
    here = ExceptionPart.objects.filter(exception=OuterRef("pk"), group__isnull=False, cancelled_at__isnull=True)
    ended += [_end_empty(exception, now=now) for exception in _listed(all_machines=False).exclude(Exists(here))]
    if growth:
        chosen = queries.settings()
        ended += [exception for exception in _listed(status=rules.IN_EFFECT) if _resurfaced(exception, chosen, now=now)]
    if ended:
        _settle([queries.subject_of(exception) for exception in ended], now=now)
    return len(ended)


@transaction.atomic
def save_settings(
    *, approval_required: bool, longest_days: int, growth: float, least_growth: float, by: User, now: dt.datetime
) -> ExceptionSettings:
    """The rules for what is granted from now on; what waits for approval goes on waiting."""
    row, _ = ExceptionSettings.objects.select_for_update().get_or_create(id=1)
    before = model_to_dict(row)
    _set(row, approval_required=approval_required, longest_days=longest_days, growth=growth, least_growth=least_growth)
    after = model_to_dict(row)
    changed = {name for name, value in after.items() if before.get(name) != value}
    if changed:
        audit.record(
            by=by.get_username(),
            action="exception.settings",
            object=row,
            now=now,
            before={name: before[name] for name in changed},
            after={name: after[name] for name in changed},
        )
    return row


NOTHING_ASKED: dict[str, Any] = {"asked_until": None, "asked_context": "", "asked_by": None}


def _check_end(until: dt.datetime, *, now: dt.datetime) -> None:
    longest = queries.settings().longest_days
    if until <= now:
        raise ExceptionRefused("Choose a day that is not over yet.", field="until")
    if until > rules.end_of(rules.latest_end(now=now, longest_days=longest).date()):
        raise ExceptionRefused(f"An exception may last {longest} days at most from today.", field="until")


def _check_free(subject: Subject, group_ids: Sequence[int] | None) -> None:
    whole, places = queries.held(queries.current(subject))
    if group_ids is None and whole is not None:
        state = whole.get_status_display().lower()
        raise ExceptionRefused(f"An exception of {subject.title} for all machines exists already ({state}).", field="scope")
    taken = [group for group in group_ids or () if group in places]
    if taken:
        names = ", ".join(MachineGroup.objects.filter(pk__in=taken).order_by("name").values_list("name", flat=True))
        raise ExceptionRefused(f"Somebody has excepted {subject.title} for {names} in the meantime.", field="groups")


def _check_other(asked_by: User | None, by: User) -> None:
    if asked_by is not None and asked_by.pk == by.pk:
        raise ExceptionRefused("You asked for it: another person decides.")


def _make(
    subject: Subject,
    justification: str,
    context: str,
    until: dt.datetime,
    group_ids: Sequence[int] | None,
    *,
    by: User,
    now: dt.datetime,
) -> RiskException:
    recommendation, weakness, software = subject.key
    exception = RiskException.objects.create(
        recommendation_id=recommendation,
        weakness_id=weakness,
        software_id=software,
        justification=justification,
        context=context.strip(),
        status=_first_state(subject, everywhere=group_ids is None),
        all_machines=group_ids is None,
        impact_when_granted=queries.measure(subject, groups=group_ids).impact,
        requested_at=now,
        starts_at=now,
        ends_at=until,
        requested_by=by,
    )
    groups = MachineGroup.objects.filter(pk__in=group_ids or ()).order_by("is_default", "rank", "id")
    ExceptionPart.objects.bulk_create(ExceptionPart(exception=exception, group=group, name=group.name) for group in groups)
    return exception


def _first_state(subject: Subject, *, everywhere: bool) -> str:
    """Pending where approval is asked for; behind one for all machines that is in effect, suspended."""
    if queries.settings().approval_required:
        return rules.PENDING
    whole, _ = queries.held(queries.current(subject))
    return rules.SUSPENDED if not everywhere and whole is not None and whole.status == rules.IN_EFFECT else rules.IN_EFFECT


def _listed(**wanted: Any) -> QuerySet[RiskException]:
    found = RiskException.objects.filter(status__in=rules.CURRENT).filter(**wanted)
    return found.select_related("recommendation", "weakness", "software").prefetch_related("parts").order_by("id")


def _expire(exception: RiskException, *, now: dt.datetime) -> RiskException:
    return _end(exception, "expire", by=SYSTEM, now=now)


def _end_empty(exception: RiskException, *, now: dt.datetime) -> RiskException:
    return _end(exception, "cancel", by=SYSTEM, now=now, note="Its machine groups were deleted.")


def _resurfaced(exception: RiskException, chosen: ExceptionSettings, *, now: dt.datetime) -> bool:
    """Ends it where its plain impact outgrew what was accepted."""
    groups = None if exception.all_machines else queries.live_groups(exception)
    impact = queries.measure(queries.subject_of(exception), groups=groups).impact
    granted = exception.impact_when_granted
    if not resurfaces(granted=granted, now=impact, growth=chosen.growth, least=chosen.least_growth):
        return False
    _end(exception, "resurface", by=SYSTEM, now=now, note=f"Its impact grew from {granted:.2f} to {impact:.2f} points.")
    return True


def _cancel(exception: RiskException, group_ids: Sequence[int] | None, *, by: User, now: dt.datetime) -> RiskException:
    found = _fresh(exception)
    if not allows(rules.TRANSITIONS, found.status, "cancel"):
        raise ExceptionRefused(f"It is already over: {found.get_status_display().lower()}.")
    if group_ids is not None:
        _cancel_groups(found, group_ids, by=by, now=now)
    if group_ids is None or not (found.all_machines or queries.live_groups(found)):
        _end(found, "cancel", by=by.get_username(), now=now)
    return found


def _cancel_groups(exception: RiskException, group_ids: Sequence[int], *, by: User, now: dt.datetime) -> None:
    wanted = [part for part in exception.parts.all() if part.group_id in set(group_ids) and part.cancelled_at is None]
    if not wanted:
        raise ExceptionRefused("It is not in effect for this group any more.")
    for part in wanted:
        _set(part, cancelled_at=now, cancelled_by=by.get_username())
    names = [part.name for part in wanted]
    audit.record(by=by.get_username(), action="exception.cancel_groups", object=exception, now=now, after={"groups": names})


def _renew(exception: RiskException, *, until: dt.datetime, context: str, who: str, now: dt.datetime, note: str = "") -> None:
    before = {"ends_at": exception.ends_at.isoformat(), "context": exception.context}
    groups = None if exception.all_machines else queries.live_groups(exception)
    impact = queries.measure(queries.subject_of(exception), groups=groups).impact
    status = move(rules.TRANSITIONS, exception.status, "renew")
    _set(exception, status=status, ends_at=until, context=context.strip(), impact_when_granted=impact, noticed_at=None, **NOTHING_ASKED)
    after = {"ends_at": until.isoformat(), "context": exception.context} | ({"note": note} if note else {})
    audit.record(by=who, action="exception.renew", object=exception, now=now, before=before, after=after)


def _end(exception: RiskException, verb: str, *, by: str, now: dt.datetime, note: str = "") -> RiskException:
    _set(exception, ended_at=now, ended_by=by, **NOTHING_ASKED)
    _move(exception, verb, by=by, now=now, note=note)
    return exception


def _move(exception: RiskException, verb: str, *, by: str, now: dt.datetime, note: str = "") -> None:
    before = exception.status
    _set(exception, status=move(rules.TRANSITIONS, before, verb))
    after = {"status": exception.status} | ({"note": note} if note else {})
    audit.record(by=by, action=f"exception.{verb}", object=exception, now=now, before={"status": before}, after=after)


def _settle(subjects: Iterable[Subject], *, now: dt.datetime) -> None:
    """Precedence among the exceptions of these subjects, then what they do to the figures."""
    hidden = sums = False
    by_key = {subject.key: subject for subject in subjects}
    for key, current in queries.current_of(by_key.values()).items():
        listed = {exception.pk: exception for exception in current}
        for pk, verb in rules.precedence(queries.standing(current)).items():
            _move(listed[pk], verb, by=SYSTEM, now=now)
        changed = effects.store(by_key[key], current)
        hidden, sums = hidden or changed.hides, sums or changed.sums
    effects.apply(hides=hidden, sums=sums, now=now)


def _fresh(exception: RiskException) -> RiskException:
    """As it is stored now, held until the transaction ends."""
    found = RiskException.objects.select_for_update(of=("self",)).select_related("recommendation", "weakness", "software")
    return found.prefetch_related("parts").get(pk=exception.pk)


def _set(row: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))


def _facts(exception: RiskException) -> dict[str, Any]:
    return {
        "subject": exception.title,
        "justification": exception.justification,
        "context": exception.context,
        "until": exception.ends_at.isoformat(),
        "groups": "all machines" if exception.all_machines else queries.part_names(exception),
        "impact": round(exception.impact_when_granted, 4),
        "status": exception.status,
    }
