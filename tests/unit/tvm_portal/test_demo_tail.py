"""The long tail of a large fleet, and the lines of slots that machines draw from."""

from __future__ import annotations

import datetime as dt
import struct
from collections import Counter, defaultdict

import pytest

from tvm_portal.demo import tail
from tvm_portal.demo.assortment import Lines, draws, line_of, result_end, version_end
from tvm_portal.demo.catalogue import version_on, version_shares
from tvm_portal.demo.organisation import Roster, machines
from tvm_portal.demo.shipped import catalogue
from tvm_portal.demo.tail import KnownProduct

MOMENT = dt.datetime(2026, 3, 15, 12, tzinfo=dt.UTC)
KNOWN = [KnownProduct(f"cpe:a:maker:product_{number}", ("1.0", "1.1", "2.0")) for number in range(40)]


def test_any_machine_of_a_roster_is_told_by_its_number() -> None:
    assert [Roster(137, 60, 3).machine(number) for number in range(1, 138)] == machines(count=137, days=60, seed=3)
    assert Roster(1_000_000, 120, 1).machine(1_000_000).external_id == "demo-1000000"


@pytest.mark.parametrize("wanted", [400, 4_000, 30_000])
def test_shelves_hold_about_as_many_versions_as_wanted_and_none_twice(wanted: int) -> None:
    shelves = tail.shelves("windows", wanted=wanted, known=KNOWN, seed=1)
    records = [offer.record for shelf in shelves for offer in shelf]
    assert len(shelves) == tail.SHELVES
    assert len(set(records)) == len(records)
    assert len(records) == pytest.approx(wanted, rel=0.15, abs=700)
    real = [record for record in records if not record.vendor.endswith(tail.VENDOR_MARK)]
    assert {record.name for record in real} == {product.key.split(":")[3] for product in KNOWN}


def test_versions_grow_slower_than_machines() -> None:
    assert tail.versions_wanted(1_000_000) == 50_000
    assert tail.versions_wanted(10_000) == 5_000


def test_a_line_has_each_choice_as_often_as_its_weight_says() -> None:
    line = line_of([(b"a", 3.0), (b"b", 1.0)], size=1_024, filled=0.5)
    assert Counter(line) == {b"a": 384, b"b": 128, b"": 512}
    rare = line_of([(b"a", 1.0), (b"b", 1e-9), (b"c", 1e-9)], size=1_024, filled=0.75, rarest=True)
    assert Counter(rare) == {b"a": 766, b"b": 1, b"c": 1, b"": 256}
    assert set(line_of([], size=16, filled=0)) == {b""}


def test_a_machine_draws_one_of_each_line_and_always_the_same() -> None:
    lines = Lines.of([[version_end(7, MOMENT)] * 16, [b""] * 16, [version_end(9, MOMENT)] * 1_024])
    drawn = draws(1, 5, "software", 3)
    rows = lines.rows(42, 3, drawn)
    seconds = (MOMENT - dt.datetime(2000, 1, 1, tzinfo=dt.UTC)).total_seconds()
    found = list(struct.iter_unpack("!hiiiiiq", rows))
    assert found == [(3, 4, 42, 4, 7, 8, int(seconds * 1e6)), (3, 4, 42, 4, 9, 8, int(seconds * 1e6))]
    assert drawn == draws(1, 5, "software", 3) != draws(2, 5, "software", 3)
    assert Lines.of([[b""]]).rows(42, 3, [0]) == b""
    assert len(result_end(1, True, MOMENT)) == 8 + 5 + 12


def test_shares_of_versions_are_what_many_machines_come_to() -> None:
    day = dt.date(2026, 3, 15)
    package = next(found for found in catalogue().packages if found.name == "Google Chrome" and found.platform == "windows")
    fleet = [machine for machine in machines(count=6_000, days=60, seed=1) if machine.role.name == "head office"]
    counted = Counter(version_on(package, machine, day=day, seed=1) for machine in fleet)
    shares: defaultdict[str, float] = defaultdict(float)
    for machine in fleet[:500]:
        for release, part in version_shares(package, lag=machine.lag, day=day):
            shares[release.version] += part / 500
    assert sum(shares.values()) == pytest.approx(1)
    for version, part in sorted(shares.items(), key=lambda item: -item[1])[:6]:
        assert counted[version] / len(fleet) == pytest.approx(part, abs=0.04), version
