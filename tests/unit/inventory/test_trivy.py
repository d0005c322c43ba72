"""trivy's reports: schema 2 with and without packages, the bare list, clusters, every kind of package, and bad input."""

import json
from typing import Any

import pytest

from inventory.errors import UnreadableReport
from inventory.records import Rejected, Report
from inventory.sources.frame import Limits
from tests.unit.inventory.sources import named, read, sample


def report_of(*results: object, family: str = "", name: str = "", **more: Any) -> bytes:
    metadata = {"OS": {"Family": family, "Name": name}} if family else {}
    said = {"SchemaVersion": 2, "ArtifactName": "image", "ArtifactType": "container_image", "Metadata": metadata}
    return json.dumps({**said, **more, "Results": results}).encode()


def result(kind: str, packages: object = None, findings: object = None) -> dict[str, object]:
    return {"Target": "t", "Class": "lang-pkgs", "Type": kind, "Packages": packages, "Vulnerabilities": findings}


def one(data: bytes) -> tuple[Report, list[Rejected]]:
    (report,), rejected = read("trivy", data)
    return report, rejected


GOOD = {"ID": "a@1", "Name": "a", "Version": "1", "Identifier": {"PURL": "pkg:npm/a@1"}}
FOUND = {"VulnerabilityID": "CVE-2024-1", "PkgID": "a@1", "PkgName": "a", "InstalledVersion": "1", "Severity": "HIGH"}


def test_an_image_with_its_packages() -> None:
    report, rejected = one(sample("trivy-image.json"))
    assert [item.reason for item in rejected] == ["misconfigurations: 2 left out"]
    assert (report.machine.external_id, report.fallback_id) == ("", "registry.example/shop/web:1.4")
    assert (report.machine.platform, report.machine.os_version) == ("debian-12", "12.5")
    assert report.covers == {"deb", "npm", "findings/trivy"}  # of the jar only the vulnerable parts are known
    assert [(item.name, item.version, item.evidence) for item in report.software if item.ecosystem == "deb"] == [
        ("openssl", "3.0.11-1~deb12u2", ("libssl3",)),
        ("shadow", "1:4.13+dfsg1-1", ("passwd",)),
    ]
    assert named(report, "@example/cart")[0].ecosystem == "npm"
    assert named(report, "org.apache.logging.log4j:log4j-core")[0].evidence == ("srv/app/lib/cart.jar",)
    assert [(item.weakness, item.about.name, item.severity, item.fixed) for item in report.findings] == [
        ("CVE-2023-5678", "openssl", "medium", "3.0.13-1~deb12u1"),
        ("CVE-2023-4641", "shadow", "low", ""),
        ("CVE-2021-23337", "lodash", "high", "4.17.21"),
        ("CVE-2021-44228", "org.apache.logging.log4j:log4j-core", "critical", "2.15.0, 2.3.1, 2.12.2"),
    ]
    assert {item.about for item in report.findings} <= {*report.software}


def test_the_bare_list_of_older_versions() -> None:
    report, rejected = one(sample("trivy-list.json"))
    assert rejected == []
    assert (report.machine.platform, report.covers) == ("alpine-3.10", frozenset({"findings/trivy"}))
    assert [(item.ecosystem, item.name, item.version) for item in report.software] == [
        ("apk", "libssl1.1", "1.1.1c-r0"),
        ("gem", "actionview", "5.2.2"),
    ]


def test_a_cluster_is_a_report_for_each_resource_with_software() -> None:
    report, rejected = one(sample("trivy-cluster.json"))
    assert [item.reason for item in rejected] == ["misconfigurations: 1 left out"]
    assert (report.machine.external_id, report.machine.platform) == ("shop/Deployment/web", "alpine-3.19")
    assert [item.weakness for item in report.findings] == ["CVE-2023-42364"]


@pytest.mark.parametrize(
    ("family", "name", "platform"),
    [
        ("alpine", "3.10.2", "alpine-3.10"), ("debian", "10.1", "debian-10"), ("redhat", "7.7", "rhel-7"), ("alma", "8.5", "almalinux-8"),
        ("amazon", "2 (Karoo)", "amzn-2"), ("opensuse.leap", "15.1", "opensuse-leap-15.1"), ("photon", "3.0", "photon-3"),
        ("cbl-mariner", "2.0.20220122", "mariner-2"), ("oracle", "8.0", "ol-8"), ("rocky", "8.5", "rocky-8"),
        ("suse linux enterprise server", "15.3", "sles-15.3"), ("none", "", ""),
    ],
)  # fmt: skip
def test_the_system_is_the_platform(family: str, name: str, platform: str) -> None:
    report, _ = one(report_of(family=family, name=name))
    assert report.machine.platform == platform
    assert report.covers == {"findings/trivy"}


