"""Who attacks a weakness, on its page and on that of the recommendation that removes it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from recommendations import threat_queries
from tests import worlds
from weaknesses.models import ExploitEvidence, ThreatInsight, VersionWeakness, Weakness

pytestmark = pytest.mark.django_db
CHROME = "va-_-google-_-chrome"
FLYOUT = {"HX-Request": "true", "HX-Target": "flyout"}


def insight(cve: str, name: str = "Acme Panda", source: str = "attack", **changes: Any) -> ThreatInsight:
    facts: dict[str, Any] = {"reference": f"{source}-{name}", "kind": "group", "url": "https://attack.mitre.org/groups/G9001"}
    return ThreatInsight.objects.create(cve=cve, name=name, source=source, **{**facts, **changes})


def chrome() -> str:
    """A weakness that the update of Chrome removes."""
    worlds.fleet()
    match = VersionWeakness.objects.filter(version__software__key="google-_-chrome", fix__gt=0).select_related("weakness").first()
    assert match is not None
    return match.weakness.cve


def text(client: Client, address: str, **headers: Any) -> str:
    return " ".join(client.get(address, headers=headers or None).content.decode().split())


def test_a_group_is_one_whatever_sources_and_weaknesses_it_is_listed_for() -> None:
    insight("CVE-2099-0001", techniques=["T1190"], summary="Used for Exploit Public-Facing Application.")
    insight("CVE-2099-0002", techniques=["T1203"])
    insight("CVE-2099-0001", "ACME PANDA", "misp_threat_actor", url="https://acme.example/report")
    insight("CVE-2099-0001", "Boom", kind="malware", url="")
    first, second = threat_queries.insights(["CVE-2099-0001", "CVE-2099-0002"]).threats
    assert (first.name, first.sources) == ("Acme Panda", ("MITRE ATT&CK", "MISP galaxy: threat actors"))
    assert (first.cves, [technique.id for technique in first.techniques]) == (("CVE-2099-0001", "CVE-2099-0002"), ["T1190", "T1203"])
    assert (second.kind, second.address) == ("Malware", "")


def test_a_technique_has_the_purposes_of_all_sources() -> None:
    insight(
        "CVE-2099-0001", "Exploit", "attack_mappings", reference="T1190", kind="technique", summary="How it is exploited, what it leads to."
    )
    insight("CVE-2099-0001", "T1190", "attack_to_cve", reference="T1190", kind="technique", summary="How it is exploited.")
    [technique] = threat_queries.insights(["CVE-2099-0001"]).techniques
    assert (technique.id, technique.name, technique.purposes) == ("T1190", "Exploit", "how it is exploited, what it leads to")
    assert technique.address == "https://attack.mitre.org/techniques/T1190/"


def test_an_exploit_that_several_sources_list_stands_once() -> None:
    url = "https://www.exploit-db.com/exploits/7"
    for source, level, gone in (("exploitdb", 2, None), ("pocs", 1, timezone.now())):
        ExploitEvidence.objects.create(cve="CVE-2099-0001", source=source, reference="EDB-7", level=level, url=url, gone_at=gone)
    [found] = threat_queries.evidence("CVE-2099-0001")
    assert (found.title, found.level, found.sources, found.gone_at) == (
        "EDB-7",
        "Verified exploit",
        ("Exploit-DB", "Merged exploit index"),
        None,
    )


def test_an_assessment_is_said_in_words_and_only_where_there_is_one() -> None:
    words = threat_queries.assessment(exploitation="poc", automatable=False, technical_impact="total")
    assert [fact.label for fact in words] == ["Exploitation", "Automatable", "Technical impact"]
    assert (words[0].word, words[0].note) == ("Public", "a proof of concept is public")
    assert threat_queries.assessment(exploitation="", automatable=None, technical_impact="") == ()


def test_the_weakness_page_shows_who_uses_it_and_how_cisa_assesses_it(viewer_client: Client) -> None:
    cve = chrome()
    assert "Threat insights" not in text(viewer_client, f"/weaknesses/{cve}/")
    insight(cve, techniques=["T1190"], first_seen=dt.date(2026, 1, 5), last_seen=dt.date(2026, 2, 5), kind="campaign")
    insight(
        cve, "Exploit Public-Facing Application", "attack_mappings", reference="T1190", kind="technique", summary="How it is exploited."
    )
    Weakness.objects.filter(cve=cve).update(exploitation="active", automatable=True, technical_impact="partial")
    page = text(viewer_client, f"/weaknesses/{cve}/")
    for words in (
        "Threat insights",
        "Acme Panda",
        "Campaign",
        "Seen 5 Jan 2026 to 5 Feb 2026",
        "Techniques of ATT&amp;CK",
        "used in attacks",
    ):
        assert words in page
    assert 'href="https://attack.mitre.org/groups/G9001"' in page
    assert 'href="https://attack.mitre.org/techniques/T1190/"' in page


def test_the_recommendation_shows_who_uses_what_it_removes(viewer_client: Client) -> None:
    cve = chrome()
    insight(cve, techniques=["T1203"])
    insight("CVE-1999-9999", "Somebody else")
    for address, headers in ((f"/recommendations/{CHROME}/", {}), (f"/recommendations/{CHROME}/", FLYOUT)):
        page = text(viewer_client, address, **headers)
        assert "Acme Panda" in page
        assert f'href="/weaknesses/{cve}/"' in page
        assert "Somebody else" not in page


def test_an_address_of_a_feed_is_a_link_only_where_it_leads_to_the_web(viewer_client: Client) -> None:
    cve = chrome()
    insight(cve, '"><script>alert(1)</script>', url="javascript:alert(1)", techniques=['"><i id=x>'])
    for address in (f"/weaknesses/{cve}/", f"/recommendations/{CHROME}/"):
        page = text(viewer_client, address)
        assert 'href="javascript:' not in page
        assert "<script>alert(1)" not in page
        assert "<i id=x>" not in page


@pytest.mark.parametrize("address", ["/weaknesses/{cve}/", f"/recommendations/{CHROME}/"])
def test_the_number_of_queries_does_not_grow_with_insights(viewer_client: Client, address: str) -> None:
    cve = chrome()

    def queries() -> int:
        viewer_client.get(address.format(cve=cve))
        with CaptureQueriesContext(connection) as captured:
            viewer_client.get(address.format(cve=cve))
        return len(captured)

    insight(cve)
    one = queries()
    for number in range(40):
        insight(cve, f"Group {number}", techniques=["T1190"])
        ExploitEvidence.objects.create(cve=cve, source="exploitdb", reference=f"EDB-{number}", level=1)
    assert queries() == one
