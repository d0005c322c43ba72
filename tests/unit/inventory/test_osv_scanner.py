"""osv-scanner's results: registries, distributions, what fixes them, and bad input."""

import json

import pytest

from inventory.errors import UnreadableReport
from inventory.sources import registry
from tests.unit.inventory.sources import read, sample


def results(*packages: object, source: object = None) -> bytes:
    return json.dumps({"results": [{"source": source or {"path": "/srv/x.lock", "type": "lockfile"}, "packages": packages}]}).encode()


def package(ecosystem: object = "npm", name: object = "a", version: object = "1", **more: object) -> dict[str, object]:
    said = {"name": name, "version": version, "ecosystem": ecosystem}
    return {"package": {**said, **more}, "vulnerabilities": [{"id": "CVE-2024-1"}]}


def test_lock_files_and_a_distribution() -> None:
    (report,), rejected = read("osv_scanner", sample("osv_scanner-results.json"))
    assert rejected == []
    assert report.covers == {"findings/osv-scanner"}
    assert [(item.ecosystem, item.name, item.version, item.platform, item.evidence) for item in report.software] == [
        ("npm", "lodash", "4.17.20", "", ("/srv/app/package-lock.json",)),
        ("npm", "minimist", "1.2.8", "", ("/srv/app/package-lock.json",)),
        ("deb", "openssl", "3.0.11-1~deb12u2", "debian-12", ("libssl3",)),
    ]
    assert [(item.weakness, item.about.name, item.severity, item.fixed) for item in report.findings] == [
        ("CVE-2021-23337", "lodash", "high", "4.17.21"),
        ("CVE-2023-5363", "openssl", "", "3.0.11-1~deb12u3"),
    ]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (package("PyPI", "Zope.X"), ("pypi", "zope-x", "1", "", "")),
        (package("Packagist", "X/y"), ("composer", "x/y", "1", "", "")),
        (package("Go", "stdlib"), ("golang", "stdlib", "1", "", "")),
        (package("crates.io"), ("cargo", "a", "1", "", "")),
        (package("Maven", "org.x:y"), ("maven", "org.x:y", "1", "", "")),
        (package("Ubuntu:22.04:LTS"), ("deb", "a", "1", "", "ubuntu-22.04")),
        (package("Alpine:v3.18"), ("apk", "a", "1", "", "alpine-3.18")),
        (package("Rocky Linux:9"), ("rpm", "a", "1", "", "rocky-9")),
        (package("ConanCenter"), ("other", "a", "1", "conancenter", "")),
        (package("", "github.com/x/y", "", commit="00aa"), ("other", "github.com/x/y", "00aa", "git", "")),
    ],
)
def test_packages_of_every_ecosystem(said: object, expected: tuple[str, str, str, str, str]) -> None:
    (report,), rejected = read("osv_scanner", results(said))
    assert rejected == []
    made = report.software[0]
    assert (made.ecosystem, made.name, made.version, made.vendor, made.platform) == expected


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (5, "no object"),
        ({"package": "a"}, "name is missing"),
        (package(name=5), "name is a number"),
        (package(version=[]), "version is a list"),
        (package(ecosystem={}), "ecosystem is an object"),
        ({**package(), "vulnerabilities": [{"aliases": 5}]}, "vulnerability is missing"),
    ],
)
def test_a_bad_package_is_named_and_the_good_ones_stay(bad: object, words: str) -> None:
    (report,), (rejected,) = read("osv_scanner", results(package(), bad, package(name="b")))
    assert rejected.place == "package 2"
    assert words in rejected.reason
    assert len(report.findings) == 2


def test_other_types_inside_a_package_break_nothing() -> None:
    odd = {**package(), "groups": [5, {"ids": 7}], "vulnerabilities": [{"id": "CVE-2024-1", "affected": [{"ranges": 5}, 7]}, 8]}
    (report,), rejected = read("osv_scanner", results(odd, source="x"))
    assert rejected == []
    assert len(report.findings) == 1


def test_results_that_end_early_keep_what_they_have_and_remove_nothing() -> None:
    whole = results(package(), package(name="cut here"))
    (report,), (rejected,) = read("osv_scanner", whole[: whole.index(b"cut here")])
    assert "not valid JSON" in rejected.reason
    assert (len(report.findings), report.covers) == (1, frozenset())


def test_nothing_found_is_a_result() -> None:
    data = b'{"results": [], "experimental_config": {"licenses": {}}}'
    assert registry.detected(data, "x.json").name == "osv_scanner"
    (report,), _ = read("osv_scanner", data)
    assert (report.software, report.covers) == ((), frozenset({"findings/osv-scanner"}))


@pytest.mark.parametrize("data", [b"{}", b'{"results": 5}', b"nonsense", b"[]"])
def test_what_is_no_list_of_results_is_unreadable(data: bytes) -> None:
    with pytest.raises(UnreadableReport, match="no report of osv-scanner"):
        read("osv_scanner", data)