@pytest.mark.parametrize(
    ("kind", "package", "expected"),
    [
        ("debian", {"Name": "libc6", "Version": "2.28", "Release": "10", "SrcName": "glibc"}, ("deb", "glibc", "2.28-10", "")),
        ("ubuntu", {"Name": "a", "Version": "1", "Epoch": 2, "SrcName": "b", "SrcVersion": "3", "SrcEpoch": 4}, ("deb", "b", "4:3", "")),
        ("ubuntu", {"Name": "a", "Version": "1", "Release": "2+b3", "SrcName": "b"}, ("deb", "b", "1-2", "")),
        ("alpine", {"Name": "libssl3", "Version": "3.1.4-r1", "SrcName": "openssl"}, ("apk", "openssl", "3.1.4-r1", "alpine")),
        ("wolfi", {"Name": "busybox", "Version": "1.36-r1"}, ("apk", "busybox", "1.36-r1", "wolfi")),
        ("redhat", {"Name": "openssl-libs", "Version": "1.1.1k", "Release": "9.el8", "Epoch": 1, "SrcName": "openssl",
                    "SrcVersion": "1.1.1k", "SrcRelease": "9.el8", "SrcEpoch": 1}, ("rpm", "openssl", "1:1.1.1k-9.el8", "redhat")),
        ("opensuse.leap", {"Name": "zypper", "Version": "1.14", "Release": "lp151"}, ("rpm", "zypper", "1.14-lp151", "opensuse.leap")),
        ("slem", {"Name": "a", "Version": "1", "Release": "2"}, ("rpm", "a", "1-2", "slem")),
        ("pnpm", {"Name": "@x/y", "Version": "1"}, ("npm", "@x/y", "1", "")),
        ("poetry", {"Name": "Zope.Interface", "Version": "5"}, ("pypi", "zope-interface", "5", "")),
        ("gradle", {"Name": "org.x:y", "Version": "1"}, ("maven", "org.x:y", "1", "")),
        ("pom", {"Name": "x", "Version": "0", "Identifier": {"PURL": "pkg:maven/org.x/y@1"}}, ("maven", "org.x:y", "1", "")),
        ("gomod", {"Name": "github.com/x/y", "Version": "v1.0.0"}, ("golang", "github.com/x/y", "v1.0.0", "")),
        ("composer", {"Name": "Laravel/Framework", "Version": "7"}, ("composer", "laravel/framework", "7", "")),
        ("dotnet-core", {"Name": "Newtonsoft.Json", "Version": "9"}, ("nuget", "newtonsoft.json", "9", "")),
        ("rustbinary", {"Name": "rand", "Version": "0.8"}, ("cargo", "rand", "0.8", "")),
        ("bundler", {"Name": "rails", "Version": "7"}, ("gem", "rails", "7", "")),
        ("conda-pkg", {"Name": "numpy", "Version": "1"}, ("other", "numpy", "1", "conda")),
        ("conan", {"Name": "zlib", "Version": "1", "Identifier": {"PURL": "pkg:conan/zlib@1"}}, ("other", "zlib", "1", "conan")),
        ("swift", {"Name": "github.com/x/y", "Version": "1"}, ("other", "github.com/x/y", "1", "swift")),
        ("yet unknown", {"Name": "a", "Version": "1"}, ("other", "a", "1", "yet unknown")),
        ("", {"Name": "a", "Version": "1"}, ("other", "a", "1", "trivy")),
        ("npm", {"Name": "a", "Version": "1", "Identifier": {"PURL": "no url"}}, ("npm", "a", "1", "")),
    ],
)  # fmt: skip
def test_packages_of_every_kind(kind: str, package: dict[str, object], expected: tuple[str, str, str, str]) -> None:
    report, rejected = one(report_of(result(kind, [package])))
    assert rejected == []
    made = report.software[0]
    assert (made.ecosystem, made.name, made.version, made.vendor) == expected
    assert (f"other/{made.vendor}" if made.ecosystem == "other" else made.ecosystem) in report.covers


