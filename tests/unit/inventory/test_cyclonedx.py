"""CycloneDX bills of materials: what syft wrote, both notations, every kind of component, and hostile input."""

import json
from typing import Any

import pytest

from inventory.errors import UnreadableReport
from inventory.records import InstalledSoftware
from inventory.sources.frame import Limits
from tests.unit.inventory.sources import named, read, sample


def bill(*components: object, **more: Any) -> bytes:
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", **more, "components": components}).encode()


def xml(inner: str, head: str = "") -> bytes:
    return f'<?xml version="1.0"?>{head}<bom xmlns="http://cyclonedx.org/schema/bom/1.4" serialNumber="urn:uuid:1">{inner}</bom>'.encode()


GOOD = {"type": "library", "name": "requests", "version": "2.31.0", "purl": "pkg:pypi/requests@2.31.0"}


def test_what_syft_wrote_of_a_debian_root() -> None:
    (report,), rejected = read("cyclonedx", sample("cyclonedx-syft.json"))
    assert rejected == []
    assert report.machine.external_id == ""  # the bill is of a folder: who sends it names the machine
    assert report.fallback_id.startswith("urn:uuid:")
    assert report.machine.platform == "debian-12"
    assert report.covers == {"deb", "npm", "os", "pypi"}
    openssl = [record for record in named(report, "openssl") if record.ecosystem == "deb"]
    assert {record.evidence for record in openssl} == {("libssl3",), ("openssl",)}
    assert {record.platform for record in openssl} == {"debian-12"}
    assert named(report, "bash")[0].version == "5.2.15-2"
    assert named(report, "requests")[0].evidence[0].endswith("METADATA")
    assert named(report, "@babel/core")[0].ecosystem == "npm"


def test_what_syft_wrote_as_xml() -> None:
    (report,), rejected = read("cyclonedx", sample("cyclonedx-syft.xml"))
    assert rejected == []
    assert report.machine.platform == "debian-12"
    assert {"deb", "os"} <= report.covers
    assert named(report, "apt")[0].platform == "debian-12"


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        ({"purl": "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1?type=jar"},
         ("maven", "org.apache.logging.log4j:log4j-core", "2.14.1", "")),
        ({"purl": "pkg:npm/%40babel/core@7.23.0"}, ("npm", "@babel/core", "7.23.0", "")),
        ({"purl": "pkg:composer/laravel/framework@7.12.0"}, ("composer", "laravel/framework", "7.12.0", "")),
        ({"purl": "pkg:golang/golang.org/x/net@v0.17.0"}, ("golang", "golang.org/x/net", "v0.17.0", "")),
        ({"purl": "pkg:gem/rails@7.0.0"}, ("gem", "rails", "7.0.0", "")),
        ({"purl": "pkg:nuget/Newtonsoft.Json@12.0.1"}, ("nuget", "newtonsoft.json", "12.0.1", "")),
        ({"purl": "pkg:cargo/rand@0.8.5"}, ("cargo", "rand", "0.8.5", "")),
        ({"purl": "pkg:github/actions/checkout@v4"}, ("other", "actions/checkout", "v4", "github")),
        ({"purl": "pkg:apk/alpine/libssl3@3.1.4-r1?distro=alpine-3.19.1&upstream=openssl"}, ("apk", "openssl", "3.1.4-r1", "alpine")),
        ({"purl": "pkg:rpm/redhat/openssl-libs@3.0.7-24.el9?epoch=1&distro=rhel-9.3&upstream=openssl-3.0.7-24.el9.src.rpm"},
         ("rpm", "openssl", "1:3.0.7-24.el9", "redhat")),
        ({"purl": "pkg:deb/ubuntu/libssl3@3.0.2-0ubuntu1.10?distro=ubuntu-22.04&upstream=openssl"},
         ("deb", "openssl", "3.0.2-0ubuntu1.10", "")),
        ({"purl": "pkg:deb/debian/bash@5.2.15-2%2Bb8?distro=debian-12&upstream=bash%405.2.15-2"}, ("deb", "bash", "5.2.15-2", "")),
        ({"cpe": "cpe:2.3:a:notepad-plus-plus:notepad\\+\\+:8.6:*:*:*:*:*:*:*", "version": "8.6"},
         ("cpe", "notepad++", "8.6", "notepad-plus-plus")),
        ({"cpe": "cpe:/a:apache:http_server:2.4.57", "version": ""}, ("cpe", "http_server", "2.4.57", "apache")),
        ({"name": "In-house", "version": "1", "publisher": "Example"}, ("cpe", "In-house", "1", "Example")),
    ],
)  # fmt: skip
def test_components(component: dict[str, str], expected: tuple[str, str, str, str]) -> None:
    (report,), rejected = read("cyclonedx", bill({"type": "library", "name": "x", "version": "0", **component}))
    assert rejected == []
    made = report.software[0]
    assert (made.ecosystem, made.name, made.version, made.vendor) == expected


