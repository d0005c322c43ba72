"""The demo's writes: reports through the intake that real reports take, and what reports do not carry by set."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from core import partition_moves, sql
from inventory import aliases
from inventory.actions import regroup_machines
from inventory.intake import Intake
from inventory.models import Configuration, Machine, MachineGroup, Software
from inventory.records import Report
from tvm_portal.demo import exceptions, requests
from tvm_portal.demo.organisation import DemoMachine
from tvm_portal.demo.tail import VENDOR_MARK
from weaknesses import starter
from weaknesses.models import ExploitEvidence, Weakness

BATCH = 1_000  # machines per transaction
MANY = 20_000  # machines from which on writing partitions anew is quicker than deleting
GROUP_NOTE = "Made for the demo."


def reports(found: Iterable[Report], *, now: dt.datetime) -> None:
    intake = Intake(aliases=aliases.current(), now=now)
    rows = iter(found)
    while batch := list(islice(rows, BATCH)):
        intake.store(map(intake.prepare, batch))


def machine_traits(fleet: Sequence[DemoMachine], *, now: dt.datetime) -> None:
    """Value, exposure to the internet and tags, which decide the group."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            _make_table(cursor, "trait (external_id text, value smallint, internet_facing boolean, tags text[])")
            with cursor.copy("COPY trait FROM STDIN") as copy:
                for machine in fleet:
                    copy.write_row((machine.external_id, machine.role.value, machine.role.internet_facing, list(machine.role.tags)))
            cursor.execute(
                "UPDATE inventory_machine m SET value = t.value, internet_facing = t.internet_facing, tags = t.tags, is_demo = true "
                "FROM trait t WHERE t.external_id = m.external_id AND NOT m.is_demo"
            )
        regroup_machines(by="demo", now=now)


def check_results(results: Iterable[tuple[str, str, bool]], *, now: dt.datetime) -> None:
    """Store configuration results: external id of the machine, of the check, passed. Only changed rows are written."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            _make_table(cursor, "result (external_id text, check_id text, passed boolean)")
            with cursor.copy("COPY result FROM STDIN") as copy:
                for row in results:
                    copy.write_row(row)
        sql.run("tvm_portal/merge_demo_results", {"now": now})


def forget_intelligence_after(day: dt.date) -> None:
    """Take back what the shipped intelligence says of later days, so that a replay can learn it again."""
    with transaction.atomic():
        Weakness.objects.filter(source=starter.SOURCE, published_at__date__gt=day).delete()
        ExploitEvidence.objects.filter(source=starter.SOURCE, day__gt=day).delete()


def past_scores(*, first: dt.date, last: dt.date) -> None:
    """How the exploit predictions of what is present came to today's."""
    with transaction.atomic():
        sql.run("tvm_portal/make_demo_scores", {"first": first, "last": last})


def remove(*, say: Callable[[str], None] = lambda _: None) -> int:
    """Take the demo out: its machines with everything of them, alerts, checks, groups that are empty now, and history.

    Returns how many machines went. Until the next run the counters still hold them. A large fleet's rows are not deleted one by
    one: their partitions are emptied, or written anew without them where other machines are in them.
    """
    partition_moves.drop_unfinished()
    demo = Machine.objects.filter(is_demo=True)
    count = demo.count()
    with transaction.atomic():
        exceptions.remove()
        requests.remove()
        groups = list(demo.values_list("group_id", flat=True).distinct())
        if count and not Machine.objects.filter(is_demo=False).exists():
            sql.run("tvm_portal/empty_fleet")
        elif count >= MANY:
            for table in ("inventory_installation", "inventory_installationevidence", "inventory_configurationresult"):
                others = "NOT EXISTS (SELECT FROM inventory_machine m WHERE m.id = r.machine_id AND m.is_demo)"
                partition_moves.rebuild(table, others, say=say)
        sql.run("tvm_portal/remove_demo")
        Configuration.objects.filter(is_demo=True).delete()
        MachineGroup.objects.filter(pk__in=groups, is_default=False, description=GROUP_NOTE, machines__isnull=True).delete()
    return count


def remove_made_up() -> None:
    """The software of houses that do not exist, once no figure counts it any more: after the run that followed the removal."""
    if not Machine.objects.filter(is_demo=True).exists():
        Software.objects.filter(vendor__endswith=VENDOR_MARK).delete()


def _make_table(cursor: CursorWrapper, definition: str) -> None:
    cursor.execute(f"DROP TABLE IF EXISTS {definition.split(' ', 1)[0]}")
    cursor.execute(f"CREATE TEMP TABLE {definition} ON COMMIT DROP")
