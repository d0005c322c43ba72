"""The real files, where TVM_DATA points to them: everything is read, and a second time changes nothing."""

from __future__ import annotations

import datetime as dt
import gzip
import zipfile
from collections.abc import Iterator
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


LISTS = ("nvd", "cvelist", "kev", "epss", "metasploit", "pocs", "exploitdb", "overrides", "attack")


@pytest.mark.timeout(1500)  # NVD is read in 100 s by itself; other work may share the machine
def test_weaknesses_and_what_is_known_of_them_are_stored_once(tvm_data: Path) -> None:
    present = [kind for kind in LISTS if folder.files(tvm_data, FEEDS[kind])]
    assert {"nvd", "cvelist", "kev", "epss", "metasploit", "overrides", "attack"} <= set(present)
    for kind in present:
        _sync(kind, tvm_data)
    _check_intelligence()
    _check_again(present, tvm_data)
    assert bulk.apply_intelligence(NOW + dt.timedelta(hours=1)) == []
    _check_rejections(tvm_data)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", [kind for kind in FEEDS if kind not in LISTS])
def test_every_other_feed_of_the_folder_is_stored_once(tvm_data: Path, kind: str) -> None:
    if not folder.files(tvm_data, FEEDS[kind]):
        assert kind not in {"debian", "almalinux", "pypi", "bitnami", "ubuntu_oval", "endoflife"}
        pytest.skip(f"There is no file of {kind} in TVM_DATA.")
    _sync(kind, tvm_data)
    _check_again([kind], tvm_data)


def _sync(kind: str, origin: Path) -> None:
    run = actions.sync_feed(kind=kind, origin=origin, now=NOW)
    assert (run.state, run.error) == (FeedRun.State.UNCHANGED if kind in SILENT else FeedRun.State.DONE, ""), kind
    assert bool(run.new) == (kind not in SILENT)
    most = run.read * 0.001 + REFUSALS.get(kind, 2)
    assert run.rejected <= most, f"{kind}: {[reject.reason for reject in FeedReject.objects.filter(run=run)[:5]]}"


def _check_again(kinds: list[str], origin: Path) -> None:
    counted = _counts()
    for kind in kinds:
        again = actions.sync_feed(kind=kind, origin=origin, now=NOW + dt.timedelta(hours=1))
        assert (again.state, again.read, again.new, again.changed, again.removed) == (FeedRun.State.UNCHANGED, 0, 0, 0, 0), kind
    assert _counts() == counted


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


def _current(path: Path) -> Iterator[tuple[str, str, bool]]:
    with gzip.open(path) as stream:
        for item in ijson.items(stream, "vulnerabilities.item.cve"):
            yield item["id"], item["lastModified"], item["vulnStatus"] == "Rejected"


def _legacy(path: Path) -> Iterator[tuple[str, str, bool]]:
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as stream:
        for item in ijson.items(stream, "CVE_Items.item"):
            words = item["cve"]["description"]["description_data"][0]["value"]
            yield item["cve"]["CVE_data_meta"]["ID"], item["lastModifiedDate"].removesuffix("Z"), words.startswith("** REJECT **")


def _check_rejections(tvm_data: Path) -> None:
    """Whatever order the files came in, the newest record of each CVE stands."""
    newest: dict[str, tuple[str, bool]] = {}
    for _, path in folder.files(tvm_data, FEEDS["nvd"]):
        for cve, modified, is_rejected in _legacy(path) if path.suffix == ".zip" else _current(path):
            stated = (modified, is_rejected)
            newest[cve] = max(newest.get(cve, stated), stated)
    rejected = {cve for cve, (_, is_rejected) in newest.items() if is_rejected}
    assert set(Weakness.objects.filter(rejected=True, source="nvd").values_list("cve", flat=True)) == rejected
    assert Weakness.objects.filter(rejected=True, source="cvelist").count() == 4  # NVD's files of 2026 do not have them
    assert not AffectedRange.objects.filter(source__in=("nvd", "cvelist"), weakness__rejected=True).exists()
    stored = dict(Weakness.objects.filter(source="nvd").values_list("cve", "modified_at"))
    assert set(stored) == set(newest)
    for cve, (modified, _) in newest.items():
        assert stored[cve] == dt.datetime.fromisoformat(modified).replace(tzinfo=dt.UTC), cve
