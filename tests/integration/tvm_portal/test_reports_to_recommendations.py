"""From a report of configuration checks or alerts to recommendations, scores and what pages show."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path

import pytest
from django.test import Client

from inventory.actions import ingest
from inventory.models import Alert, Configuration, DirtyMachine, IngestRun, Machine
from recommendations.models import MachineScore, Recommendation, RecommendationStat, VersionScore
from recommendations.records import Fleet, FleetMachine, FleetVersion, Match, ScoredWeakness
from tests.integration.pages import text
from tests.integration.recommendations.stored_fleets import NOW, scores, store
from tvm_portal import pipeline

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).resolve().parents[3] / "inventory" / "sources" / "samples"
LATER = NOW + dt.timedelta(minutes=5)
CVE = "CVE-2026-1111"

FLEET = Fleet(
    machines={
        "m0": FleetMachine(versions=frozenset({"editor@1"})),
        "m1": FleetMachine(versions=frozenset({"editor@1", "server@1"})),
        "m2": FleetMachine(versions=frozenset({"server@1"})),
    },
    versions={
        "editor@1": FleetVersion("editor", matches={CVE: Match()}),
        "server@1": FleetVersion("server", matches={"CVE-2026-2222": Match()}),
    },
    weaknesses={CVE: ScoredWeakness(cvss=8.0, epss=0.05), "CVE-2026-2222": ScoredWeakness(cvss=5.0, epss=0.05)},
)


def send(data: bytes, now: dt.datetime = NOW) -> IngestRun:
    run = ingest(stream=io.BytesIO(data), filename="", now=now)
    assert run.state == IngestRun.State.DONE, run.error
    return run


def alert(machine: str = "m0", **more: str) -> bytes:
    said = {"machine": machine, "id": "1", "title": "Editor started a shell", "opened_at": "2026-03-17T11:00:00Z", "cve": CVE, **more}
    return json.dumps([said]).encode()


def exposed(key: str) -> int:
    return sum(RecommendationStat.objects.filter(recommendation__key=key).values_list("exposed", flat=True))


def hazards() -> dict[str, float]:
    return dict(MachineScore.objects.values_list("machine__external_id", "hazard"))


# --- checks ----------------------------------------------------------------------------------------------------------


def test_an_asset_report_leads_to_recommendations_with_exposed_machines(viewer_client: Client) -> None:
    run = send((SAMPLES / "xccdf-arf.xml").read_bytes())
    assert (run.source, run.machines, run.results) == ("xccdf", 1, 3)
    pipeline.run(now=NOW)
    check = Configuration.objects.get(external_id__endswith="umask_default")
    recommendation = Recommendation.objects.get(key=f"sca-_-{check.key}")
    assert (recommendation.title, recommendation.kind, recommendation.present) == ("Set a strict default umask", "configuration", True)
    assert exposed(recommendation.key) == 1
    assert Recommendation.objects.filter(kind="configuration", present=True).count() == 2

    page = viewer_client.get(f"/recommendations/{recommendation.key}/")
    words = text(page)
    for said in (
        "Files that users make are readable by others",
        "Data that everyone can read leaks.",
        "UMASK 027/",
        "CCE-00001-1",
        "Accounts (Accounts and access)",
        "Asked for by Example baseline for Linux servers.",
        "web01.example.org",
    ):
        assert said in words, said

    machine = Machine.objects.get()
    words = text(viewer_client.get(f"/machines/{machine.pk}/?tab=configuration"))
    assert "Keep password hashes from others" in words
    assert "Forbid root to log in over SSH" in words
    assert (words.count("Failed"), words.count("Passed")) == (3, 2)  # each once more in the filters


def test_a_check_that_passes_now_is_done_by_the_incremental_run() -> None:
    data = (SAMPLES / "xccdf-results.xml").read_bytes()
    send(data)
    pipeline.run(now=NOW)
    check = Configuration.objects.get(external_id__endswith="sshd_disable_root_login")
    assert exposed(f"sca-_-{check.key}") == 1
    start, found, rest = data.partition(b'<rule-result idref="xccdf_org.example_rule_sshd_disable_root_login"')
    send(start + found + rest.replace(b">fail<", b">pass<", 1), now=LATER)
    assert pipeline.refresh(now=LATER) == 1
    assert exposed(f"sca-_-{check.key}") == 0
    assert not Recommendation.objects.get(key=f"sca-_-{check.key}").present
    assert MachineScore.objects.get().pass_share == pytest.approx((8 + 9) / (5 + 8 + 9))


def test_the_script_of_a_remedy_keeps_its_lines(viewer_client: Client) -> None:
    send((SAMPLES / "xccdf-results.xml").read_bytes())
    Configuration.objects.filter(external_id__endswith="umask_default").update(remediation="one\n  two")
    pipeline.run(now=NOW)
    check = Configuration.objects.get(external_id__endswith="umask_default")
    content = viewer_client.get(f"/recommendations/sca-_-{check.key}/").content.decode()
    assert '<p class="prose prose--kept">one\n  two</p>' in content


# --- alerts ----------------------------------------------------------------------------------------------------------


def test_an_alert_makes_its_machine_certain_to_be_attacked_and_shows_on_it(viewer_client: Client) -> None:
    stored = store(FLEET)
    pipeline.run(now=NOW)
    send(alert(cve=""))
    pipeline.refresh(now=LATER)
    found = MachineScore.objects.get(machine__external_id="m0")
    assert (found.likelihood, found.level) == (1.0, 3)
    page = text(viewer_client.get(f"/machines/{stored.machines['m0']}/?tab=alerts"))
    assert "Editor started a shell" in page


def test_an_alert_that_names_a_weakness_raises_its_threat_on_every_machine_at_once() -> None:
    store(FLEET)
    pipeline.run(now=NOW)
    before, calm = hazards(), scores()[0]
    send(alert())
    pipeline.refresh(now=LATER)
    assert VersionScore.objects.get(recommendation__key="va-_-editor").peak == pytest.approx(0.8 * 1.0)
    recommendation = Recommendation.objects.get(key="va-_-editor")
    assert (recommendation.active_alert, recommendation.top_threat) == (True, 1.0)
    after = hazards()
    assert after["m0"] == pytest.approx(0.8)  # likelihood 1, severity .8, threat 1
    assert after["m1"] > before["m1"] * 5
    assert after["m2"] == before["m2"]
    attacked = scores()[0]
    assert attacked > calm
    pipeline.run(now=LATER)
    assert hazards() == pytest.approx(after)
    assert scores()[0] == pytest.approx(attacked)


def test_closing_the_alert_takes_the_threat_away_again() -> None:
    store(FLEET)
    pipeline.run(now=NOW)
    before = hazards()
    send(alert())
    pipeline.refresh(now=LATER)
    send(alert(closed_at="2026-03-17T11:30:00Z"))
    pipeline.refresh(now=LATER)
    assert hazards() == pytest.approx(before)
    assert not Recommendation.objects.get(key="va-_-editor").active_alert
    assert Alert.objects.get().closed_at is not None


def test_an_old_alert_marks_nobody_when_its_machine_reports_again() -> None:
    store(FLEET)
    pipeline.run(now=NOW)
    send(alert())
    pipeline.refresh(now=LATER)
    assert not DirtyMachine.objects.exists()
    DirtyMachine.objects.create(machine_id=Machine.objects.get(external_id="m0").pk, since=LATER)
    assert pipeline.refresh(now=LATER) == 1
    assert not DirtyMachine.objects.exists()
