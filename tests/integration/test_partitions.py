"""Tables in partitions: by machine and by month."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections

from core import checks, partition_moves, partitions
from recommendations import history
from recommendations.bulk import LOCK
from recommendations.models import RiskDay, ScoreChangeDay, ScoreDay

pytestmark = pytest.mark.django_db
BY_MACHINE = [
    "inventory_configurationresult",
    "inventory_installation",
    "inventory_installationevidence",
    "recommendations_exposure",
]


def test_the_catalogue_tells_the_tables_by_machine_and_their_partitions_in_order() -> None:
    assert partitions.tables_by_machine() == BY_MACHINE
    for table in BY_MACHINE:
        assert partitions.names(table) == [f"{table}_p{n:02}" for n in range(settings.INSTALLATION_PARTITIONS)]
        assert partitions.count(table) == settings.INSTALLATION_PARTITIONS


def test_a_table_that_is_in_one_piece_or_is_not_there_has_no_partitions() -> None:
    assert partitions.names("inventory_machine") == partitions.names("no_such_table") == []
    assert partitions.count("inventory_machine") == 0


def _indexes(table: str) -> set[tuple[str, ...]]:
    """Names of the partitions' indexes and what they are on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, regexp_replace(indexdef, '^.* USING', '') FROM pg_indexes WHERE tablename = ANY(%s)",
            [partitions.names(table)],
        )
        return set(cursor.fetchall())


def _contents(table: str, order: str = "machine_id, version_id") -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} ORDER BY {order}")
        return list(cursor.fetchall())


@pytest.fixture
def installations(db: None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inventory_installation (machine_id, version_id, first_seen) "
            "SELECT m, v, '2026-03-17' FROM generate_series(1, 200) m, generate_series(1, 5) v"
        )
    return _contents("inventory_installation")


@pytest.mark.parametrize("count", [1, 12])
def test_tables_are_given_another_number_of_partitions_with_their_rows(installations: list[tuple[Any, ...]], count: int) -> None:
    for table in BY_MACHINE:
        before = {definition for _, definition in _indexes(table)}
        assert partition_moves.resize(table, count)
        assert not partition_moves.resize(table, count)
        assert partitions.names(table) == [f"{table}_p{n:02}" for n in range(count)]
        assert {definition for _, definition in _indexes(table)} == before
        assert not any("_new" in name for name, _ in _indexes(table))
    assert _contents("inventory_installation") == installations
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid")
        assert cursor.fetchone()[0] == 0
        cursor.execute("SELECT count(*), count(DISTINCT tableoid) FROM inventory_installation WHERE machine_id = 17")
        assert cursor.fetchone() == (5, 1)
        cursor.execute(
            "INSERT INTO inventory_installation (machine_id, version_id, first_seen) VALUES (17, 1, now()) "
            "ON CONFLICT (machine_id, version_id) DO NOTHING"
        )
        assert cursor.rowcount == 0


def test_indexes_of_a_piece_are_named_after_it_so_that_connections_that_build_at_once_cannot_choose_the_same_name(db: None) -> None:
    for table in BY_MACHINE:
        piece = partition_moves.pieces(table, 40)[17]
        partition_moves.start(piece)
        partition_moves.finish(piece)
        with connection.cursor() as cursor:
            cursor.execute("SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = %s::regclass", [piece.name])
            names = [row[0] for row in cursor.fetchall()]
        assert len(names) == len({definition for _, definition in _indexes(table)})
        assert all(name.startswith(f"{piece.name}_") for name in names)


