"""Walking lists of machines page by page: every order, ties and missing values, rows that come and go, marks that fit nothing."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import keyset
from core.lists import END, ListState
from inventory.models import ConfigurationResult, Installation, Machine, MachineGroup
from recommendations import machine_queries, risk_queries
from recommendations.machine_filters import MachineFilter
from recommendations.models import MachineRisk, MachineScore
from recommendations.risk_queries import RiskFilter
from recommendations.views.machine_spec import SPEC
from tests.integration.pages import text
from tests.populations import NOW

pytestmark = pytest.mark.django_db
SORTS = [f"{sign}{column.key}" for column in SPEC.columns if column.sort for sign in ("", "-")]
SIZE = 8
Ask = Callable[[ListState], tuple[keyset.Slice, int]]


@pytest.fixture
def fleet() -> list[int]:
    """Ids of three groups with 45 machines: few values of each kind, so that most rows tie; every fifth has no score."""
    chance = random.Random(7)
    groups = [MachineGroup.objects.create(name=name, rank=rank) for name, rank in (("Beta", 911), ("alpha", 912), ("Gamma", 913))]
    for number in range(45):
        add(chance.choice(groups).pk, number, chance)
    return [group.pk for group in groups]


def add(group_id: int, number: int, chance: random.Random) -> Machine:
    machine = Machine.objects.create(
        external_id=f"k{number}",
        name=chance.choice(["web", "Web", "db", "zz"]) + chance.choice(["", "-1"]),
        domain=chance.choice(["", "example.org"]),
        os_name=chance.choice(["", "Debian", "Ubuntu"]),
        os_version=chance.choice(["12", "9"]),
        value=chance.choice([0, 1, 1, 1, 2]),
        internet_facing=chance.random() < 0.3,
        group_id=group_id,
        first_seen=NOW,
        last_seen=NOW - dt.timedelta(days=chance.choice([0, 0, 1])),
    )
    if number % 5:
        figures = {"weight": 1, "likelihood": 1, "hazard": 1, "hazard_after": 1, "exposures": chance.choice([0, 3])}
        score = chance.choice([0.0, 0.1 + 0.2, 61.27, 100.0])
        MachineScore.objects.create(machine=machine, group_id=group_id, score=score, level=chance.choice([0, 1, 3]), **figures)
        MachineRisk.objects.create(
            machine=machine,
            group_id=group_id,
            signature=0,
            severity=chance.choice([None, 2, 4]),
            exploit=chance.choice([0, 1]),
            published_on=chance.choice([None, NOW.date(), NOW.date() - dt.timedelta(days=40)]),
            counted_on=NOW.date(),
            platform="linux",
        )
    return machine


def walk(ask: Ask, state: ListState, to: str = "following") -> Iterator[tuple[int, ...]]:
    """The pages from a state on, by the addresses of the pager."""
    while True:
        part, total = ask(state)
        yield part.ids
        address = getattr(keyset.pages(state, part, total), to)
        if not address:
            return
        state = replace(SPEC.read(QueryDict(address[1:])), per_page=SIZE)


def machines(groups: list[int], **chosen: Any) -> tuple[Ask, list[int]]:
    """How to read a page of the list of machines, and all of it in its order."""
    found = MachineFilter(groups=groups, **chosen)

    def ask(state: ListState) -> tuple[keyset.Slice, int]:
        return machine_queries.machine_page(found, state, now=NOW, total=len(everything))[0], len(everything)

    everything = [row.id for row in machine_queries.every_machine(found, now=NOW)]
    return ask, everything


def vulnerable(groups: list[int], sort: str) -> tuple[Ask, list[int]]:
    chosen = RiskFilter(groups=groups, today=NOW.date(), sort=sort)
    everything = [row.id for row in risk_queries.every_machine(chosen)]
    return lambda state: (risk_queries.machines(chosen, state, total=len(everything))[0], len(everything)), everything


@pytest.mark.parametrize("sort", SORTS)
def test_every_row_is_met_once_forth_and_back(fleet: list[int], sort: str) -> None:
    narrowed = {"state": "silent"} if sort.startswith("-") else {"values": (1,)}
    for groups, chosen in ((fleet, {}), (fleet, {"state": ""}), (fleet[:1], {"state": ""}), (fleet, narrowed)):
        ask, everything = machines(groups, sort=sort, **chosen)
        start = ListState(SPEC, sort=sort, per_page=SIZE)
        forth = list(walk(ask, start))
        assert [pk for page in forth for pk in page] == everything
        assert all(len(page) == SIZE for page in forth[:-1])
        last, _ = ask(replace(start, page=len(forth)))
        assert last.ids == forth[-1]
        back = list(walk(ask, replace(start, page=len(forth)), "previous"))
        assert back[::-1] == forth
        end, _ = ask(replace(start, before=END))
        assert end.ids == forth[-1]


@pytest.mark.parametrize(("total", "indexed"), [(0, False), (5, False), (None, True)], ids=["none", "few", "many"])
def test_what_few_or_none_fit_is_not_looked_for_along_an_index(
    fleet: list[int], monkeypatch: pytest.MonkeyPatch, total: int | None, indexed: bool
) -> None:
    orders = list[keyset.Order]()

    def read(_found: object, order: keyset.Order, _state: ListState, **_: object) -> keyset.Slice:
        orders.append(order)
        return keyset.Slice(())

    monkeypatch.setattr(keyset, "read", read)
    chosen = MachineFilter(groups=fleet, text="nobody")
    machine_queries.machine_page(chosen, ListState(SPEC, per_page=SIZE), now=NOW, total=total)
    assert [order.indexed for order in orders] == [indexed]


@pytest.mark.parametrize("sort", ["severity", "-severity", "published", "-published", "name", "-name"])
def test_vulnerable_machines_too(fleet: list[int], sort: str) -> None:
    ask, everything = vulnerable(fleet, sort)
    forth = list(walk(ask, ListState(SPEC, sort=sort, per_page=SIZE)))
    assert [pk for page in forth for pk in page] == everything
    assert set(everything) == set(MachineRisk.objects.filter(severity__isnull=False).values_list("machine_id", flat=True))


@pytest.mark.parametrize(
    ("expected", "probed"), [(1, 1000), (10**6, 1000), (10**6, 3)], ids=["collected", "met on a walk", "met too rarely"]
)
@pytest.mark.parametrize("every", [1, 3])
def test_carriers_by_each_plan(fleet: list[int], monkeypatch: pytest.MonkeyPatch, expected: int, probed: int, every: int) -> None:
    monkeypatch.setattr(keyset, "PROBED", probed)
    wanted = list(MachineScore.objects.order_by("-score", "machine_id").values_list("machine_id", flat=True))[::every]
    ConfigurationResult.objects.bulk_create(
        ConfigurationResult(machine_id=pk, configuration_id=1, passed=False, changed_at=NOW) for pk in wanted
    )
    held = ConfigurationResult.objects.filter(configuration_id=1)

    def ask(state: ListState) -> tuple[keyset.Slice, int]:
        return machine_queries.riskiest_page(held, groups=fleet, expected=expected, state=state), len(wanted)

    forth = list(walk(ask, ListState(SPEC, per_page=SIZE)))
    assert [pk for page in forth for pk in page] == wanted
    assert list(walk(ask, ListState(SPEC, per_page=SIZE, page=len(forth)), "previous"))[::-1] == forth
    assert machine_queries.riskiest(held, groups=fleet, expected=expected, limit=SIZE) == wanted[:SIZE]


@pytest.mark.parametrize("asked", [5_000, 10], ids=["met on a walk", "met too rarely"])
@pytest.mark.parametrize("sort", [sort for sort in SORTS if "last_seen" not in sort])
def test_words_that_more_have_than_are_counted(fleet: list[int], monkeypatch: pytest.MonkeyPatch, sort: str, asked: int) -> None:
    monkeypatch.setattr(machine_queries, "WORDS_ASKED", asked)
    for state in ("active", ""):
        chosen = MachineFilter(groups=fleet, text="web", sort=sort, state=state)
        everything = [row.id for row in machine_queries.every_machine(chosen, now=NOW)]
        assert 0 < len(everything) < 45

        def ask(place: ListState, chosen: MachineFilter = chosen, everything: list[int] = everything) -> tuple[keyset.Slice, int]:
            return machine_queries.machine_page(chosen, place, now=NOW, total=None)[0], len(everything)

        forth = list(walk(ask, ListState(SPEC, sort=sort, per_page=SIZE)))
        assert [pk for page in forth for pk in page] == everything
        assert list(walk(ask, ListState(SPEC, sort=sort, per_page=SIZE, page=len(forth)), "previous"))[::-1] == forth


@pytest.mark.parametrize("seed", range(8))
def test_rows_that_come_and_go_neither_repeat_nor_hide_others(fleet: list[int], seed: int) -> None:
    chance = random.Random(seed)
    sort = SORTS[seed * 5 % len(SORTS)]
    ask, everything = machines(fleet, sort=sort, state="")
    stayed, seen = set(everything), list[int]()
    for steps, page in enumerate(walk(ask, ListState(SPEC, sort=sort, per_page=SIZE)), 1):
        seen += page
        assert steps < 40
        gone = Machine.objects.filter(pk=chance.choice(sorted(stayed))) if chance.random() < 0.8 else Machine.objects.none()
        if pk := gone.values_list("pk", flat=True).first():
            MachineScore.objects.filter(machine_id=pk).delete()
            MachineRisk.objects.filter(machine_id=pk).delete()
            gone.delete()
            stayed.discard(pk)
        add(chance.choice(fleet), 1000 + 5 * steps + chance.choice([0, 1]), chance)
    assert len(seen) == len(set(seen))
    assert stayed <= set(seen)


def test_places_that_are_gone_lead_to_the_nearest_page(fleet: list[int]) -> None:
    ask, everything = machines(fleet, sort="-score", state="active")
    state = ListState(SPEC, sort="-score", per_page=SIZE)
    assert list(ask(replace(state, after="-5~1"))[0].ids) == everything[32:], "after the last row: the last page"
    assert list(ask(replace(state, before="900~1"))[0].ids) == everything[:SIZE], "before the first row: the first page"
    for nonsense in ("", "~", "x~1", "1~x", "nan", "1", "end~", "\u0663~\u0663", "9" * 400):
        assert list(ask(replace(state, after=nonsense))[0].ids)
        assert list(ask(replace(state, before=nonsense))[0].ids)
    assert list(ask(replace(state, page=10_000))[0].ids) == everything[32:]


def test_the_pager_says_where_the_page_stands(fleet: list[int]) -> None:
    ask, everything = machines(fleet, sort="-score", state="active")
    state = ListState(SPEC, sort="-score", per_page=SIZE)
    assert len(everything) == 36
    part, total = ask(state)
    first = keyset.pages(state, part, total)
    assert (first.first, first.last, first.page, first.pages, first.previous, first.start) == (1, 8, 1, 5, "", "")
    state = replace(SPEC.read(QueryDict(first.following[1:])), per_page=SIZE)
    second = keyset.pages(state, *ask(state))
    assert (second.first, second.last, second.page) == (9, 16, 2)
    assert "after" not in second.previous
    assert "before" not in second.previous, "the way back to the first page is its plain address"
    state = replace(SPEC.read(QueryDict(second.end[1:])), per_page=SIZE)
    last = keyset.pages(state, *ask(state))
    assert (last.first, last.last, last.page, last.following, last.end) == (33, 36, 5, "", "")
    unsure = keyset.pages(ListState(SPEC, per_page=SIZE), part, 40, exact=False)
    assert unsure.more
    assert unsure.end == ""


def test_the_list_is_walked_by_its_links(fleet: list[int], superuser_client: Client) -> None:
    for number in range(70):
        add(fleet[0], 5 * number + 1001, random.Random(number))
    address, seen = "?state=any&sort=name", list[str]()
    for _ in range(10):
        answer = superuser_client.get(f"/machines/{address}")
        seen += [str(row.id) for row in answer.context["rows"]]
        assert "more than" not in text(answer)
        address = answer.context["pager"].following
        if not address:
            break
    assert len(seen) == len(set(seen)) == Machine.objects.count()
    assert b'rel="prev"' in answer.content
    state = SPEC.read(QueryDict("after=web~1&page=2&sort=name&q=w"))
    assert state.export_address == "?q=w&sort=name"
    assert state.view_query == "q=w&sort=name"
    assert state.headers()[0].address == "?q=w&sort=-name"
    assert state.hidden_size() == [("q", "w"), ("sort", "name")]


def test_a_machine_page_asks_the_same_for_one_machine_and_many(fleet: list[int], superuser_client: Client) -> None:
    def asked(address: str) -> int:
        superuser_client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert superuser_client.get(address).status_code == 200
        return len(queries)

    one = asked("/machines/?q=db-1&per_page=100")
    Installation.objects.all().delete()
    for number in range(200):
        add(fleet[number % 3], 5 * number + 2001, random.Random(number))
    assert asked("/machines/?q=db-1&per_page=100") == one
    assert asked("/machines/?sort=name&per_page=100&after=db~1&page=2") == one


@pytest.mark.parametrize("state", ["active", ""])
def test_every_order_but_one_is_an_index(fleet: list[int], state: str) -> None:
    """With sorts and scans made expensive, the plan of a page sorts what it has found and nothing else: the ranges come in order."""
    found = {sort: MachineFilter(groups=fleet, sort=sort, state=state) for sort in SORTS}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        for sort, chosen in found.items():
            part, _ = machine_queries.machine_page(chosen, ListState(SPEC, sort=sort, per_page=SIZE), now=NOW)
            with CaptureQueriesContext(connection) as asked:
                machine_queries.machine_page(chosen, ListState(SPEC, sort=sort, per_page=SIZE, after=part.end), now=NOW)
            cursor.execute(f"EXPLAIN {asked[0]['sql']}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert plan.count("Sort Key:") == 1, f"{sort}\n{plan}"
            assert sort.endswith("last_seen") or "Seq Scan on inventory_machine " not in plan, f"{sort}\n{plan}"
