"""OSV records: what they are about, which spans they state, and every layout and ecosystem they come in."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from tests.unit.weaknesses import feed_samples as samples
from tests.unit.weaknesses.feed_samples import parse, usable
from weaknesses.feeds import FEEDS
from weaknesses.feeds.osv_ranges import Span, spans
from weaknesses.feeds.osv_scores import score_of, severity_word
from weaknesses.records import Refused, WeaknessRecord


def record(identifier: str, ecosystem: str, name: str, **changes: Any) -> dict[str, Any]:
    """An OSV record: the package before 2.5 is affected."""
    events = [{"introduced": "0"}, {"fixed": "2.5"}]
    affected = [{"package": {"ecosystem": ecosystem, "name": name}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}]
    return {"id": identifier, "modified": "2099-02-03T00:00:00Z", "affected": affected, **changes}


def weaknesses(kind: str, *records: dict[str, Any]) -> list[WeaknessRecord]:
    return [found for found in parse(kind, samples.json_lines(*records), f"{kind}-osv.jsonl") if isinstance(found, WeaknessRecord)]


@pytest.mark.parametrize(
    ("kind", "ecosystem", "name", "product", "platforms"),
    [
        ("pypi", "PyPI", "Acme_Rocket.X", "pypi:acme-rocket-x", ()),
        ("npm", "npm", "@Acme/rocket", "npm:@acme/rocket", ()),
        ("golang", "Go", "github.com/Acme/rocket/v2", "golang:github.com/acme/rocket/v2", ()),
        ("maven", "Maven", "org.acme:rocket", "maven:org.acme:rocket", ()),
        ("nuget", "NuGet", "Acme.Rocket", "nuget:acme.rocket", ()),
        ("gem", "RubyGems", "rocket", "gem:rocket", ()),
        ("cargo", "crates.io", "rocket_core", "cargo:rocket_core", ()),
        ("composer", "Packagist", "Acme/Rocket", "composer:acme/rocket", ()),
        ("debian", "Debian:12", "rocket", "deb:debian:rocket", ("debian-12",)),
        ("ubuntu", "Ubuntu:22.04:LTS", "rocket", "deb:ubuntu:rocket", ("ubuntu-22.04",)),
        ("ubuntu", "Ubuntu:24.10", "rocket", "deb:ubuntu:rocket", ("ubuntu-24.10",)),
        ("ubuntu", "Ubuntu:Pro:18.04:LTS", "rocket", "deb:ubuntu:rocket", ("ubuntu-18.04",)),
        ("alpine", "Alpine:v3.18", "rocket", "apk:alpine:rocket", ("alpine-3.18",)),
        ("redhat", "Red Hat:enterprise_linux:9::appstream", "RocketManager", "rpm:rhel:rocketmanager", ("rhel-9",)),
        ("redhat", "Red Hat:enterprise_linux:10.0", "rocket", "rpm:rhel:rocket", ("rhel-10",)),
        ("almalinux", "AlmaLinux:8", "rocket", "rpm:almalinux:rocket", ("almalinux-8",)),
        ("rocky", "Rocky Linux:9", "rocket", "rpm:rocky:rocket", ("rocky-9",)),
        ("suse", "SUSE:Linux Enterprise Server 15 SP5", "rocket", "rpm:sles:rocket", ("sles-15.5",)),
        ("suse", "SUSE:Linux Enterprise Module for Basesystem 15 SP5", "rocket", "rpm:sles:rocket", ("sles-15.5",)),
        ("opensuse", "openSUSE:Leap 15.6", "rocket", "rpm:opensuse-leap:rocket", ("opensuse-leap-15.6",)),
    ],
)
def test_a_package_is_named_as_the_inventory_names_it(
    kind: str, ecosystem: str, name: str, product: str, platforms: tuple[str, ...]
) -> None:
    [found] = weaknesses(kind, record("X-1", ecosystem, name, upstream=["CVE-2099-0001"]))
    [affected] = found.ranges or ()
    assert (found.cve, affected.product, affected.platforms, affected.fixed) == ("CVE-2099-0001", product, platforms, "2.5")


@pytest.mark.parametrize(
    ("kind", "ecosystem"),
    [
        ("redhat", "Red Hat:rhel_eus:9.2::baseos"),
        ("redhat", "Red Hat:openshift:4.12::el8"),
        ("ubuntu", "Ubuntu:Pro:FIPS-updates:20.04:LTS"),
        ("debian", "Ubuntu:22.04:LTS"),
        ("pypi", "npm"),
        ("suse", "SUSE:Linux Enterprise Micro 5.3"),
    ],
)
def test_other_archives_and_ecosystems_are_not_its_word(kind: str, ecosystem: str) -> None:
    assert weaknesses(kind, record("X-1", ecosystem, "rocket", upstream=["CVE-2099-0001"])) == []


def test_every_ecosystem_recognises_its_own_files_only() -> None:
    heads = {
        "debian": "Debian:12",
        "ubuntu": "Ubuntu:22.04:LTS",
        "redhat": "Red Hat:enterprise_linux:9::baseos",
        "almalinux": "AlmaLinux:9",
        "rocky": "Rocky Linux:9",
        "suse": "SUSE:Linux Enterprise Server 15 SP5",
        "opensuse": "openSUSE:Leap 15.6",
        "alpine": "Alpine:v3.18",
        "pypi": "PyPI",
        "npm": "npm",
        "golang": "Go",
        "maven": "Maven",
        "nuget": "NuGet",
        "gem": "RubyGems",
        "cargo": "crates.io",
        "composer": "Packagist",
        "bitnami": "Bitnami",
    }
    for kind, ecosystem in heads.items():
        head = json.dumps(record("X-1", ecosystem, "rocket")).encode()
        claimed = [other for other, feed in FEEDS.items() if feed.fits("all.zip") and feed.looks_right(head)]
        assert claimed == [kind]


def test_a_record_that_names_other_ecosystems_beside_its_own_is_the_majoritys() -> None:
    mixed = record("X-1", "Alpine:v3.21", "rocket")
    mixed["affected"] += record("X-1", "Debian:12", "rocket")["affected"] + record("X-1", "Debian:13", "rocket")["affected"]
    head = json.dumps(mixed).encode()
    assert FEEDS["debian"].looks_right(head)
    assert not FEEDS["alpine"].looks_right(head)


# --- what a record is about ------------------------------------------------------------------------------------------------


def test_an_advisory_gives_each_cve_it_names_its_packages_but_not_its_text() -> None:
    advisory = record(
        "ALSA-2099:1", "AlmaLinux:9", "rocket", summary="Important: rocket security update", related=["CVE-2099-0001", "CVE-2099-0002"]
    )
    first, second = weaknesses("almalinux", advisory)
    assert (first.cve, second.cve) == ("CVE-2099-0001", "CVE-2099-0002")
    assert first.ranges == second.ranges
    assert (first.title, first.cvss, first.severity, first.part) == ("", None, 3, "9")


def test_an_advisory_without_related_cves_is_about_those_of_its_links() -> None:
    links = [{"type": "REPORT", "url": "https://acme.example/security/cve/cve-2099-0003"}, {"url": "https://acme.example/errata"}]
    [found] = weaknesses("almalinux", record("ALSA-2099:2", "AlmaLinux:9", "rocket", references=links))
    assert found.cve == "CVE-2099-0003"


def test_several_advisories_about_one_cve_are_one_word() -> None:
    kernel = record("ALSA-2099:1", "AlmaLinux:9", "kernel", related=["CVE-2099-0001"], modified="2099-03-01T00:00:00Z")
    realtime = record("ALSA-2099:2", "AlmaLinux:9", "kernel-rt", related=["CVE-2099-0001"], modified="2099-02-01T00:00:00Z")
    other_release = record("ALSA-2099:3", "AlmaLinux:8", "kernel", related=["CVE-2099-0001"])
    nine, eight = weaknesses("almalinux", kernel, realtime, other_release)
    assert [r.product for r in nine.ranges or ()] == ["rpm:almalinux:kernel", "rpm:almalinux:kernel-rt"]
    assert nine.modified_at is not None
    assert (nine.part, nine.modified_at.month, eight.part) == ("9", 3, "8")


def test_bug_fixes_are_no_weaknesses() -> None:
    assert weaknesses("almalinux", record("ALBA-2099:1", "AlmaLinux:9", "rocket", related=["CVE-2099-0001"])) == []


def test_an_advisory_without_a_cve_is_a_weakness_of_its_own() -> None:
    [github] = weaknesses("npm", record("GHSA-abcd-efgh-2345", "npm", "rocket", summary="Rocket explodes"))
    [malicious] = weaknesses("npm", record("MAL-2099-12345", "npm", "r0cket"))
    [renamed] = weaknesses("pypi", record("PYSEC-2099-1", "PyPI", "rocket", aliases=["GHSA-abcd-efgh-2345"]))
    assert (github.cve, github.title, malicious.cve, renamed.cve) == (
        "GHSA-ABCD-EFGH-2345",
        "Rocket explodes",
        "MAL-2099-12345",
        "GHSA-ABCD-EFGH-2345",
    )


def test_what_several_databases_say_of_a_cve_is_brought_together_and_their_own_ids_are_given_up() -> None:
    github = record("GHSA-abcd-efgh-2345", "PyPI", "rocket", aliases=["CVE-2099-0001"], summary="Rocket explodes")
    language = record("PYSEC-2099-1", "PyPI", "rocket-core", aliases=["GHSA-abcd-efgh-2345"])
    found = weaknesses("pypi", language, github)
    assert [(each.cve, each.rejected, len(each.ranges or ())) for each in found] == [
        ("CVE-2099-0001", False, 2),
        ("GHSA-ABCD-EFGH-2345", True, 0),
    ]
    assert found[0].title == "Rocket explodes"


def test_a_distributions_record_without_a_cve_is_refused() -> None:
    [refusal] = parse("alpine", samples.json_lines(record("ALPINE-13661", "Alpine:v3.18", "rocket")), "osv.jsonl")
    assert isinstance(refusal, Refused)
    assert "names no CVE" in refusal.reason


def test_a_withdrawn_record_takes_back_its_ranges_and_rejects_only_an_id_of_its_own() -> None:
    gone = {"withdrawn": "2099-02-04T00:00:00Z"}
    of_cve = weaknesses("pypi", record("PYSEC-2099-1", "PyPI", "rocket", aliases=["CVE-2099-0001"], **gone))[0]
    [own] = weaknesses("pypi", record("GHSA-abcd-efgh-2345", "PyPI", "rocket", **gone))
    assert (of_cve.cve, of_cve.rejected, of_cve.ranges) == ("CVE-2099-0001", False, ())
    assert (own.rejected, own.ranges) == (True, ())


def test_an_unmaintained_crate_is_no_weakness() -> None:
    crate = record("RUSTSEC-2099-0001", "crates.io", "rocket")
    crate["affected"][0]["database_specific"] = {"informational": "unmaintained"}
    assert weaknesses("cargo", crate) == []


def test_ubuntu_pros_fix_ends_the_archives_open_range() -> None:
    both = record("UBUNTU-CVE-2099-0001", "Ubuntu:18.04:LTS", "rocket")
    both["affected"][0]["ranges"][0]["events"] = [{"introduced": "0"}]
    both["affected"] += record("", "Ubuntu:Pro:18.04:LTS", "rocket")["affected"]
    [found] = weaknesses("ubuntu", both)
    assert [r.fixed for r in found.ranges or ()] == ["2.5"]


def test_suses_binary_packages_have_their_own_fixed_versions() -> None:
    source = record("SUSE-SU-2099:1-1", "SUSE:Linux Enterprise Server 15 SP5", "rocket", related=["CVE-2099-0001"])
    source["affected"][0]["ecosystem_specific"] = {"binaries": [{"librocket1": "2.5-1.1", "rocket-lang": "2.4-7"}]}
    [found] = weaknesses("suse", source)
    assert [(r.product, r.end, r.fixed) for r in found.ranges or ()] == [
        ("rpm:sles:librocket1", "2.5-1.1", "2.5-1.1"),
        ("rpm:sles:rocket-lang", "2.4-7", "2.4-7"),
    ]


# --- spans -----------------------------------------------------------------------------------------------------------------


def of_events(*events: dict[str, str], order: str = "pypi", **entry: Any) -> list[Span]:
    return list(spans({"ranges": [{"type": "ECOSYSTEM", "events": list(events)}], **entry}, order))


def test_spans_follow_the_versions_not_the_file() -> None:
    assert of_events({"fixed": "2.10"}, {"introduced": "2.9"}, {"fixed": "1.2"}, {"introduced": "0"}) == [
        Span(end="1.2", fixed="1.2"),
        Span(start="2.9", end="2.10", fixed="2.10"),
    ]


def test_a_second_introduction_before_a_fix_does_not_lose_the_first() -> None:
    assert of_events({"introduced": "0"}, {"introduced": "2.0"}, {"fixed": "2.1"}) == [Span(end="2.1", fixed="2.1")]


def test_fixed_before_anything_is_never_affected() -> None:
    assert of_events({"introduced": "0"}, {"fixed": "0"}) == []


def test_last_affected_and_limit_end_a_span_without_a_fix() -> None:
    assert of_events({"introduced": "1.0"}, {"last_affected": "1.4"}) == [Span(start="1.0", end="1.4", end_included=True)]
    assert of_events({"introduced": "1.0"}, {"limit": "2.0"}) == [Span(start="1.0", end="2.0")]
    assert of_events({"introduced": "1.0"}, {"limit": "*"}) == [Span(start="1.0")]


def test_listed_versions_count_where_there_is_no_range_of_versions() -> None:
    entry = {"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}], "versions": ["1.0", "1.1"]}
    assert list(spans(entry, "npm")) == [Span(start="1.0", end="1.0", end_included=True), Span(start="1.1", end="1.1", end_included=True)]
    assert of_events({"introduced": "0"}, {"fixed": "2"}, versions=["1.0"]) == [Span(end="2", fixed="2")]


def test_the_last_known_affected_version_ends_a_span_that_has_no_fix() -> None:
    known = {"last_known_affected_version_range": "<= 1.2.3"}
    assert of_events({"introduced": "0"}, database_specific=known) == [Span(end="1.2.3", end_included=True)]
    assert of_events({"introduced": "0"}, {"fixed": "1.3"}, database_specific=known) == [Span(end="1.3", fixed="1.3")]


def test_versions_that_cannot_be_compared_keep_the_files_order() -> None:
    assert of_events({"introduced": "0"}, {"fixed": "???"}, order="pypi") == [Span(end="???", fixed="???")]


# --- scores ----------------------------------------------------------------------------------------------------------------


def test_the_newest_score_counts_and_a_word_stands_in() -> None:
    third = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}
    fourth = {"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"}
    second = {"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:P/I:P/A:P"}
    assert score_of({"severity": [third, fourth]})[0] == 9.3
    assert score_of({"severity": [{"type": "CVSS_V4", "score": "CVSS:4.0/rubbish"}, third]})[0] == 9.8
    assert score_of({"affected": [{"severity": [second]}]})[0] == 7.5
    assert score_of({"database_specific": {"severity": "MODERATE"}}) == (None, "", 2)
    assert score_of({"severity": [{"type": "Ubuntu", "score": "negligible"}]}) == (None, "", 1)
    assert score_of({}) == (None, "", None)


def test_a_distributions_title_begins_with_its_severity() -> None:
    assert [severity_word(title) for title in ("Important: x", "[Critical]: x", "Moderate update", "rocket: x", None)] == [
        3,
        4,
        None,
        None,
        None,
    ]


# --- layouts and bad input -------------------------------------------------------------------------------------------------


def test_every_layout_gives_the_same_records() -> None:
    one = record("GHSA-abcd-efgh-2345", "npm", "rocket")
    layouts = {
        "osv.jsonl": samples.json_lines(one),
        "osv.json": json.dumps(one, indent=2).encode(),
        "osv-list.json": json.dumps([one], indent=1).encode(),
        "all.zip": samples.zipped(one=json.dumps(one).encode()),
    }
    assert {name: len(usable(parse("npm", content, name))) for name, content in layouts.items()} == dict.fromkeys(layouts, 1)


@pytest.mark.parametrize("kind", ["pypi", "almalinux", "debian", "bitnami", "suse", "ubuntu"])
@pytest.mark.parametrize(
    "changes",
    [
        {"id": 7},
        {"id": None},
        {"affected": "all"},
        {"affected": [7]},
        {"affected": [{"package": "rocket"}]},
        {"affected": {"package": 1}},
        {"aliases": 7},
        {"modified": 20990101},
        {"modified": "yesterday"},
        {"references": [7]},
        {"severity": [7]},
        {"severity": "high"},
        {"summary": 7},
        {"database_specific": 7, "affected": [{"package": {"ecosystem": "Bitnami", "name": 9}}]},
        {"affected": [{"package": {"ecosystem": "PyPI", "name": "x"}, "ranges": [{"type": "ECOSYSTEM", "events": [7]}]}]},
        {"affected": [{"package": {"ecosystem": "PyPI", "name": "x"}, "ranges": 7}]},
    ],
)
def test_wrong_types_cost_their_record_only(kind: str, changes: dict[str, Any]) -> None:
    good = _good(kind)
    found = list(FEEDS[kind].parse(io.BytesIO(samples.json_lines({**good, **changes}, good)), "osv.jsonl"))
    assert any(isinstance(each, WeaknessRecord) and each.cve == "CVE-2099-0001" and each.ranges for each in found)


def _good(kind: str) -> dict[str, Any]:
    ecosystem = {
        "pypi": "PyPI",
        "almalinux": "AlmaLinux:9",
        "debian": "Debian:12",
        "bitnami": "Bitnami",
        "suse": "SUSE:Linux Enterprise Server 15 SP5",
        "ubuntu": "Ubuntu:22.04:LTS",
    }[kind]
    names = {"cpes": ["cpe:2.3:a:acme:rocket:*:*:*:*:*:*:*:*"]}
    return record("CVE-2099-0001", ecosystem, "rocket", aliases=["CVE-2099-0001"], database_specific=names)


def test_a_damaged_member_of_a_zip_costs_itself_only() -> None:
    one = json.dumps(record("GHSA-abcd-efgh-2345", "npm", "rocket", details="x" * 400)).encode()
    packed = bytearray(samples.zipped(a=one, b=json.dumps(record("MAL-2099-1", "npm", "r0cket")).encode(), c=b"[1]", d=b"\x00"))
    packed[70:90] = b"\xff" * 20
    found = parse("npm", bytes(packed), "all.zip")
    assert [each.cve for each in found if isinstance(each, WeaknessRecord)] == ["MAL-2099-1"]
    assert [each.place for each in found if isinstance(each, Refused)] == ["a.json", "c.json", "d.json"]


def test_an_archive_that_claims_to_unpack_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from weaknesses.errors import FeedError
    from weaknesses.feeds import reading

    monkeypatch.setattr(reading, "MOST_UNPACKED", 10_000)
    with pytest.raises(FeedError, match="unpacks to more"):
        parse("npm", samples.zipped(**{f"m{number}": b" " * 1000 for number in range(20)}), "all.zip")


def test_half_a_list_of_advisories_says_nothing() -> None:
    """It would withdraw what its other half says of the same CVEs."""
    whole = json.dumps([record("ALSA-2099:1", "AlmaLinux:9", "rocket", related=["CVE-2099-0001"])] * 3)
    stream = FEEDS["almalinux"].parse(io.BytesIO(whole[:-40].encode()), "almalinux-osv.json")
    with pytest.raises(Exception, match="parse error|premature|Incomplete"):
        list(stream)