@pytest.mark.parametrize(
    ("purl", "name", "version", "package"),
    [
        ("pkg:rpm/redhat/openssl-libs@3.0.7-24.el9?upstream=openssl-3.0.7-24.el9.src.rpm", "openssl", "3.0.7-24.el9", "openssl-libs"),
        ("pkg:rpm/redhat/perl-Carp@1.50-460.el9?upstream=perl-5.32.1-481.el9.src.rpm", "perl-Carp", "1.50-460.el9", "perl-Carp"),
        ("pkg:rpm/redhat/gpg-pubkey@1-2", "gpg-pubkey", "1-2", "gpg-pubkey"),
        ("pkg:deb/debian/libssl3@3.0.1?upstream=openssl", "openssl", "3.0.1", "libssl3"),
        ("pkg:deb/debian/bash@5.2.15-2%2Bb8?upstream=bash%405.2.15-2", "bash", "5.2.15-2", ""),
        ("pkg:deb/debian/liblvm2cmd@2.03.16-2?upstream=lvm2%402.03.16-2", "lvm2", "2.03.16-2", "liblvm2cmd"),
        ("pkg:deb/debian/dmsetup@2%3A1.02.185-2?upstream=lvm2%402.03.16-2", "lvm2", "2.03.16-2", ""),
        ("pkg:apk/alpine/libssl3@3.1.4-r1?upstream=openssl", "openssl", "3.1.4-r1", "libssl3"),
    ],
)
def test_a_binary_package_stands_for_its_source_only_under_the_same_version(purl: str, name: str, version: str, package: str) -> None:
    (report,), _ = read("cyclonedx", bill({"type": "library", "name": "x", "purl": purl}))
    made = report.software[0]
    assert (made.name, made.version, made.package) == (name, version, package)


def test_the_distribution_of_packages_is_the_machines_where_no_system_is_named() -> None:
    (report,), _ = read("cyclonedx", bill({"type": "library", "name": "a", "purl": "pkg:deb/ubuntu/a@1?distro=ubuntu-22.04"}))
    assert report.machine.platform == "ubuntu-22.04"
    assert named(report, "ubuntu") == [InstalledSoftware("os", "ubuntu", "22.04", "ubuntu", platform="ubuntu-22.04")]


@pytest.mark.parametrize(
    ("kind", "name"), [("device", "web01"), ("operating-system", "web01"), ("container", "web01"), ("application", ""), ("file", "")]
)
def test_only_a_machine_names_a_machine(kind: str, name: str) -> None:
    (report,), _ = read("cyclonedx", bill(GOOD, metadata={"component": {"type": kind, "name": "web01"}}))
    assert report.machine.external_id == name


def test_metadata_may_come_last() -> None:
    data = json.dumps({"components": [GOOD], "metadata": {"component": {"type": "device", "name": "web01"}}}).encode()
    (report,), _ = read("cyclonedx", data)
    assert report.machine.external_id == "web01"


def test_nested_components_count_and_files_do_not() -> None:
    outer = {"type": "application", "name": "outer", "version": "1", "components": [GOOD, {"type": "file", "name": "/etc/passwd"}]}
    (report,), rejected = read("cyclonedx", bill(outer))
    assert rejected == []
    assert {record.name for record in report.software} == {"outer", "requests"}


