"""Three layouts of endoflife.date."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
from pathlib import Path

import pytest

from tests.unit.weaknesses import feed_samples as samples
from tests.unit.weaknesses.feed_samples import parse, usable
from weaknesses.feeds.endoflife_names import NAMES
from weaknesses.records import CycleRecord, Refused

DATA = Path(os.environ.get("TVM_DATA", "/nonexistent"))
CYCLES = [
    CycleRecord("rocket", "2", ("cpe:a:acme:rocket", "npm:@acme/rocket"), dt.date(2098, 1, 1), False, dt.date(2099, 6, 30), "2.5"),
    CycleRecord("rocket", "1", ("cpe:a:acme:rocket", "npm:@acme/rocket"), dt.date(2090, 1, 1), True, None, ""),
]


def test_endoflife_reads_a_list_of_products() -> None:
    assert parse("endoflife", json.dumps([samples.eol_product()]).encode()) == CYCLES


def test_endoflife_reads_the_answer_of_the_api() -> None:
    product = {
        "name": "rocket",
        "identifiers": [{"id": "cpe:/a:acme:rocket", "type": "cpe"}, {"id": "pkg:npm/%40acme/rocket", "type": "purl"}],
        "releases": [
            {"name": "2", "releaseDate": "2098-01-01", "isEol": False, "eolFrom": "2099-06-30", "latest": {"name": "2.5"}},
            {"name": "1", "releaseDate": "2090-01-01", "isEol": True, "eolFrom": None, "latest": None},
        ],
    }
    assert parse("endoflife", json.dumps({"schema_version": "1.2.0", "total": 1, "result": [product]}).encode()) == CYCLES


def test_endoflife_reads_an_archive_of_pages() -> None:
    page = b"""---
title: Rocket
identifiers:
  - cpe: cpe:2.3:a:acme:rocket
  - purl: pkg:npm/%40acme/rocket
releases:
  - releaseCycle: "2"
    releaseDate: 2098-01-01
    eol: 2099-06-30
    latest: "2.5"
  - releaseCycle: 1
    releaseDate: 2090-01-01
    eol: true
---
Prose with a line:
---
"""
    packed = samples.tarred({"x/products/rocket.md": page, "x/README.md": b"no", "x/products/broken.md": b"---\n[\n---\n"})
    records = parse("endoflife", packed, "endoflife.tar.gz")
    assert usable(records) == CYCLES
    assert [r.place for r in records if isinstance(r, Refused)] == ["x/products/broken.md"]


def windows(slug: str, *releases: tuple[str, str, str]) -> dict[str, tuple[str | None, tuple[str, ...]]]:
    """What is made of lines of (name, end, build): by name the end and the products."""
    stated = [{"releaseCycle": name, "eol": ends, "latest": build} for name, ends, build in releases]
    content = json.dumps([{"product": slug, "identifiers": [{"cpe": "cpe:2.3:o:microsoft:windows"}], "releases": stated}]).encode()
    found = [record for record in parse("endoflife", content) if isinstance(record, CycleRecord)]
    return {
        line.cycle: (line.ends_on.isoformat() if line.ends_on else None, tuple(key.split(":")[-1] for key in line.product_keys))
        for line in found
    }


def test_windows_lines_are_named_by_build_and_the_longest_supported_ordinary_edition_counts() -> None:
    assert windows(
        "windows",
        ("11-24h2-iot-lts", "2034-10-10", "10.0.26100"),
        ("11-24h2-e-lts", "2029-10-09", "10.0.26100"),
        ("11-24h2-w", "2026-10-13", "10.0.26100"),
        ("11-24h2-e", "2027-10-12", "10.0.26100"),
        ("10-22h2", "2025-10-14", "10.0.19045"),
        ("10-1507-e-lts", "2025-10-14", "10.0.10240"),
        ("7-sp1", "2020-01-14", "6.1.7601"),
        ("5-sp3", "2014-04-08", "5.1.2600"),
        ("12", "2040-01-01", ""),
    ) == {
        "10.0.26100": ("2027-10-12", ("windows_11_24h2", "windows_11")),
        "10.0.19045": ("2025-10-14", ("windows_10_22h2", "windows_10")),
        "10.0.10240": ("2025-10-14", ("windows_10_1507", "windows_10")),
        "6.1.7601": ("2020-01-14", ("windows_7",)),
        "5.1.2600": ("2014-04-08", ("windows_xp",)),
        "12": ("2040-01-01", ("windows",)),
    }


def test_on_servers_long_term_servicing_is_the_ordinary_edition() -> None:
    assert windows(
        "windows-server",
        ("1809-sac", "2020-11-10", "10.0.17763"),
        ("2019", "2029-01-09", "10.0.17763"),
        ("23h2-ac", "2025-10-24", "10.0.25398"),
        ("2012-r2", "2023-10-10", "6.3.9600"),
    ) == {
        "10.0.17763": ("2029-01-09", ("windows_server_2019",)),
        "10.0.25398": ("2025-10-24", ("windows_server_23h2", "windows_server_2022_23h2")),
        "6.3.9600": ("2023-10-10", ("windows_server_2012",)),
    }


@pytest.mark.parametrize(("e", "w", "ends"), [(False, "2026-10-13", None), (True, "2026-10-13", "2026-10-13"), (True, True, None)])
def test_a_line_without_an_end_is_supported_longest_and_one_that_ended_some_day_shortest(e: object, w: object, ends: str | None) -> None:
    found = windows("windows", ("11-24h2-e", e, "10.0.26100"), ("11-24h2-w", w, "10.0.26100"))  # type: ignore[arg-type]
    assert found["10.0.26100"][0] == ends


@pytest.mark.parametrize("bad", [b"[" * 200_000, b"- " * 200_000, b"? " * 200_000, b"{a: " * 100_000, b"a: 2099-02-31"])
def test_a_page_that_cannot_be_read_costs_only_itself(bad: bytes) -> None:
    good = b"---\nreleases:\n  - releaseCycle: '2'\n---\n"
    packed = samples.tarred({"x/products/bad.md": b"---\n" + bad + b"\n---\n", "x/products/rocket.md": good})
    records = parse("endoflife", packed, "endoflife.tar.gz")
    assert [r.place for r in records if isinstance(r, Refused)] == ["x/products/bad.md"]
    assert len(usable(records)) == 1


def test_products_without_a_name_in_vulnerability_data_get_one() -> None:
    page = {
        "product": "notepad-plus-plus",
        "releases": [{"releaseCycle": "8", "eol": False}],
        "identifiers": [{"purl": "pkg:chocolatey/notepadplusplus"}],
    }
    [cycle] = parse("endoflife", json.dumps([page]).encode())
    assert isinstance(cycle, CycleRecord)
    assert cycle.product_keys == ("cpe:a:chocolatey:notepadplusplus", "cpe:a:notepad-plus-plus:notepad++")


@pytest.mark.feeds
@pytest.mark.skipif(not DATA.is_dir(), reason="TVM_DATA does not point to the public vulnerability data")
def test_every_name_given_here_is_of_a_product_that_the_publisher_has() -> None:
    with gzip.open(next((DATA / "eol").glob("endoflife-products-*.json.gz"))) as stream:
        slugs = {product["product"] for product in json.load(stream)}
    assert NAMES.keys() <= slugs
