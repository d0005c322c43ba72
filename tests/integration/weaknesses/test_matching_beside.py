"""Workers that match at the same time, and feeds that come in meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from core.models import User
from inventory.models import Version
from tests.integration.weaknesses.world import NOW, affected, cves, version
from weaknesses import actions, matching
from weaknesses.actions import match_versions
from weaknesses.bulk import store_weaknesses
from weaknesses.models import Product
from weaknesses.records import RangeRecord, WeaknessRecord

pytestmark = pytest.mark.django_db(transaction=True)

CHROME = "cpe:a:google:chrome"
WAITING = """
    SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.datname = current_database())
"""


@pytest.fixture
def found() -> Version:
    affected("CVE-2024-0001", product=CHROME, end="120")
    return version("google-_-chrome", "100", product=CHROME)


@pytest.fixture
def other(found: Version) -> Iterator[psycopg.Connection]:
    """Another worker, which has taken the version."""
    with another_connection() as worker:
        worker.execute("SELECT pg_advisory_xact_lock_shared(hashtext('weaknesses.store'))")
        worker.execute("SELECT id FROM inventory_version WHERE id = %s FOR UPDATE", [found.pk])
        yield worker


@pytest.fixture
def feed(found: Version) -> Iterator[psycopg.Connection]:
    """A worker that stores what a feed says."""
    with another_connection() as worker:
        worker.execute("SELECT pg_advisory_xact_lock(hashtext('weaknesses.store'))")
        yield worker


def another_connection() -> psycopg.Connection:
    return psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor})


def test_what_another_worker_is_matching_is_passed_over(found: Version, other: psycopg.Connection) -> None:
    assert match_versions(now=NOW).versions == 0
    assert cves(found) == []


@pytest.mark.parametrize("holder", ["other", "feed"])
def test_a_full_run_waits_for_other_workers_and_for_feeds(found: Version, holder: str, request: pytest.FixtureRequest) -> None:
    busy = request.getfixturevalue(holder)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '300ms'")
        with pytest.raises(OperationalError, match="lock timeout"), transaction.atomic():
            match_versions(now=NOW, relink=True)
    busy.rollback()
    assert match_versions(now=NOW, relink=True).versions == 1
    assert cves(found) == ["CVE-2024-0001"]


def test_the_worker_of_changed_machines_does_not_wait_for_feeds(found: Version, feed: psycopg.Connection) -> None:
    assert match_versions(now=NOW).versions == 0
    feed.rollback()
    assert match_versions(now=NOW).versions == 1


def test_what_the_other_worker_matched_is_not_matched_again(found: Version, other: psycopg.Connection) -> None:
    done = threading.Event()

    def finish() -> None:
        done.set()
        other.commit()

    other.execute("UPDATE inventory_version SET matched_at = now() WHERE id = %s", [found.pk])
    later = threading.Timer(0.3, finish)
    later.start()
    outcome = match_versions(now=NOW, relink=True)
    assert done.is_set()
    later.join()
    assert outcome.versions == 0


def in_the_middle(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> threading.Thread:
    """`act`, on a connection of its own, once versions have been compared with all ranges and before they are stamped for others to see."""

    def on_its_own() -> None:
        act()
        connection.close()

    match, beside = matching.match, threading.Thread(target=on_its_own)

    def slowly(version_ids: list[int], **rest: object) -> list[int]:
        changed = match(version_ids, **rest)  # type: ignore[arg-type]
        monkeypatch.undo()
        beside.start()
        while beside.is_alive() and not waits():
            time.sleep(0.01)
        return changed

    monkeypatch.setattr(matching, "match", slowly)
    return beside


def waits() -> bool:
    """Whether some transaction of this database waits for another."""
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return bool(cursor.fetchone()[0])


def test_ranges_that_come_while_a_version_is_matched_are_met(found: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    news = WeaknessRecord(cve="CVE-2024-0002", severity=4, ranges=(RangeRecord(product=CHROME, end="130"),))
    feed = in_the_middle(monkeypatch, lambda: store_weaknesses([news], "nvd"))
    match_versions(now=NOW)
    feed.join()
    match_versions(now=NOW)
    assert cves(found) == ["CVE-2024-0001", "CVE-2024-0002"]


def test_a_link_that_comes_while_a_version_is_matched_is_met(found: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    affected("CVE-2024-0003", product="cpe:a:google:chromium", end="130")
    by, product = User.objects.create_user("curator"), Product.objects.get(key="cpe:a:google:chromium")
    curator = in_the_middle(monkeypatch, lambda: actions.link_product(software=found.software, product=product, by=by, now=NOW))
    match_versions(now=NOW)
    curator.join()
    assert cves(found) == ["CVE-2024-0001", "CVE-2024-0003"]