def test_xml_components_nest_too() -> None:
    data = xml(
        "<metadata><component type='device'><name>web01</name></component></metadata>"
        "<components><component type='application'><name>outer</name><version>1</version><components>"
        "<component type='library'><name>a</name><version>2</version><purl>pkg:npm/a@2</purl></component>"
        "</components></component></components>"
    )
    (report,), rejected = read("cyclonedx", data)
    assert rejected == []
    assert report.machine.external_id == "web01"
    assert sorted((record.ecosystem, record.name, record.version) for record in report.software) == [
        ("cpe", "outer", "1"),
        ("npm", "a", "2"),
    ]


@pytest.mark.parametrize(
    ("component", "words"),
    [
        ("text", "no object"),
        ({"type": "library", "name": 7, "version": "1"}, "name is a number"),
        ({"type": "library", "version": "1"}, "name is missing"),
        ({"type": "library", "name": "a", "purl": "not a purl"}, "not a package URL"),
        ({"type": "library", "name": "a", "purl": ["pkg:npm/a@1"]}, "purl is a list"),
        ({"type": "library", "name": "a", "cpe": "cpe:2.3:z"}, "not a CPE"),
        ({"type": "library", "name": "a", "purl": "pkg:npm/a@" + "1" * 300}, "longer than 200"),
        ({"type": "library", "name": "a", "purl": "pkg:npm/" + "a" * 5000}, "longer than 4096"),
        ({"type": "library", "name": "a\x00", "version": "1"}, "NUL"),
        ({"type": "library", "name": "a", "version": "1", "components": 5}, "no list"),
        ({"type": {}, "name": "a", "version": "1"}, "type is an object"),
    ],
)
def test_a_bad_component_is_named_and_the_good_ones_stay(component: object, words: str) -> None:
    (report,), (rejected,) = read("cyclonedx", bill(GOOD, component, GOOD))
    assert rejected.place == "component 2"
    assert words in rejected.reason
    assert named(report, "requests")
    assert "pypi" in report.covers


def test_a_document_that_ends_early_keeps_its_components_and_removes_nothing() -> None:
    whole = bill(GOOD, {**GOOD, "name": "b", "purl": "pkg:pypi/b@1"})
    (report,), (rejected,) = read("cyclonedx", whole[: whole.rindex(b"pkg:pypi/b")])
    assert "after component 1" in rejected.reason
    assert named(report, "requests")
    assert report.covers == frozenset()


def test_xml_that_ends_early_keeps_its_components_and_removes_nothing() -> None:
    part = "<component type='library'><name>a</name><version>2</version><purl>pkg:npm/a@2</purl></component>"
    (report,), (rejected,) = read("cyclonedx", xml(f"<components>{part}<component>")[:-9])
    assert "after component 1" in rejected.reason
    assert named(report, "a")
    assert report.covers == frozenset()


def test_components_nested_too_deep() -> None:
    component: dict[str, Any] = GOOD
    for _ in range(40):
        component = {"type": "application", "name": "n", "version": "1", "components": [component]}
    (report,), (rejected,) = read("cyclonedx", bill(component))
    assert "deeper than 32" in rejected.reason
    assert named(report, "n")


def test_brackets_without_end_cost_nothing() -> None:
    with pytest.raises(UnreadableReport, match="holds no components"):
        read("cyclonedx", b'{"bomFormat":"CycloneDX","components":[' + b'{"components":[' * 500_000)


def test_elements_without_end_cost_nothing() -> None:
    with pytest.raises(UnreadableReport, match="holds no components"):
        read("cyclonedx", xml("<a>" * 500_000))


def test_entities_are_refused() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    with pytest.raises(UnreadableReport, match="document type or entities"):
        read("cyclonedx", xml("<components><component type='library'><name>&b;</name></component></components>", bomb))


def test_a_bill_without_components_is_unreadable() -> None:
    for data in (bill(), b'{"bomFormat":"CycloneDX","components":7}', xml("")):
        with pytest.raises(UnreadableReport, match="no components"):
            read("cyclonedx", data)


def test_too_many_components_keep_the_first_and_remove_nothing() -> None:
    (report,), (rejected,) = read(
        "cyclonedx", bill(*[{**GOOD, "purl": f"pkg:pypi/p{number}@1"} for number in range(10)]), Limits(records=3)
    )
    assert "more than 3 components" in rejected.reason
    assert len(report.software) == 3
    assert report.covers == frozenset()
