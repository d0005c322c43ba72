"""Which versions match which weaknesses, and why not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from inventory.models import SoftwareAlias
from tests.integration.weaknesses.world import NOW, affected, cves, version
from weaknesses import matching
from weaknesses.actions import match_versions
from weaknesses.models import SoftwareProduct, VersionWeakness, Weakness

pytestmark = pytest.mark.django_db

CHROME = "cpe:a:google:chrome"
LATER = NOW + dt.timedelta(days=1)


def test_a_version_inside_the_bounds_matches_and_outside_does_not() -> None:
    affected("CVE-2024-0001", product=CHROME, start="100.0", end="120.0.6099.129", fixed="120.0.6099.129")
    texts = ["99.9", "100", "120.0.6099.110", "120.0.6099.129", "121.0"]
    versions = {text: version("google-_-chrome", text, product=CHROME) for text in texts}
    outcome = match_versions(now=NOW)
    assert [text for text in texts if cves(versions[text])] == ["100", "120.0.6099.110"]
    assert outcome.versions == 5
    assert set(outcome.touched_version_ids) == {versions["100"].id, versions["120.0.6099.110"].id}
    match = VersionWeakness.objects.get(version=versions["100"])
    assert (match.fix, match.fixed, match.source, match.first_matched_at) == (VersionWeakness.Fix.VERSION, "120.0.6099.129", "nvd", NOW)


@pytest.mark.parametrize(
    ("start_included", "end_included", "expected"),
    [(True, True, ["1.0", "1.5", "2.0"]), (True, False, ["1.0", "1.5"]), (False, True, ["1.5", "2.0"]), (False, False, ["1.5"])],
)
def test_all_four_bounds(start_included: bool, end_included: bool, expected: list[str]) -> None:
    affected("CVE-2024-0002", product=CHROME, start="1.0", start_included=start_included, end="2.0", end_included=end_included)
    versions = {text: version("google-_-chrome", text, product=CHROME) for text in ("0.9", "1.0", "1.5", "2.0", "2.1")}
    match_versions(now=NOW)
    assert [text for text, found in versions.items() if cves(found)] == expected


def test_how_a_fix_is_known() -> None:
    affected("CVE-2024-0001", product=CHROME, end="2.0", fixed="2.0")
    affected("CVE-2024-0002", product=CHROME, end="2.0", end_included=True)
    affected("CVE-2024-0003", product=CHROME)
    found = version("google-_-chrome", "1.0", product=CHROME)
    match_versions(now=NOW)
    fixes = dict(VersionWeakness.objects.filter(version=found).values_list("weakness__cve", "fix"))
    assert fixes == {"CVE-2024-0001": 1, "CVE-2024-0002": 2, "CVE-2024-0003": 0}


def test_a_rejected_weakness_never_matches_and_loses_its_matches() -> None:
    stays = affected("CVE-2024-0001", product=CHROME)
    affected("CVE-2024-0002", product=CHROME, rejected=True)
    found = version("google-_-chrome", "1.0", product=CHROME)
    match_versions(now=NOW)
    assert cves(found) == ["CVE-2024-0001"]
    Weakness.objects.filter(pk=stays.weakness_id).update(rejected=True)
    assert matching.forget_weaknesses([stays.weakness_id]) == 1
    assert match_versions(now=LATER).touched_version_ids == (found.id,)
    assert cves(found) == []


@pytest.mark.parametrize("text", ["", "-", "*", "unknown", "n/a"])
def test_a_version_that_cannot_be_compared_never_matches(text: str) -> None:
    affected("CVE-2024-0001", product=CHROME)
    assert match_versions(now=NOW).versions == 0
    found = version("google-_-chrome", text, product=CHROME)
    match_versions(now=NOW)
    assert cves(found) == []


@pytest.mark.parametrize(
    "bound", [{"end": "https://aka.ms/releases"}, {"start": "abcdef", "end": "9"}, {"start": "-", "end": "-", "end_included": True}]
)
def test_a_bound_that_cannot_be_compared_holds_nothing(bound: dict[str, Any]) -> None:
    affected("CVE-2024-0001", product=CHROME, **bound)
    found = version("google-_-chrome", "1.0", product=CHROME)
    match_versions(now=NOW)
    assert cves(found) == []


def test_a_backported_fix_is_compared_by_the_distributions_versions() -> None:
    affected(
        "CVE-2024-0001",
        product="deb:debian:openssl",
        platforms=("debian-12",),
        start="0",
        end="3.0.15-1~deb12u1",
        fixed="3.0.15-1~deb12u1",
        source="debian",
    )
    affected("CVE-2024-0001", product="cpe:a:openssl:openssl", start="3.0.0", end="3.3.2", fixed="3.3.2")
    old = version("debian-_-openssl", "3.0.14-1~deb12u2", platform="debian-12", ecosystem="deb")
    patched = version("debian-_-openssl", "3.0.15-1~deb12u1", platform="debian-12", ecosystem="deb")
    elsewhere = version("debian-_-openssl", "3.0.14-1~deb12u2", platform="debian-13", ecosystem="deb")
    match_versions(now=NOW)
    assert cves(old) == ["CVE-2024-0001"]
    assert cves(patched) == cves(elsewhere) == []
    assert list(SoftwareProduct.objects.values_list("product__key", flat=True)) == ["deb:debian:openssl"]


def test_an_epoch_counts_before_the_number() -> None:
    affected(
        "CVE-2024-0001",
        product="deb:debian:bind9",
        platforms=("debian-12",),
        end="1:9.18.28-1~deb12u1",
        fixed="1:9.18.28-1~deb12u1",
        source="debian",
    )
    old, new = (version("debian-_-bind9", text, platform="debian-12", ecosystem="deb") for text in ("9.20-1", "1:9.20-1"))
    match_versions(now=NOW)
    assert cves(old) == ["CVE-2024-0001"]
    assert cves(new) == []


def test_a_distribution_package_is_never_linked_to_a_product_name_of_nvd() -> None:
    affected("CVE-2024-0001", product="cpe:a:debian:openssl")
    found = version("debian-_-openssl", "1.0", platform="debian-12", ecosystem="deb")
    match_versions(now=NOW)
    assert not SoftwareProduct.objects.exists()
    SoftwareProduct.objects.create(
        software=found.software, product_id=affected("CVE-2024-0002", product="cpe:a:x:y").product_id, origin="curator"
    )
    match_versions(now=NOW, version_ids=[found.id])
    assert cves(found) == [], "versions of different orders are never compared"


def test_the_platform_must_fit() -> None:
    affected("CVE-2024-0001", product="cpe:a:adobe:acrobat_reader_dc", platforms=("macos", "windows"))
    affected("CVE-2024-0002", product="cpe:a:adobe:acrobat_reader_dc", platforms=("macos",))
    affected("CVE-2024-0003", product="cpe:a:adobe:acrobat_reader_dc", platforms=("linux",))
    affected("CVE-2024-0004", product="cpe:a:adobe:acrobat_reader_dc", platforms=("windows_7",))
    on = {
        name: version("adobe-_-reader", "20.1", platform=name, product="cpe:a:adobe:acrobat_reader_dc")
        for name in ("windows", "macos", "debian-12", "")
    }
    match_versions(now=NOW)
    assert {name: [cve[-1] for cve in cves(found)] for name, found in on.items()} == {
        "windows": ["1"],
        "macos": ["1", "2"],
        "debian-12": ["3"],
        "": [],
    }


def test_a_windows_host_does_not_get_the_weaknesses_of_what_runs_on_windows() -> None:
    affected("CVE-2024-0001", product="cpe:a:adobe:acrobat_reader_dc", platforms=("windows",))
    host = version("microsoft-_-windows_11", "10.0.22631.3007", ecosystem="os")
    match_versions(now=NOW)
    assert cves(host) == []


def test_four_part_file_versions() -> None:
    affected("CVE-2023-4863", product=CHROME, end="116.0.5845.187", fixed="116.0.5845.187")
    versions = {text: version("google-_-chrome", text, product=CHROME) for text in ("116.0.5845.96", "116.0.5845.187", "116.0.5845.1000")}
    match_versions(now=NOW)
    assert [text for text, found in versions.items() if cves(found)] == ["116.0.5845.96"]


def test_a_windows_build_matches_only_its_own_release() -> None:
    for product, fixed, cve in (
        ("windows_11_22h2", "10.0.22621.3880", "CVE-2024-0022"),
        ("windows_11_23h2", "10.0.22631.3880", "CVE-2024-0023"),
        ("windows_10_22h2", "10.0.19045.4651", "CVE-2024-0010"),
        ("windows_server_2022", "10.0.20348.2582", "CVE-2024-2022"),
    ):
        build = fixed.rsplit(".", 1)[0]
        affected(cve, product=f"cpe:o:microsoft:{product}", start=build, end=fixed, fixed=fixed)
    eleven = version("microsoft-_-windows_11", "10.0.22631.3007", ecosystem="os")
    patched = version("microsoft-_-windows_11", "10.0.22631.3880", ecosystem="os")
    newer = version("microsoft-_-windows_11", "10.0.26100.1", ecosystem="os")
    ten = version("microsoft-_-windows_10", "10.0.19045.3803", ecosystem="os")
    unknown = version("microsoft-_-windows_10", "10.0.19045", ecosystem="os")
    server = version("microsoft-_-windows_server_2022", "10.0.20348.1", ecosystem="os")
    match_versions(now=NOW)
    assert cves(eleven) == ["CVE-2024-0023"]
    assert cves(ten) == ["CVE-2024-0010"]
    assert cves(server) == ["CVE-2024-2022"]
    assert cves(patched) == cves(newer) == cves(unknown) == []


def test_what_an_and_requires_is_not_taken_for_granted() -> None:
    affected("CVE-2024-0001", product="cpe:a:x:plugin", requires=("cpe:a:x:server",))
    found = version("x-_-plugin", "1.0", product="cpe:a:x:plugin")
    match_versions(now=NOW)
    assert cves(found) == []
    version("x-_-plugin", "1.0", product="cpe:a:x:server")
    match_versions(now=NOW, version_ids=[found.id])
    assert cves(found) == ["CVE-2024-0001"]


@pytest.mark.parametrize(
    ("key", "product", "text", "qualifiers", "matches"),
    [
        ("mozilla-_-firefox", "cpe:a:mozilla:firefox", "115.0", {"sw_edition": "esr"}, False),
        ("mozilla-_-firefox_esr", "cpe:a:mozilla:firefox", "115.0", {"sw_edition": "esr"}, True),
        ("mozilla-_-firefox", "cpe:a:mozilla:firefox", "115.0", {"sw_edition": "-"}, True),
        ("mozilla-_-firefox_esr", "cpe:a:mozilla:firefox", "115.0", {"sw_edition": "-"}, False),
        ("mozilla-_-firefox_esr", "cpe:a:mozilla:firefox", "115.0", {}, False),
        ("mozilla-_-firefox_esr", "cpe:a:mozilla:firefox_esr", "115.0", {}, True),
        ("acme-_-forms", "cpe:a:acme:forms", "1.0", {"target_sw": "wordpress"}, False),
        ("nodejs-_-node.js", "cpe:a:nodejs:node.js", "18.0.0", {"sw_edition": "lts"}, True),
        ("jenkins-_-jenkins", "cpe:a:jenkins:jenkins", "2.361.4", {"sw_edition": "lts"}, True),
        ("jenkins-_-jenkins", "cpe:a:jenkins:jenkins", "2.361.4", {"sw_edition": "-"}, False),
        ("jenkins-_-jenkins", "cpe:a:jenkins:jenkins", "2.393", {"sw_edition": "lts"}, False),
        ("jenkins-_-jenkins", "cpe:a:jenkins:jenkins", "2.393", {"sw_edition": "-"}, True),
        ("adobe-_-acrobat", "cpe:a:adobe:acrobat_dc", "23.006.20320", {"sw_edition": "continuous"}, True),
        ("adobe-_-acrobat", "cpe:a:adobe:acrobat_dc", "20.005.30524", {"sw_edition": "continuous"}, False),
        ("adobe-_-acrobat", "cpe:a:adobe:acrobat_dc", "20.005.30524", {"sw_edition": "classic"}, True),
        ("acme-_-tool", "cpe:a:acme:tool", "1.0", {"target_hw": "x64"}, True),
        ("acme-_-tool", "cpe:a:acme:tool", "1.0", {"target_hw": "arm64"}, False),
        ("acme-_-tool", "cpe:a:acme:tool", "1.0", {"update": "sp2"}, False),
    ],
)
def test_a_qualifier_must_be_proven(key: str, product: str, text: str, qualifiers: dict[str, str], matches: bool) -> None:
    affected("CVE-2024-0001", product=product, qualifiers=tuple(qualifiers.items()))
    found = version(key, text, product=product)
    match_versions(now=NOW)
    assert bool(cves(found)) is matches


def test_one_row_per_weakness_from_the_surest_source() -> None:
    affected("CVE-2024-0001", product=CHROME, end="3.0", fixed="3.0")
    affected("CVE-2024-0001", product=CHROME, end="2.5", fixed="2.5")
    affected("CVE-2024-0001", product=CHROME, end="2.0", fixed="2.0", source="msrc")
    found = version("google-_-chrome", "1.0", product=CHROME)
    match_versions(now=NOW)
    match = VersionWeakness.objects.get(version=found)
    assert (match.source, match.fixed, match.confidence) == ("msrc", "2.0", 97)


def test_the_starter_set_gives_way_to_a_feed() -> None:
    affected("CVE-2024-0001", product=CHROME, end="9.0", fixed="9.0", source="starter")
    affected("CVE-2024-0002", product=CHROME, end="9.0", fixed="9.0", source="starter")
    found = version("google-_-chrome", "5.0", product=CHROME)
    match_versions(now=NOW)
    assert cves(found) == ["CVE-2024-0001", "CVE-2024-0002"]
    better = affected("CVE-2024-0001", product="cpe:a:google:chrome_enterprise", end="2.0", fixed="2.0")
    affected("CVE-2024-0002", product="deb:debian:chromium", source="debian", platforms=("debian-12",))
    assert matching.forget([better.product_id], weakness_ids=[better.weakness_id]) == 1
    match_versions(now=LATER)
    assert cves(found) == ["CVE-2024-0002"], "another distribution's word does not replace it"


@pytest.mark.parametrize(
    ("better", "source", "stays"),
    [
        ("deb:debian:openssh", "debian", {"cpe", "ubuntu"}),
        ("deb:ubuntu:openssh", "ubuntu", {"cpe", "debian"}),
        ("cpe:a:openbsd:openssh_server", "nvd", {"debian", "ubuntu"}),
        ("npm:openssh", "npm", {"cpe", "debian", "ubuntu"}),
    ],
)
def test_the_starter_set_gives_way_within_one_namespace(better: str, source: str, stays: set[str]) -> None:
    """A feed's word on one distribution's package says nothing of another's, nor of the program elsewhere."""
    for product in ("cpe:a:openbsd:openssh", "deb:debian:openssh", "deb:ubuntu:openssh"):
        affected("CVE-2024-0001", product=product, end="9.8", fixed="9.8", source="starter")
    found = {
        "cpe": version("openbsd-_-openssh", "9.0", product="cpe:a:openbsd:openssh"),
        "debian": version("debian-_-openssh", "9.0", platform="debian-12", ecosystem="deb", product="deb:debian:openssh"),
        "ubuntu": version("ubuntu-_-openssh", "9.0", platform="ubuntu-24.04", ecosystem="deb", product="deb:ubuntu:openssh"),
    }
    match_versions(now=NOW)
    assert all(cves(each) == ["CVE-2024-0001"] for each in found.values())
    stated = affected("CVE-2024-0001", product=better, end="1.0", fixed="1.0", source=source)
    matching.forget([stated.product_id], weakness_ids=[stated.weakness_id])
    match_versions(now=LATER)
    assert {name for name, each in found.items() if cves(each)} == stays


