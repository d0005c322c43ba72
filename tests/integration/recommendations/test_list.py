"""The list of recommendations as an address describes it."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from inventory.models import MachineGroup, Software
from recommendations.models import Recommendation, RecommendationStat
from tests import worlds
from weaknesses.models import Weakness

pytestmark = pytest.mark.django_db
LIST = "/recommendations/"


def rows(client: Client, query: str = "") -> list[str]:
    """Titles on the page, in order."""
    return [row.title for row in client.get(f"{LIST}{query}").context["rows"]]


def test_it_says_that_nothing_was_computed_yet(viewer_client: Client) -> None:
    page = viewer_client.get(LIST).content.decode()
    assert "Not computed yet" in page
    assert "Nothing to do" not in page


def test_it_shows_the_highest_impact_first(viewer_client: Client) -> None:
    worlds.fleet()
    page = viewer_client.get(LIST)
    impacts = [row.impact for row in page.context["rows"]]
    assert impacts == sorted(impacts, reverse=True)
    assert page.context["largest"] == impacts[0] > 0


def test_the_header_counts_what_the_filter_holds(viewer_client: Client) -> None:
    worlds.fleet(extra=40)
    for query in (
        "",
        "?status=any",
        "?threat=exploited,public",
        "?category=os",
        "?tag=eos-software",
        "?kind=update&q=chrome",
        "?threat=alert",
    ):
        page = viewer_client.get(f"{LIST}{query}")
        total = page.context["pager"].total
        seen = [
            title
            for number in range(1, page.context["pager"].pages + 1)
            for title in rows(viewer_client, f"{query}{'&' if query else '?'}page={number}")
        ]
        assert len(seen) == len(set(seen)) == total


def test_each_filter_value_counts_its_rows(viewer_client: Client) -> None:
    worlds.fleet()
    facets = viewer_client.get(f"{LIST}?per_page=100").context["facets"]
    for facet in facets:
        for choice in facet.choices:
            assert len(rows(viewer_client, f"?per_page=100&{facet.key}={choice.value}")) == choice.count, (facet.key, choice.value)
            for part in choice.parts:
                assert len(rows(viewer_client, f"?per_page=100&{facet.parts_key}={part.value}")) == part.count, part.value


def test_each_view_counts_its_rows(viewer_client: Client) -> None:
    worlds.fleet()
    for view in viewer_client.get(LIST).context["views"].tabs:
        address = f"{view.address}&per_page=100"
        assert len(rows(viewer_client, address)) == view.count, view.label


@pytest.mark.parametrize(
    "key",
    ["name", "weaknesses", "component", "threats", "exposed", "status", "kind", "activities", "impact", "exposed_after", "impact_after"],
)
def test_every_sort_has_a_way_back(viewer_client: Client, key: str) -> None:
    worlds.fleet()
    down, up = rows(viewer_client, f"?sort=-{key}"), rows(viewer_client, f"?sort={key}")
    assert sorted(down) == sorted(up)
    assert len(down) == 17


def test_exceptions_are_hidden_until_asked_for(viewer_client: Client) -> None:
    world = worlds.fleet()
    hidden = world.recommendations[0]
    Recommendation.objects.filter(pk=hidden.pk).update(status=Recommendation.Status.EXCEPTION)
    assert hidden.title not in rows(viewer_client)
    assert hidden.title in rows(viewer_client, "?status=any")
    assert rows(viewer_client, "?status=exception") == [hidden.title]


def test_a_cve_finds_what_removes_it(viewer_client: Client) -> None:
    worlds.fleet()
    chrome = Recommendation.objects.get(key="va-_-google-_-chrome")
    cve = Weakness.objects.filter(matches__version__scores__recommendation=chrome).values_list("cve", flat=True)[0]
    assert rows(viewer_client, f"?q={cve.lower()}") == [chrome.title]
    assert rows(viewer_client, "?q=CVE-1999-0001") == []


def test_a_search_takes_wildcards_and_quotes_literally(viewer_client: Client) -> None:
    worlds.fleet()
    for text in ("%", "_x_", "'", '"', "\\", "<script>", "\x00"):
        assert viewer_client.get(LIST, {"q": text}).status_code == 200


def test_an_unknown_filter_is_a_chip_and_not_an_error(viewer_client: Client) -> None:
    worlds.fleet()
    page = viewer_client.get(f"{LIST}?colour=red&kind=none&sort=x&page=zero")
    text = page.content.decode()
    assert page.status_code == 200
    assert "fchip--bad" in text
    assert "Unknown colour" in text
    assert len(page.context["rows"]) == 17


def test_columns_are_chosen_in_the_address(viewer_client: Client) -> None:
    worlds.fleet()
    text = viewer_client.get(f"{LIST}?columns=name,impact_after,platform").content.decode()
    assert 'data-l="Impact after exceptions"' in text
    assert 'data-l="OS platform"' in text
    assert 'data-l="Weaknesses"' not in text


def test_figures_follow_the_chosen_groups(viewer_client: Client) -> None:
    world = worlds.fleet()
    group = world.groups[3]
    assert (
        viewer_client.post("/account/groups/", {"group": [group.pk], "next": f"{LIST}?sort=name&page=2"})["Location"] == f"{LIST}?sort=name"
    )
    page = viewer_client.get(LIST)
    stats = RecommendationStat.objects.filter(group=group)
    assert {row.key: row.exposed for row in page.context["rows"]} == {s.recommendation.key: s.exposed for s in stats if s.exposed}
    assert "1 of 5" in page.content.decode()


def test_groups_of_the_address_hold_for_that_page(viewer_client: Client) -> None:
    world = worlds.fleet()
    group = world.groups[4]
    found = viewer_client.get(f"{LIST}?groups={group.pk},999999")
    assert {row.key for row in found.context["rows"]} == set(
        RecommendationStat.objects.filter(group=group, exposed__gt=0).values_list("recommendation__key", flat=True)
    )
    assert len(viewer_client.get(LIST).context["rows"]) == 17


def test_impact_is_on_the_scale_of_the_chosen_groups(viewer_client: Client) -> None:
    world = worlds.fleet()
    stat = RecommendationStat.objects.filter(exposed__gt=0).first()
    assert stat is not None
    weight = MachineGroup.objects.get(pk=stat.group_id).score.weight
    row = next(
        row
        for row in viewer_client.get(f"{LIST}?groups={stat.group_id}&per_page=100&status=any").context["rows"]
        if row.id == stat.recommendation_id
    )
    assert row.impact == pytest.approx(100 * stat.impact / weight)
    assert world.recommendations


def test_a_trend_counts_a_day_without_a_row_as_none(viewer_client: Client) -> None:
    world = worlds.fleet(days=10)
    recommendation = world.recommendations[0]
    recommendation.days.filter(day__lt=worlds.NOW.date()).delete()
    row = next(row for row in viewer_client.get(LIST).context["rows"] if row.id == recommendation.pk)
    assert row.series == (*[0] * 9, row.exposed)


def test_a_partial_is_the_results_alone(viewer_client: Client) -> None:
    worlds.fleet()
    headers = {"HX-Request": "true", "HX-Target": "results"}
    part = viewer_client.get(f"{LIST}?kind=update&kind=upgrade&q=", headers=headers)
    assert part.content.decode().lstrip().startswith('<div id="results"')
    assert part["HX-Push-Url"] == f"{LIST}?kind=update,upgrade"
    assert {"HX-Request", "HX-Target"} <= {name.strip() for name in part["Vary"].split(",")}
    whole = viewer_client.get(LIST, headers=headers | {"HX-History-Restore-Request": "true"})
    assert "<!doctype html>" in whole.content.decode()


def test_the_export_holds_every_page_in_the_same_order(viewer_client: Client) -> None:
    worlds.fleet(extra=40)
    export = viewer_client.get(f"{LIST}export.csv?sort=name&page=2&per_page=30")
    text = b"".join(export.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    lines = list(csv.DictReader(io.StringIO(text)))
    shown = [row for page in (1, 2) for row in rows(viewer_client, f"?sort=name&per_page=50&page={page}")]
    assert [line["recommendation"] for line in lines] == shown
    assert export["Content-Type"].startswith("text/csv")


def test_the_export_cannot_run_as_a_formula(viewer_client: Client) -> None:
    worlds.fleet()
    Recommendation.objects.filter(key="va-_-google-_-chrome").update(title='=HYPERLINK("http://example.org")', component="@sum")
    text = b"".join(viewer_client.get(f"{LIST}export.csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert "'=HYPERLINK" in text
    assert "'@sum" in text


def test_a_title_is_text_and_not_markup(viewer_client: Client) -> None:
    worlds.fleet()
    Recommendation.objects.filter(key="va-_-google-_-chrome").update(title="<b>Update</b>")
    Software.objects.filter(key="google-_-chrome").update(name="<b>x</b>")
    for address in (LIST, f"{LIST}va-_-google-_-chrome/"):
        assert "<b>Update</b>" not in viewer_client.get(address).content.decode()


@pytest.mark.parametrize("extra", [0, 24])
def test_the_number_of_queries_does_not_grow_with_rows(
    viewer_client: Client, extra: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Session, user, views, groups, weight, list, trends, last run."""
    if extra:
        worlds.fleet(extra=extra)
    else:
        kept = worlds.fleet().recommendations[0]
        Recommendation.objects.exclude(pk=kept.pk).update(present=False)
    viewer_client.get(LIST)
    with django_assert_num_queries(8):
        assert viewer_client.get(LIST).context["pager"].total == (1 if not extra else 17 + extra)


