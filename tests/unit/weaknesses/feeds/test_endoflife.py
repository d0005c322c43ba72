"""Three layouts of endoflife.date."""

from __future__ import annotations

import datetime as dt
import json

from tests.unit.weaknesses import feed_samples as samples
from tests.unit.weaknesses.feed_samples import parse, usable
from weaknesses.records import CycleRecord, Refused

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
