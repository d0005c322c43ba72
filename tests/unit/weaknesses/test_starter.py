"""What the shipped intelligence must hold."""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from pathlib import Path

import pytest

from inventory.versions import sort_key
from weaknesses import starter
from weaknesses.records import CycleRecord, Refused
from weaknesses.starter import AS_OF
from weaknesses.starter.grammar import IN_THE_WILD, Entry, base_score

FAMOUS = {
    "CVE-2014-0160", "CVE-2014-6271", "CVE-2014-7169", "CVE-2015-0235", "CVE-2016-5195", "CVE-2017-0144", "CVE-2017-0199",
    "CVE-2017-5638", "CVE-2017-7494", "CVE-2017-11882", "CVE-2018-7600", "CVE-2018-11776", "CVE-2018-13379", "CVE-2018-20250",
    "CVE-2019-0708", "CVE-2019-5736", "CVE-2019-11510", "CVE-2019-19781", "CVE-2020-0601", "CVE-2020-0796", "CVE-2020-1472",
    "CVE-2020-1938", "CVE-2020-5902", "CVE-2021-3156", "CVE-2021-4034", "CVE-2021-26855", "CVE-2021-34473", "CVE-2021-34527",
    "CVE-2021-40444", "CVE-2021-41773", "CVE-2021-42013", "CVE-2021-44228", "CVE-2021-45046", "CVE-2021-45105", "CVE-2021-44832",
    "CVE-2022-0778", "CVE-2022-0847", "CVE-2022-1388", "CVE-2022-22965", "CVE-2022-26134", "CVE-2022-30190", "CVE-2022-41040",
    "CVE-2022-42889", "CVE-2023-0669", "CVE-2023-4863", "CVE-2023-4911", "CVE-2023-4966", "CVE-2023-20198", "CVE-2023-22515",
    "CVE-2023-22527", "CVE-2023-23397", "CVE-2023-34362", "CVE-2023-38545", "CVE-2023-38831", "CVE-2023-44487", "CVE-2023-46604",
    "CVE-2024-1086", "CVE-2024-1709", "CVE-2024-3094", "CVE-2024-3400", "CVE-2024-4577", "CVE-2024-6387", "CVE-2024-21413",
    "CVE-2024-21626", "CVE-2024-23897", "CVE-2024-27198", "CVE-2024-31497", "CVE-2024-32002", "CVE-2024-11477", "CVE-2025-0411",
    "CVE-2025-8088", "CVE-2025-24813", "CVE-2025-29824", "CVE-2025-32463", "CVE-2025-48384", "CVE-2025-49113", "CVE-2025-53770",
    "CVE-2025-55182", "CVE-2026-2441", "CVE-2026-21509", "CVE-2026-21519", "CVE-2026-24061",
}  # fmt: skip

ENTRIES = [entry for entry in starter.entries() if isinstance(entry, Entry)]
RANGES = [(entry.weakness.cve, item) for entry in ENTRIES for item in entry.weakness.ranges or ()]
CYCLES = [line for line in starter.cycles() if isinstance(line, CycleRecord)]


def ecosystem(product: str) -> str:
    return product.partition(":")[0]


def has_no_fix(entry: Entry) -> bool:
    return all(not item.fixed for item in entry.weakness.ranges or ())


def test_every_line_is_read() -> None:
    assert [item for item in (*starter.entries(), *starter.cycles()) if isinstance(item, Refused)] == []


def test_there_are_about_a_thousand_each_once() -> None:
    assert len(ENTRIES) >= 1000
    assert [cve for cve, count in Counter(entry.weakness.cve for entry in ENTRIES).items() if count > 1] == []


def test_the_famous_ones_are_there() -> None:
    assert FAMOUS - {entry.weakness.cve for entry in ENTRIES} == set()


def test_every_score_follows_from_its_vector() -> None:
    for entry in ENTRIES:
        assert entry.weakness.cvss == base_score(entry.weakness.cvss_vector), entry.weakness.cve


def test_severities_and_threats_are_spread() -> None:
    severities = Counter(entry.weakness.severity for entry in ENTRIES)
    assert all(severities[level] >= least for level, least in ((1, 10), (2, 200), (3, 400), (4, 150))), severities
    levels = Counter(evidence.level for entry in ENTRIES for evidence in entry.evidence)
    assert levels[IN_THE_WILD] >= 150
    assert all(levels[level] >= least for level, least in ((1, 100), (2, 5), (3, 100))), levels
    assert sum(1 for entry in ENTRIES if entry.weakness.ranges and has_no_fix(entry)) >= 15