def test_a_page_of_thirty_rows_is_small(viewer_client: Client) -> None:
    worlds.fleet(extra=40)
    page = viewer_client.get(LIST)
    assert len(page.context["rows"]) == 30
    assert len(page.content) < 150_000


def test_columns_stand_in_the_order_of_the_address(viewer_client: Client) -> None:
    worlds.fleet()
    page = viewer_client.get(f"{LIST}?columns=tags,impact,weaknesses").content.decode()
    heads = re.findall(r"<th scope=\"col\"[^>]*>(?:<a[^>]*>)?([A-Z][a-z]+)", page)
    assert heads == ["Recommendation", "Tags", "Impact", "Weaknesses"]
    row = page[page.index("<tbody") :].split("</tr>")[0]
    assert row.index('class="tags"') < row.index('data-l="Impact"') < row.index('data-l="Weaknesses"')


def test_a_picked_row_stays_picked_on_the_next_page_and_by_every_filter(viewer_client: Client) -> None:
    worlds.fleet(extra=40)
    first = viewer_client.get(LIST).context["rows"][0]
    page = viewer_client.get(f"{LIST}?pick={first.id}")
    assert f'value="{first.id}" form="picks" aria-label="Pick {first.title}" checked' in page.content.decode()
    assert f"pick={first.id}" in page.context["pager"].following
    for address in [view.address for view in page.context["views"].tabs] + [chip.address for chip in page.context["state"].chips()]:
        assert f"pick={first.id}" in address
    assert "pick" not in page.context["state"].export_address