def test_the_command_resizes_all_of_them_and_says_so(installations: list[tuple[Any, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    call_command("partition_tables", count=3)
    said = capsys.readouterr().out
    assert {partitions.count(table) for table in BY_MACHINE} == {3}
    assert "inventory_installation: 3 of 3" in said
    assert "INSTALLATION_PARTITIONS=3" in said
    assert _contents("inventory_installation") == installations
    with pytest.raises(CommandError, match="1 to"):
        call_command("partition_tables", count=0)


@pytest.mark.django_db(transaction=True)
def test_it_refuses_while_scores_are_computed_and_drops_what_an_interrupted_move_left() -> None:
    piece = partition_moves.pieces("inventory_installation", 5)[4]
    partition_moves.start(piece)
    assert partition_moves.unfinished() == [piece.name]
    busy = connections.create_connection("default")
    try:
        with busy.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [LOCK])
        with pytest.raises(CommandError, match="being computed"):
            call_command("partition_tables", count=5)
    finally:
        with busy.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [LOCK])
        busy.close()
    call_command("partition_tables", count=settings.INSTALLATION_PARTITIONS)
    assert partition_moves.unfinished() == []


def test_rebuilding_keeps_the_rows_that_are_wanted(installations: list[tuple[Any, ...]]) -> None:
    partition_moves.rebuild("inventory_installation", "r.machine_id % 2 = 0")
    assert _contents("inventory_installation") == [row for row in installations if row[1] % 2 == 0]


def test_pieces_have_the_storage_parameters_of_the_partitions_they_replace(db: None) -> None:
    with connection.cursor() as cursor:
        for name in partitions.names("inventory_installation"):
            cursor.execute(f"ALTER TABLE {name} SET (fillfactor = 77)")
        partition_moves.resize("inventory_installation", 3)
        cursor.execute(
            "SELECT DISTINCT 'fillfactor=77' = ANY(reloptions) FROM pg_class WHERE relname = ANY(%s)",
            [partitions.names("inventory_installation")],
        )
        assert cursor.fetchall() == [(True,)]


def test_the_planner_is_told_how_many_rows_a_machine_has(installations: list[tuple[Any, ...]]) -> None:
    assert partitions.analyze() == len(BY_MACHINE)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename, n_distinct FROM pg_stats WHERE inherited AND attname = 'machine_id' AND tablename = ANY(%s)", [BY_MACHINE]
        )
        told = dict(cursor.fetchall())
    assert told["inventory_installation"] == pytest.approx(-1 / 200)


def test_a_check_tells_of_tables_that_disagree() -> None:
    assert checks.partitions_agree(databases=["default"]) == []
    assert checks.partitions_agree(databases=None) == []
    partition_moves.resize("inventory_installation", 2)
    partition_moves.start(partition_moves.pieces("inventory_installation", 9)[8])
    told = checks.partitions_agree(databases=["default"])
    assert [message.id for message in told] == ["core.W001", "core.W002"]
    assert "inventory_installation 2" in told[0].msg


def _add_days(*days: dt.date) -> None:
    counts = {"group_id": 1, "machines": 1}
    points = {"weight": 1, "exposure": 1, "exposure_after": 1}
    for day in days:
        ScoreDay.objects.create(day=day, **counts, **points, none=0, low=0, medium=0, high=1)
        RiskDay.objects.create(day=day, **counts, severity=1, exploit=1, age=1, platform="linux", release="")
        ScoreChangeDay.objects.create(day=day, **counts, **points, cause="found")


def test_a_month_that_is_made_late_takes_its_rows_along(db: None) -> None:
    table = "recommendations_scoreday"
    _add_days(dt.date(2026, 1, 31), dt.date(2026, 2, 1), dt.date(2026, 2, 28), dt.date(2026, 3, 1))
    partitions.ensure_month(table, dt.date(2026, 2, 14))
    partitions.ensure_month(table, dt.date(2026, 2, 14))
    assert [row[0].day for row in _contents(f"{table}_2026_02", "day")] == [1, 28]
    assert [row[0].month for row in _contents(f"{table}_rest", "day")] == [1, 3]


def test_old_months_are_dropped_and_the_history_that_is_asked_for_stays(db: None) -> None:
    today = dt.date(2026, 3, 17)
    days = [today - dt.timedelta(days=age) for age in (0, 180, 365, 400, 401, 440, 700)]
    for day in days[:-1]:
        partitions.ensure_month("recommendations_scoreday", day)
    _add_days(*days, dt.date.max)
    assert history.forget(today=today, days=0) == 0
    assert ScoreDay.objects.count() == len(days) + 1
    assert history.forget(today=today, days=400) > 0
    left = set(ScoreDay.objects.values_list("day", flat=True))
    assert {*days[:4], dt.date.max} <= left
    assert not left & set(days[5:])
    assert partitions.names("recommendations_scoreday")[0] == "recommendations_scoreday_2025_02"
    assert set(RiskDay.objects.values_list("day", flat=True)) == {*days[:4], dt.date.max}
    assert set(ScoreChangeDay.objects.values_list("day", flat=True)) == {*days[:4], ScoreChangeDay.OPEN}
    assert history.forget(today=today, days=400) == 0


def test_tables_whose_rows_are_written_often_leave_room_for_it(db: None) -> None:
    chosen = {"inventory_machine": 90, **dict.fromkeys(partitions.names("recommendations_exposure"), 80)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, reloptions FROM pg_class WHERE relname = ANY(%s)", [list(chosen)])
        assert dict(cursor.fetchall()) == {table: [f"fillfactor={factor}"] for table, factor in chosen.items()}
