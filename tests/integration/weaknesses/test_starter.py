"""The starter intelligence goes into the database, once."""

from __future__ import annotations

import datetime as dt

import pytest

from weaknesses import starter
from weaknesses.models import AffectedRange, EpssScore, ExploitEvidence, SupportCycle, Weakness

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 16, 8, 0, tzinfo=dt.UTC)


def test_loading_stores_and_applies_everything() -> None:
    loaded = starter.load(now=NOW)
    assert loaded.refused == ()
    entries = [entry for entry in starter.entries() if isinstance(entry, starter.Entry)]
    assert Weakness.objects.count() == len(entries) == loaded.weaknesses.new
    assert AffectedRange.objects.filter(source="starter").count() == sum(len(set(entry.weakness.ranges or ())) for entry in entries)
    assert SupportCycle.objects.count() == loaded.cycles.new
    eternal_blue = Weakness.objects.get(cve="CVE-2017-0144")
    assert eternal_blue.exploited
    assert eternal_blue.ransomware
    assert eternal_blue.exploit == Weakness.Exploit.KIT
    assert eternal_blue.exploited_since == dt.date(2022, 2, 10)
    assert eternal_blue.epss > 0.9
    assert eternal_blue.source == "starter"


def test_loading_again_changes_nothing() -> None:
    starter.load(now=NOW)
    before = [list(model.objects.order_by("pk").values()) for model in (Weakness, AffectedRange, EpssScore, ExploitEvidence, SupportCycle)]
    again = starter.load(now=NOW + dt.timedelta(days=1))
    after = [list(model.objects.order_by("pk").values()) for model in (Weakness, AffectedRange, EpssScore, ExploitEvidence, SupportCycle)]
    assert after == before
    for counts in (again.weaknesses, again.scores, again.evidence, again.cycles):
        assert (counts.new, counts.changed, counts.removed) == (0, 0, 0)