def test_matching_again_changes_nothing_and_keeps_the_first_day() -> None:
    affected("CVE-2024-0001", product=CHROME, end="9.0", fixed="9.0")
    found = version("google-_-chrome", "5.0", product=CHROME)
    match_versions(now=NOW)
    assert match_versions(now=LATER).versions == 0, "nothing waits"
    assert match_versions(now=LATER, version_ids=[found.id]).touched_version_ids == ()
    assert VersionWeakness.objects.get(version=found).first_matched_at == NOW
    found.refresh_from_db()
    assert found.matched_at == LATER


def test_changed_ranges_send_versions_back() -> None:
    old = affected("CVE-2024-0001", product=CHROME, end="9.0", fixed="9.0")
    found = version("google-_-chrome", "5.0", product=CHROME)
    match_versions(now=NOW)
    old.delete()
    affected("CVE-2024-0001", product=CHROME, end="9.1", fixed="9.1")
    affected("CVE-2024-0002", product=CHROME, end="9.1", fixed="9.1")
    assert matching.forget([old.product_id]) == 1
    assert match_versions(now=LATER).touched_version_ids == (found.id,)
    first = dict(VersionWeakness.objects.filter(version=found).values_list("weakness__cve", "first_matched_at"))
    assert first == {"CVE-2024-0001": NOW, "CVE-2024-0002": LATER}


