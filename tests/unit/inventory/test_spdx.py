"""SPDX 2.x documents: what syft wrote, both notations, what is described, and bad packages."""

import json
from typing import Any

import pytest

from inventory.errors import UnreadableReport
from inventory.sources.frame import Limits
from tests.unit.inventory.sources import named, read, sample

PURL = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:pypi/requests@2.31.0"}
GOOD = {"SPDXID": "SPDXRef-1", "name": "requests", "versionInfo": "2.31.0", "externalRefs": [PURL]}


def document(*packages: object, **more: Any) -> bytes:
    return json.dumps({"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "packages": packages, **more}).encode()


def describes(*identifiers: str) -> list[dict[str, str]]:
    return [
        {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": identifier}
        for identifier in identifiers
    ]


@pytest.mark.parametrize("name", ["spdx-syft.json", "spdx-syft.spdx"])
def test_what_syft_wrote_says_what_its_cyclonedx_bill_of_the_same_folder_says(name: str) -> None:
    (report,), rejected = read("spdx", sample(name))
    assert rejected == []
    assert report.machine.external_id == ""
    assert report.fallback_id.startswith("https://anchore.com/syft/dir/srv/root-")
    assert report.covers == {"deb", "npm", "os", "pypi"}
    assert named(report, "requests")[0].evidence == ("/usr/lib/python3/dist-packages/requests-2.31.0.dist-info/METADATA",)
    (other,), _ = read("cyclonedx", sample("cyclonedx-syft.json"))
    assert {(r.ecosystem, r.name, r.version, r.platform) for r in report.software} == {
        (r.ecosystem, r.name, r.version, r.platform) for r in other.software
    }
    assert report.machine.platform == other.machine.platform


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        ({"name": "x", "versionInfo": "0", "externalRefs": [{**PURL, "referenceCategory": "PACKAGE_MANAGER"}]},
         ("pypi", "requests", "2.31.0", "")),
        ({"name": "httpd", "versionInfo": "2.4.57", "externalRefs": [
            {"referenceType": "http://spdx.org/rdf/references/cpe23Type",
             "referenceLocator": "cpe:2.3:a:apache:http_server:2.4.57:*:*:*:*:*:*:*"}]},
         ("cpe", "http_server", "2.4.57", "apache")),
        ({"name": "x", "externalRefs": [{"referenceType": "cpe22Type", "referenceLocator": "cpe:/a:apache:http_server:2.4.57"}]},
         ("cpe", "http_server", "2.4.57", "apache")),
        ({"name": "In-house", "versionInfo": "1", "supplier": "Organization: Example Ltd. (help@example.org)"},
         ("cpe", "In-house", "1", "Example Ltd.")),
        ({"name": "In-house", "versionInfo": "1", "supplier": "NOASSERTION", "primaryPackagePurpose": "APPLICATION"},
         ("cpe", "In-house", "1", "")),
    ],
)  # fmt: skip
def test_packages(package: dict[str, Any], expected: tuple[str, str, str, str]) -> None:
    (report,), rejected = read("spdx", document(package))
    assert rejected == []
    made = report.software[0]
    assert (made.ecosystem, made.name, made.version, made.vendor) == expected


@pytest.mark.parametrize("purpose", ["FILE", "SOURCE", "ARCHIVE", "INSTALL", "OTHER"])
def test_what_is_no_installed_software_is_left_out(purpose: str) -> None:
    (report,), rejected = read("spdx", document({**GOOD, "primaryPackagePurpose": purpose, "name": "other"}, GOOD))
    assert rejected == []
    assert [record.name for record in report.software] == ["requests"]


@pytest.mark.parametrize("purpose", ["OPERATING_SYSTEM", "OPERATING-SYSTEM"])
def test_an_operating_system_is_the_machines(purpose: str) -> None:
    (report,), _ = read("spdx", document({"name": "debian", "versionInfo": "12.4", "primaryPackagePurpose": purpose}, GOOD))
    assert report.machine.platform == "debian-12"
    assert report.covers == {"pypi", "os"}


@pytest.mark.parametrize("relation", [{"documentDescribes": ["SPDXRef-0"]}, {"relationships": describes("SPDXRef-0")}])
def test_what_the_document_describes_is_not_its_content(relation: dict[str, Any]) -> None:
    root = {"SPDXID": "SPDXRef-0", "name": "web01", "versionInfo": "1", "primaryPackagePurpose": "CONTAINER"}
    (report,), _ = read("spdx", document(root, GOOD, **relation))
    assert report.machine.external_id == "web01"
    assert [record.name for record in report.software] == ["requests"]
    (report,), _ = read("spdx", document({**root, "primaryPackagePurpose": "APPLICATION"}, GOOD, **relation))
    assert report.machine.external_id == ""
    assert [record.name for record in report.software] == ["requests"]


def test_several_described_packages_are_content() -> None:
    other = {**GOOD, "SPDXID": "SPDXRef-2", "externalRefs": [{**PURL, "referenceLocator": "pkg:pypi/flask@3.0"}]}
    (report,), _ = read("spdx", document(GOOD, other, relationships=describes("SPDXRef-1", "SPDXRef-2")))
    assert {record.name for record in report.software} == {"requests", "flask"}


def test_a_document_of_nothing_but_its_subject_adds_it() -> None:
    (report,), _ = read("spdx", document(GOOD, relationships=describes("SPDXRef-1")))
    assert [record.name for record in report.software] == ["requests"]
    assert report.covers == frozenset()


def test_version_2_2_has_no_purposes_and_is_read_alike() -> None:
    data = sample("spdx-syft.json").replace(b"SPDX-2.3", b"SPDX-2.2").replace(b'"primaryPackagePurpose": "FILE"', b'"comment": "a folder"')
    assert b"SPDX-2.2" in data
    (report,), rejected = read("spdx", data)
    assert rejected == []
    assert report == read("spdx", sample("spdx-syft.json"))[0][0]


def test_a_wrapped_document_is_read() -> None:
    (report,), _ = read("spdx", b'{"sbom": ' + document(GOOD) + b"}")
    assert named(report, "requests")


def test_texts_and_files_of_tag_value_are_passed_over() -> None:
    data = b"""SPDXVersion: SPDX-2.3
DocumentComment: <text>PackageName: not one
PackageName: nor this</text>
PackageName: a
SPDXID: SPDXRef-a
PackageVersion: 1
PackageSupplier: Organization: Example
PackageComment: <text>PackageVersion: 9</text>
FileName: ./x
SPDXID: SPDXRef-x
PackageVersion: 7
"""
    (report,), rejected = read("spdx", data)
    assert rejected == []
    assert [(record.name, record.version, record.vendor) for record in report.software] == [("a", "1", "Example")]


@pytest.mark.parametrize(
    ("package", "words"),
    [
        ("text", "no object"),
        ({"name": 7}, "name is a number"),
        ({"versionInfo": "1"}, "name is missing"),
        ({"name": "a", "versionInfo": ["1"]}, "version is a list"),
        ({"name": "a", "externalRefs": [{**PURL, "referenceLocator": "nonsense"}]}, "not a package URL"),
        ({"name": "a", "externalRefs": [{**PURL, "referenceLocator": 5}]}, "purl is a number"),
        ({"name": "a\x00"}, "NUL"),
        ({"name": "a", "supplier": {}}, "publisher is an object"),
    ],
)
def test_a_bad_package_is_named_and_the_good_ones_stay(package: object, words: str) -> None:
    (report,), (rejected,) = read("spdx", document(GOOD, package, GOOD))
    assert rejected.place == "package 2"
    assert words in rejected.reason
    assert named(report, "requests")
    assert "pypi" in report.covers


def test_a_document_that_ends_early_keeps_its_packages_and_removes_nothing() -> None:
    (report,), (rejected,) = read("spdx", document(GOOD, {**GOOD, "name": "b"})[:-30])
    assert "after package 1" in rejected.reason
    assert named(report, "requests")
    assert report.covers == frozenset()


def test_too_many_packages_keep_the_first_and_remove_nothing() -> None:
    packages = [{"name": f"p{number}", "versionInfo": "1"} for number in range(10)]
    (report,), (rejected,) = read("spdx", document(*packages), Limits(records=3))
    assert "more than 3 components" in rejected.reason
    assert len(report.software) == 3
    assert report.covers == frozenset()


def test_a_document_without_packages_is_unreadable() -> None:
    with pytest.raises(UnreadableReport, match="no components"):
        read("spdx", document())
