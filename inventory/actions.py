"""What people and reports do to the inventory. Each action is atomic; those of people are audited."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, BinaryIO

from django.db import DatabaseError, transaction
from django.db.models import Count

from core import audit
from inventory import aliases, bulk
from inventory.errors import BadTag, TooLarge, UnreadableReport
from inventory.groups import default_group
from inventory.ingestion import Ingestion
from inventory.models import IngestRun, Machine, MachineGroup
from inventory.rules import first_group

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
]
TAG_LIMIT = 30


def ingest(
    *,
    stream: BinaryIO,
    filename: str,
    source: str | None = None,
    machine: str = "",
    platform: str = "",
    refuse_oversized: bool = False,
    only: str = "",
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
    """
    run = IngestRun.objects.create(source=source or "", label=(filename or by or "posted report")[:300], started_at=now)
    try:
        ingestion = Ingestion(run=run, filename=filename, machine=machine, platform=platform, now=now, only=only)
        ingestion.read(stream, source, refuse_oversized=refuse_oversized)
        run.state = IngestRun.State.DONE
    except UnreadableReport as error:
        run.state, run.error = IngestRun.State.FAILED, str(error)
        if refuse_oversized and isinstance(error, TooLarge):
            _finish(run, now)
            raise
    except Exception as error:
        run.state, run.error = IngestRun.State.FAILED, f"stopped by {type(error).__name__}; the same file again completes it"
        with suppress(DatabaseError):  # the database may be what stopped it; the first error is the one to show
            _finish(run, now)
        raise
    _finish(run, now)
    return run


def _finish(run: IngestRun, now: dt.datetime) -> None:
    run.finished_at = now
    run.save()


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


def exclude_machines(*, machines: Sequence[Machine], excluded: bool, by: str, now: dt.datetime, address: str = "") -> int:
    """Leave the machines out of every score and count, or take them in again."""
    return _set(machines, "excluded", excluded, action="machine.exclude", by=by, now=now, address=address)


def tag_machine(
    *, machine: Machine, add: Sequence[str] = (), remove: Sequence[str] = (), by: str, now: dt.datetime, address: str = ""
) -> bool:
    """Add and remove tags; the machine may move to another group. Raises BadTag. Returns whether anything changed."""
    wanted = [checked_tag(tag) for tag in add]
    gone = {tag.strip() for tag in remove}
    with transaction.atomic():
        locked = Machine.objects.select_for_update().get(pk=machine.pk)
        tags = [*(tag for tag in dict.fromkeys([*locked.tags, *wanted]) if tag not in gone)]
        if tags == locked.tags:
            return False
        _change(locked, {"tags": tags}, action="machine.tag", by=by, now=now, address=address)
        _regroup([locked], now=now)
    machine.tags, machine.group_id = locked.tags, locked.group_id
    return True


def delete_group(*, group: MachineGroup, by: str, now: dt.datetime, address: str = "") -> None:
    """Delete a group; its machines move to the next group whose rule takes them. The default group stays."""
    if group.is_default:
        raise ValueError("The default group stays.")
    with transaction.atomic():
        Machine.objects.filter(group=group).update(group=default_group())
        audit.record(by=by, action="group.delete", object=group, before={"name": group.name, "rule": group.rule}, now=now, address=address)
        group.delete()
        regroup_machines(by=by, now=now)


def regroup_machines(*, by: str, now: dt.datetime) -> int:
    """Put every machine into the first group by rank whose rule takes it. Returns how many moved."""
    with transaction.atomic():
        moved = _regroup(Machine.objects.order_by("id").iterator(chunk_size=5_000), now=now)
        for group in MachineGroup.objects.annotate(now_in=Count("machines")):
            MachineGroup.objects.filter(pk=group.pk).exclude(machine_count=group.now_in).update(machine_count=group.now_in)
        audit.record(by=by, action="machines.regroup", object="machinegroup all", now=now, after={"moved": moved})
    return moved


def checked_tag(tag: str) -> str:
    """A tag as it is stored. Raises BadTag."""
    cleaned = " ".join(tag.split())
    if not cleaned or not cleaned.isprintable():
        raise BadTag("A tag needs at least one visible character.")
    if len(cleaned) > TAG_LIMIT:
        raise BadTag(f"A tag has at most {TAG_LIMIT} characters.")
    return cleaned


def _set(machines: Sequence[Machine], field: str, value: Any, *, action: str, by: str, now: dt.datetime, address: str) -> int:
    changed = 0
    with transaction.atomic():
        for machine in Machine.objects.select_for_update().filter(pk__in=[item.pk for item in machines]).order_by("pk"):
            if getattr(machine, field) != value:
                _change(machine, {field: value}, action=action, by=by, now=now, address=address)
                changed += 1
    for machine in machines:
        setattr(machine, field, value)
    return changed


def _change(machine: Machine, values: dict[str, Any], *, action: str, by: str, now: dt.datetime, address: str) -> None:
    before = {name: getattr(machine, name) for name in values}
    for name, value in values.items():
        setattr(machine, name, value)
    machine.save(update_fields=list(values))
    audit.record(by=by, action=action, object=machine, before=before, after=values, now=now, address=address)
    bulk.mark_dirty(machine_ids=[machine.pk], now=now)


def _regroup(machines: Any, *, now: dt.datetime) -> int:
    default = default_group().pk
    ranked = list(MachineGroup.objects.filter(is_default=False).order_by("rank").values_list("id", "rule"))
    moved: list[Machine] = []
    for machine in machines:
        facts = {"name": machine.name, "domain": machine.domain, "platform": machine.platform, "tags": machine.tags}
        group_id = first_group(ranked, facts, default)
        if group_id != machine.group_id:
            machine.group_id = group_id
            moved.append(machine)
    Machine.objects.bulk_update(moved, ["group"], batch_size=2_000)
    bulk.mark_dirty(machine_ids=[machine.pk for machine in moved], now=now)
    return len(moved)
