"""Advisories from file to match: names as the inventory spells them, module streams, epochs, sources that stand in for others."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inventory.aliases import current
from inventory.bulk import resolve_versions
from inventory.identities import identify
from inventory.models import Version
from inventory.records import InstalledSoftware
from tests.integration.weaknesses.world import NOW, affected, cves, version
from tests.unit.weaknesses import feed_samples as samples
from tests.unit.weaknesses.feeds.test_osv import record
from weaknesses import bulk
from weaknesses.actions import match_versions, sync_feed
from weaknesses.feeds.rpm_modules import of_stream
from weaknesses.models import AffectedRange, FeedRun, Statement, VersionWeakness, Weakness
from weaknesses.records import RangeRecord, WeaknessRecord

pytestmark = pytest.mark.django_db

LATER = NOW + dt.timedelta(days=1)
RPM = "rpm:almalinux:nodejs"


def installed(ecosystem: str, name: str, text: str, platform: str = "") -> Version:
    """A version as a report brings it in."""
    identity = identify(InstalledSoftware(ecosystem, name, text, platform=platform), machine_platform=platform, aliases=current())
    return Version.objects.get(pk=resolve_versions([identity], now=NOW)[identity].version_id)


@pytest.mark.parametrize(
    ("kind", "ecosystem", "name", "found"),
    [
        ("pypi", "PyPI", "Acme_Rocket", ("pypi", "acme-rocket", "")),
        ("npm", "npm", "@Acme/rocket", ("npm", "@Acme/rocket", "")),
        ("golang", "Go", "github.com/Acme/rocket/v2", ("golang", "github.com/Acme/rocket/v2", "")),
        ("maven", "Maven", "org.acme:Rocket", ("maven", "org.acme:Rocket", "")),
        ("nuget", "NuGet", "Acme.Rocket", ("nuget", "acme.rocket", "")),
        ("gem", "RubyGems", "Rocket", ("gem", "Rocket", "")),
        ("cargo", "crates.io", "rocket_core", ("cargo", "rocket_core", "")),
        ("composer", "Packagist", "acme/rocket", ("composer", "acme/rocket", "")),
        ("debian", "Debian:12", "rocket", ("deb", "rocket", "debian-12")),
        ("ubuntu", "Ubuntu:22.04:LTS", "rocket", ("deb", "rocket", "ubuntu-22.04")),
        ("alpine", "Alpine:v3.18", "rocket", ("apk", "rocket", "alpine-3.18")),
        ("redhat", "Red Hat:enterprise_linux:9::appstream", "RocketManager", ("rpm", "RocketManager", "rhel-9")),
        ("almalinux", "AlmaLinux:9", "rocket", ("rpm", "rocket", "almalinux-9")),
        ("rocky", "Rocky Linux:9", "rocket", ("rpm", "rocket", "rocky-9")),
        ("suse", "SUSE:Linux Enterprise Server 15 SP5", "rocket", ("rpm", "rocket", "sles-15.5")),
        ("opensuse", "openSUSE:Leap 15.6", "rocket", ("rpm", "rocket", "opensuse-leap-15.6")),
    ],
)
def test_an_advisory_finds_the_package_that_a_report_names(
    tmp_path: Path, kind: str, ecosystem: str, name: str, found: tuple[str, str, str]
) -> None:
    stated = record("X-1", ecosystem, name, upstream=["CVE-2099-0001"])
    (tmp_path / f"{kind}-osv.jsonl").write_bytes(samples.json_lines(stated))
    assert sync_feed(kind=kind, origin=tmp_path, now=NOW).state == FeedRun.State.DONE
    scheme, spelled, platform = found
    old, fixed = installed(scheme, spelled, "2.4", platform), installed(scheme, spelled, "2.5", platform)
    match_versions(now=NOW)
    assert (cves(old), cves(fixed)) == (["CVE-2099-0001"], [])
    assert VersionWeakness.objects.get(version=old).fixed == "2.5"


# --- parts -----------------------------------------------------------------------------------------------------------------


def test_the_file_of_one_release_does_not_withdraw_what_that_of_another_says(tmp_path: Path) -> None:
    for release in ("8", "9"):
        advisory = record(f"ALSA-2099:{release}", f"AlmaLinux:{release}", "rocket", related=["CVE-2099-0001"])
        (tmp_path / f"almalinux{release}-osv.jsonl").write_bytes(samples.json_lines(advisory))
    assert sync_feed(kind="almalinux", origin=tmp_path, now=NOW).new == 1
    assert sorted(AffectedRange.objects.values_list("source", "platforms")) == [
        ("almalinux/8", ["almalinux-8"]),
        ("almalinux/9", ["almalinux-9"]),
    ]
    assert sync_feed(kind="almalinux", origin=tmp_path, now=LATER).read == 0


def test_an_advisory_that_no_longer_names_a_cve_takes_its_ranges_back(tmp_path: Path) -> None:
    first = record("ALSA-2099:1", "AlmaLinux:9", "kernel", related=["CVE-2099-0001"])
    second = record("ALSA-2099:2", "AlmaLinux:9", "kernel-rt", related=["CVE-2099-0001"])
    path = tmp_path / "almalinux9-osv.jsonl"
    path.write_bytes(samples.json_lines(first, second))
    sync_feed(kind="almalinux", origin=tmp_path, now=NOW)
    path.write_bytes(samples.json_lines(first, {**second, "related": ["CVE-2099-0002"]}))
    sync_feed(kind="almalinux", origin=tmp_path, now=LATER)
    of_first = AffectedRange.objects.filter(weakness__cve="CVE-2099-0001").values_list("product__key", flat=True)
    assert list(of_first) == ["rpm:almalinux:kernel"]


def test_an_id_is_given_up_when_a_cve_takes_it_over(tmp_path: Path) -> None:
    path = tmp_path / "npm-osv.jsonl"
    before = record("GHSA-abcd-efgh-2345", "npm", "rocket")
    path.write_bytes(samples.json_lines(before))
    sync_feed(kind="npm", origin=tmp_path, now=NOW)
    found = installed("npm", "rocket", "2.4")
    match_versions(now=NOW)
    assert cves(found) == ["GHSA-ABCD-EFGH-2345"]
    path.write_bytes(samples.json_lines({**before, "aliases": ["CVE-2099-0001"], "modified": "2099-03-01T00:00:00Z"}))
    sync_feed(kind="npm", origin=tmp_path, now=LATER)
    match_versions(now=LATER)
    assert cves(found) == ["CVE-2099-0001"]
    assert Weakness.objects.get(cve="GHSA-ABCD-EFGH-2345").rejected


def test_an_id_that_nobody_knew_is_not_made_to_be_given_up(tmp_path: Path) -> None:
    stated = record("GHSA-abcd-efgh-2345", "npm", "rocket", aliases=["CVE-2099-0001"])
    (tmp_path / "npm-osv.jsonl").write_bytes(samples.json_lines(stated))
    sync_feed(kind="npm", origin=tmp_path, now=NOW)
    assert list(Weakness.objects.values_list("cve", flat=True)) == ["CVE-2099-0001"]
    assert Statement.objects.count() == 1


def test_a_withdrawn_record_leaves_what_others_say_of_the_cve() -> None:
    bulk.store_weaknesses(
        [WeaknessRecord("CVE-2099-0001", description="Boom.", ranges=(RangeRecord("cpe:a:acme:rocket", end="2"),))], "nvd"
    )
    bulk.store_weaknesses(_parsed("pypi", record("PYSEC-2099-1", "PyPI", "rocket", aliases=["CVE-2099-0001"])), "pypi")
    gone = record("PYSEC-2099-1", "PyPI", "rocket", aliases=["CVE-2099-0001"], withdrawn="2099-02-04T00:00:00Z")
    bulk.store_weaknesses(_parsed("pypi", gone), "pypi")
    assert not Weakness.objects.get().rejected
    assert list(AffectedRange.objects.values_list("source", flat=True)) == ["nvd"]


def test_an_advisorys_rating_counts_only_while_nobody_describes_the_weakness() -> None:
    stated = record("ALSA-2099:1", "AlmaLinux:9", "rocket", summary="Important: rocket", related=["CVE-2099-0001"])
    bulk.store_weaknesses(_parsed("almalinux", stated), "almalinux")
    assert Weakness.objects.get().severity == Weakness.Severity.HIGH
    described = WeaknessRecord("CVE-2099-0001", description="Boom.", severity=1, cvss=3.1)
    bulk.store_weaknesses([described], "npm")
    bulk.store_weaknesses([replace(found, severity=4) for found in _parsed("almalinux", stated)], "almalinux")
    weakness = Weakness.objects.get()
    assert (weakness.severity, weakness.source) == (Weakness.Severity.LOW, "npm")


def _parsed(kind: str, *records: dict[str, Any]) -> list[WeaknessRecord]:
    found = samples.parse(kind, samples.json_lines(*records), "osv.jsonl")
    return [each for each in found if isinstance(each, WeaknessRecord)]


# --- modules and epochs ----------------------------------------------------------------------------------------------------


def _stream(cve: str, fixed: str, stream: str) -> None:
    affected(cve, of_stream(RangeRecord(RPM, end=fixed, fixed=fixed, platforms=("almalinux-9",)), stream), source="almalinux/9")


def _node(text: str) -> Version:
    return version("almalinux-_-nodejs", text, platform="almalinux-9", ecosystem="rpm")


def test_a_module_streams_range_holds_packages_of_that_stream_only() -> None:
    _stream("CVE-2099-0016", "1:16.20.2-2.module_el9.2.0+63+01", "nodejs:16")
    _stream("CVE-2099-0018", "1:18.14.2-2.module_el9.2.0+29+de", "nodejs:18")
    affected("CVE-2099-0001", product=RPM, end="1:16.20.2-1.el9_2", fixed="1:16.20.2-1.el9_2", platforms=("almalinux-9",))
    found = {
        text: _node(text)
        for text in (
            "1:16.18.1-3.el9",  # not of a module
            "1:16.19.1-1.module_el9.2.0+10+aa",
            "1:18.12.1-1.module+el9.1.0+16+bb",
            "1:18.14.2-2.module_el9.2.0+29+de",
            "1:20.5.1-1.module_el9.3.0+55+cc",
        )
    }
    match_versions(now=NOW)
    assert [cves(each) for each in found.values()] == [["CVE-2099-0001"], ["CVE-2099-0016"], ["CVE-2099-0018"], [], []]


def test_a_stream_with_a_name_moves_on_by_itself() -> None:
    _stream("CVE-2099-0001", "4:4.4.1-12.module+el8.8.0+1", "container-tools:rhel8")
    old = _node("3:3.4.2-9.module+el8.6.0+1")
    match_versions(now=NOW)
    assert cves(old) == ["CVE-2099-0001"]


@pytest.mark.parametrize(
    ("bounds", "text", "holds"),
    [
        ({"end": "1:2.5-1", "fixed": "1:2.5-1"}, "2.4-1", True),
        ({"end": "1:2.5-1", "fixed": "1:2.5-1"}, "2.5-1", False),
        ({"end": "1:2.5-1", "fixed": "1:2.5-1"}, "0:2.6-1", True),  # an epoch that is stated counts
        ({"end": "2.5-1", "fixed": "2.5-1"}, "2.4-1", True),
        ({"end": "2.5-1", "fixed": "2.5-1"}, "1:2.4-1", False),
        ({"end": "32:9.16.23-1", "fixed": "32:9.16.23-1"}, "9.16.23-0", True),
        ({"end": "32:9.16.23-1", "fixed": "32:9.16.23-1"}, "9.16.24-1", False),
        ({"start": "1:2.0-1", "end": "1:2.5-1", "fixed": "1:2.5-1"}, "1.9-1", False),
        ({}, "2.4-1", True),
    ],
)
def test_a_version_without_an_epoch_is_compared_in_the_ranges_epoch(bounds: dict[str, str], text: str, holds: bool) -> None:
    affected("CVE-2099-0001", RangeRecord("rpm:rhel:rocket", **bounds))  # type: ignore[arg-type]
    found = version("rhel-_-rocket", text, platform="rhel-9", ecosystem="rpm")
    match_versions(now=NOW)
    assert bool(cves(found)) is holds


def test_an_epoch_is_never_borrowed_for_debian() -> None:
    affected("CVE-2099-0001", product="deb:debian:rocket", end="1:2.5-1", fixed="1:2.5-1", source="debian")
    found = version("debian-_-rocket", "2.6-1", platform="debian-12", ecosystem="deb")
    match_versions(now=NOW)
    assert cves(found) == ["CVE-2099-0001"]


# --- stand-ins -------------------------------------------------------------------------------------------------------------

ROCKET = "cpe:a:acme:rocket"
ORDER = ["starter", "cvelist", "bitnami", "overrides", "nvd"]


@pytest.mark.parametrize("position", range(1, len(ORDER)))
def test_a_stand_in_counts_only_until_a_source_of_a_higher_rank_speaks(position: int) -> None:
    lower, higher = ORDER[position - 1], ORDER[position]
    affected("CVE-2099-0001", product=ROCKET, end="3.0", source=lower)
    found = version("acme-_-rocket", "2.7", product=ROCKET)
    match_versions(now=NOW)
    assert VersionWeakness.objects.get().source == lower
    bulk.store_weaknesses([WeaknessRecord("CVE-2099-0001", ranges=(RangeRecord(ROCKET, end="2.5", fixed="2.5"),))], higher)
    match_versions(now=LATER)
    assert cves(found) == []
    bulk.store_weaknesses([WeaknessRecord("CVE-2099-0001", ranges=())], higher)
    match_versions(now=LATER)
    assert cves(found) == ["CVE-2099-0001"]


def test_a_stand_in_gives_way_to_another_product_of_the_same_namespace_only() -> None:
    affected("CVE-2099-0001", product=ROCKET, end="3.0", source="bitnami")
    affected("CVE-2099-0001", product="deb:debian:rocket", end="1.0", source="debian")
    found = version("acme-_-rocket", "2.7", product=ROCKET)
    match_versions(now=NOW)
    assert cves(found) == ["CVE-2099-0001"]
    bulk.store_weaknesses([WeaknessRecord("CVE-2099-0001", ranges=(RangeRecord("cpe:a:acme:rocket_server", end="9"),))], "nvd")
    match_versions(now=LATER)
    assert cves(found) == []
    bulk.store_weaknesses([WeaknessRecord("CVE-2099-0001", ranges=())], "nvd")
    match_versions(now=LATER)
    assert cves(found) == ["CVE-2099-0001"], "it counts again, though no range of its own product changed"


def test_a_stand_in_gives_way_to_microsofts_word_on_the_same_product_only() -> None:
    """Microsoft's documents are read for Windows alone: a program that has the same weakness is not cleared by them."""
    windows, program = "cpe:o:microsoft:windows_11_24h2", "cpe:a:acme:rocket"
    stated = (RangeRecord(windows, start="10.0.26100", end="10.0.26100.9000"), RangeRecord(program, end="3.0"))
    bulk.store_weaknesses([WeaknessRecord("CVE-2099-0001", ranges=stated)], "cvelist")
    system = version("microsoft-_-windows_11", "10.0.26100.5000", platform="windows", ecosystem="os", product=windows)
    rocket = version("acme-_-rocket", "2.7", product=program)
    match_versions(now=NOW)
    assert (cves(system), cves(rocket)) == (["CVE-2099-0001"], ["CVE-2099-0001"])
    fixed = RangeRecord(windows, start="10.0.26100", end="10.0.26100.4000", fixed="10.0.26100.4000")
    bulk.store_weaknesses([WeaknessRecord("CVE-2099-0001", ranges=(fixed,))], "msrc")
    match_versions(now=LATER)
    assert (cves(system), cves(rocket)) == ([], ["CVE-2099-0001"])
    bulk.store_weaknesses([WeaknessRecord("CVE-2099-0001", ranges=(RangeRecord(windows, end="10.0.26100.6000"),))], "nvd")
    match_versions(now=LATER)
    assert (cves(system), cves(rocket)) == (["CVE-2099-0001"], []), "NVD speaks of all products"
    assert VersionWeakness.objects.get().source == "nvd"


