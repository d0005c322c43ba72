"""The real files, where TVM_DATA points to them: everything is read, and a second time changes nothing."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import ijson
import pytest

from inventory.models import Software, Version
from tests.integration.weaknesses.world import version
from weaknesses import actions, bulk, matching, starter
from weaknesses.feeds import FEEDS, folder
from weaknesses.models import AffectedRange, EpssScore, ExploitEvidence, FeedReject, FeedRun, SupportCycle, ThreatInsight, Weakness

pytestmark = [pytest.mark.django_db, pytest.mark.feeds]

SILENT = {"shellcodes"}  # the index of 2022 names no CVE
REFUSALS = {"attack_to_cve": 13, "cvelist": 20, "poc_in_github": 8}  # ids with a digit wrong; a line for each reason to leave out

NOW = dt.datetime(2026, 3, 16, 8, tzinfo=dt.UTC)


@pytest.mark.timeout(1800)  # everything there is: two minutes on a machine of its own
def test_every_feed_of_the_folder_is_stored_once(tvm_data: Path) -> None:
    present = [kind for kind, feed in FEEDS.items() if folder.files(tvm_data, feed)]
    assert {"nvd", "cvelist", "kev", "epss", "metasploit", "attack", "misp_tool", "debian", "endoflife"} <= set(present)
    for kind in present:
        run = actions.sync_feed(kind=kind, origin=tvm_data, now=NOW)
        assert (run.state, run.error) == (FeedRun.State.UNCHANGED if kind in SILENT else FeedRun.State.DONE, ""), kind
        assert bool(run.new) == (kind not in SILENT)
        most = run.read * 0.001 + REFUSALS.get(kind, 2)
        assert run.rejected <= most, f"{kind}: {[reject.reason for reject in FeedReject.objects.filter(run=run)[:5]]}"
    _check_intelligence()

    counted = _counts()
    for kind in present:
        again = actions.sync_feed(kind=kind, origin=tvm_data, now=NOW + dt.timedelta(hours=1))
        assert (again.state, again.read, again.new, again.changed, again.removed) == (FeedRun.State.UNCHANGED, 0, 0, 0, 0), kind
    assert _counts() == counted
    assert bulk.apply_intelligence(NOW + dt.timedelta(hours=1)) == []
    _check_rejections(tvm_data)


def test_windows_finds_its_end_of_support_by_build(tvm_data: Path) -> None:
    starter.load(now=NOW)
    assert actions.sync_feed(kind="endoflife", origin=tvm_data, now=NOW).state == FeedRun.State.DONE
    assert not SupportCycle.objects.filter(slug__in=("windows", "windows-server"), source="starter").exists()
    expected = {
        ("windows_10", "10.0.19045.6456"): dt.date(2025, 10, 14),
        ("windows_10", "10.0.17763.8146"): dt.date(2021, 5, 11),
        ("windows_11", "10.0.26100.7781"): dt.date(2027, 10, 12),
        ("windows_11", "10.0.26200.7781"): dt.date(2028, 10, 10),
        ("windows_server_2019", "10.0.17763.8146"): dt.date(2029, 1, 9),
        ("windows_server_2022", "10.0.20348.4648"): dt.date(2031, 10, 14),
        ("windows_server_2025", "10.0.26100.7781"): dt.date(2034, 10, 10),
    }
    found = {key: version(f"microsoft-_-{key[0]}", key[1], ecosystem="os") for key in expected}
    matching.apply_support_cycles(now=NOW)
    assert {key: Version.objects.get(pk=stored.pk).support_ends_on for key, stored in found.items()} == expected
    support = dict(Software.objects.filter(ecosystem="os").values_list("key", "support"))
    assert support["microsoft-_-windows_10"] == Software.Support.ENDED
    assert support["microsoft-_-windows_11"] == Software.Support.UNKNOWN


def _counts() -> list[int]:
    return [model.objects.count() for model in (Weakness, AffectedRange, EpssScore, ExploitEvidence, SupportCycle, ThreatInsight)]


def _check_intelligence() -> None:
    bulk.apply_intelligence(NOW)
    listed = set(ExploitEvidence.objects.filter(source="kev").values_list("cve", flat=True))
    exploited = set(Weakness.objects.filter(exploited=True).values_list("cve", flat=True))
    assert exploited == listed & set(Weakness.objects.values_list("cve", flat=True))
    log4shell = EpssScore.objects.get(cve="CVE-2021-44228")
    assert log4shell.score > 0.9
    assert Weakness.objects.filter(exploit=Weakness.Exploit.KIT).exists()
    assert not Weakness.objects.filter(exploitation__in=("poc", "active"), exploit=Weakness.Exploit.NONE).exists()
    assert ThreatInsight.objects.filter(cve="CVE-2021-44228", source="attack", kind="campaign").exists()


def _check_rejections(tvm_data: Path) -> None:
    """Whatever order the files came in, the newest record of each CVE stands."""
    newest: dict[str, tuple[str, bool]] = {}
    for _, path in folder.files(tvm_data, FEEDS["nvd"]):
        with gzip.open(path) as stream:
            for item in ijson.items(stream, "vulnerabilities.item.cve"):
                stated = (item["lastModified"], item["vulnStatus"] == "Rejected")
                newest[item["id"]] = max(newest.get(item["id"], stated), stated)
    rejected = {cve for cve, (_, is_rejected) in newest.items() if is_rejected}
    assert set(Weakness.objects.filter(rejected=True, source="nvd").values_list("cve", flat=True)) == rejected
    assert Weakness.objects.filter(rejected=True, source="cvelist").count() == 4  # NVD's files of 2026 do not have them
    assert not AffectedRange.objects.filter(source__in=("nvd", "cvelist"), weakness__rejected=True).exists()
    stored = dict(Weakness.objects.filter(source="nvd").values_list("cve", "modified_at"))
    assert set(stored) == set(newest)
    for cve, (modified, _) in newest.items():
        assert stored[cve] == dt.datetime.fromisoformat(modified).replace(tzinfo=dt.UTC), cve