def test_an_epoch_stays_with_a_finding_without_packages() -> None:
    finding = {"VulnerabilityID": "CVE-2021-3712", "PkgName": "openssl-libs", "InstalledVersion": "1:1.1.1k-4.el8"}
    report, _ = one(report_of(result("alma", findings=[finding]), family="alma", name="8.5"))
    assert [(item.name, item.version, item.platform) for item in report.software] == [("openssl-libs", "1:1.1.1k-4.el8", "almalinux-8")]


def test_an_ecosystem_is_covered_only_where_every_result_lists_its_packages() -> None:
    report, _ = one(report_of(result("npm", [GOOD]), result("yarn", findings=[{**FOUND, "PkgID": "b@1", "PkgName": "b"}])))
    assert report.covers == {"findings/trivy"}
    assert len(report.software) == 2


def test_only_a_root_file_system_names_a_machine() -> None:
    for kind, family, name in (("filesystem", "debian", "web01"), ("filesystem", "", ""), ("vm", "debian", "")):
        report, _ = one(report_of(ArtifactName="web01", ArtifactType=kind, family=family, name="12.1" if family else ""))
        assert report.machine.external_id == name
    report, _ = one(report_of(ArtifactName="/mnt/root", ArtifactType="filesystem", family="debian", name="12.1"))
    assert (report.machine.external_id, report.fallback_id) == ("", "/mnt/root")


def test_the_keys_of_a_result_may_come_in_any_order() -> None:
    data = json.dumps(json.loads(sample("trivy-image.json")), sort_keys=True).encode()
    assert {item.about for item in one(data)[0].findings} == {item.about for item in one(sample("trivy-image.json"))[0].findings}


@pytest.mark.parametrize(
    ("package", "words"),
    [
        ("text", "no object"),
        ({"Version": "1"}, "Name is missing"),
        ({"Name": 7, "Version": "1"}, "Name is a number"),
        ({"Name": "a\x00", "Version": "1"}, "NUL"),
        ({"Name": "a", "Version": ["1"]}, "Version is a list"),
        ({"Name": "a", "Version": "1" * 300}, "longer than 200"),
    ],
)
def test_a_bad_package_is_named_and_the_good_ones_stay(package: object, words: str) -> None:
    report, (rejected,) = one(report_of(result("npm", [GOOD, package, GOOD])))
    assert rejected.place == "result 1, package 2"
    assert words in rejected.reason
    assert named(report, "a")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"VulnerabilityID": None}, "vulnerability is missing"),
        ({"VulnerabilityID": "x" * 40}, "longer than 30"),
        ({"PkgName": {}, "PkgID": ""}, "PkgName is an object"),
        ({"InstalledVersion": 5, "PkgID": ""}, "InstalledVersion is a number"),
    ],
)
def test_a_bad_finding_is_named_and_the_good_ones_stay(change: dict[str, object], words: str) -> None:
    report, (rejected,) = one(report_of(result("npm", [GOOD], [{**FOUND, **change}, FOUND])))
    assert rejected.place == "result 1, finding 1"
    assert words in rejected.reason
    assert [item.weakness for item in report.findings] == ["CVE-2024-1"]


@pytest.mark.parametrize(
    "results", [None, 7, "x", {"a": 1}, [5, None, {"Packages": 7, "Vulnerabilities": {"x": 1}}], [{"Type": 5, "Target": []}]]
)
def test_results_of_other_types_break_nothing(results: object) -> None:
    data = json.dumps({"SchemaVersion": 2, "ArtifactName": "image", "Metadata": [], "Results": results}).encode()
    report, rejected = one(data)
    assert (report.software, rejected) == ((), [])


def test_a_report_that_ends_early_keeps_what_it_has_and_removes_nothing() -> None:
    whole = sample("trivy-image.json")
    report, rejected = one(whole[: whole.index(b'"CVE-2021-23337"')])
    assert "not valid JSON" in rejected[-1].reason or "not valid JSON" in rejected[0].reason
    assert report.covers == frozenset()
    assert {"openssl", "lodash"} <= {item.name for item in report.software}


def test_too_many_packages_keep_the_first_and_remove_nothing() -> None:
    packages = [{"Name": f"p{number}", "Version": "1"} for number in range(10)]
    (report,), (rejected,) = read("trivy", report_of(result("npm", packages)), Limits(records=3))
    assert "more than 3" in rejected.reason
    assert (len(report.software), report.covers) == (3, frozenset())


@pytest.mark.parametrize("data", [b"{}", b'{"a": 1}', b"nonsense", b"", b"[" * 1_000_000])
def test_what_is_no_report_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableReport, match="no report of trivy"):
        read("trivy", data)
