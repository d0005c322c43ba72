"""Who attacks a weakness, and how CISA assesses it: stored by difference, from a folder and from the publishers."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.integration.weaknesses.feed_server import Publisher, publishing
from tests.unit.weaknesses import feed_samples as samples
from weaknesses import actions, bulk
from weaknesses.bulk import Counts
from weaknesses.errors import ListingShrank
from weaknesses.models import AffectedRange, Feed, FeedRun, ThreatInsight, Weakness
from weaknesses.records import EvidenceRecord, RangeRecord, ThreatRecord, WeaknessRecord

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2099, 3, 1, 12, tzinfo=dt.UTC)
CVE = "CVE-2099-0001"
State = FeedRun.State


def threat(cve: str = CVE, reference: str = "G9001", **changes: Any) -> ThreatRecord:
    facts: dict[str, Any] = {
        "kind": "group",
        "name": "Acme Panda",
        "techniques": ("T1190",),
        "url": "https://attack.mitre.org/groups/G9001",
    }
    return ThreatRecord(cve=cve, reference=reference, **{**facts, **changes})


def sync(kind: str, *, hours: float = 0, origin: Path | None = None) -> FeedRun:
    return actions.sync_feed(kind=kind, origin=origin, now=NOW + dt.timedelta(hours=hours))


# Threat insights


def test_insights_are_merged_by_difference() -> None:
    assert bulk.store_threats([threat(), threat(reference="G9002")], "attack") == Counts(new=2)
    stored = list(ThreatInsight.objects.order_by("pk").values())
    assert bulk.store_threats([threat(), threat(reference="G9002")], "attack", complete=True) == Counts(unchanged=2)
    assert list(ThreatInsight.objects.order_by("pk").values()) == stored
    assert bulk.store_threats([threat(techniques=("T1190", "T1203"))], "attack", complete=True) == Counts(changed=1, removed=1)
    assert ThreatInsight.objects.get().techniques == ["T1190", "T1203"]


def test_a_listing_removes_only_its_own_insights() -> None:
    bulk.store_threats([threat()], "attack")
    bulk.store_threats([threat("CVE-2099-0002", "x", kind="tool")], "misp_tool", complete=True)
    bulk.store_threats([threat("CVE-2099-0003")], "attack", complete=True)
    assert sorted(ThreatInsight.objects.values_list("cve", "source")) == [("CVE-2099-0002", "misp_tool"), ("CVE-2099-0003", "attack")]


def test_a_listing_that_shrank_by_half_is_taken_for_broken() -> None:
    many = [threat(f"CVE-2099-{number:05}") for number in range(200)]
    bulk.store_threats(many, "attack", complete=True)
    with pytest.raises(ListingShrank):
        bulk.store_threats(many[:90], "attack", complete=True)
    assert ThreatInsight.objects.count() == 200


def test_attack_is_read_from_a_folder_once(tmp_path: Path) -> None:
    group, technique = (
        samples.stix_object("intrusion-set", "G9001", "Acme Panda"),
        samples.stix_object("attack-pattern", "T1190", "Exploit"),
    )
    used = samples.stix_use(group, technique, f"It exploited {CVE}.")
    (tmp_path / "enterprise-attack.json").write_bytes(samples.stix_bundle(group, technique, used))
    first = sync("attack", origin=tmp_path)
    assert (first.state, first.new, first.error) == (State.DONE, 1, "")
    second = sync("attack", origin=tmp_path, hours=1)
    assert (second.state, second.read, second.new, second.changed, second.removed) == (State.UNCHANGED, 0, 0, 0, 0)
    assert ThreatInsight.objects.get().name == "Acme Panda"


def test_a_list_that_may_be_empty_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "files_shellcodes.csv").write_bytes(samples.exploits_file(samples.exploit_row(7, "")))
    assert (sync("shellcodes", origin=tmp_path).state, sync("shellcodes", origin=tmp_path).read) == (State.UNCHANGED, 0)


# CISA's assessment


def assessed(exploitation: str, *, day: int = 1, **changes: Any) -> WeaknessRecord:
    return WeaknessRecord(cve=CVE, modified_at=dt.datetime(2099, 2, day, tzinfo=dt.UTC), exploitation=exploitation, **changes)


def assessment() -> tuple[str, bool | None, str]:
    weakness = Weakness.objects.get(cve=CVE)
    return weakness.exploitation, weakness.automatable, weakness.technical_impact


def test_an_assessment_is_kept_whoever_leads_and_nobody_blanks_it() -> None:
    bulk.store_weaknesses([WeaknessRecord(cve=CVE, title="Of NVD", cvss=9.8, severity=4)], "nvd")
    bulk.store_weaknesses(
        [assessed("poc", automatable=False, technical_impact="total", title="Of the list", cvss=5.0, severity=2)], "cvelist"
    )
    assert assessment() == ("poc", False, "total")
    bulk.store_weaknesses([assessed("", day=2, title="Of NVD", cvss=9.8, severity=4)], "nvd")
    bulk.store_weaknesses([assessed("active", day=3)], "cvelist")
    assert assessment() == ("active", False, "total")
    weakness = Weakness.objects.get(cve=CVE)
    assert (weakness.title, weakness.cvss, weakness.source) == ("Of NVD", 9.8, "nvd")


def test_the_cve_list_leads_where_nvd_and_the_starter_are_silent() -> None:
    bulk.store_weaknesses([WeaknessRecord(cve=CVE, title="A stub")], "debian")
    bulk.store_weaknesses([assessed("", title="Of the list")], "cvelist")
    bulk.store_weaknesses([WeaknessRecord(cve=CVE, title="Another stub")], "debian")
    assert (Weakness.objects.get().title, Weakness.objects.get().source) == ("Of the list", "cvelist")
    bulk.store_weaknesses([WeaknessRecord(cve=CVE, title="Of the starter")], "starter")
    assert Weakness.objects.get().title == "Of the starter"


@pytest.mark.parametrize(
    ("exploitation", "level", "exploited"), [("none", 0, False), ("", 0, False), ("poc", 1, False), ("active", 1, False)]
)
def test_a_proof_of_concept_that_cisa_knows_is_a_public_exploit(exploitation: str, level: int, exploited: bool) -> None:
    bulk.store_weaknesses([assessed(exploitation)], "cvelist")
    bulk.apply_intelligence(NOW)
    weakness = Weakness.objects.get()
    assert (weakness.exploit, weakness.exploited) == (level, exploited)
    assert bulk.apply_intelligence(NOW) == []


def test_better_evidence_than_an_assessment_stands() -> None:
    bulk.store_weaknesses([assessed("poc")], "cvelist")
    bulk.store_evidence([EvidenceRecord(cve=CVE, reference="EDB-1", level=2)], "exploitdb", now=NOW)
    bulk.apply_intelligence(NOW)
    assert Weakness.objects.get().exploit == Weakness.Exploit.VERIFIED


# The CVE list from its publisher


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setattr(settings, "FEED_PAUSE_SECONDS", 0)
    with publishing(Publisher()) as running:
        monkeypatch.setattr("weaknesses.feeds.cvelist_fetch.RELEASE", f"{running.address}/latest")
        monkeypatch.setattr("weaknesses.feeds.cvelist_fetch.ENDED_DAY", f"{running.address}/ended-{{day}}.zip")
        yield running


def archive(*cves: str, day: int = 1) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as writer:
        for cve in cves:
            record = samples.cve_record(cve)
            record["cveMetadata"]["dateUpdated"] = f"2099-03-{day:02}T00:00:00Z"
            writer.writestr(f"cves/2099/0xxx/{cve}.json", json.dumps(record))
    return packed.getvalue()


def release(publisher: Publisher, day: str, delta: bytes, hour: str = "1200", everything: bytes = b"") -> None:
    names = (f"{day}_all_CVEs_at_midnight.zip.zip", f"{day}_delta_CVEs_at_{hour}Z.zip", "notes.txt")
    assets = [{"name": name, "browser_download_url": f"{publisher.address}/{name}"} for name in names]
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w") as writer:
        writer.writestr("cves.zip", everything)
    publisher.files |= {"/latest": json.dumps({"assets": assets}).encode(), f"/{names[0]}": outer.getvalue(), f"/{names[1]}": delta}


def test_everything_comes_once_and_then_what_changed(publisher: Publisher) -> None:
    release(publisher, "2099-03-01", archive("CVE-2099-0003"), everything=archive(CVE, "CVE-2099-0002"))
    first = sync("cvelist")
    assert (first.state, first.new, first.error) == (State.DONE, 3, "")

    publisher.asked.clear()
    assert sync("cvelist", hours=1).state == State.UNCHANGED
    assert publisher.asked == ["/latest"]

    publisher.asked.clear()
    release(publisher, "2099-03-01", archive("CVE-2099-0003", "CVE-2099-0004", day=2), hour="1300")
    assert sync("cvelist", hours=2).new == 1
    assert publisher.asked == ["/latest", "/2099-03-01_delta_CVEs_at_1300Z.zip"]


def test_a_few_days_are_caught_up_with_one_by_one(publisher: Publisher) -> None:
    release(publisher, "2099-03-01", archive(), everything=archive(CVE))
    sync("cvelist")
    publisher.asked.clear()
    publisher.files |= {f"/ended-2099-03-0{day}.zip": archive(f"CVE-2099-001{day}", day=day) for day in (1, 2)}
    release(publisher, "2099-03-03", archive("CVE-2099-0013", day=3))
    run = sync("cvelist", hours=48)
    assert (run.state, run.new) == (State.DONE, 3)
    assert publisher.asked == ["/latest", "/ended-2099-03-01.zip", "/ended-2099-03-02.zip", "/2099-03-03_delta_CVEs_at_1200Z.zip"]


def test_a_day_that_is_not_published_yet_is_waited_for_and_one_that_is_lost_costs_everything(publisher: Publisher) -> None:
    release(publisher, "2099-03-01", archive(), everything=archive(CVE))
    sync("cvelist")
    publisher.asked.clear()
    release(publisher, "2099-03-02", archive("CVE-2099-0012", day=2), hour="0000")
    assert (sync("cvelist", hours=12).new, publisher.asked) == (0, ["/latest", "/ended-2099-03-01.zip"])
    publisher.asked.clear()
    release(publisher, "2099-03-03", archive("CVE-2099-0013", day=3), everything=archive(CVE, "CVE-2099-0012", day=2))
    assert sync("cvelist", hours=36).new == 2
    assert publisher.asked[2:] == ["/2099-03-03_all_CVEs_at_midnight.zip.zip", "/2099-03-03_delta_CVEs_at_1200Z.zip"]


@pytest.mark.parametrize("answer", [b"busy", b"[]", b'{"assets": [7]}', b'{"assets": []}'])
def test_an_answer_that_is_no_release_is_named(publisher: Publisher, answer: bytes) -> None:
    publisher.files["/latest"] = answer
    run = sync("cvelist")
    assert run.state == State.FAILED
    assert "release" in run.error


def test_a_mirror_serves_one_archive(publisher: Publisher) -> None:
    publisher.files["/m/all_CVEs_at_midnight.zip"] = archive(CVE)
    Feed.objects.update_or_create(kind="cvelist", defaults={"address": f"{publisher.address}/m/"})
    assert sync("cvelist").new == 1
    assert sync("cvelist", hours=1).state == State.UNCHANGED


def test_a_rejected_record_of_the_list_withdraws_its_ranges_and_leaves_those_of_nvd() -> None:
    bulk.store_weaknesses([WeaknessRecord(cve=CVE, ranges=(RangeRecord("cpe:a:acme:rocket", end="2"),))], "nvd")
    bulk.store_weaknesses([assessed("", ranges=(RangeRecord("cpe:a:acme:rocket", end="3"),))], "cvelist")
    bulk.store_weaknesses([assessed("", day=2, rejected=True, ranges=())], "cvelist")
    assert list(AffectedRange.objects.values_list("source", flat=True)) == ["nvd"]
    assert not Weakness.objects.get().rejected
