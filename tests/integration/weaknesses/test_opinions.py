"""Second opinions: where other scanners differ from us, and why."""

from __future__ import annotations

import pytest
from django.test import Client

from core.models import User
from inventory.models import Finding, Installation, Machine, Version
from tests.integration.pages import csv_lines, queries, text
from tests.integration.weaknesses.world import NOW, affected, version
from tests.populations import Population, populate
from weaknesses import opinion_queries
from weaknesses.actions import add_override, match_versions
from weaknesses.models import Weakness

pytestmark = pytest.mark.django_db
CHROME = "cpe:a:google:chrome"


@pytest.fixture
def made() -> Population:
    return populate(machines=3, software=2, weaknesses=2, checks=1)


def found(machine: Machine, of: Version, cve: str, source: str = "trivy", fixed: str = "") -> Finding:
    return Finding.objects.create(machine=machine, version=of, weakness=cve, source=source, fixed=fixed, first_seen=NOW)


def install(machine: Machine, *versions: Version) -> None:
    Installation.objects.bulk_create(Installation(machine=machine, version=one, first_seen=NOW) for one in versions)


def test_a_machine_shows_who_says_what_and_why_we_do_not(made: Population, curator: User) -> None:
    machine = made.machines[0]
    Installation.objects.filter(machine=machine).delete()
    chrome = version("acme-_-browser", "5.0", product=CHROME)
    stranger, package = version("acme-_-rocket", "1.0"), version("debian-_-zlib", "1.2", ecosystem="deb", product="deb:debian:zlib")
    install(machine, chrome, stranger, package)
    for number, end in ((1, "9"), (2, "9"), (3, "4"), (4, "9")):
        affected(f"CVE-2099-000{number}", product=CHROME, end=end)
    affected("CVE-2099-0005", product="cpe:a:other:thing")
    affected("CVE-2099-0006", product=CHROME, rejected=True)
    affected("CVE-2099-0007", product="deb:debian:zlib", end="9", source="debian")
    match_versions(now=NOW)
    add_override(by=curator, now=NOW, reason="x", version=chrome, weakness=Weakness.objects.get(cve="CVE-2099-0004"))
    for cve in (
        "CVE-2099-0001",
        "CVE-2099-0003",
        "CVE-2099-0004",
        "CVE-2099-0005",
        "CVE-2099-0006",
        "CVE-2099-0099",
        "GHSA-aaaa-bbbb-cccc",
    ):
        found(machine, chrome, cve)
    found(machine, chrome, "CVE-2099-0001", source="grype")
    found(machine, stranger, "CVE-2099-0005", fixed="2.0")
    page = opinion_queries.machine_opinions(machine_id=machine.pk)
    assert {(row.software, row.weakness): (row.verdict, row.why) for row in page.rows} == {
        ("browser", "CVE-2099-0001"): ("agree", ""),
        ("browser", "CVE-2099-0002"): ("we", ""),
        ("browser", "CVE-2099-0003"): ("they", "the version is outside what the sources call affected"),
        ("browser", "CVE-2099-0004"): ("they", "a curator set it aside"),
        ("browser", "CVE-2099-0005"): ("they", "no source here names this product"),
        ("browser", "CVE-2099-0006"): ("they", "the CVE was rejected"),
        ("browser", "CVE-2099-0099"): ("they", "no feed here knows this CVE"),
        ("browser", "GHSA-aaaa-bbbb-cccc"): ("they", "an advisory of its own, which no feed here knows by this name"),
        ("rocket", "CVE-2099-0005"): ("they", "vulnerability data has no name for this software"),
    }
    assert (page.agree, page.they, page.we, page.total) == (1, 7, 1, 9)
    assert page.rows[-1].scanners == ("Grype", "Trivy"), "where all agree comes last"
    only = opinion_queries.machine_opinions(machine_id=machine.pk, verdict="we")
    assert [(row.weakness, only.they) for row in only.rows] == [("CVE-2099-0002", 7)]
    nothing = opinion_queries.machine_opinions(machine_id=machine.pk, text="no such thing")
    assert (nothing.rows, nothing.total, nothing.agree) == ((), 0, 1)


def test_the_tab_is_there_only_where_somebody_else_looked(made: Population, viewer_client: Client) -> None:
    machine = made.machines[0]
    assert "Second opinions" not in text(viewer_client.get(f"/machines/{machine.pk}/"))
    found(machine, made.versions[0], made.weaknesses[0].cve)
    found(machine, made.versions[0], "CVE-2099-0001", fixed="7")
    words = text(viewer_client.get(f"/machines/{machine.pk}/?tab=opinions"))
    for part in ("1 Both say affected", "1 Only they", "Trivy", "fixed in 7", "No feed here knows this CVE"):
        assert part in words
    lines = csv_lines(viewer_client, f"/machines/{machine.pk}/export.csv?tab=opinions")
    assert any(line.startswith("CVE-2099-0001,Google Chrome,1.2.0,Only they,Trivy,7,") for line in lines)


def test_the_tab_takes_as_many_statements_for_25_findings_as_for_one(made: Population, viewer_client: Client) -> None:
    address = f"/machines/{made.machines[0].pk}/?tab=opinions"
    found(made.machines[0], made.versions[0], made.weaknesses[0].cve)
    few = queries(viewer_client, address)
    for number in range(25):
        found(made.machines[0], made.versions[0], f"CVE-2099-{number:04}")
    assert queries(viewer_client, address) == few


def test_a_weakness_says_which_versions_others_call_affected_and_which_they_leave_out(made: Population, viewer_client: Client) -> None:
    weakness, other = made.weaknesses[0], made.weaknesses[1]
    old, new = made.versions[:2]
    found(made.machines[0], new, weakness.cve, fixed="1.4")
    found(made.machines[0], old, other.cve, source="wazuh")
    said = opinion_queries.opinions_of(weakness=weakness, groups=[group.pk for group in made.groups])
    assert [(o.scanner, o.version, o.says, o.matched, o.differs) for o in said] == [
        ("Trivy", "1.3.1", True, False, True),
        ("Wazuh", "1.2.0", False, True, True),
    ]
    assert "Second opinions" in text(viewer_client.get(f"/weaknesses/{weakness.cve}/"))
    words = text(viewer_client.get(f"/weaknesses/{weakness.cve}/why/?version={new.pk}"))
    assert "Trivy says affected, fixed in 1.4 ; we say not : 1.3.1 is not older than 1.3.1" in words.replace("1.4;", "1.4 ;").replace(
        "not:", "not :"
    )
    assert opinion_queries.opinions_of(weakness=weakness, groups=[]) == said[1:], "findings count on machines of the chosen groups"
