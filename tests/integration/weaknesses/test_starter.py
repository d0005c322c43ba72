"""The starter intelligence goes into the database, once."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.integration.weaknesses.world import cves, version
from weaknesses import starter
from weaknesses.actions import match_versions
from weaknesses.models import AffectedRange, EpssScore, ExploitEvidence, SupportCycle, VersionWeakness, Weakness
from weaknesses.starter.grammar import Entry

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 3, 16, 8, 0, tzinfo=dt.UTC)


def test_loading_stores_and_applies_everything() -> None:
    loaded = starter.load(now=NOW)
    assert loaded.refused == ()
    entries = [entry for entry in starter.entries() if isinstance(entry, Entry)]
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


@pytest.mark.parametrize(
    ("key", "product", "ecosystem", "platform", "old", "fixed", "cve"),
    [
        ("google-_-chrome", "cpe:a:google:chrome", "cpe", "windows", "145.0.7632.46", "145.0.7632.75", "CVE-2026-2441"),
        (
            "microsoft-_-windows_11",
            "cpe:o:microsoft:windows_11_24h2",
            "os",
            "windows",
            "10.0.26100.7623",
            "10.0.26100.7781",
            "CVE-2026-21519",
        ),
        ("rarlab-_-winrar", "cpe:a:rarlab:winrar", "cpe", "windows", "7.12", "7.13", "CVE-2025-8088"),
        ("debian-_-openssh", "deb:debian:openssh", "deb", "debian-12", "1:9.2p1-2+deb12u2", "1:9.2p1-2+deb12u3", "CVE-2024-6387"),
        ("ubuntu-_-sudo", "deb:ubuntu:sudo", "deb", "ubuntu-24.04", "1.9.15p5-3ubuntu5", "1.9.15p5-3ubuntu5.24.04.1", "CVE-2025-32463"),
        ("pypi-_-django", "pypi:django", "pypi", "", "3.2.12", "3.2.14", "CVE-2022-34265"),
    ],
)
def test_an_old_version_is_matched_and_the_fixed_one_is_not(
    key: str, product: str, ecosystem: str, platform: str, old: str, fixed: str, cve: str
) -> None:
    starter.load(now=NOW)
    before, after = (version(key, text, platform=platform, ecosystem=ecosystem, product=product) for text in (old, fixed))
    match_versions(now=NOW)
    assert cve in cves(before)
    assert cve not in cves(after)
    match = VersionWeakness.objects.get(version=before, weakness__cve=cve)
    assert (match.source, match.fix, match.fixed) == ("starter", VersionWeakness.Fix.VERSION, fixed)