def test_all_rows_of_a_filter_can_be_picked(viewer_client: Client) -> None:
    worlds.fleet(extra=40)
    answer = viewer_client.get(f"{LIST}?kind=uninstall,upgrade&pick=all", follow=True)
    assert len(answer.context["state"].picks) == answer.context["pager"].total == 2
    everything = viewer_client.get(f"{LIST}?pick=all", follow=True)
    assert len(everything.context["state"].picks) == 57


def test_a_page_of_fifty_rows_is_small(viewer_client: Client) -> None:
    worlds.fleet(extra=40)
    page = viewer_client.get(f"{LIST}?per_page=50")
    assert len(page.content) < 150_000


def test_an_export_of_picked_rows_holds_just_these(viewer_client: Client) -> None:
    worlds.fleet()
    chosen = viewer_client.get(LIST).context["rows"][2:5]
    answer = viewer_client.get(f"{LIST}export.csv?kind=attention&pick={','.join(str(row.id) for row in reversed(chosen))}")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert [line["id"] for line in csv.DictReader(io.StringIO(text))] == [row.key for row in reversed(chosen)]


def test_the_panel_says_what_stands_behind_the_marks(viewer_client: Client) -> None:
    worlds.fleet()
    rows = {row.title: row for row in viewer_client.get(LIST).context["rows"]}
    chrome = rows["Update Google Chrome to 146.0.7680.71"]
    panel = viewer_client.get(f"{LIST}{chrome.key}/insights/", headers={"HX-Request": "true"}).content.decode()
    assert "exploited in the wild" in panel
    check = rows["Turn on LSA protection"]
    panel = viewer_client.get(f"{LIST}{check.key}/insights/", headers={"HX-Request": "true"}).content.decode()
    assert "comply already" in panel
    assert viewer_client.get(f"{LIST}{check.key}/insights/")["Location"] == f"{LIST}{check.key}/#insights"
    assert viewer_client.get(f"{LIST}nothing/insights/", headers={"HX-Request": "true"}).status_code == 404
