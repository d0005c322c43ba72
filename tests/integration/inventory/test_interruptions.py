"""Reports that are cut off in the middle, and reports that meet."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection

from inventory import bulk, intake, merging
from inventory.interrupted import LONGEST, close_interrupted
from inventory.models import DirtyMachine, IngestRun, Installation, Machine, Software, Version
from tests.integration.inventory.reports import DEBIAN, NOW, counts, debs, everything, log, send

pytestmark = pytest.mark.django_db(transaction=True)


class PowerCut(Exception):
    pass


@pytest.mark.parametrize("step", ["lock_machines", "add_machines", "resolve_versions", "add_installations", "mark_dirty"])
def test_a_report_cut_off_at_any_step_leaves_nothing_and_completes_when_sent_again(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = log(DEBIAN, debs(("git", "2.1"), ("nano", "7")))
    _cut_at(step, data, monkeypatch)
    assert (Machine.objects.count(), Software.objects.count(), Installation.objects.count()) == (0, 0, 0)
    assert counts(send(data)) == (1, 0, 3, 0, 0)
    assert DirtyMachine.objects.count() == 1


@pytest.mark.parametrize("step", ["lock_machines", "update_machines", "resolve_versions", "merge_installations", "mark_dirty"])
def test_a_changed_report_cut_off_at_any_step_ends_as_if_undisturbed(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    send(log(DEBIAN, debs(("git", "2.1"), ("nano", "7"))))
    DirtyMachine.objects.all().delete()
    before = everything()
    data = log(DEBIAN, debs(("git", "2.2"), ("curl", "8")))
    _cut_at(step, data, monkeypatch)
    assert everything() == before
    assert not DirtyMachine.objects.exists()
    assert counts(send(data)) == (1, 0, 1, 1, 1)
    after = everything()
    assert counts(send(data)) == (1, 1, 0, 0, 0)
    assert everything() == after


def _cut_at(step: str, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    module = merging if hasattr(merging, step) else bulk
    original = getattr(module, step)

    def cut(*args: Any, **kwargs: Any) -> Any:
        original(*args, **kwargs)
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(module, step, cut)
        with pytest.raises(PowerCut):
            send(data)
    run = IngestRun.objects.latest("id")
    assert run.state == IngestRun.State.FAILED
    assert "the same file again completes it" in run.error


def test_batches_before_a_cut_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inventory.ingestion._BATCH_MACHINES", 2)
    data = b"\n".join(log(DEBIAN, debs(("git", "2.1")), host=f"h{number}") for number in range(6))
    calls: list[int] = []
    original = intake.Intake.store

    def store(self: intake.Intake, reports: Any, **given: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise PowerCut
        return original(self, reports, **given)

    with monkeypatch.context() as patch:
        patch.setattr(intake.Intake, "store", store)
        with pytest.raises(PowerCut):
            send(data)
    assert Machine.objects.count() == 4
    assert IngestRun.objects.latest("id").machines == 4
    assert counts(send(data)) == (6, 4, 4, 0, 0)


def test_a_deadlock_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    original, tries = bulk.resolve_versions, []

    def unlucky(*args: Any, **kwargs: Any) -> Any:
        tries.append(1)
        if len(tries) < 3:
            from psycopg.errors import DeadlockDetected

            raise OperationalError from DeadlockDetected()
        return original(*args, **kwargs)

    monkeypatch.setattr(bulk, "resolve_versions", unlucky)
    assert counts(send(log(DEBIAN, debs(("git", "2.1"))))) == (1, 0, 2, 0, 0)


# --- at once ---------------------------------------------------------------------------------------------------------


def _at_once(*works: Callable[[], object]) -> None:
    barrier, errors = threading.Barrier(len(works)), []

    def run(work: Callable[[], object]) -> None:
        try:
            barrier.wait(10)
            work()
        except Exception as error:  # noqa: BLE001 - handed to the test
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []


def test_two_reports_of_a_new_machine_at_once() -> None:
    send(log(DEBIAN, host="warm-up"))
    data = log(DEBIAN, debs(*((f"p{number}", "1") for number in range(50))))
    _at_once(*[lambda: send(data)] * 4)
    assert Machine.objects.filter(external_id="h1").count() == 1
    assert Installation.objects.filter(machine__external_id="h1").count() == 51
    assert Software.objects.filter(key="debian-_-p1").count() == 1
    assert Version.objects.filter(software__key="debian-_-p1").count() == 1


def test_different_reports_of_one_machine_at_once_end_as_one_of_them() -> None:
    send(log(DEBIAN, debs(("a", "0"))))
    for turn in range(5):
        one = log(DEBIAN, debs(("a", f"{turn}.1"), ("b", f"{turn}.1")))
        other = log(DEBIAN, debs(("a", f"{turn}.2"), ("c", f"{turn}.2")))
        _at_once(lambda data=one: send(data), lambda data=other: send(data))  # type: ignore[misc]
        stored = set(
            Installation.objects.filter(version__software__ecosystem="deb").values_list("version__software__name", "version__version")
        )
        assert stored in ({("a", f"{turn}.1"), ("b", f"{turn}.1")}, {("a", f"{turn}.2"), ("c", f"{turn}.2")})


def test_files_with_the_same_new_machines_and_software_in_other_orders_do_not_lock_each_other() -> None:
    send(log(DEBIAN, host="warm-up"))
    hosts, packages = list(range(12)), [(f"q{number}", "1") for number in range(30)]
    up = b"\n".join(log(DEBIAN, debs(*packages), host=f"h{number:02}") for number in hosts)
    down = b"\n".join(log(DEBIAN, debs(*reversed(packages)), host=f"h{number:02}") for number in reversed(hosts))
    _at_once(lambda: send(up), lambda: send(down), lambda: send(up), lambda: send(down))
    assert Machine.objects.count() == 13
    assert Installation.objects.count() == 12 * 31 + 1
    assert {run.state for run in IngestRun.objects.all()} == {"done"}
    assert all(seen == NOW for seen in Machine.objects.values_list("last_seen", flat=True))


def test_the_account_of_a_report_that_was_killed_is_closed_hours_later() -> None:
    begun = IngestRun.objects.create(source="osquery", label="agent", started_at=NOW)
    assert close_interrupted(now=NOW + LONGEST) == 0
    assert close_interrupted(now=NOW + 2 * LONGEST) == 1
    begun.refresh_from_db()
    assert (begun.state, begun.finished_at) == (IngestRun.State.FAILED, NOW + 2 * LONGEST)
    assert begun.error.startswith("interrupted")
    assert close_interrupted(now=NOW + 3 * LONGEST) == 0