def test_debians_advisories_count_only_where_the_trackers_record_is_not_known(tmp_path: Path) -> None:
    notice = {**record("DSA-1-1", "Debian:12", "rocket"), "related": ["CVE-2099-0001", "CVE-2099-0002"]}
    tracker = record("CVE-2099-0001", "Debian:12", "rocket")
    tracker["affected"][0]["ranges"][0]["events"] = [{"introduced": "0"}, {"fixed": "2.3"}]
    (tmp_path / "debian-dsa.jsonl").write_bytes(samples.json_lines(notice))
    (tmp_path / "debian-osv.jsonl").write_bytes(samples.json_lines(tracker))
    assert sync_feed(kind="debian", origin=tmp_path, now=NOW).state == FeedRun.State.DONE
    found = installed("deb", "rocket", "2.4", "debian-12")
    match_versions(now=NOW)
    assert cves(found) == ["CVE-2099-0002"]


# --- Bitnami, overrides, NVD's retired format --------------------------------------------------------------------------------


def test_an_override_counts_where_nvd_has_no_configuration(tmp_path: Path) -> None:
    match = {"criteria": "cpe:2.3:a:acme:rocket:*:*:*:*:*:*:*:*", "versionEndExcluding": "2.5", "vulnerable": True}
    nodes = [{"nodes": [{"cpeMatch": [match], "negate": False, "operator": "OR"}]}]
    documents = [
        {"_annotation": {"cve_id": f"CVE-2099-000{number}", "description": "Boom."}, "cve": {"configurations": nodes}} for number in (1, 2)
    ]
    (tmp_path / "acme-overrides.jsonl").write_bytes(samples.json_lines(*documents))
    elsewhere = RangeRecord("cpe:a:acme:rocket", end="1.0", fixed="1.0")
    bulk.store_weaknesses([WeaknessRecord("CVE-2099-0001", ranges=(elsewhere,)), WeaknessRecord("CVE-2099-0002", ranges=())], "nvd")
    assert sync_feed(kind="overrides", origin=tmp_path, now=NOW).new == 1
    found = version("acme-_-rocket", "2.4", product=ROCKET)
    match_versions(now=NOW)
    assert cves(found) == ["CVE-2099-0002"]
    assert VersionWeakness.objects.get().confidence == 88


def test_the_page_of_an_advisory_without_a_cve(client: Any, admin_user: Any) -> None:
    bulk.store_weaknesses(_parsed("npm", record("GHSA-abcd-efgh-2345", "npm", "rocket", summary="Rocket explodes")), "npm")
    client.force_login(admin_user)
    answer = client.get("/weaknesses/GHSA-ABCD-EFGH-2345/")
    assert answer.status_code == 200
    assert "Rocket explodes" in answer.content.decode()
