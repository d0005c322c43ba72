"""One recommendation: flyout, page, and the lists behind it."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from recommendations.models import Recommendation, RecommendationStat
from tests import worlds

pytestmark = pytest.mark.django_db
CHROME = "va-_-google-_-chrome"
LIST = "http://testserver/recommendations/"
FLYOUT = {"HX-Request": "true", "HX-Target": "flyout"}


def flyout(client: Client, key: str = CHROME, behind: str = LIST) -> str:
    return client.get(f"/recommendations/{key}/", headers=FLYOUT | {"HX-Current-URL": behind}).content.decode()


def test_the_page_and_the_flyout_say_the_same(viewer_client: Client) -> None:
    worlds.fleet()
    page, part = viewer_client.get(f"/recommendations/{CHROME}/").content.decode(), flyout(viewer_client)
    assert "<!doctype html>" in page
    assert "<!doctype html>" not in part
    for text in (
        "Update Google Chrome to version 146.0.7680.71 or later.",
        "Why it ranks here",
        "Weaknesses addressed",
        "Exposed machines, 30 days",
    ):
        assert text in page
        assert text in part


@pytest.mark.parametrize("key", [key for key, *_ in worlds.PRODUCTS])
def test_the_printed_terms_multiply_to_the_printed_impact(viewer_client: Client, key: str) -> None:
    worlds.fleet()
    recommendation = Recommendation.objects.get(software__key=key)
    full = viewer_client.get(f"/recommendations/{recommendation.key}/").context["detail"]
    product = Decimal(1)
    for term in full.terms:
        product *= Decimal(term.text.removesuffix("%")) / (100 if term.text.endswith("%") else 1)
    assert product.quantize(Decimal(full.impact_text)) == Decimal(full.impact_text)
    assert float(full.impact_text) == pytest.approx(full.figures.impact, abs=0.006)


def test_every_kind_has_its_page(viewer_client: Client) -> None:
    worlds.fleet()
    words = {
        "update": "This removes",
        "upgrade": "the release lines in use get no fix any more",
        "uninstall": "Uninstalling it is the surest way",
        "attention": "There is no fix yet",
        "configuration": "Potential risk.",
    }
    for kind, text in words.items():
        recommendation = Recommendation.objects.filter(kind=kind).first()
        assert recommendation is not None
        assert text in viewer_client.get(f"/recommendations/{recommendation.key}/").content.decode()


def test_a_check_shows_its_insights(viewer_client: Client) -> None:
    worlds.fleet()
    check = Recommendation.objects.get(title="Turn on LSA protection")
    stats = RecommendationStat.objects.filter(recommendation=check)
    installed, exposed = sum(stat.installed for stat in stats), sum(stat.exposed for stat in stats)
    text = flyout(viewer_client, check.key)
    assert f"{installed - exposed} of {installed} machines" in text
    assert "Asked for by CIS, STIG." in text
    assert check.configuration is not None
    assert check.configuration.key in text


def test_the_flyout_keeps_the_address_of_the_list_behind_it(viewer_client: Client) -> None:
    worlds.fleet()
    answer = viewer_client.get(f"/recommendations/{CHROME}/", headers=FLYOUT | {"HX-Current-URL": f"{LIST}?sort=name&kind=update"})
    assert answer["HX-Push-Url"] == f"/recommendations/?kind=update&sort=name&open={CHROME}"


def test_the_flyout_on_another_page_leaves_the_address(viewer_client: Client) -> None:
    worlds.fleet()
    assert "HX-Push-Url" not in viewer_client.get(f"/recommendations/{CHROME}/", headers=FLYOUT | {"HX-Current-URL": "http://testserver/"})


def test_an_address_with_open_shows_the_list_and_the_flyout(viewer_client: Client) -> None:
    worlds.fleet()
    text = viewer_client.get(f"/recommendations/?open={CHROME}").content.decode()
    assert '<div id="results"' in text
    assert f'data-key="{CHROME}"' in text
    assert 'class="is-open"' in text


def test_beside_many_rows_the_flyout_comes_right_after_its_head(viewer_client: Client) -> None:
    """A page with all of both would be larger than 150 kB."""
    worlds.fleet(extra=40)
    address = f"/recommendations/?per_page=50&open={CHROME}"
    text = viewer_client.get(address).content.decode()
    assert f'data-key="{CHROME}"' in text
    assert f'hx-get="/recommendations/{CHROME}/" hx-trigger="load" hx-target="#flyout"' in text
    assert "Why it ranks here" not in text
    assert len(text.encode()) < 150_000
    answer = viewer_client.get(f"/recommendations/{CHROME}/", headers=FLYOUT | {"HX-Current-URL": f"http://testserver{address}"})
    assert "Why it ranks here" in answer.content.decode()
    assert "HX-Push-Url" not in answer  # the browser is there already


@pytest.mark.parametrize("size", [30, 50])
def test_an_unknown_open_is_said_and_not_an_error(viewer_client: Client, size: int) -> None:
    worlds.fleet()
    page = viewer_client.get(f"/recommendations/?per_page={size}&open=va-_-no-_-such")
    assert page.status_code == 200
    assert "There is no recommendation of this id any more." in page.content.decode()


def test_neighbours_follow_the_order_of_the_list_across_pages(viewer_client: Client) -> None:
    worlds.fleet(extra=40)
    pages = [viewer_client.get(f"/recommendations/?per_page=50&page={page}") for page in (1, 2)]
    keys = [row.key for page in pages for row in page.context["rows"]]
    for number in (1, 2, 30, 31, 57):
        page = (number - 1) // 30 + 1
        place = viewer_client.get(
            f"/recommendations/{keys[number - 1]}/", headers=FLYOUT | {"HX-Current-URL": f"{LIST}?page={page}"}
        ).context["place"]
        assert (place.number, place.total, place.page) == (number, 57, page)
        assert place.previous == (keys[number - 2] if number > 1 else "")
        assert place.following == (keys[number] if number < 57 else "")
    over = viewer_client.get(f"/recommendations/{keys[30]}/", headers=FLYOUT | {"HX-Current-URL": LIST})
    assert over["HX-Push-Url"] == f"/recommendations/?page=2&open={keys[30]}"


def test_a_recommendation_outside_the_list_opens_without_a_place(viewer_client: Client) -> None:
    worlds.fleet()
    answer = viewer_client.get(f"/recommendations/{CHROME}/", headers=FLYOUT | {"HX-Current-URL": f"{LIST}?kind=uninstall"})
    assert answer.status_code == 200
    assert answer.context["place"] is None


def test_what_is_not_needed_any_more_says_so(viewer_client: Client) -> None:
    worlds.fleet()
    RecommendationStat.objects.filter(recommendation__key=CHROME).delete()
    Recommendation.objects.filter(key=CHROME).update(present=False)
    text = viewer_client.get(f"/recommendations/{CHROME}/").content.decode()
    assert "No machine of the chosen groups needs it now." in text
    assert "Done" in text


@pytest.mark.parametrize("which", ["exposed", "installed", "weaknesses"])
@pytest.mark.parametrize("key", [CHROME, "va-_-oracle-_-java_se_7", "check"])
def test_every_list_holds_what_its_header_counts_and_so_does_its_export(viewer_client: Client, key: str, which: str) -> None:
    worlds.fleet()
    if key == "check":
        key = Recommendation.objects.get(title="Turn on LSA protection").key
    full = viewer_client.get(f"/recommendations/{key}/").context["detail"]
    expected = {"exposed": full.figures.exposed, "installed": full.figures.installed, "weaknesses": full.weakness_total}[which]
    assert len(viewer_client.get(f"/recommendations/{key}/{which}/").context["rows"]) == expected
    export = viewer_client.get(f"/recommendations/{key}/{which}/export.csv")
    text = b"".join(export.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert len(list(csv.DictReader(io.StringIO(text)))) == expected


def test_machines_of_other_groups_are_in_no_list(viewer_client: Client) -> None:
    world = worlds.fleet()
    group = world.groups[2]
    for which in ("exposed", "installed"):
        rows = viewer_client.get(f"/recommendations/{CHROME}/{which}/?groups={group.pk}").context["rows"]
        assert {row.group for row in rows} <= {group.name}


def test_an_unknown_key_is_not_found(viewer_client: Client) -> None:
    for address in ("nothing/", "nothing/exposed/", "nothing/weaknesses/", "nothing/weaknesses/export.csv", "nothing/installed/export.csv"):
        assert viewer_client.get(f"/recommendations/{address}").status_code == 404
    assert viewer_client.get("/recommendations/nothing/", headers=FLYOUT).status_code == 404


@pytest.mark.parametrize("machines", [4, 40])
def test_the_number_of_queries_does_not_grow_with_machines(
    viewer_client: Client, machines: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    worlds.fleet(machines=machines)
    flyout(viewer_client)
    with django_assert_max_num_queries(27):
        flyout(viewer_client)


def test_a_recommendation_of_another_page_finds_its_place(viewer_client: Client) -> None:
    worlds.fleet(extra=40)
    last = viewer_client.get("/recommendations/?page=2").context["rows"][-1]
    place = viewer_client.get(f"/recommendations/?open={last.key}").context["place"]
    assert (place.number, place.page, place.following) == (57, 2, "")


@pytest.mark.parametrize("which", ["exposed", "installed"])
@pytest.mark.parametrize("sort", ["name", "-name", "group", "score", "-last_seen"])
def test_machines_behind_can_be_searched_and_sorted_and_exported_alike(viewer_client: Client, which: str, sort: str) -> None:
    worlds.fleet()
    page = viewer_client.get(f"/recommendations/{CHROME}/{which}/?q=web-edge&sort={sort}")
    names = [row.name for row in page.context["rows"]]
    assert names
    assert all("web-edge" in name for name in names)
    assert page.context["pager"].total == len(names)
    export = viewer_client.get(f"/recommendations/{CHROME}/{which}/export.csv?q=web-edge&sort={sort}")
    text = b"".join(export.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    assert [line["machine"] for line in csv.DictReader(io.StringIO(text))] == names
    if sort == "name":
        assert names == sorted(names)


@pytest.mark.parametrize("sort", ["name", "-cvss", "epss", "threat", "-threat", "-severity", "published"])
def test_weaknesses_behind_can_be_sorted(viewer_client: Client, sort: str) -> None:
    worlds.fleet()
    rows = viewer_client.get(f"/recommendations/{CHROME}/weaknesses/?sort={sort}").context["rows"]
    key = {"name": lambda row: row.cve, "-cvss": lambda row: -row.cvss, "epss": lambda row: row.epss}.get(sort)
    if key is not None:
        assert [row.cve for row in rows] == [row.cve for row in sorted(rows, key=key)] or [key(row) for row in rows] == sorted(
            map(key, rows)
        )
    usual = viewer_client.get(f"/recommendations/{CHROME}/weaknesses/").context["rows"]
    assert {row.cve for row in rows} == {row.cve for row in usual}
    if sort == "-threat":
        assert rows == usual


def test_what_to_do_is_said_by_platform(viewer_client: Client) -> None:
    worlds.fleet()
    assert "Remediation options" in flyout(viewer_client)
    assert "still maintained" in flyout(viewer_client, "va-_-oracle-_-java_se_7")
    assert "?tab=versions" in flyout(viewer_client, "va-_-oracle-_-java_se_7")
    assert "workaround" in flyout(viewer_client, "va-_-zimbra-_-collaboration-_-attention")
