"""The demo's writes: reports through the intake that real reports take, and what reports do not carry by set."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import islice

from django.db import connection, transaction

from core import sql
from inventory import aliases
from inventory.actions import regroup_machines
from inventory.intake import Intake, Memory
from inventory.models import Machine
from inventory.records import Report
from tvm_portal.demo.organisation import DemoMachine

BATCH = 1_000  # machines per transaction


def reports(found: Iterable[Report], *, now: dt.datetime, memory: Memory) -> None:
    intake = Intake(aliases=aliases.current(), now=now, memory=memory)
    rows = iter(found)
    while batch := list(islice(rows, BATCH)):
        intake.store(batch)


def machine_traits(fleet: Sequence[DemoMachine], *, now: dt.datetime) -> None:
    """Value, exposure to the internet and tags, which decide the group."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE trait (external_id text, value smallint, internet_facing boolean, tags text[]) ON COMMIT DROP")
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
            cursor.execute("CREATE TEMP TABLE result (external_id text, check_id text, passed boolean) ON COMMIT DROP")
            with cursor.copy("COPY result FROM STDIN") as copy:
                for row in results:
                    copy.write_row(row)
        sql.run("tvm_portal/merge_demo_results", {"now": now})


def remove() -> int:
    """Take the demo out: machines and everything of them, its checks, alerts, empty groups and history. Returns machines removed."""
    count = Machine.objects.filter(is_demo=True).count()
    with transaction.atomic():
        sql.run("tvm_portal/remove_demo")
    return count