def test_software_is_linked_by_alias_package_and_name() -> None:
    for key in (
        CHROME,
        "pypi:requests",
        "npm:@angular/core",
        "maven:org.apache.logging.log4j:log4j-core",
        "cpe:a:videolan:vlc_media_player",
        "cpe:a:acme:tool",
    ):
        affected("CVE-2024-0001", product=key)
    SoftwareAlias.objects.create(
        name_pattern="chrome", key="google-_-chrome", name="Chrome", vendor="Google", product_keys=[CHROME, "cpe:a:google:absent"]
    )
    wanted = {
        "google-_-chrome": ("cpe", CHROME, 100),
        "pypi-_-requests": ("pypi", "pypi:requests", 100),
        "npm-_-@angular~core": ("npm", "npm:@angular/core", 100),
        "maven-_-org.apache.logging.log4j~log4j-core": ("maven", "maven:org.apache.logging.log4j:log4j-core", 100),
        "acme-_-tool": ("cpe", "cpe:a:acme:tool", 80),
    }
    for key, (ecosystem, _, _) in wanted.items():
        version(key, "1.0", ecosystem=ecosystem)
    match_versions(now=NOW)
    links = {
        link.software.key: (link.software.ecosystem, link.product.key, link.confidence)
        for link in SoftwareProduct.objects.select_related("software", "product")
    }
    assert links == wanted


