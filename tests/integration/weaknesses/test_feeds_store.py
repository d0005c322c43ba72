"""Storing what feeds say: by difference, newest word first, nobody blanks what another filled."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from inventory.models import Software, Version
from weaknesses import bulk
from weaknesses.bulk import Counts
from weaknesses.errors import ListingShrank
from weaknesses.models import AffectedRange, EpssScore, ExploitEvidence, Product, SoftwareProduct, SupportCycle, Weakness
from weaknesses.records import CycleRecord, EpssRecord, EvidenceRecord, RangeRecord, WeaknessRecord

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2099, 3, 1, tzinfo=dt.UTC)
CVE = "CVE-2099-0001"
BEFORE_2 = RangeRecord("cpe:a:acme:rocket", end="2.0", fixed="2.0")
BEFORE_3 = RangeRecord("cpe:a:acme:rocket", end="3.0", fixed="3.0")


def record(cve: str = CVE, *, day: int = 1, ranges: tuple[RangeRecord, ...] | None = (BEFORE_2,), **changes: Any) -> WeaknessRecord:
    facts: dict[str, Any] = {"title": "Boom", "description": "It explodes.", "cvss": 8.8, "cvss_vector": "CVSS:3.1/x", "severity": 3}
    return WeaknessRecord(cve=cve, modified_at=dt.datetime(2099, 2, day, tzinfo=dt.UTC), ranges=ranges, **{**facts, **changes})


def rows(model: type[Any]) -> list[dict[str, Any]]:
    return list(model.objects.order_by("pk").values())


def ends(source: str = "nvd") -> list[str]:
    return list(AffectedRange.objects.filter(source=source).order_by("end").values_list("end", flat=True))


def test_storing_twice_changes_nothing() -> None:
    records = [record(), record("CVE-2099-0002", ranges=(BEFORE_2, BEFORE_3, BEFORE_2))]
    assert bulk.store_weaknesses(records, "nvd") == Counts(new=2)
    stored = rows(Weakness), rows(AffectedRange), rows(Product)
    assert bulk.store_weaknesses(records, "nvd") == Counts(unchanged=2)
    assert (rows(Weakness), rows(AffectedRange), rows(Product)) == stored
    assert len(stored[1]) == 3


def test_bounds_get_keys_that_order() -> None:
    bulk.store_weaknesses([record(ranges=(RangeRecord("cpe:a:acme:rocket", start="1.9", end="1.10"),))], "nvd")
    entry = AffectedRange.objects.get()
    assert entry.start_key is not None
    assert entry.end_key is not None
    assert entry.start_key < entry.end_key
    assert entry.fixed_key is None


def test_an_older_record_never_overwrites_a_newer_one() -> None:
    bulk.store_weaknesses([record(day=5, title="New", ranges=(BEFORE_3,))], "nvd")
    assert bulk.store_weaknesses([record(day=1, title="Old")], "nvd") == Counts(unchanged=1)
    assert Weakness.objects.get().title == "New"
    assert ends() == ["3.0"]


def test_in_one_batch_the_newest_record_wins() -> None:
    bulk.store_weaknesses([record(day=5, title="New"), record(day=1, title="Old")], "nvd")
    assert Weakness.objects.get().title == "New"


def test_ranges_are_replaced_by_difference() -> None:
    bulk.store_weaknesses([record(ranges=(BEFORE_2, BEFORE_3))], "nvd")
    kept = AffectedRange.objects.get(end="3.0").pk
    assert bulk.store_weaknesses([record(day=2, ranges=(BEFORE_3,))], "nvd") == Counts(changed=1)
    assert list(AffectedRange.objects.values_list("pk", flat=True)) == [kept]


def test_a_source_that_says_nothing_of_ranges_leaves_them() -> None:
    bulk.store_weaknesses([record()], "nvd")
    bulk.store_weaknesses([record(day=2, ranges=None)], "nvd")
    assert ends() == ["2.0"]


def test_a_rejection_withdraws_the_ranges() -> None:
    bulk.store_weaknesses([record()], "nvd")
    assert bulk.store_weaknesses([record(day=2, rejected=True, ranges=())], "nvd") == Counts(removed=1)
    assert Weakness.objects.get().rejected
    assert ends() == []


def test_a_stub_fills_what_is_empty_and_overwrites_nothing() -> None:
    bulk.store_weaknesses([record(title="", cvss=None, cvss_vector="", severity=None)], "nvd")
    deb = RangeRecord("deb:debian:rocket", end="2.0-1", fixed="2.0-1", platforms=("debian-12",))
    bulk.store_weaknesses([record(day=9, title="Stub", description="A stub.", cvss=5.0, severity=2, ranges=(deb,))], "debian")
    weakness = Weakness.objects.get()
    assert (weakness.title, weakness.description, weakness.cvss, weakness.source) == ("Stub", "It explodes.", 5.0, "nvd")
    assert weakness.modified_at == dt.datetime(2099, 2, 1, tzinfo=dt.UTC)
    assert ends("debian") == ["2.0-1"]
    assert ends("nvd") == ["2.0"]


def test_nvd_takes_over_from_the_starter_and_never_the_reverse() -> None:
    bulk.store_weaknesses([record(day=9, title="Shipped", cvss=1.0)], "starter")
    bulk.store_weaknesses([record(day=1, title="", cvss=8.8)], "nvd")
    bulk.store_weaknesses([record(day=10, title="Shipped again", cvss=1.0)], "starter")
    weakness = Weakness.objects.get()
    assert (weakness.title, weakness.cvss, weakness.source) == ("Shipped", 8.8, "nvd")


def test_versions_of_touched_products_wait_to_be_matched_again() -> None:
    rocket, other = (_version(name) for name in ("rocket", "other"))
    bulk.store_weaknesses([record()], "nvd")
    assert _waits(rocket) == (True, False)
    assert _waits(other) == (False, True)
    Version.objects.update(matched_at=NOW)
    bulk.store_weaknesses([record(day=2, title="Only the title")], "nvd")
    assert not _waits(rocket)[0]
    bulk.store_weaknesses([record(day=3, ranges=(BEFORE_3,))], "nvd")
    assert _waits(rocket)[0]


def _version(name: str) -> Version:
    software = Software.objects.create(key=f"acme-_-{name}", ecosystem="cpe", name=name, first_seen=NOW)
    product = Product.objects.create(key=f"cpe:a:acme:{name}")
    SoftwareProduct.objects.create(software=software, product=product, origin="curator")
    return Version.objects.create(software=software, version="1.0", first_seen=NOW, matched_at=NOW)


def _waits(version: Version) -> tuple[bool, bool]:
    matched_at = Version.objects.get(pk=version.pk).matched_at
    return matched_at is None, matched_at is not None


def test_scores_of_an_older_day_do_not_overwrite() -> None:
    day = dt.date(2099, 3, 1)
    assert bulk.store_epss([EpssRecord(CVE, 0.5, 0.9), EpssRecord("CVE-2099-0002", 0.1, 0.2)], day=day) == Counts(new=2)
    assert bulk.store_epss([EpssRecord(CVE, 0.1, 0.1)], day=day - dt.timedelta(days=1)) == Counts(unchanged=1)
    assert bulk.store_epss([EpssRecord(CVE, 0.6, 0.9)], day=day + dt.timedelta(days=1), complete=True) == Counts(changed=1, removed=1)
    assert EpssScore.objects.get().score == 0.6


def test_evidence_that_a_listing_lacks_is_gone_and_counts_for_fourteen_days() -> None:
    bulk.store_weaknesses([record(), record("CVE-2099-0002")], "nvd")
    both = [EvidenceRecord(CVE, "a", 4, day=NOW.date(), ransomware=True), EvidenceRecord("CVE-2099-0002", "b", 3)]
    assert bulk.store_evidence(both, "kev", now=NOW, complete=True) == Counts(new=2)
    changes = bulk.apply_intelligence(NOW)
    assert [(c.cve, c.old_exploit, c.exploit, c.old_exploited, c.exploited) for c in changes] == [
        (CVE, 0, 0, False, True),
        ("CVE-2099-0002", 0, 3, False, False),
    ]
    weakness = Weakness.objects.get(cve=CVE)
    assert (weakness.exploited, weakness.exploited_since, weakness.ransomware) == (True, NOW.date(), True)
    assert bulk.apply_intelligence(NOW) == []

    assert bulk.store_evidence(both[1:], "kev", now=NOW, complete=True) == Counts(unchanged=1, removed=1)
    assert bulk.apply_intelligence(NOW + dt.timedelta(days=13)) == []
    [change] = bulk.apply_intelligence(NOW + dt.timedelta(days=15))
    assert (change.cve, change.old_exploited, change.exploited) == (CVE, True, False)

    assert bulk.store_evidence(both, "kev", now=NOW, complete=True) == Counts(changed=1, unchanged=1)
    assert ExploitEvidence.objects.filter(gone_at=None).count() == 2


def test_evidence_may_come_before_its_weakness() -> None:
    bulk.store_evidence([EvidenceRecord(CVE, "EDB-1", 2)], "exploitdb", now=NOW)
    bulk.store_epss([EpssRecord(CVE, 0.5, 0.9)], day=NOW.date())
    assert bulk.apply_intelligence(NOW) == []
    bulk.store_weaknesses([record()], "nvd")
    bulk.apply_intelligence(NOW)
    weakness = Weakness.objects.get()
    assert (weakness.exploit, weakness.epss) == (2, 0.5)


def test_a_full_list_replaces_the_starters_evidence_of_its_levels() -> None:
    bulk.store_evidence([EvidenceRecord(CVE, "x", 4), EvidenceRecord(CVE, "y", 1)], "starter", now=NOW)
    bulk.store_evidence([EvidenceRecord("CVE-2099-0002", "z", 4)], "kev", now=NOW, complete=True, replaces=(4,))
    assert list(ExploitEvidence.objects.order_by("reference").values_list("reference", flat=True)) == ["y", "z"]


def test_a_listing_that_shrank_by_half_is_taken_for_broken() -> None:
    many = [EvidenceRecord(f"CVE-2099-{number:05}", "a", 4) for number in range(200)]
    bulk.store_evidence(many, "kev", now=NOW, complete=True)
    with pytest.raises(ListingShrank, match="names 50 entries where 200 are known"):
        bulk.store_evidence(many[:50], "kev", now=NOW, complete=True)
    assert ExploitEvidence.objects.filter(gone_at=None).count() == 200


def test_cycles_are_merged_and_take_the_place_of_the_starters() -> None:
    one, two = (CycleRecord("rocket", cycle, ("cpe:a:acme:rocket",), ends_on=NOW.date()) for cycle in ("1", "2"))
    bulk.store_cycles([one], "starter")
    assert bulk.store_cycles([one, two], "endoflife", complete=True) == Counts(new=2)
    assert bulk.store_cycles([one, two], "endoflife", complete=True) == Counts(unchanged=2)
    assert bulk.store_cycles([one], "endoflife", complete=True) == Counts(unchanged=1, removed=1)
    bulk.store_cycles([one, two], "starter")
    assert list(SupportCycle.objects.values_list("source", "cycle")) == [("endoflife", "1")]


def test_the_clock_is_only_passed_in() -> None:
    before = timezone.now()
    bulk.store_evidence([EvidenceRecord(CVE, "a", 4)], "kev", now=NOW, complete=True)
    bulk.store_evidence([EvidenceRecord("CVE-2099-0002", "a", 4)], "kev", now=NOW, complete=True)
    assert ExploitEvidence.objects.get(cve=CVE).gone_at == NOW != before
