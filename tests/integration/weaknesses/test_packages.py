"""Distribution packages: binary and source names, epochs on one side, several installed versions."""

from __future__ import annotations

import pytest

from inventory.models import SoftwarePackage, Version
from tests.integration.weaknesses.world import NOW, affected, cves, version
from weaknesses.actions import match_versions
from weaknesses.models import VersionWeakness
from weaknesses.queries import fix_targets, match_reason
from weaknesses.records import RangeRecord

pytestmark = pytest.mark.django_db


def rpm(text: str, name: str = "perl", platform: str = "rhel-8") -> Version:
    return version(f"rhel-_-{name}", text, ecosystem="rpm", platform=platform)


def deb(text: str, name: str = "curl", distribution: str = "ubuntu", release: str = "22.04") -> Version:
    return version(f"{distribution}-_-{name}", text, ecosystem="deb", platform=f"{distribution}-{release}")


def installs(source: Version, *binaries: str) -> None:
    SoftwarePackage.objects.bulk_create(SoftwarePackage(software=source.software, name=name) for name in binaries)


def before(product: str, fixed: str, cve: str = "CVE-2024-0001", platforms: tuple[str, ...] = ()) -> None:
    affected(cve, RangeRecord(product=product, end=fixed, fixed=fixed, platforms=platforms), source="ubuntu")


@pytest.mark.parametrize(
    ("installed", "fixed", "expected"),
    [
        ("5.26.3-419.el8", "4:5.26.3-420.el8", True),  # the report states no epoch
        ("5.26.3-421.el8", "4:5.26.3-420.el8", False),
        ("4:5.26.3-419.el8", "5.26.3-420.el8", True),  # the advisory states none
        ("4:5.26.3-421.el8", "5.26.3-420.el8", False),
        ("4:5.26.3-421.el8", "5:5.26.3-420.el8", True),  # both do: it counts first
        ("5:5.26.3-419.el8", "4:5.26.3-420.el8", False),
        ("4:5.26.3-419.el8", "0:5.30.0-1.el8", False),  # 0 is an epoch too
        ("12:5.26.3-419.el8", "4:5.26.3-420.el8", False),  # epochs of two digits
        ("5.26.3-419.el8", "12:5.26.3-420.el8", True),
    ],
)
def test_an_epoch_counts_only_where_both_sides_state_one(installed: str, fixed: str, expected: bool) -> None:
    perl = rpm(installed)
    before("rpm:rhel:perl", fixed)
    match_versions(now=NOW)
    assert cves(perl) == (["CVE-2024-0001"] if expected else [])


def test_the_fix_of_a_package_without_epoch_keeps_the_advisorys_epoch() -> None:
    perl = rpm("5.26.3-419.el8")
    before("rpm:rhel:perl", "4:5.26.3-420.el8")
    before("rpm:rhel:perl", "4:5.26.3-422.el8", cve="CVE-2024-0002")
    match_versions(now=NOW)
    assert VersionWeakness.objects.get(version=perl, weakness__cve="CVE-2024-0001").fixed == "4:5.26.3-420.el8"
    assert fix_targets()[perl.software_id, "rhel-8"].version == "4:5.26.3-422.el8"


def test_a_debian_version_without_epoch_has_the_epoch_0() -> None:
    vim = deb("8.2.3995-1ubuntu2.1", name="vim")
    before("deb:ubuntu:vim", "2:8.2.3995-1ubuntu2")
    match_versions(now=NOW)
    assert cves(vim) == ["CVE-2024-0001"]


def test_a_tilde_comes_before_the_version_it_leads_to() -> None:
    early, backport = deb("1.0~rc1-1"), deb("1.0-1~bpo12+1", name="wget")
    before("deb:ubuntu:curl", "1.0-1")
    before("deb:ubuntu:wget", "1.0-1")
    match_versions(now=NOW)
    assert cves(early) == ["CVE-2024-0001"]
    assert cves(backport) == ["CVE-2024-0001"]


def test_an_advisory_that_names_a_binary_package_finds_its_source_and_says_which_it_was() -> None:
    curl = deb("7.81.0-1")
    installs(curl, "curl", "libcurl4")
    before("deb:ubuntu:libcurl4", "7.81.0-2")
    match_versions(now=NOW)
    match = VersionWeakness.objects.get(version=curl)
    reason = match_reason(version_id=curl.pk, weakness_id=match.weakness_id)
    assert reason is not None
    assert (reason.product, reason.fixed) == ("deb:ubuntu:libcurl4", "7.81.0-2")
    assert match.confidence == 96  # a machine may have other binaries of the source only


