"""Fragments of weaknesses, brought together in bounded memory."""

from __future__ import annotations

import datetime as dt
import tracemalloc

from weaknesses.feeds.gathering import Gathering
from weaknesses.records import RangeRecord, WeaknessRecord

WHOLE = WeaknessRecord(
    cve="CVE-2099-0001",
    title="t\u00e9 \ud800",
    description="d",
    cvss=9.8,
    cvss_vector="v",
    severity=4,
    cwes=("CWE-79",),
    references=("https://acme.example",),
    published_at=dt.datetime(2099, 1, 1, tzinfo=dt.UTC),
    modified_at=dt.datetime(2099, 1, 2, tzinfo=dt.UTC),
    ranges=(RangeRecord("rpm:rhel:x", "1", False, "2", True, "3", ("rhel-9",), (("module", "x:1"),), ("cpe:a:a:b",)),),
    part="9",
)


def test_what_is_gathered_comes_back_as_it_was() -> None:
    with Gathering() as gathered:
        gathered.add(["CVE-2099-0001"], WHOLE)
        assert list(gathered.records()) == [WHOLE]


def test_fragments_are_put_together() -> None:
    first = WeaknessRecord(
        cve="", severity=2, modified_at=dt.datetime(2099, 3, 1, tzinfo=dt.UTC), ranges=(RangeRecord("a"),), rejected=True
    )
    second = WeaknessRecord(cve="", title="t", severity=3, cvss=7.5, cvss_vector="v", ranges=(RangeRecord("b"), RangeRecord("a")))
    with Gathering() as gathered:
        gathered.add(["CVE-1"], first)
        gathered.add(["CVE-1"], second)
        [found] = gathered.records()
    assert (found.title, found.cvss, found.severity, found.rejected) == ("t", 7.5, 3, False)
    assert found.ranges == (RangeRecord("a"), RangeRecord("b"))
    assert found.modified_at == first.modified_at


def test_memory_does_not_grow_with_what_is_gathered() -> None:
    ranges = tuple(RangeRecord(f"rpm:rhel:package-{number}", end="1.2.3-4.el9", fixed="1.2.3-4.el9") for number in range(500))
    tracemalloc.start()
    with Gathering() as gathered:
        for number in range(400):
            gathered.add([f"CVE-2099-{number:05}", f"CVE-2098-{number:05}"], WeaknessRecord(cve="", ranges=ranges))
        count = sum(len(found.ranges or ()) for found in gathered.records())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 400_000
    assert peak < 40 * 2**20  # all of them at once: 100 MB and more
