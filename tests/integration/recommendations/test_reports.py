"""The report on vulnerable machines: every bar leads to as many machines as it says, on the screen and in the file."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import pytest
import time_machine
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from inventory.models import Machine
from recommendations import actions, risk_queries, risks
from recommendations.models import MachineRisk, RiskStat
from recommendations.risk_queries import RiskFilter
from tests.integration.pages import LARGEST, csv_lines, links, queries, text
from tests.populations import NOW, Population, populate
from weaknesses.models import Weakness

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]
REPORT, LIST = "/reports/vulnerable-machines/", "/reports/vulnerable-machines/machines/"


@pytest.fixture
def at_noon() -> Iterator[None]:
    """The views' clock stands at the time of the data."""
    with time_machine.travel(NOW, tick=False):
        yield


def counted(*, machines: int = 20, software: int = 6, days: int = 3) -> Population:
    """A fleet of several systems, computed, with some days of history."""
    made = populate(machines=machines, software=software, weaknesses=3, checks=2)
    for index, machine in enumerate(made.machines):
        if index % 5 == 0:
            Machine.objects.filter(pk=machine.pk).update(
                family="linux", platform="debian-12", os_name="Debian", os_version="12", os_build=""
            )
        elif index % 5 == 1:
            Machine.objects.filter(pk=machine.pk).update(os_name="Windows 10", os_build="10.0.19045.5")
    for number, weakness in enumerate(made.weaknesses):
        Weakness.objects.filter(pk=weakness.pk).update(published_at=NOW - dt.timedelta(days=25 * number) if number % 6 else None)
    actions.recompute(now=NOW)
    for back in range(days):
        risks.snapshot(day=NOW.date() - dt.timedelta(days=back))
    return made


def bars(client: Client, address: str = REPORT) -> dict[str, int]:
    """Address of each bar's machines -> the number that it shows."""
    page = client.get(address).content.decode()
    found = re.findall(rf'<a href="({LIST}[^"]+)" aria-label="([\d,]+) machine', page)
    return {link.replace("&amp;", "&"): int(number.replace(",", "")) for link, number in found}


@pytest.mark.parametrize("query", ["", "?severity=critical,high", "?exploit=verified&platform=windows", "?age=over-90,61-90&days=90"])
def test_a_bar_a_list_and_a_file_hold_the_same_machines(query: str, viewer_client: Client) -> None:
    counted()
    found = bars(viewer_client, REPORT + query)
    assert len(found) >= 4
    for address, number in found.items():
        assert f"1–{min(number, 30)} of {number}" in text(viewer_client.get(address)), address
        assert len(csv_lines(viewer_client, address.replace(LIST, f"{LIST}export.csv"))) == 1 + number, address


def test_every_way_of_counting_adds_up_to_the_same_machines(viewer_client: Client) -> None:
    counted()
    found = bars(viewer_client)
    sums: dict[str, int] = {}
    for address, number in found.items():
        way = address.rsplit("?", 1)[1].split("=")[0]
        sums[way] = sums.get(way, 0) + number
    total = sum(row.machines for row in RiskStat.objects.all())
    windows = sum(row.machines for row in RiskStat.objects.filter(platform="windows"))
    assert sums == {"severity": total, "exploit": total, "age": total, "platform": total, "release": windows}
    assert 0 < windows < total


def test_a_filter_across_the_page_narrows_every_bar(viewer_client: Client) -> None:
    counted()
    narrowed = bars(viewer_client, f"{REPORT}?platform=debian")
    assert sum(number for address, number in narrowed.items() if "severity=" in address) == sum(
        row.machines for row in RiskStat.objects.filter(platform="debian")
    )
    assert not any("release=" in address for address in narrowed)
    assert all("platform=debian" in address for address in narrowed)


def test_trends_hold_the_days_that_were_recorded_and_at_most_a_month_of_points() -> None:
    made = counted(days=120)
    chosen = RiskFilter(groups=[group.pk for group in made.groups], today=NOW.date())
    month = risk_queries.history(chosen, first=NOW.date() - dt.timedelta(days=29), last=NOW.date())
    assert len(month.days) == 30
    half_a_year = risk_queries.history(chosen, first=NOW.date() - dt.timedelta(days=179), last=NOW.date())
    assert len(half_a_year.days) == 20
    assert half_a_year.days[-1] == NOW.date()
    severity = risk_queries.ways()[0]
    total = risk_queries.counts(chosen).total
    assert sum(month.of(NOW.date(), severity, bucket) for bucket in severity.buckets) == total


def test_other_groups_count_nowhere(viewer_client: Client) -> None:
    made = counted()
    group = made.groups[1].pk
    found = bars(viewer_client, f"{REPORT}?groups={group}")
    here = sum(row.machines for row in RiskStat.objects.filter(group_id=group))
    assert sum(number for address, number in found.items() if "severity=" in address) == here
    assert all(f"groups={group}" in address for address in found)


def test_pages_are_small_and_their_statements_do_not_grow(viewer_client: Client) -> None:
    pages = [REPORT, f"{REPORT}?days=180&severity=high", LIST, f"{LIST}?age=over-90&sort=published", f"{LIST}?q=ws&sort=name"]
    with transaction.atomic():
        counted(machines=6, software=2, days=180)
        few = [queries(viewer_client, page) for page in pages]
        transaction.set_rollback(True)
    cache.clear()
    counted(machines=30, software=8, days=180)
    many = [queries(viewer_client, page) for page in pages]
    assert [page for page, before, now in zip(pages, few, many, strict=True) if now > before] == []
    assert max(many) <= 14
    assert {page for page in pages if len(viewer_client.get(page).content) > LARGEST} == set()


def test_every_order_holds_all_machines_once(viewer_client: Client) -> None:
    counted()
    total = sum(row.machines for row in RiskStat.objects.all())
    for sort in ("severity", "-severity", "published", "-published", "name", "-name"):
        lines = csv_lines(viewer_client, f"{LIST}export.csv?sort={sort}")[1:]
        assert len({line.split(",")[0] for line in lines}) == len(lines) == total, sort


def test_a_search_counts_what_it_lists(viewer_client: Client) -> None:
    counted()
    found = MachineRisk.objects.filter(severity__isnull=False).order_by("pk")[0]
    assert "1–1 of 1" in text(viewer_client.get(f"{LIST}?q={found.machine.name}"))
    assert "No machine matches" in text(viewer_client.get(f"{LIST}?q=nothing-like-it"))


def test_the_file_of_the_report_holds_what_its_bars_say(viewer_client: Client) -> None:
    counted()
    lines = csv_lines(viewer_client, f"{REPORT}export.csv?severity=critical")
    total = sum(row.machines for row in RiskStat.objects.filter(severity=4))
    assert f"today,Severity level,Critical,{total}" in lines
    assert f"{NOW.date()},Severity level,Critical,{total}" in lines


def test_before_the_first_count_it_says_so(viewer_client: Client) -> None:
    for page in (REPORT, LIST):
        assert "Not counted yet" in text(viewer_client.get(page))


def test_bad_days_and_unknown_filters_are_named(viewer_client: Client) -> None:
    counted(machines=3)
    words = text(viewer_client.get(f"{REPORT}?from=yesterday&severity=purple"))
    assert "from yesterday" in words
    assert "Unknown severity" in words


def test_no_link_of_the_report_is_dead(viewer_client: Client) -> None:
    counted(machines=8)
    found = {link if link.startswith("/") else f"{REPORT}{link}" for link in links(viewer_client.get(f"{REPORT}?severity=critical"))}
    assert {link for link in found if viewer_client.get(link).status_code != 200} == set()
