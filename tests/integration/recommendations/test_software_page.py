"""Software: every filter counts what it lists, every number leads to as many rows, every file holds what the screen does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inventory.models import InstallationEvidence, MachineGroup, Software, SoftwareStat, Version, VersionStat
from recommendations import software_queries, software_tab_queries
from recommendations.models import Exposure, Recommendation
from recommendations.software_queries import SoftwareFilter
from recommendations.software_tab_queries import WeaknessFilter
from recommendations.views.software import SPEC
from tests.integration.pages import csv_lines, queries, text
from tests.populations import NOW, Population, populate
from weaknesses.models import SupportCycle, ThreatInsight, Weakness

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_noon")]


@pytest.fixture
def at_noon() -> Iterator[None]:
    """The views' clock stands at the time of the data."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def made() -> Population:
    """A fleet with a software that no vulnerability data knows, and one without a fix."""
    made = populate(machines=14, software=6, weaknesses=3, checks=2)
    Recommendation.objects.filter(software=made.software[2]).update(zero_day=True)
    unknown = Software.objects.create(key="acme-_-inhouse", ecosystem="cpe", name="In-house tool", vendor="Acme", first_seen=NOW)
    version = Version.objects.create(software=unknown, version="1", platform="windows", first_seen=NOW, matched_at=NOW)
    SoftwareStat.objects.create(software=unknown, group=made.groups[0], installed=4)
    VersionStat.objects.create(version=version, group=made.groups[0], installed=4)
    return made


def groups() -> list[int]:
    return list(MachineGroup.objects.values_list("pk", flat=True))


def test_every_filter_counts_what_it_lists_and_exports(made: Population, viewer_client: Client) -> None:
    for facet, value in ((each.key, value) for each in SPEC.facets for value, _ in each.options):
        rows = csv_lines(viewer_client, f"/software/export.csv?{facet}={value}")[1:]
        words = text(viewer_client.get(f"/software/?{facet}={value}"))
        assert f"{len(rows)} applications" in words, (facet, value)
        assert (f"1–{len(rows)} of {len(rows)}" in words) == bool(rows), (facet, value)


def test_filters_of_weaknesses_and_codes_share_all_software_between_them(made: Population) -> None:
    def found(**chosen: tuple[str, ...]) -> set[str]:
        return {row.key for row in software_queries.software_rows(SoftwareFilter(groups=groups(), **chosen))[1]}  # type: ignore[arg-type]

    everything = found()
    parts = [found(weak=(part,)) for part in ("has", "none", "unavailable")]
    assert set.union(*parts) == everything
    assert sum(map(len, parts)) == len(everything) == 7
    assert found(weak=("unavailable",)) == found(codes=("missing",)) == {"acme-_-inhouse"}
    assert found(tags=("zero-day",)) == {made.software[2].key}
    assert found(tags=("untagged",)) == everything - found(tags=("zero-day", "ended", "ended-versions", "upcoming"))
    assert found(threats=("exploited",)) <= found(threats=("exploit",))
    assert found(platforms=("windows",)) == everything
    assert found(platforms=("linux",)) == set()


def test_what_no_data_knows_is_said_and_has_no_empty_tabs(made: Population, viewer_client: Client) -> None:
    row = text(viewer_client.get("/software/?weaknesses=unavailable"))
    assert "Not available" in row
    page = viewer_client.get("/software/acme-_-inhouse/?tab=vulnerabilities")
    words = text(page)
    assert "Weaknesses are not available" in words
    for label in ("Discovered vulnerabilities", "Event timeline"):
        assert label not in words
    assert "Version distribution" in words


def test_a_curator_is_led_to_where_a_product_code_is_given(made: Population, superuser_client: Client) -> None:
    page = superuser_client.get("/software/acme-_-inhouse/").content.decode()
    assert "/admin/weaknesses/unmatchedsoftware/?q=In-house%20tool" in page


def test_weaknesses_of_the_tab_are_counted_listed_and_exported_alike(made: Population, viewer_client: Client) -> None:
    address = f"/software/{made.software[0].key}/"
    for query in ("", "&severity=high", "&severity=critical,medium", "&threat=verified", "&threat=exploit", "&remedy=none", "&q=1001"):
        rows = csv_lines(viewer_client, f"{address}export.csv?tab=vulnerabilities{query}")[1:]
        words = text(viewer_client.get(f"{address}?tab=vulnerabilities{query}"))
        assert (f"1–{len(rows)} of {len(rows)}" in words) if rows else "No vulnerability matches" in words, query


def test_numbers_of_the_overview_lead_to_as_many_weaknesses(made: Population, viewer_client: Client) -> None:
    key = made.software[0].key
    page = software_queries.software_page(key=key, groups=groups(), scale=1)
    assert page is not None
    for count in page.severities:
        rows = csv_lines(viewer_client, f"/software/{key}/export.csv?tab=vulnerabilities&severity={count.label.lower()}")[1:]
        assert len(rows) == count.weaknesses
    assert len(csv_lines(viewer_client, f"/software/{key}/export.csv?tab=vulnerabilities&threat=exploit")) == 1 + page.exploitable
    assert len(csv_lines(viewer_client, f"/software/{key}/export.csv?tab=machines&show=exposed")) == 1 + page.exposed
    assert page.exposed == Exposure.objects.filter(recommendation__software__key=key).values("machine").distinct().count()


def test_every_order_of_weaknesses_holds_them_once(made: Population) -> None:
    for sort in (f"{sign}{key}" for key in software_tab_queries.WEAKNESS_SORTS for sign in ("", "-")):
        total, rows = software_tab_queries.weakness_rows(WeaknessFilter(made.software[0].pk, groups(), sort=sort))
        assert total == len({row.cve for row in rows}) == 3, sort