def test_links_follow_the_alias_table_and_leave_the_curators_alone() -> None:
    affected("CVE-2024-0001", product=CHROME)
    affected("CVE-2024-0002", product="cpe:a:google:other")
    affected("CVE-2024-0003", product="cpe:a:curated:chrome")
    alias = SoftwareAlias.objects.create(
        name_pattern="chrome", key="google-_-chrome", name="Chrome", vendor="Google", product_keys=[CHROME]
    )
    found = version("google-_-chrome", "1.0", product="cpe:a:curated:chrome")
    match_versions(now=NOW)
    assert cves(found) == ["CVE-2024-0001", "CVE-2024-0003"]
    alias.product_keys = ["cpe:a:google:other"]
    alias.save()
    match_versions(now=LATER, relink=True)
    assert cves(found) == ["CVE-2024-0002", "CVE-2024-0003"]


def test_a_curators_link_of_no_confidence_forbids_the_product() -> None:
    affected("CVE-2024-0001", product=CHROME)
    found = version("google-_-chrome", "1.0", product=CHROME)
    SoftwareProduct.objects.update(confidence=0)
    match_versions(now=NOW)
    assert cves(found) == []


def test_a_product_that_appears_later_is_linked() -> None:
    found = version("debian-_-openssl", "1.0-1", platform="debian-12", ecosystem="deb")
    match_versions(now=NOW)
    late = affected("CVE-2024-0001", product="deb:debian:openssl", platforms=("debian-12",), source="debian")
    assert matching.forget([late.product_id]) == 0, "the new link itself sent the version back"
    match_versions(now=LATER)
    assert cves(found) == ["CVE-2024-0001"]
