"""The list of weaknesses: filters, counters, places, machines counted once, and the history of EPSS."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from django.test import Client

from core.lists import ListState
from inventory.bulk import mark_dirty
from inventory.models import Alert, Machine
from recommendations import actions, weakness_list_queries, weakness_queries
from recommendations.models import WeaknessStat
from recommendations.records import Fleet, FleetMachine, FleetVersion, Match, ScoredWeakness
from recommendations.weakness_filters import SPEC
from recommendations.weakness_list_queries import WeaknessFilter
from tests.integration.pages import csv_lines, queries, text
from tests.integration.recommendations.stored_fleets import NOW as RUN
from tests.integration.recommendations.stored_fleets import store
from tests.populations import NOW, Population, populate
from weaknesses import bulk
from weaknesses.models import EpssDay, ExploitEvidence, VersionWeakness, Weakness, WeaknessAlias
from weaknesses.records import EpssRecord, EvidenceRecord, WeaknessRecord

pytestmark = pytest.mark.django_db
FLYOUT = {"HX-Request": "true", "HX-Target": "flyout"}


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def made() -> Population:
    return populate(machines=14, software=6, weaknesses=3, checks=2)


def cves(client: Client, query: str) -> list[str]:
    """Names in the export of the list, which holds what the screen holds."""
    return [row[0] for row in csv.reader(csv_lines(client, f"/weaknesses/export.csv?{query}")[1:])]


def known(cve: str = "CVE-2020-0001", **facts: Any) -> Weakness:
    """A weakness that is on no machine."""
    return Weakness.objects.create(**{"cve": cve, "severity": 4, "cvss": 9.9, "source": "nvd", **facts})


SIDE_BY_SIDE = Fleet(
    machines={
        "both": FleetMachine(group="servers", versions=frozenset({"a@1", "a@2"})),
        "two": FleetMachine(group="servers", versions=frozenset({"a@1", "b@1"})),
        "one": FleetMachine(versions=frozenset({"a@2"})),
        "none": FleetMachine(versions=frozenset({"b@1"})),
    },
    versions={
        "a@1": FleetVersion("a", matches={"CVE-2026-0001": Match(), "CVE-2026-0002": Match()}),
        "a@2": FleetVersion("a", matches={"CVE-2026-0001": Match()}),
        "b@1": FleetVersion("b", matches={"CVE-2026-0002": Match()}),
    },
    weaknesses={"CVE-2026-0001": ScoredWeakness(cvss=9.8, exploited=True), "CVE-2026-0002": ScoredWeakness(cvss=5.0)},
)


def exposed(groups: list[int], *, everything: bool = False) -> dict[str, int]:
    chosen = WeaknessFilter(groups=groups, now=RUN, everything=everything)
    return {row.cve: row.exposed for row in weakness_list_queries.weakness_rows(chosen)[1]}


def test_a_machine_with_several_affected_versions_counts_once_in_every_choice_of_groups() -> None:
    stored = store(SIDE_BY_SIDE)
    actions.recompute(now=RUN)
    default, servers = stored.groups["default"], stored.groups["servers"]
    assert exposed([servers]) == {"CVE-2026-0001": 2, "CVE-2026-0002": 2}
    assert exposed([default]) == {"CVE-2026-0001": 1, "CVE-2026-0002": 1}
    assert exposed([default, servers]) == exposed([], everything=True) == {"CVE-2026-0001": 3, "CVE-2026-0002": 3}


def test_a_machine_that_changes_its_group_takes_its_weaknesses_along() -> None:
    stored = store(SIDE_BY_SIDE)
    actions.recompute(now=RUN)
    Machine.objects.filter(pk=stored.machines["two"]).update(group_id=stored.groups["default"])
    mark_dirty(now=RUN, machine_ids=[stored.machines["two"]])
    actions.refresh_dirty(now=RUN)
    assert exposed([stored.groups["servers"]]) == {"CVE-2026-0001": 1, "CVE-2026-0002": 1}
    assert exposed([stored.groups["default"]]) == {"CVE-2026-0001": 2, "CVE-2026-0002": 2}
    before = sorted(WeaknessStat.objects.values_list("weakness_id", "group_id", "exposed"))
    actions.recompute(now=RUN, afresh=True)
    assert sorted(WeaknessStat.objects.values_list("weakness_id", "group_id", "exposed")) == before


def test_the_counters_are_what_their_links_list(made: Population, viewer_client: Client) -> None:
    known()
    words = text(viewer_client.get("/weaknesses/"))
    counts = weakness_list_queries.weakness_counts(groups=[group.pk for group in made.groups], everything=True)
    assert f"{counts.known} Known vulnerabilities" in words
    assert (counts.known, counts.present, counts.exploited) == tuple(
        len(cves(viewer_client, query)) for query in ("present=any", "", "threat=exploited")
    )
    inside = f"groups={made.groups[1].pk}"
    few = weakness_list_queries.weakness_counts(groups=[made.groups[1].pk], everything=False)
    assert (few.known, few.present) == (len(cves(viewer_client, f"present=any&{inside}")), len(cves(viewer_client, inside)))
    assert few.present < counts.known


def test_presence_divides_all_known_ones(made: Population, viewer_client: Client) -> None:
    elsewhere, unknown = known(), known("CVE-2020-0002")
    elsewhere.ranges.create(product_id=made.weaknesses[0].ranges.get().product_id, source="nvd", fingerprint="x", end="9", end_key="9")
    assert cves(viewer_client, "present=elsewhere") == [elsewhere.cve]
    assert cves(viewer_client, "present=unknown") == [unknown.cve]
    assert len(cves(viewer_client, "present=here,elsewhere,unknown")) == Weakness.objects.count()


def test_filters_find_what_they_name(made: Population, viewer_client: Client) -> None:
    first, second, third = made.weaknesses[:3]
    Weakness.objects.filter(pk=second.pk).update(epss=0.95, published_at=NOW - dt.timedelta(days=2))
    Weakness.objects.filter(pk=third.pk).update(ransomware=True, published_at=NOW - dt.timedelta(days=400))
    assert cves(viewer_client, "epss=0.9") == [second.cve]
    assert set(cves(viewer_client, "epss=0.9,0.1")) == {second.cve}
    assert cves(viewer_client, "age=week") == [second.cve]
    assert cves(viewer_client, "age=older") == [third.cve]
    assert cves(viewer_client, "threat=ransomware") == [third.cve]
    assert cves(viewer_client, "threat=alert") == [Alert.objects.get().cve]
    assert first.cve in cves(viewer_client, "threat=exploited")
    assert all(Weakness.objects.get(cve=cve).severity == 2 for cve in cves(viewer_client, "severity=medium"))


def test_a_week_ends_with_the_day(made: Population, viewer_client: Client) -> None:
    day = dt.datetime.combine(NOW.date(), dt.time(), tzinfo=dt.UTC) - dt.timedelta(days=7)
    Weakness.objects.filter(pk=made.weaknesses[0].pk).update(published_at=day)
    Weakness.objects.filter(pk=made.weaknesses[1].pk).update(published_at=day - dt.timedelta(seconds=1))
    assert cves(viewer_client, "age=week") == [made.weaknesses[0].cve]
    rows = weakness_list_queries.weakness_rows(WeaknessFilter(groups=[g.pk for g in made.groups], now=NOW, ages=("week",)))[1]
    assert [row.age for row in rows] == [7]


def test_fixes_and_their_tags(made: Population, viewer_client: Client) -> None:
    without = made.weaknesses[0]
    VersionWeakness.objects.filter(weakness=without).update(fix=0)
    assert cves(viewer_client, "fix=none") == [without.cve]
    assert without.cve not in cves(viewer_client, "fix=all")
    VersionWeakness.objects.create(
        version=made.versions[1], weakness=without, range_id=1, source="nvd", confidence=100, fix=1, fixed="2", first_matched_at=NOW
    )
    assert cves(viewer_client, "fix=some") == [without.cve]
    assert "Some updates available" in text(viewer_client.get("/weaknesses/?fix=some"))


def test_a_zero_day_has_its_chip_beside_its_name_and_a_banner(made: Population, viewer_client: Client) -> None:
    waiting = made.weaknesses[0]
    VersionWeakness.objects.filter(weakness=waiting).update(fix=0)
    fix = made.recommendations[0]
    fix.kind, fix.zero_day = "attention", True
    fix.save()
    assert cves(viewer_client, "tag=zero-day") == [waiting.cve]
    assert f"{waiting.cve} Zero day" in text(viewer_client.get("/weaknesses/?tag=zero-day"))
    words = text(viewer_client.get(f"/weaknesses/{waiting.cve}/"))
    assert "Zero day. It was disclosed before there was a fix." in words


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("cve-2026-1000", ["CVE-2026-1000"]),
        ("CVE-2026-100", ["CVE-2026-1000", "CVE-2026-1001", "CVE-2026-1002"]),
        ("ghsa-aaaa-bbbb-cccc", ["CVE-2026-1001"]),
        ("TVM-2026-00", ["CVE-2026-1002"]),
        ("free chrome", ["CVE-2026-1000", "CVE-2026-1001", "CVE-2026-1002"]),
        ("google", ["CVE-2026-1000", "CVE-2026-1001", "CVE-2026-1002"]),
        ("100%", []),
    ],
)
def test_the_search_knows_ids_former_names_and_words(words: str, found: list[str], made: Population, viewer_client: Client) -> None:
    WeaknessAlias.objects.create(alias="GHSA-AAAA-BBBB-CCCC", cve="CVE-2026-1001")
    WeaknessAlias.objects.create(alias="TVM-2026-002", cve="CVE-2026-1002")
    assert sorted(cves(viewer_client, f"q={quote(words)}")) == found


def test_a_former_name_leads_to_the_weakness(made: Population, viewer_client: Client) -> None:
    known("GHSA-AAAA-BBBB-CCCC", source="pypi")
    bulk.store_weaknesses([WeaknessRecord(cve="GHSA-AAAA-BBBB-CCCC", rejected=True, ranges=(), given_up_for="CVE-2026-1001")], "pypi")
    response = viewer_client.get("/weaknesses/GHSA-AAAA-BBBB-CCCC/")
    assert (response.status_code, response["Location"]) == (302, "/weaknesses/CVE-2026-1001/")
    assert "Formerly GHSA-AAAA-BBBB-CCCC" in text(viewer_client.get("/weaknesses/CVE-2026-1001/"))


def test_a_place_is_found_on_the_page_beside_it_and_far_away(made: Population) -> None:
    chosen = WeaknessFilter(groups=[group.pk for group in made.groups], now=NOW, sort="cve")
    order = [row.cve for row in weakness_list_queries.every_weakness(chosen)]
    for state, index in ((ListState(SPEC, per_page=30), 0), (ListState(SPEC, per_page=2, page=1), len(order) - 1)):
        place = weakness_list_queries.place_in(chosen, state, order[index])
        assert place is not None
        assert (place.number, place.total, place.page) == (index + 1, len(order), index // state.per_page + 1)
        assert place.previous == (order[index - 1] if index else "")
        assert place.following == (order[index + 1] if index + 1 < len(order) else "")
    assert weakness_list_queries.place_in(chosen, ListState(SPEC), "CVE-1999-0000") is None


def test_a_page_beyond_the_last_shows_the_last(made: Population) -> None:
    chosen = WeaknessFilter(groups=[group.pk for group in made.groups], now=NOW)
    total, rows = weakness_list_queries.weakness_rows(chosen, offset=300, limit=4)
    assert [row.cve for row in rows] == [row.cve for row in weakness_list_queries.every_weakness(chosen)][(total - 1) // 4 * 4 :]


def test_the_flyout_keeps_the_list_behind_it(made: Population, viewer_client: Client) -> None:
    first, second = cves(viewer_client, "sort=cve")[:2]
    headers = FLYOUT | {"HX-Current-URL": "http://testserver/weaknesses/?sort=cve"}
    response = viewer_client.get(f"/weaknesses/{first}/", headers=headers)
    assert response["HX-Push-Url"] == f"/weaknesses/?sort=cve&open={first}"
    page = response.content.decode()
    assert f'data-key="{first}"' in page
    assert f'href="/weaknesses/{second}/" aria-label="Next weakness"' in page
    assert f"1 of {len(cves(viewer_client, ''))}" in text(response)


def test_an_address_with_open_holds_list_and_flyout(made: Population, viewer_client: Client) -> None:
    page = viewer_client.get(f"/weaknesses/?open={made.weaknesses[0].cve}").content.decode()
    assert '<dialog class="flyout" id="flyout" aria-labelledby="flyout-title" open data-list="/weaknesses/">' in page
    assert "No weakness of this id is known here." in text(viewer_client.get("/weaknesses/?open=CVE-1999-0000"))


def test_the_list_takes_as_many_statements_for_many_rows(made: Population, viewer_client: Client) -> None:
    few = queries(viewer_client, "/weaknesses/?severity=critical")
    assert queries(viewer_client, "/weaknesses/?per_page=100") == few <= 14
    assert queries(viewer_client, f"/weaknesses/?open={made.weaknesses[0].cve}") <= 32


def test_the_machines_of_a_weakness_are_listed_and_exported(made: Population, viewer_client: Client) -> None:
    weakness = Weakness.objects.get(pk=made.weaknesses[0].pk)
    assert len(csv_lines(viewer_client, f"/weaknesses/{weakness.cve}/export.csv")) == 1 + weakness.exposed_count
    assert viewer_client.get(f"/weaknesses/{weakness.cve}/machines/").content.decode().count('<td class="main">') == weakness.exposed_count


def test_epss_keeps_a_day_for_each_change_of_what_is_present(made: Population) -> None:
    here, absent, day = made.weaknesses[0].cve, known().cve, dt.date(2026, 3, 1)

    def stored(score: float, after: int) -> None:
        bulk.store_epss([EpssRecord(cve, score, 0.5) for cve in (here, absent)], day=day + dt.timedelta(days=after))

    stored(0.1, 0)
    stored(0.1, 1)
    stored(0.10004, 2)
    stored(0.25, 3)
    stored(0.2, 1)  # an older list changes nothing
    assert list(EpssDay.objects.order_by("day").values_list("cve", "day__day", "score")) == [(here, 1, 0.1), (here, 4, 0.25)]
    stored(0.3, 3)
    assert EpssDay.objects.get(day__day=4).score == 0.3
    stored(0.4, 400)
    stored(0.5, 800)
    assert [entry.score for entry in EpssDay.objects.order_by("day")] == [0.4, 0.5]


def test_the_page_draws_the_history_of_epss(made: Population, viewer_client: Client) -> None:
    weakness = made.weaknesses[0]
    assert "EPSS over time" not in text(viewer_client.get(f"/weaknesses/{weakness.cve}/"))
    EpssDay.objects.create(cve=weakness.cve, day=NOW.date() - dt.timedelta(days=9), score=0.02, percentile=0.5)
    Weakness.objects.filter(pk=weakness.pk).update(epss=0.07)
    points = weakness_queries.epss_history(Weakness.objects.get(pk=weakness.pk), today=NOW.date())
    assert [(point.day, round(point.value)) for point in points] == [(NOW.date() - dt.timedelta(days=9), 2), (NOW.date(), 7)]
    assert "EPSS over time" in text(viewer_client.get(f"/weaknesses/{weakness.cve}/"))


def test_what_cisa_wants_and_by_when_is_on_the_page(made: Population, viewer_client: Client) -> None:
    record = EvidenceRecord(made.weaknesses[0].cve, "kev", 4, title="Listed", due=dt.date(2026, 4, 1), action="Apply mitigations.")
    bulk.store_evidence([record], "kev", now=NOW)
    assert ExploitEvidence.objects.get(source="kev").due == dt.date(2026, 4, 1)
    assert "Due 1 Apr 2026 : Apply mitigations." in text(viewer_client.get(f"/weaknesses/{record.cve}/"))


def test_conditions_beside_the_version_are_a_note(made: Population, viewer_client: Client) -> None:
    made.weaknesses[0].ranges.update(requires=["cpe:a:apache:tomcat", "cpe:a:eclipse:jetty"], qualifiers={"target_sw": "wordpress"})
    words = text(viewer_client.get(f"/weaknesses/{made.weaknesses[0].cve}/"))
    assert "Only where apache tomcat or eclipse jetty is present too." in words
    assert "Only wordpress." in words