def test_binaries_with_different_fixed_versions_are_left_behind_one_by_one() -> None:
    old, halfway, new = deb("7.81.0-1"), deb("7.81.0-2"), deb("7.81.0-3")
    installs(old, "curl", "libcurl4")
    before("deb:ubuntu:curl", "7.81.0-2")
    before("deb:ubuntu:libcurl4", "7.81.0-3", cve="CVE-2024-0002")
    match_versions(now=NOW)
    assert [cves(item) for item in (old, halfway, new)] == [["CVE-2024-0001", "CVE-2024-0002"], ["CVE-2024-0002"], []]
    assert fix_targets()[old.software_id, "ubuntu-22.04"].version == "7.81.0-3"


def test_debians_data_names_sources_so_a_binary_of_that_name_is_not_another_source() -> None:
    defaults = deb("3.11.2-1", name="python3-defaults", distribution="debian", release="12")
    installs(defaults, "python3")
    before("deb:debian:python3", "99")
    match_versions(now=NOW)
    assert cves(defaults) == []


def test_a_package_reported_by_its_binary_name_is_matched_as_the_source_that_others_report() -> None:
    source = deb("3.0.2-0ubuntu1", name="openssl", distribution="debian", release="12")
    installs(source, "libssl3", "openssl")
    alone = deb("3.0.2-0ubuntu1", name="libssl3", distribution="debian", release="12")
    foreign = deb("3.0.2-0ubuntu1", name="libssl3")
    before("deb:debian:openssl", "3.0.2-0ubuntu2")
    match_versions(now=NOW)
    assert cves(source) == cves(alone) == ["CVE-2024-0001"]
    assert cves(foreign) == []


@pytest.mark.parametrize(
    ("ecosystem", "distribution", "binary", "source"),
    [
        ("deb", "debian", "libssl1.1", "openssl"),
        ("deb", "debian", "libpython3.11-minimal", "python3.11"),
        ("deb", "ubuntu", "libicu66", "icu"),
        ("apk", "alpine", "libcrypto1.1", "openssl"),
        ("apk", "alpine", "ssl_client", "busybox"),
    ],
)
def test_a_well_known_package_reported_by_its_binary_name_is_matched_as_its_source(
    ecosystem: str, distribution: str, binary: str, source: str
) -> None:
    platform = f"{distribution}-3.20"
    alone = version(f"{distribution}-_-{binary}", "1.0", ecosystem=ecosystem, platform=platform)
    named = version(f"{distribution}-_-{source}", "1.0", ecosystem=ecosystem, platform=platform)
    before(f"{ecosystem}:{distribution}:{source}", "1.1")
    before(f"{ecosystem}:{distribution}:{binary}-elsewhere", "1.1", cve="CVE-2024-0002")
    match_versions(now=NOW)
    assert cves(alone) == cves(named) == ["CVE-2024-0001"]


def test_centos_is_matched_with_red_hats_advisories_of_its_release() -> None:
    six = version("centos-_-openssl", "1.0.1e-57.el6", ecosystem="rpm", platform="centos-6")
    seven = version("centos-_-openssl", "1.0.1e-57.el7", ecosystem="rpm", platform="centos-7")
    before("rpm:rhel:openssl", "0:1.0.1e-58.el6_10", platforms=("rhel-6",))
    match_versions(now=NOW)
    assert (cves(six), cves(seven)) == (["CVE-2024-0001"], [])


def test_a_registry_without_an_ecosystem_of_its_own_is_matched_by_its_name() -> None:
    phoenix = version("hex-_-phoenix", "1.6.13", ecosystem="other", platform="linux")
    program = version("hex-_-phoenix_studio", "1.6.13", platform="windows")
    before("other:hex:phoenix", "1.6.14")
    match_versions(now=NOW)
    assert (cves(phoenix), cves(program)) == (["CVE-2024-0001"], [])


def test_a_binary_package_that_becomes_known_later_is_matched_then() -> None:
    curl = deb("7.81.0-1")
    before("deb:ubuntu:libcurl4", "7.81.0-2")
    match_versions(now=NOW)
    assert cves(curl) == []
    installs(curl, "libcurl4")
    match_versions(now=NOW, relink=True)
    assert cves(curl) == ["CVE-2024-0001"]


def test_each_of_several_installed_versions_has_its_own_matches() -> None:
    old, new = rpm("4.18.0-305.el8", name="kernel-core"), rpm("4.18.0-372.el8", name="kernel-core")
    before("rpm:rhel:kernel-core", "0:4.18.0-348.el8")
    match_versions(now=NOW)
    assert (cves(old), cves(new)) == (["CVE-2024-0001"], [])
