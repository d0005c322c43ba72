"""Software, weaknesses, the timeline and the scoring page: what they say is what the tables hold."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from django.test import Client

from recommendations import score_queries, software_queries, software_tab_queries, timeline_queries, weakness_list_queries, weakness_queries
from recommendations.models import GroupScore, Recommendation, Run, ScoringSettings
from recommendations.records import Weights
from recommendations.software_queries import SoftwareFilter
from recommendations.timeline_queries import EventFilter
from recommendations.views.timeline import window_of
from recommendations.weakness_list_queries import WeaknessFilter
from tests.integration.pages import text
from tests.populations import NOW, Population, populate
from weaknesses.models import Event, MatchOverride, VersionWeakness, Weakness

pytestmark = pytest.mark.django_db


@pytest.fixture
def made() -> Population:
    return populate(machines=14, software=6, weaknesses=3, checks=5)


def groups(made: Population) -> list[int]:
    return [group.pk for group in made.groups]


def scale() -> float:
    return 100 / sum(score.weight for score in GroupScore.objects.all())


def test_software_is_counted_over_the_chosen_groups(made: Population) -> None:
    both = software_queries.software_page(key=made.software[0].key, groups=groups(made), scale=scale())
    parts = [software_queries.software_page(key=made.software[0].key, groups=[group.pk], scale=scale()) for group in made.groups]
    assert both is not None
    assert both.installed == sum(part.installed for part in parts if part)
    assert both.exposed == sum(part.exposed for part in parts if part)
    assert both.impact == pytest.approx(sum(part.impact for part in parts if part))
    assert both.weaknesses == 3


@pytest.mark.parametrize("sort", [f"{sign}{key}" for key in software_queries.SORTS for sign in ("", "-")])
def test_every_order_of_software_holds_all_of_it_once(sort: str, made: Population) -> None:
    total, rows = software_queries.software_rows(SoftwareFilter(groups=groups(made), scale=scale(), sort=sort))
    assert total == len(rows) == len({row.id for row in rows}) == 6
    column = {"weaknesses": "weaknesses", "exposed": "exposed", "installed": "installed", "impact": "impact"}.get(sort.removeprefix("-"))
    if column:
        values = [getattr(row, column) for row in rows]
        assert values == sorted(values, reverse=sort.startswith("-"))


def test_software_is_found_by_words_that_are_taken_literally(made: Population) -> None:
    def found(text: str) -> list[str]:
        return [row.name for row in software_queries.software_rows(SoftwareFilter(groups=groups(made), text=text))[1]]

    assert found("chrome") == ["Google Chrome"]
    assert found("100%") == []
    assert "WinRAR" in found("rarlab")


def test_versions_share_all_installations(made: Population) -> None:
    total, rows = software_tab_queries.version_rows(software_id=made.software[1].pk, groups=groups(made), today=NOW.date())
    assert total == len(rows)
    assert sum(row.share for row in rows) == pytest.approx(1)
    ended = software_tab_queries.version_rows(software_id=made.software[1].pk, groups=groups(made), today=NOW.date(), support="ended")[1]
    assert [row.tag for row in ended] == ["EOS version"]


def test_the_software_page_names_its_product_keys_and_where_they_come_from(made: Population, viewer_client: Client) -> None:
    words = text(viewer_client.get(f"/software/{made.software[0].key}/"))
    assert "cpe:a:google:chrome" in words
    assert "Alias table, 100% sure" in words


def test_weaknesses_present_come_first_and_all_known_ones_can_be_had(made: Population) -> None:
    Weakness.objects.create(cve="CVE-2020-0001", severity=4, cvss=9.9, source="nvd")
    Weakness.objects.create(cve="CVE-2020-0002", severity=4, source="nvd", rejected=True)
    present, _ = weakness_list_queries.weakness_rows(WeaknessFilter(groups=groups(made), now=NOW))
    known, rows = weakness_list_queries.weakness_rows(WeaknessFilter(groups=groups(made), now=NOW, present=()), limit=100)
    assert known == present + 1
    assert rows[-1].cve == "CVE-2020-0001"
    assert rows[-1].exposed == 0


@pytest.mark.parametrize("sort", [f"{sign}{key}" for key in weakness_list_queries.SORTS for sign in ("", "-")])
@pytest.mark.parametrize("everything", [True, False])
def test_every_order_of_weaknesses_holds_all_of_them_once(sort: str, everything: bool, made: Population) -> None:
    total, rows = weakness_list_queries.weakness_rows(
        WeaknessFilter(groups=groups(made), now=NOW, everything=everything, sort=sort), limit=100
    )
    assert total == len({row.cve for row in rows}) == Weakness.objects.filter(exposed_count__gt=0).count()


def test_weaknesses_are_found_by_cve_and_by_software(made: Population) -> None:
    def found(text: str) -> set[str]:
        return {row.cve for row in weakness_list_queries.weakness_rows(WeaknessFilter(groups=groups(made), now=NOW, text=text))[1]}

    assert found("cve-2026-1000") == {"CVE-2026-1000"}
    assert found("chrome") == {weakness.cve for weakness in made.weaknesses[:3]}


def test_the_weakness_page_says_why_it_matched_and_what_removes_it(made: Population, viewer_client: Client) -> None:
    weakness = made.weaknesses[0]
    words = text(viewer_client.get(f"/weaknesses/{weakness.cve}/"))
    assert "before 1.3.1" in words
    assert "cpe:a:google:chrome" in words
    assert "Fixed in 1.3.1" in words
    assert "Update Google Chrome to 1.3.1" in words
    assert "anywhere on the network" in words
    assert "exploited in the wild" in words


def test_a_curators_word_is_the_reason_where_it_made_the_match(made: Population, superuser_client: Client) -> None:
    weakness = made.weaknesses[1]
    override = MatchOverride.objects.create(verdict="affected", weakness=weakness, software=made.software[0], reason="The vendor told us")
    VersionWeakness.objects.filter(weakness=weakness).update(range_id=-override.pk)
    response = superuser_client.get(f"/weaknesses/{weakness.cve}/")
    assert "Declared: The vendor told us" in text(response)
    assert f"/admin/weaknesses/matchoverride/add/?weakness={weakness.pk}" in response.content.decode()


def test_a_cve_in_lower_case_leads_to_its_page(made: Population, viewer_client: Client) -> None:
    response = viewer_client.get("/weaknesses/cve-2026-1000/")
    assert (response.status_code, response["Location"]) == (301, "/weaknesses/CVE-2026-1000/")


def test_threat_is_the_larger_of_epss_and_the_floor(made: Population) -> None:
    def page(**columns: object) -> weakness_queries.WeaknessPage:
        Weakness.objects.filter(pk=made.weaknesses[1].pk).update(**columns)
        found = weakness_queries.weakness_page(
            cve=made.weaknesses[1].cve, groups=groups(made), everything=True, scale=1, weights=Weights(), now=NOW
        )
        assert found is not None
        return found

    assert (page(epss=0.002, exploit=0).threat, page(epss=0.002, exploit=0).threat_why) == (0.01, "floor of any weakness")
    assert page(epss=0.4, exploit=1).threat_why == "EPSS, above the floor of its evidence"
    assert (page(epss=0.1, exploit=2).threat, page(epss=0.1, exploit=2).threat_why) == (0.6, "verified exploit")
    assert page(exploited=True).threat == 1.0


def test_evidence_links_only_to_the_web(made: Population, viewer_client: Client) -> None:
    Weakness.objects.filter(pk=made.weaknesses[0].pk).update(references=["javascript:alert(1)", "https://good.example/a"])
    page = viewer_client.get(f"/weaknesses/{made.weaknesses[0].cve}/").content.decode()
    assert 'href="javascript:' not in page
    assert 'href="https://good.example/a"' in page


def test_the_timeline_counts_weaknesses_not_events(made: Population) -> None:
    counts = timeline_queries.counts(EventFilter(groups=groups(made)))
    new = {pk for event in made.events if event.kind == Event.Kind.NEW_WEAKNESS for pk in event.weakness_ids}
    assert counts.new == len(new)


def test_events_of_a_day_of_a_software_and_of_a_kind(made: Population) -> None:
    day = made.events[0].at.date()
    rows = timeline_queries.newest(EventFilter(groups=groups(made), first=day, last=day))
    assert [row.id for row in rows] == [made.events[0].pk]
    chosen = EventFilter(groups=groups(made), software=made.software[2].key)
    assert [row.software_key for row in timeline_queries.newest(chosen)] == [made.software[2].key]
    assert len(list(timeline_queries.every(EventFilter(groups=groups(made)), chunk=2))) == len(made.events)


@pytest.mark.parametrize(
    ("query", "first", "last", "days", "wrong"),
    [
        ("", "2026-02-14", "2026-03-15", "30", ()),
        ("days=7", "2026-03-09", "2026-03-15", "7", ()),
        ("days=nine", "2026-02-14", "2026-03-15", "30", ()),
        ("from=2026-03-01&to=2026-03-02", "2026-03-01", "2026-03-02", "", ()),
        ("from=2026-03-02&to=2026-03-01", "2026-03-01", "2026-03-02", "", ()),
        ("from=2026-02-30", "2026-02-14", "2026-03-15", "30", ("from 2026-02-30",)),
        ("to=yesterday&from=2026-03-01", "2026-03-01", "2026-03-15", "", ("to yesterday",)),
    ],
)
def test_the_window_of_days(query: str, first: str, last: str, days: str, wrong: tuple[str, ...]) -> None:
    window = window_of(QueryDict(query), now=NOW)
    assert (str(window.first), str(window.last), window.days, window.wrong) == (first, last, days, wrong)


def test_the_scoring_page_prints_the_weights_in_force_and_a_true_example(made: Population, viewer_client: Client) -> None:
    ScoringSettings.objects.update(floor_kit=0.77, likelihood_internet=0.21)
    words = text(viewer_client.get("/scoring/"))
    assert "0.77" in words
    assert "0.21 facing the internet" in words
    example = Recommendation.objects.filter(software__isnull=False).order_by("-stats__impact")[0]
    assert example.title in words
    impact = scale() * sum(stat.impact for stat in example.stats.all())
    assert f"The printed terms multiply to {impact:.2f}." in words


def test_the_scoring_page_says_when_the_weights_changed_after_the_run(made: Population, viewer_client: Client) -> None:
    Run.objects.update(settings={"half_hazard": 1.0})
    assert "The weights were changed." not in text(viewer_client.get("/scoring/"))
    ScoringSettings.objects.update(half_hazard=2.0)
    assert "The weights were changed." in text(viewer_client.get("/scoring/"))


def test_the_scoring_page_works_before_the_first_run(viewer_client: Client) -> None:
    words = text(viewer_client.get("/scoring/"))
    assert "Not computed yet for the chosen groups." in words
    assert "There is no recommendation yet" in words


def test_bands_are_those_of_the_settings() -> None:
    settings = ScoringSettings(band_medium=30, band_high=70)
    assert [score_queries.band(score, settings) for score in (0, 29.99, 30, 69.99, 70, 99)] == [
        "low",
        "low",
        "medium",
        "medium",
        "high",
        "high",
    ]
