"""Slices of the fleet, and statements on one of them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from core import sql
from core.slices import slices

pytestmark = pytest.mark.django_db
TABLES = ("inventory_installation", "inventory_configurationresult", "recommendations_exposure")


def test_a_slice_is_the_same_partition_of_each_table() -> None:
    found = slices(TABLES)
    assert len(found) > 1
    assert found[1] == {table: f"{table}_p01" for table in TABLES}


def test_tables_that_are_not_split_alike_have_no_slices() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE halved (machine_id int) PARTITION BY HASH (machine_id)")
        cursor.execute("CREATE TABLE halved_a PARTITION OF halved FOR VALUES WITH (MODULUS 2, REMAINDER 0)")
        assert slices(("halved",)) == []
        cursor.execute("CREATE TABLE halved_b PARTITION OF halved FOR VALUES WITH (MODULUS 2, REMAINDER 1)")
    assert slices(("halved",)) == [{"halved": "halved_a"}, {"halved": "halved_b"}]
    assert slices(("halved", "inventory_installation")) == []
    assert slices(("recommendations_scoreday",)) == []


def test_a_statement_runs_on_a_slice_of_its_tables() -> None:
    parameters = {"sliced": True, "machines": [], "newest_version": 0}
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE stand_in AS SELECT * FROM inventory_installation")
    seen: list[str] = []

    def watch(execute: Callable[..., Any], statement: str, *rest: Any) -> Any:
        seen.append(statement)
        return execute(statement, *rest)

    with connection.execute_wrapper(watch):
        sql.rows("recommendations/find_dirty", parameters, {"inventory_installation": "stand_in"})
    assert any("FROM stand_in i" in statement for statement in seen)
    assert not any("inventory_installation" in statement for statement in seen)


def test_names_of_tables_are_plain_identifiers() -> None:
    with pytest.raises(ValueError, match="not the name of a table"):
        sql.run("recommendations/make_sums", {}, {"part_holding": "x; DROP TABLE core_user"})
