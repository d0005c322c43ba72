"""The global search: what it finds, for whom, and what it costs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core import sql
from inventory.models import Machine
from tests.integration.pages import LARGEST, links, queries, text
from tests.populations import Population, populate
from tvm_portal import search, search_words
from weaknesses.models import Weakness, WeaknessAlias

pytestmark = pytest.mark.django_db
SUGGESTIONS = {"HX-Request": "true", "HX-Target": "suggestions"}


@pytest.fixture
def made() -> Population:
    return populate(machines=14, software=6, weaknesses=3, checks=5)


def titles(typed: str, made: Population, *, kind: str = "", groups: Sequence[int] | None = None) -> dict[str, list[str]]:
    chosen = [group.pk for group in made.groups] if groups is None else groups
    found = search.search(search_words.read(typed), kind=kind, groups=chosen, limit=20)
    return {one.kind.key: [hit.title for hit in one.hits] for one in found}


def test_everything_is_found_by_the_beginning_of_its_name(made: Population) -> None:
    assert titles("ch", made)["software"] == ["Google Chrome"]  # a word begins so
    assert titles("chrome", made)["software"] == ["Google Chrome"]
    assert "Google Chrome" in " ".join(titles("chrome", made)["recommendations"])
    name = made.machines[0].name
    assert name in titles(name[:2], made)["machines"]
    assert titles(name, made)["machines"][0] == name
    assert name in titles(name[2:], made)["machines"]  # from its middle


def test_an_id_is_found_whole_and_by_its_beginning(made: Population) -> None:
    cve = made.weaknesses[0].cve
    found = search.search(search_words.read(cve.lower()), kind="", groups=[group.pk for group in made.groups], limit=5)
    assert found[0].kind.key == "weaknesses"
    best = search.best(found)
    assert best is not None
    assert best.title == cve
    assert titles(cve, made)["recommendations"]  # what removes it
    assert cve in titles(cve[:-1], made)["weaknesses"]
    Weakness.objects.create(cve="GHSA-ABCD-EFGH-2345", severity=3, source="osv", title="Sample")
    Weakness.objects.create(cve="MAL-2024-77", severity=4, source="osv")
    assert titles("ghsa-abcd", made)["weaknesses"] == ["GHSA-ABCD-EFGH-2345"]
    WeaknessAlias.objects.create(alias="GHSA-ZZZZ-ZZZZ-9999", cve=cve)
    assert titles("ghsa-zzzz", made)["weaknesses"] == [cve]
    assert search.best(search.search(search_words.read("GHSA-ZZZZ-ZZZZ-9999"), kind="", groups=[], limit=5)) is not None
    assert titles("MAL", made)["weaknesses"] == ["MAL-2024-77"]


def test_just_cve_lists_the_newest_that_is_not_rejected(made: Population) -> None:
    soon = timezone.now() + dt.timedelta(days=1)
    Weakness.objects.create(cve="CVE-2027-0001", severity=1, source="nvd", published_at=soon)
    Weakness.objects.create(cve="CVE-2027-0002", severity=1, source="nvd", published_at=soon, rejected=True)
    Weakness.objects.create(cve="CVE-2027-0003", severity=1, source="nvd")
    assert titles("CVE", made)["weaknesses"][0] == "CVE-2027-0001"
    assert "CVE-2027-0002" not in titles("cve", made)["weaknesses"]


def test_wildcards_are_letters(made: Population) -> None:
    assert titles("%%", made) == {}
    assert titles("__", made) == {}
    assert titles("100%_\\", made) == {}


def test_other_groups_than_the_chosen_ones_are_not_found(made: Population) -> None:
    inside = made.groups[1].pk
    outside = next(machine for machine in made.machines if machine.group_id != inside)
    assert outside.name not in titles(outside.name, made, groups=[inside]).get("machines", [])
    assert titles("chrome", made, groups=[]).keys() <= {"weaknesses"}


def test_the_page_groups_what_it_found_and_leads_to_the_lists(made: Population, viewer_client: Client) -> None:
    response = viewer_client.get("/search/?q=chrome")
    words = text(response)
    assert "Results for “chrome”" in words
    assert "Software 1" in words
    assert "/software/?q=chrome" in list(links(response))
    assert len(response.content) < LARGEST
    for link in {link for link in links(response) if "q=chrome" in link}:
        assert viewer_client.get(link).status_code == 200, link
    assert "Show all in Recommendations" not in text(viewer_client.get("/search/?q=chrome&type=software"))
    assert "Type two letters or more" in text(viewer_client.get("/search/?q=a"))
    assert "Nothing found" in text(viewer_client.get("/search/?q=nothing-here"))
    assert viewer_client.get("/search/?q=chrome&type=colour").status_code == 200


def test_the_list_that_all_leads_to_holds_no_less(made: Population, viewer_client: Client) -> None:
    for typed in ("chrome", made.machines[0].name[:3]):
        for one in search.search(search_words.read(typed), kind="", groups=[group.pk for group in made.groups], limit=20):
            listed = text(viewer_client.get(one.all_address))
            assert [hit.title for hit in one.hits if hit.title not in listed] == [], one.kind.key


def test_suggestions_are_options_in_groups(made: Population, viewer_client: Client) -> None:
    response = viewer_client.get("/search/?q=chrome", headers=SUGGESTIONS)
    answer = response.content.decode()
    assert "<html" not in answer
    assert answer.count('role="option"') >= 3
    assert "Google <mark>Chrome</mark>" in answer
    assert {"HX-Request", "HX-Target"} <= {name.strip() for name in response["Vary"].split(",")}
    assert "Nothing in the chosen groups" in viewer_client.get("/search/?q=nothing-here", headers=SUGGESTIONS).content.decode()


def test_what_is_typed_is_never_markup(made: Population, viewer_client: Client) -> None:
    for headers in ({}, SUGGESTIONS):
        answer = viewer_client.get("/search/", {"q": "<img src=x>chrome"}, headers=headers).content.decode()
        assert "<img" not in answer


def test_a_statement_a_kind(made: Population, viewer_client: Client) -> None:
    groups = [group.pk for group in made.groups]
    for typed in ("chrome", "ch", "CVE", made.weaknesses[0].cve):
        with CaptureQueriesContext(connection) as asked:
            search.search(search_words.read(typed), kind="", groups=groups, limit=5)
        assert len(asked) == len(search.KINDS)
        with CaptureQueriesContext(connection) as asked:
            search.search(search_words.read(typed), kind="machines", groups=groups, limit=5)
        assert len(asked) == 1
    assert queries(viewer_client, "/search/?q=chrome") <= 9


def add_many(kind: str, groups: Sequence[int], *, rows: int = 6000) -> None:
    """Enough machines or weaknesses for an index to pay."""
    now = timezone.now()
    if kind == "machines":
        known = {"first_seen": now, "last_seen": now}
        Machine.objects.bulk_create(
            Machine(external_id=f"m{n}", name=f"host-{n:05}", group_id=groups[n % len(groups)], **known) for n in range(rows)
        )
    else:
        Weakness.objects.bulk_create(
            Weakness(cve=f"CVE-{2000 + n // 300}-{n:05}", source="nvd", published_at=now - dt.timedelta(hours=n)) for n in range(rows)
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('machine_name_holds')")  # what waits there makes the index look slow
        cursor.execute("ANALYZE inventory_machine, weaknesses_weakness")


def group_indexes() -> list[str]:
    """The indexes of machines by their group alone."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Machine._meta.db_table)
    return [name for name, one in found.items() if one["index"] and not one["unique"] and one["columns"] == ["group_id"]]