def test_recent_years_are_well_represented() -> None:
    years = Counter(entry.weakness.cve[4:8] for entry in ENTRIES)
    assert years["2026"] >= 250
    assert all(years[str(year)] >= 10 for year in range(2017, 2027)), years


def test_days_are_sane() -> None:
    for entry in ENTRIES:
        published, modified = entry.weakness.published_at, entry.weakness.modified_at
        assert published is not None
        assert published.date() <= AS_OF, entry.weakness.cve
        assert published.year >= int(entry.weakness.cve[4:8]) - 1, entry.weakness.cve
        assert modified is None or published <= modified, entry.weakness.cve
        for evidence in entry.evidence:
            assert evidence.day is None or dt.date(2021, 11, 3) <= evidence.day <= AS_OF, entry.weakness.cve


def test_titles_are_a_few_words() -> None:
    for entry in ENTRIES:
        assert 2 <= len(entry.weakness.title.split()) <= 10, entry.weakness.title
        assert not entry.weakness.title.endswith("."), entry.weakness.title
        assert entry.weakness.description == ""


@pytest.mark.parametrize("side", ["start", "end", "fixed"])
def test_every_bound_is_a_version(side: str) -> None:
    for cve, item in RANGES:
        version = getattr(item, side)
        assert not version or sort_key(ecosystem(item.product), version), (cve, item)


def test_bounds_are_in_order() -> None:
    for cve, item in RANGES:
        start, end, fixed = (version and sort_key(ecosystem(item.product), version) for version in (item.start, item.end, item.fixed))
        assert not (start and end) or start < end or (start == end and item.end_included), (cve, item)
        assert not (fixed and end) or end <= fixed, (cve, item)


def test_distribution_packages_name_their_release() -> None:
    for cve, item in RANGES:
        if ecosystem(item.product) == "deb":
            distribution = item.product.split(":")[1]
            assert item.platforms, (cve, item)
            assert all(platform.startswith(f"{distribution}-") for platform in item.platforms), (cve, item)


def test_no_line_says_the_same_twice() -> None:
    assert [pair for pair, count in Counter(RANGES).items() if count > 1] == []


def test_release_lines_end_after_they_begin() -> None:
    assert len(CYCLES) >= 300
    for line in CYCLES:
        assert line.product_keys
        assert not (line.released_on and line.ends_on) or line.released_on <= line.ends_on, line
        assert not (line.ended and line.ends_on), line


def test_the_common_products_have_release_lines() -> None:
    keys = {key for line in CYCLES for key in line.product_keys}
    assert {
        "cpe:a:f5:nginx",
        "cpe:a:microsoft:office",
        "cpe:a:nodejs:node.js",
        "cpe:a:oracle:jdk",
        "cpe:a:oracle:mysql",
        "cpe:a:php:php",
        "cpe:a:postgresql:postgresql",
        "cpe:a:python:python",
        "cpe:o:apple:macos",
        "cpe:o:canonical:ubuntu_linux",
        "cpe:o:debian:debian_linux",
        "cpe:o:microsoft:windows_10_22h2",
        "cpe:o:microsoft:windows_11_24h2",
        "cpe:o:microsoft:windows_server_2022",
    } <= keys


def test_releases_are_versions_with_a_day() -> None:
    header, *lines = [
        line for line in (starter.FOLDER / "releases.tsv").read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    assert header.split("\t") == ["product", "version", "released", "platform"]
    rows = [line.split("\t") for line in lines]
    assert len({product for product, *_ in rows}) >= 200
    assert len({(product, version, platform) for product, version, _, platform in rows}) == len(rows)
    for product, version, released, platform in rows:
        assert sort_key(ecosystem(product), version), (product, version)
        assert dt.date.fromisoformat(released) <= AS_OF
        assert platform


def test_releases_reach_from_vulnerable_to_fixed() -> None:
    rows = [line.split("\t") for line in (starter.FOLDER / "releases.tsv").read_text(encoding="utf-8").splitlines() if "\t" in line][1:]
    known = {item.product for _, item in RANGES}
    covered = {product for product, *_ in rows}
    assert len(covered & known) >= 170


@pytest.mark.feeds
@pytest.mark.skipif(not os.environ.get("TVM_DATA"), reason="TVM_DATA does not name the folder of the feeds")
def test_the_feeds_agree() -> None:
    from scripts.check_starter import check

    findings = check(Path(os.environ["TVM_DATA"]))
    assert findings.unexplained() == []
    assert min(findings.agreements[what] for what in ("score", "vector", "EPSS", "exploitation", "versions of NVD", "Debian's fix")) >= 400
