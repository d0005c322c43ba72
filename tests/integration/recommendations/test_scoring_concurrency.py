"""Runs and reports beside each other, on connections of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection, transaction

from inventory.models import DirtyMachine
from recommendations import actions, bulk
from recommendations.records import Fleet, FleetMachine, FleetVersion, Match, ScoredWeakness
from tests.integration.recommendations.stored_fleets import NOW, Stored, scores, store

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def another_connection() -> Iterator[psycopg.Connection]:
    """Waits for a lock half a second, then fails."""
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as other:
        other.execute("SET lock_timeout = '500ms'")
        yield other


def stored_fleet() -> Stored:
    return store(
        Fleet(
            machines={f"m{n}": FleetMachine(versions=frozenset({"a@0"})) for n in range(4)},
            versions={"a@0": FleetVersion("a", matches={"CVE-1": Match()}), "b@0": FleetVersion("b", matches={"CVE-1": Match()})},
            weaknesses={"CVE-1": ScoredWeakness(cvss=9.8, exploited=True)},
        )
    )


def mark(other: psycopg.Connection, machine: int) -> None:
    other.execute(
        "INSERT INTO inventory_dirtymachine (machine_id, since) VALUES (%s, now()) "
        "ON CONFLICT (machine_id) DO UPDATE SET since = excluded.since",
        [machine],
    )


def test_reports_are_stored_and_marked_while_a_full_run_works() -> None:
    stored = stored_fleet()
    with transaction.atomic():
        actions.recompute(now=NOW)
        with another_connection() as report:
            report.execute(
                "INSERT INTO inventory_installation (machine_id, version_id, first_seen) VALUES (%s, %s, now())",
                [stored.machines["m0"], stored.versions["b@0"]],
            )
            mark(report, stored.machines["m0"])
    assert DirtyMachine.objects.get().machine_id == stored.machines["m0"]
    before = scores()[0]
    assert actions.refresh_dirty(now=NOW) == 1
    assert scores()[0] > before


def test_a_report_in_progress_does_not_hold_up_a_run() -> None:
    stored = stored_fleet()
    with another_connection() as report, transaction.atomic():
        mark(report, stored.machines["m0"])
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '500ms'")
        actions.recompute(now=NOW)
        assert actions.refresh_dirty(now=NOW) == 0
    assert DirtyMachine.objects.count() == 1


def test_two_computations_exclude_each_other() -> None:
    with transaction.atomic():
        bulk.lock()
        with another_connection() as other:
            free = other.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [bulk.LOCK]).fetchone()
    assert free == (False,)


def test_workers_that_refresh_at_once_count_every_machine_once() -> None:
    stored = stored_fleet()
    actions.recompute(now=NOW)
    with another_connection() as report:
        for machine in stored.machines.values():
            report.execute(
                "INSERT INTO inventory_installation (machine_id, version_id, first_seen) VALUES (%s, %s, now())",
                [machine, stored.versions["b@0"]],
            )
            mark(report, machine)
    taken: list[int] = []

    def work() -> None:
        try:
            taken.append(actions.refresh_dirty(now=NOW, limit=2))
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(taken) == 4
    after = scores()
    actions.recompute(now=NOW, afresh=True)
    assert scores() == pytest.approx(after)
