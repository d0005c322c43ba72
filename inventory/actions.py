"""What people and reports do to the inventory. Each action is atomic; those of people are audited."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Any, BinaryIO

from django.db import transaction

from core import audit
from core.models import AuditEvent
from inventory import aliases, bulk, repeats
from inventory.errors import BadTag
from inventory.group_actions import delete_group, ranked, regroup_machines
from inventory.groups import default_group
from inventory.ingestion import Ingestion, limits
from inventory.models import IngestRun, Machine
from inventory.rules import first_group
from inventory.sources.opening import open_plain

__all__ = [
    "checked_tag",
    "default_group",
    "delete_group",
    "exclude_machines",
    "ingest",
    "load_aliases",
    "regroup_machines",
    "set_internet_facing",
    "set_machine_value",
    "tag_machine",
    "tag_machines",
    "undo_machines",
]
EXCLUDE = "machine.exclude"
UNDOABLE = {"machine.set_value": "value", "machine.set_internet_facing": "internet_facing", EXCLUDE: "excluded", "machine.tag": "tags"}
TAG_LIMIT = 30
_AT_ONCE = 2_000


def ingest(
    *,
    stream: BinaryIO,
    filename: str,
    source: str | None = None,
    machine: str = "",
    platform: str = "",
    refuse_oversized: bool = False,
    only: str = "",
    admission: AbstractContextManager[None] | None = None,
    now: dt.datetime,
    by: str = "",
) -> IngestRun:
    """Store what one file or posted report says is installed, and return the account of it.

    `stream` is plain or gzip. `source` names the format, else it is detected. `machine` is the identifier used where
    the format names no machine, `only` the one that every report is of, whatever it says (a sender that may speak for
    itself alone), `platform` (debian-12) the release where the report does not tell. What is wrong with
    the file as a whole ends in a run that FAILED, with the reason in `error`; single bad records are kept in `rejects`.
    Of a file over the size limit the beginning is used; with `refuse_oversized` nothing is, and TooLarge is raised.
    A crash in between leaves whole batches of machines stored; the same file again completes it.
    A post whose bytes say what is stored (inventory.repeats) is not read, and its run not stored: it has no id. All others are
    read inside `admission`; what that raises on entering goes to the caller, and nothing was stored.
    """
    run = IngestRun(source=source or "", label=(filename or by or "posted report")[:300], started_at=now)
    ingestion = Ingestion(run=run, filename=filename, machine=machine, platform=platform, now=now, only=only)
    opened = open_plain(stream, limit=limits().bytes)
    with closing(opened.file):
        if ingestion.recognise(opened, source):
            run.state, run.finished_at = IngestRun.State.DONE, now
            return run
        with admission or nullcontext():
            if filename or opened.size > repeats.LARGEST:  # a short post is stored with its outcome, in one step
                run.save()
            ingestion.complete(ingestion.batches(opened, source, refuse_oversized=refuse_oversized))
    return run


def load_aliases(*, now: dt.datetime) -> int:
    """Bring the shipped aliases up to date; returns how many lines are new, changed or gone.

    Lines that curators made or changed stay as they are. Software already known takes its new name and category.
    """
    return aliases.load()


# --- machines --------------------------------------------------------------------------------------------------------


def set_machine_value(*, machines: Sequence[Machine], value: int, by: str, now: dt.datetime, address: str = "") -> int:
    """How much the machines matter (Machine.Value). Returns how many changed."""
    return _set(machines, "value", Machine.Value(value).value, action="machine.set_value", by=by, now=now, address=address)


def set_internet_facing(*, machines: Sequence[Machine], internet_facing: bool, by: str, now: dt.datetime, address: str = "") -> int:
    return _set(machines, "internet_facing", internet_facing, action="machine.set_internet_facing", by=by, now=now, address=address)


def exclude_machines(*, machines: Sequence[Machine], excluded: bool, by: str, now: dt.datetime, reason: str = "", address: str = "") -> int:
    """Leave the machines out of every score and count, or take them in again. The audit trail keeps the reason."""
    told = {"reason": reason} if reason else {}
    return _set(machines, "excluded", excluded, action=EXCLUDE, by=by, now=now, address=address, told=told)


def tag_machine(
    *, machine: Machine, add: Sequence[str] = (), remove: Sequence[str] = (), by: str, now: dt.datetime, address: str = ""
) -> bool:
    """Add and remove tags; the machine may move to another group. Raises BadTag. Returns whether anything changed."""
    return bool(tag_machines(machines=[machine], add=add, remove=remove, by=by, now=now, address=address))


def tag_machines(
    *, machines: Sequence[Machine], add: Sequence[str] = (), remove: Sequence[str] = (), by: str, now: dt.datetime, address: str = ""
) -> int:
    """Add and remove tags of many machines, which may move to other groups. Raises BadTag. Returns how many changed."""
    wanted = [checked_tag(tag) for tag in add]
    gone = {tag.strip() for tag in remove}
    with transaction.atomic():
        locked = _locked(machines)
        before = {machine.pk: list(machine.tags) for machine in locked}
        for machine in locked:
            machine.tags = [tag for tag in dict.fromkeys([*machine.tags, *wanted]) if tag not in gone]
        changed = [machine for machine in locked if machine.tags != before[machine.pk]]
        _regroup(changed)
        Machine.objects.bulk_update(changed, ["tags", "group"], batch_size=_AT_ONCE)
        audit.record_each(
            by=by,
            action="machine.tag",
            changes=[(machine, {"tags": before[machine.pk]}, {"tags": machine.tags}) for machine in changed],
            now=now,
            address=address,
        )
        bulk.mark_dirty(machine_ids=[machine.pk for machine in changed], now=now)
    _carry_over(machines, locked, "tags", "group_id")
    return len(changed)


def undo_machines(*, action: str, at: dt.datetime, by: str, now: dt.datetime, address: str = "") -> int:
    """Take back what `by` did to machines at that moment, from the audit trail, where they are still as it left them. Returns how many."""
    field = UNDOABLE[action]
    events = AuditEvent.objects.filter(at=at, actor=by, action=action, object_type="machine")
    told = {int(number): (before[field], after[field]) for number, before, after in events.values_list("object_id", "before", "after")}
    with transaction.atomic():
        locked = [machine for machine in _locked_ids(told) if getattr(machine, field) == told[machine.pk][1]]
        changes = [(machine, {field: told[machine.pk][1]}, {field: told[machine.pk][0]}) for machine in locked]
        for machine in locked:
            setattr(machine, field, told[machine.pk][0])
        if field == "tags":
            _regroup(locked)
        Machine.objects.bulk_update(locked, [field, "group"], batch_size=_AT_ONCE)
        audit.record_each(by=by, action=action, changes=changes, now=now, address=address)
        bulk.mark_dirty(machine_ids=[machine.pk for machine in locked], now=now)
    return len(locked)


def checked_tag(tag: str) -> str:
    """A tag as it is stored. Raises BadTag."""
    cleaned = " ".join(tag.split())
    if not cleaned or not cleaned.isprintable():
        raise BadTag("A tag needs at least one visible character.")
    if len(cleaned) > TAG_LIMIT:
        raise BadTag(f"A tag has at most {TAG_LIMIT} characters.")
    return cleaned


def _set(
    machines: Sequence[Machine],
    field: str,
    value: Any,
    *,
    action: str,
    by: str,
    now: dt.datetime,
    address: str,
    told: dict[str, Any] | None = None,
) -> int:
    """One update, one line of the trail for each machine that changed. `told`: what else the trail keeps."""
    with transaction.atomic():
        changed = [machine for machine in _locked(machines) if getattr(machine, field) != value]
        changes = [(machine, {field: getattr(machine, field)}, {field: value, **(told or {})}) for machine in changed]
        ids = [machine.pk for machine in changed]
        Machine.objects.filter(pk__in=ids).update(**{field: value})
        audit.record_each(by=by, action=action, changes=changes, now=now, address=address)
        bulk.mark_dirty(machine_ids=ids, now=now)
    for machine in machines:
        setattr(machine, field, value)
    return len(changed)


def _locked(machines: Sequence[Machine]) -> list[Machine]:
    """As they are stored, locked until the transaction ends, in one order for everybody."""
    return _locked_ids([machine.pk for machine in machines])


def _locked_ids(machine_ids: Iterable[int]) -> list[Machine]:
    return list(Machine.objects.select_for_update().filter(pk__in=list(machine_ids)).order_by("pk"))


def _carry_over(machines: Sequence[Machine], stored: Sequence[Machine], *fields: str) -> None:
    known = {machine.pk: machine for machine in stored}
    for machine in machines:
        for field in fields if machine.pk in known else ():
            setattr(machine, field, getattr(known[machine.pk], field))


def _regroup(machines: Sequence[Machine]) -> None:
    """Give the machines the group of their rule; not stored yet."""
    default, order = default_group().pk, ranked()
    for machine in machines:
        facts = {"name": machine.name, "domain": machine.domain, "platform": machine.platform, "tags": machine.tags}
        machine.group_id = first_group(order, facts, default)
