"""The event timeline: its days, filters, counters, flyout and chart."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.http import QueryDict
from django.test import Client

from inventory.models import SoftwareStat
from recommendations import page_charts, timeline_queries
from recommendations.score_queries import Point
from recommendations.timeline_queries import EventFilter
from recommendations.views.timeline import window_of
from tests.integration.pages import csv_lines, queries, text
from tests.populations import NOW, Population, populate
from weaknesses.models import Event

pytestmark = pytest.mark.django_db
FLYOUT = {"HX-Request": "true", "HX-Target": "flyout"}
DAY = dt.date(2026, 3, 10)


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def made() -> Population:
    return populate(machines=14, software=6, weaknesses=3, checks=2)


def sentences(client: Client, query: str = "days=90") -> list[str]:
    return [row[1] for row in csv.reader(csv_lines(client, f"/timeline/export.csv?{query}")[1:])]


def event(made: Population, at: dt.datetime, **facts: Any) -> Event:
    return Event.objects.create(**{"kind": "new_weakness", "at": at, "software": made.software[0], **facts})


def test_twenty_four_hours_begin_at_this_time_yesterday(made: Population, viewer_client: Client) -> None:
    Event.objects.all().delete()
    moments = [NOW - dt.timedelta(hours=24), NOW - dt.timedelta(hours=24, seconds=1), NOW]
    for moment in moments:
        event(made, moment)
    assert len(sentences(viewer_client, "days=1")) == 2
    assert "since 14 Mar" in text(viewer_client.get("/timeline/?days=1"))


def test_days_are_those_of_utc_to_their_last_second(made: Population, viewer_client: Client) -> None:
    Event.objects.all().delete()
    midnight = dt.datetime.combine(DAY, dt.time(), tzinfo=dt.UTC)
    for moment in (midnight - dt.timedelta(seconds=1), midnight, midnight + dt.timedelta(hours=23, minutes=59, seconds=59)):
        event(made, moment)
    event(made, midnight + dt.timedelta(days=1))
    assert len(sentences(viewer_client, f"from={DAY}&to={DAY}")) == 2


def test_today_is_utcs_whatever_the_clock_says_elsewhere() -> None:
    honolulu = dt.datetime(2026, 3, 14, 20, tzinfo=dt.timezone(dt.timedelta(hours=-10)))
    window = window_of(QueryDict("days=7"), now=honolulu)
    assert (window.first, window.last) == (dt.date(2026, 3, 9), dt.date(2026, 3, 15))


def test_every_range_says_when_it_begins(made: Population, viewer_client: Client) -> None:
    words = text(viewer_client.get("/timeline/"))
    for since in ("24 hours since 14 Mar", "7 days since 9 Mar", "30 days since 14 Feb", "90 days since 16 Dec"):
        assert since in words


def test_filters_narrow_list_export_and_counters(made: Population, viewer_client: Client) -> None:
    Event.objects.all().delete()
    few = event(made, NOW, machines=1, machines_total=100, weakness_ids=[made.weaknesses[0].pk])
    event(made, NOW, machines=60, machines_total=100, kind="verified", weakness_ids=[w.pk for w in made.weaknesses[:3]])
    event(made, NOW, machines=None, machines_total=None, kind="fixed", software=made.software[1])
    assert len(sentences(viewer_client, "impacted=50")) == 1
    assert len(sentences(viewer_client, "impacted=50,1")) == 2
    assert len(sentences(viewer_client, "type=fixed")) == 1
    assert len(sentences(viewer_client, f"q={made.weaknesses[2].cve.lower()}")) == 1
    assert len(sentences(viewer_client, "q=chrome")) == 2
    assert text(viewer_client.get("/timeline/")).count("1 New vulnerabilities 3 Exploitable vulnerabilities") == 1
    assert "0 New vulnerabilities" in text(viewer_client.get("/timeline/?impacted=50"))
    assert f"/timeline/{few.pk}/" not in viewer_client.get("/timeline/?impacted=50").content.decode()


def test_what_is_not_known_is_na_and_shares_are_of_the_chosen_machines(made: Population, viewer_client: Client) -> None:
    Event.objects.all().delete()
    event(made, NOW, machines=None, machines_total=None)
    [row] = timeline_queries.newest(EventFilter(groups=[group.pk for group in made.groups]))
    now = sum(stat.exposed for stat in SoftwareStat.objects.filter(software=made.software[0]))
    assert (row.machines, row.share, row.machines_now) == (None, None, now)
    assert row.share_now == pytest.approx(100 * now / 14)
    assert "n/a" in text(viewer_client.get("/timeline/"))


def test_a_place_counts_events_of_the_same_moment(made: Population, viewer_client: Client) -> None:
    Event.objects.all().delete()
    events = [event(made, NOW - dt.timedelta(hours=number // 2)) for number in range(4)]
    response = viewer_client.get(f"/timeline/{events[0].pk}/", headers=FLYOUT | {"HX-Current-URL": "http://testserver/timeline/?days=7"})
    assert response["HX-Push-Url"] == f"/timeline/?open={events[0].pk}&days=7"
    assert "2 of 4" in text(response)
    assert f'href="/timeline/{events[1].pk}/" aria-label="Previous event"' in response.content.decode()
    assert f'href="/timeline/{events[3].pk}/" aria-label="Next event"' in response.content.decode()


def test_the_flyout_leads_to_recommendation_software_weaknesses_and_day(made: Population, viewer_client: Client) -> None:
    found = made.events[0]
    page = viewer_client.get(f"/timeline/?open={found.pk}").content.decode()
    assert f'href="/recommendations/?open={made.recommendations[0].key}">Go to related security recommendation' in page
    assert f'href="/software/{made.software[0].key}/"' in page
    assert f"/weaknesses/{made.weaknesses[0].cve}/" in page
    assert f"?from={found.at.date()}&amp;to={found.at.date()}" in page
    assert len(csv_lines(viewer_client, f"/timeline/{found.pk}/export.csv")) == 1 + len(found.weakness_ids)


def test_events_of_other_groups_are_not_found(made: Population, viewer_client: Client) -> None:
    SoftwareStat.objects.filter(software=made.software[0], group=made.groups[1]).delete()
    assert viewer_client.get(f"/timeline/{made.events[0].pk}/?groups={made.groups[1].pk}").status_code == 404
    assert viewer_client.get(f"/timeline/{made.events[0].pk}/?groups={made.groups[0].pk}").status_code == 200
    assert "no event of this number" in text(viewer_client.get("/timeline/?open=999999"))


def test_an_event_with_many_weaknesses_shows_them_by_pages(made: Population, viewer_client: Client) -> None:
    found = event(made, NOW, weakness_ids=[weakness.pk for weakness in made.weaknesses])
    flyout = viewer_client.get(f"/timeline/{found.pk}/", headers=FLYOUT)
    assert "Show more" in text(flyout)
    assert flyout.content.decode().count("/weaknesses/CVE-") == 10
    assert viewer_client.get(f"/timeline/{found.pk}/").content.decode().count("/weaknesses/CVE-") == len(made.weaknesses)


def test_the_list_takes_as_many_statements_for_many_events(made: Population, viewer_client: Client) -> None:
    few = queries(viewer_client, "/timeline/?days=90")
    for number in range(40):
        event(made, NOW - dt.timedelta(days=number % 20), weakness_ids=[made.weaknesses[number % 9].pk])
    assert queries(viewer_client, "/timeline/?days=90&per_page=100") == few <= 22
    assert queries(viewer_client, f"/timeline/?open={made.events[0].pk}") <= 36


def test_the_charts_days_lead_to_their_events_with_the_same_filters(made: Population, viewer_client: Client) -> None:
    page = viewer_client.get("/timeline/?type=verified&days=7").content.decode()
    figure = json.loads(page.split('<script id="weaknesses-trend" type="application/json">')[1].split("</script>")[0])
    bars = next(trace for trace in figure["data"] if trace["type"] == "bar")
    assert bars["customdata"][-1] == "/timeline/?from=2026-03-15&to=2026-03-15&type=verified"
    assert len(bars["x"]) == 7


@pytest.mark.parametrize(("most", "top"), [(0, 2), (1, 2), (3, 4), (5, 6), (75, 80), (113, 200), (1000, 1000)])
def test_ticks_of_counts_are_whole_and_hold_the_highest(most: int, top: int) -> None:
    days = {DAY: most}
    chart = page_charts.new_weaknesses(days, [Point(DAY, 46.2)], events={}, first=DAY, last=DAY)
    assert chart is not None
    assert chart.figure["layout"]["yaxis2"]["tickvals"] == [0, top // 2, top]


@pytest.mark.parametrize("values", [[46.2], [22, 43], [0, 100], [99], [1]])
def test_the_axis_of_the_score_holds_all_of_it(values: list[float]) -> None:
    points = [Point(DAY + dt.timedelta(days=number), value) for number, value in enumerate(values)]
    chart = page_charts.new_weaknesses({}, points, events={}, first=DAY, last=points[-1].day)
    assert chart is not None
    low, _, high = chart.figure["layout"]["yaxis"]["tickvals"]
    assert low <= min(values) <= max(values) <= high
    assert high - low >= 20
    assert (high - low) % 20 == 0