def test_a_rejected_weakness_counts_nowhere(made: Population) -> None:
    Weakness.objects.filter(pk=made.weaknesses[0].pk).update(rejected=True)
    page = software_queries.software_page(key=made.software[0].key, groups=groups(), scale=1)
    assert page is not None
    assert page.weaknesses == software_tab_queries.weakness_rows(WeaknessFilter(made.software[0].pk, groups()))[0] == 2


def test_a_version_opens_the_machines_with_it_and_its_weaknesses(made: Population, viewer_client: Client) -> None:
    software = made.software[0]
    _, rows = software_tab_queries.version_rows(software_id=software.pk, groups=groups(), today=NOW.date())
    for row in rows:
        address = f"/software/{software.key}/versions/{row.id}/"
        assert f"1–{row.installed} of {row.installed}" in text(viewer_client.get(address))
        assert len(csv_lines(viewer_client, f"{address}export.csv")) == 1 + row.installed
        assert len(csv_lines(viewer_client, f"{address}export.csv?tab=vulnerabilities")) == 1 + row.weaknesses
        assert viewer_client.get(f"{address}?tab=vulnerabilities").status_code == 200
    assert viewer_client.get(f"/software/{made.software[1].key}/versions/{rows[0].id}/").status_code == 404


@pytest.mark.parametrize("support", ["", "untagged", "ended", "upcoming"])
def test_versions_are_narrowed_by_support_on_screen_and_in_the_file(support: str, made: Population, viewer_client: Client) -> None:
    key = made.software[1].key
    rows = csv_lines(viewer_client, f"/software/{key}/export.csv?tab=versions&support={support}")[1:]
    words = text(viewer_client.get(f"/software/{key}/?tab=versions&support={support}"))
    assert (f"1–{len(rows)} of {len(rows)}" in words) if rows else "No such version" in words
    assert len(rows) == {"": 2, "untagged": 1, "ended": 1, "upcoming": 0}[support]


def test_machines_say_where_it_was_found(made: Population, viewer_client: Client) -> None:
    software, machine = made.software[0], made.machines[0]
    version = next(
        version for version in machine.installations.values_list("version_id", flat=True) if version in {v.pk for v in made.versions[:2]}
    )
    InstallationEvidence.objects.update_or_create(
        machine=machine, version_id=version, defaults={"evidence": ["C:\\Program Files\\Chrome\\chrome.exe", "HKLM\\Software\\Chrome"]}
    )
    words = text(viewer_client.get(f"/software/{software.key}/?tab=machines&q={machine.name}"))
    assert "1–1 of 1" in words
    assert "chrome.exe" in words
    assert "1 more" in words
    assert "HKLM" in "".join(csv_lines(viewer_client, f"/software/{software.key}/export.csv?tab=machines&q={machine.name}"))


def test_release_lines_add_up_to_the_installations(made: Population, viewer_client: Client) -> None:
    software = made.software[0]
    for cycle, ends in (("1", None), ("1.2", NOW.date() - dt.timedelta(days=9)), ("1.3", NOW.date() + dt.timedelta(days=30)), ("9", None)):
        SupportCycle.objects.create(slug="chrome", cycle=cycle, product_keys=["cpe:a:google:chrome"], ends_on=ends, source="test")
    lines = software_tab_queries.release_lines(software=software, groups=groups(), today=NOW.date())
    assert [(line.cycle, line.tag) for line in lines] == [("1.2", "EOS version"), ("1.3", "Upcoming EOS version")]
    assert sum(line.machines for line in lines) == sum(stat.installed for stat in VersionStat.objects.filter(version__software=software))
    assert "End of support" in text(viewer_client.get(f"/software/{software.key}/"))


def test_groups_and_campaigns_that_use_its_weaknesses_are_named(made: Population, viewer_client: Client) -> None:
    for cve in (made.weaknesses[0].cve, made.weaknesses[1].cve):
        ThreatInsight.objects.create(cve=cve, source="attack", reference="G0099", kind="group", name="Sample group")
    found = software_tab_queries.attackers(software_id=made.software[0].pk, groups=groups())
    assert [(attacker.name, attacker.weaknesses) for attacker in found] == [("Sample group", 2)]
    assert "Sample group" in text(viewer_client.get(f"/software/{made.software[0].key}/"))


def test_the_missing_updates_are_asked_for_once(made: Population, viewer_client: Client) -> None:
    Software.objects.filter(pk=made.software[0].pk).update(key="microsoft-_-windows_11", ecosystem="os")
    address = "/software/microsoft-_-windows_11/?tab=updates"
    viewer_client.get(address)
    with CaptureQueriesContext(connection) as asked:
        viewer_client.get(address)
    assert sum("WITH carried AS" in query["sql"] for query in asked) == 1
    assert len([query for query in asked if "weaknesses_securityupdate" in query["sql"]]) == 2  # the list, and whether any is known


def test_statements_of_the_new_pages_do_not_grow(viewer_client: Client) -> None:
    def asked(machines: int, weaknesses: int) -> list[int]:
        made = populate(machines=machines, software=1, weaknesses=weaknesses, checks=1)
        key, version = made.software[0].key, VersionStat.objects.filter(installed__gt=0).order_by("version_id")[0].version_id
        pages = ("", "?tab=machines&show=exposed", f"versions/{version}/", f"versions/{version}/?tab=vulnerabilities")
        return [queries(viewer_client, f"/software/{key}/{page}") for page in pages]

    with transaction.atomic():
        few = asked(1, 1)
        transaction.set_rollback(True)
    cache.clear()
    many = asked(40, 40)
    assert [now for before, now in zip(few, many, strict=True) if now > before] == []
    assert max(many) <= 22