@pytest.mark.parametrize(
    ("kind", "typed", "index"),
    [
        ("machines", "ho", "machine_name_starts"),
        ("machines", "03456", "machine_name_holds"),
        ("weaknesses", "CVE-2011-11", "weaknesses_weakness_cve"),
        ("weaknesses", "CVE", "weakness_by_published"),
    ],
)
def test_an_index_answers_and_no_table_is_read_whole(kind: str, typed: str, index: str, made: Population, monkeypatch: Any) -> None:
    groups = [group.pk for group in made.groups]
    add_many(kind, groups)
    planned: list[str] = []

    def explained(name: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {sql.statements(name)[0]}", parameters)
            planned.extend(row[0] for row in cursor.fetchall())
        return []

    monkeypatch.setattr(sql, "rows", explained)
    with connection.cursor() as cursor:  # few rows are read as quickly whole: what counts is that an index can answer
        cursor.execute("SET LOCAL enable_seqscan TO off")
        if index == "machine_name_holds":  # nor all machines of the groups one by one
            cursor.execute("SET LOCAL enable_indexscan TO off")
            for name in group_indexes():
                cursor.execute(f"DROP INDEX {name}")  # until the test ends
    search.search(search_words.read(typed), kind=kind, groups=groups, limit=5, most=50)
    plan = "\n".join(planned)
    assert index in plan, plan
    assert "Seq Scan on inventory_machine " not in plan, plan
    assert "Seq Scan on weaknesses_weakness " not in plan, plan
