"""grype's reports: packages, binaries, advisories under their CVE, older shapes, and bad input."""

import json
from typing import Any

import pytest

from inventory.errors import UnreadableReport
from inventory.records import Rejected, Report
from inventory.sources.frame import Limits
from tests.unit.inventory.sources import named, read, sample


def match(weakness: object = "CVE-2024-1", related: object = (), **artifact: object) -> dict[str, object]:
    return {
        "vulnerability": {"id": weakness, "severity": "High", "fix": {"versions": ["2"], "state": "fixed"}},
        "relatedVulnerabilities": related,
        "matchDetails": [],
        "artifact": {"name": "a", "version": "1", "type": "npm", "purl": "pkg:npm/a@1", **artifact},
    }


def report_of(*matches: object, **more: Any) -> bytes:
    return json.dumps({"matches": matches, "source": {"type": "image", "target": {"userInput": "image"}}, **more}).encode()


def one(data: bytes) -> tuple[Report, list[Rejected]]:
    (report,), rejected = read("grype", data)
    return report, rejected


def test_what_was_found_in_an_image() -> None:
    report, rejected = one(sample("grype-image.json"))
    assert rejected == []
    assert (report.machine.platform, report.fallback_id) == ("debian-12", "registry.example/shop/web:1.4")
    assert report.covers == {"findings/grype"}
    assert [(item.ecosystem, item.name, item.version) for item in report.software] == [
        ("deb", "openssl", "3.0.11-1~deb12u2"),
        ("npm", "lodash", "4.17.20"),
        ("cpe", "busybox", "1.32.1"),
        ("golang", "golang.org/x/net", "v0.16.0"),  # less its NUL
    ]
    assert [(item.weakness, item.severity, item.fixed) for item in report.findings] == [
        ("CVE-2023-5678", "medium", "3.0.13-1~deb12u1"),
        ("CVE-2021-23337", "high", "4.17.21"),  # known as GHSA-35jh-r3h4-6jhm to grype
        ("CVE-2022-28391", "high", ""),
        ("CVE-2023-39325", "high", "0.17.0"),
    ]


@pytest.mark.parametrize(
    ("artifact", "expected"),
    [
        ({"type": "rpm", "purl": "pkg:rpm/redhat/openssl-libs@1.1.1k-9.el8?arch=x86_64&epoch=1&upstream=openssl-1.1.1k-9.el8.src.rpm"},
         ("rpm", "openssl", "1:1.1.1k-9.el8")),
        ({"type": "apk", "purl": "pkg:apk/alpine/libssl3@3.1.4-r1?distro=alpine-3.19", "upstreams": [{"name": "openssl"}]},
         ("apk", "openssl", "3.1.4-r1")),
        ({"type": "deb", "purl": "pkg:deb/debian/bash@5.2-1%2Bb8", "upstreams": [{"name": "bash", "version": "5.2-1"}]},
         ("deb", "bash", "5.2-1")),
        ({"type": "java-archive", "purl": "pkg:maven/org.x/y@1", "cpes": ["cpe:2.3:a:x:y:1:*:*:*:*:*:*:*"]}, ("maven", "org.x:y", "1")),
        ({"type": "python", "purl": "", "name": "Zope.X", "version": "5"}, ("pypi", "zope-x", "5")),
        ({"type": "deb", "purl": None, "name": "libssl3", "version": "3", "upstreams": [{"name": "openssl"}]}, ("deb", "openssl", "3")),
        ({"type": "binary", "purl": "", "cpes": [{"Part": "a", "Vendor": "x", "Product": "y", "Version": "1"}]}, ("cpe", "y", "1")),
        ({"type": "binary", "purl": "", "cpes": []}, ("cpe", "a", "1")),
        ({"type": "wordpress-plugin", "purl": "pkg:generic/y@2"}, ("other", "y", "2")),
    ],
)  # fmt: skip
def test_artifacts_of_every_kind(artifact: dict[str, object], expected: tuple[str, str, str]) -> None:
    report, rejected = one(report_of(match(**artifact)))
    assert rejected == []
    made = report.software[0]
    assert (made.ecosystem, made.name, made.version) == expected


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (7, "no object"),
        ({}, "is missing"),
        (match(weakness=None), "vulnerability is missing"),
        (match(weakness=["CVE-2024-1"]), "vulnerability is a list"),
        (match(purl="pkg:npm/"), "not a package URL"),
        (match(purl={"a": 1}), "purl is an object"),
        (match(purl="", type="npm", name=None), "name is missing"),
        (match(purl="", type="npm", version={}), "version is an object"),
    ],
)
def test_a_bad_match_is_named_and_the_good_ones_stay(bad: object, words: str) -> None:
    report, (rejected,) = one(report_of(match(), bad, match(weakness="CVE-2024-2")))
    assert rejected.place == "match 2"
    assert words in rejected.reason
    assert [item.weakness for item in report.findings] == ["CVE-2024-1", "CVE-2024-2"]


def test_a_report_without_matches_says_that_all_is_well() -> None:
    report, rejected = one(report_of(distro={"name": "alpine", "version": "3.19.1"}))
    assert (report.machine.platform, rejected) == ("alpine-3.19", [])
    assert report.covers == {"findings/grype"}


def test_other_types_around_the_matches_break_nothing() -> None:
    report, _ = one(report_of(match(related=7, upstreams=5, cpes="x", locations={"a": 1}), distro=[1], source="folder"))
    assert (len(report.findings), report.machine.platform, report.fallback_id) == (1, "", "")


def test_a_report_that_ends_early_keeps_what_it_has_and_removes_nothing() -> None:
    whole = sample("grype-image.json")
    report, (rejected,) = one(whole[: whole.index(b'"pkg:generic')])
    assert "not valid JSON" in rejected.reason
    assert (len(report.findings), report.covers) == (2, frozenset())


def test_too_many_matches_keep_the_first_and_remove_nothing() -> None:
    data = report_of(*(match(weakness=f"CVE-2024-{number}") for number in range(10)))
    (report,), (rejected,) = read("grype", data, Limits(records=4))
    assert "more than 4" in rejected.reason
    assert (len(report.findings), report.covers, len(named(report, "a"))) == (3, frozenset(), 1)


@pytest.mark.parametrize("data", [b"{}", b'{"matches": 5}', b"nonsense", b""])
def test_what_is_no_report_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableReport, match="no report of grype"):
        read("grype", data)
