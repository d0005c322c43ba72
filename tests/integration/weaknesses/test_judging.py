"""What the match page says of a range is what the matcher makes of it."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from core.models import User
from inventory.models import Version
from tests.integration.weaknesses.world import NOW, affected, version
from weaknesses import judging, match_queries
from weaknesses.actions import add_override, match_versions
from weaknesses.match_queries import MatchPage
from weaknesses.models import AffectedRange, SoftwareProduct, VersionWeakness, Weakness

pytestmark = pytest.mark.django_db

VERSIONS = ("1.0", "2.5", "3", "", "10.0.22631", "115.1.0", "2.400.1", "2.410", "24.002.20759")
PLATFORMS = ("windows", "macos", "debian-12", "")
SOFTWARE = (
    ("google-_-chrome", "cpe:a:google:chrome"),
    ("mozilla-_-firefox_esr", "cpe:a:mozilla:firefox"),
    ("microsoft-_-windows_11", "cpe:o:microsoft:windows_11_23h2"),
    ("jenkins-_-jenkins", "cpe:a:jenkins:jenkins"),
    ("adobe-_-acrobat_dc", "cpe:a:adobe:acrobat_dc"),
    ("debian-_-openssl", "deb:debian:openssl"),
)
QUALIFIERS: tuple[dict[str, str], ...] = (
    {},
    {},
    {"sw_edition": "esr"},
    {"sw_edition": "lts"},
    {"sw_edition": "-"},
    {"sw_edition": "continuous"},
    {"target_hw": "x64"},
    {"target_sw": "wordpress"},
)


def page_of(found: Version, weakness: Weakness) -> MatchPage:
    subject = match_queries.subjects(weakness=weakness, groups=[], version_id=found.pk)[0]
    return match_queries.match_page(weakness=weakness, subject=subject, groups=[], machine=None)


def test_every_verdict_is_explained_as_the_matcher_decided(curator: User) -> None:
    chance = random.Random(4)
    for number in range(240):
        key, product = chance.choice(SOFTWARE)
        affected(
            f"CVE-2099-{number // 12:04}",
            product=product,
            source=chance.choice(("nvd", "nvd", "starter", "osv")),
            start=chance.choice(("", "", "2", "10.0.22000")),
            start_included=chance.random() < 0.7,
            end=chance.choice(("", "2.5", "3", "200", "not a version")),
            end_included=chance.random() < 0.5,
            fixed=chance.choice(("", "3", "201")),
            platforms=chance.choice(((), (), ("windows",), ("linux", "macos"), ("debian",))),
            qualifiers=chance.choice(QUALIFIERS),
            requires=chance.choice(((), (), (), (product,), ("cpe:a:other:thing",))),
        )
        if number % 20 == 7:
            entry = AffectedRange.objects.order_by("-id")[0]
            add_override(
                by=curator, now=NOW, reason="x", product=entry.product, weakness=entry.weakness, range_fingerprint=entry.fingerprint
            )
    for key, product in SOFTWARE:
        for text in VERSIONS:
            version(key, text, platform=chance.choice(PLATFORMS), product=product, ecosystem="deb" if product.startswith("deb") else "cpe")
    SoftwareProduct.objects.filter(software__key="jenkins-_-jenkins").update(confidence=70)
    match_versions(now=NOW)
    pairs = [(found, weakness) for found in Version.objects.all() for weakness in Weakness.objects.all()]
    pages = [(found, page_of(found, weakness)) for found, weakness in chance.sample(pairs, 130)]
    for found, page in pages:
        assert page.matched == VersionWeakness.objects.filter(version=found, weakness=page.weakness).exists()
        for judged in (page.shown, *page.others):
            if judged is not None:
                assert judged.holds != bool(judged.against), (found, judged)
                assert "Matcher" not in {condition.label for condition in judged.conditions}, (found.version, judged)
        if page.matched and page.shown is not None:
            assert page.reason is not None
            assert page.shown.stated.confidence == page.reason.confidence
            assert (page.shown.stated.source, page.shown.stated.text) == (page.reason.source, page.reason.affected)
            assert not page.waits
    assert sum(len(page.others) for _, page in pages) > 100
    assert sum(page.matched for _, page in pages) > 8


def test_the_confidence_is_the_product_of_its_terms_less_the_doubts() -> None:
    affected("CVE-2099-0001", product="cpe:a:nodejs:node.js", qualifiers={"sw_edition": "lts"})
    found = version("nodejs-_-node.js", "18.1.0", product="cpe:a:nodejs:node.js")
    SoftwareProduct.objects.update(confidence=80)
    match_versions(now=NOW)
    page = page_of(found, Weakness.objects.get())
    assert [figure for _, figure in page.confidence_terms] == ["80%", "× 90%", "− 5", "− 15"]
    assert page.shown is not None
    assert page.shown.stated.confidence == 80 * 90 // 100 - 5 - 15


def test_the_nearest_range_is_the_one_with_the_fewest_conditions_against_it() -> None:
    affected("CVE-2099-0001", product="cpe:a:google:chrome", end="1", platforms=("macos",))
    affected("CVE-2099-0001", product="cpe:a:google:chrome", end="2", fixed="2")
    found = version("google-_-chrome", "2.0", product="cpe:a:google:chrome")
    match_versions(now=NOW)
    page = page_of(found, Weakness.objects.get())
    assert not page.matched
    assert page.clause == "2.0 is not older than 2"
    assert [entry.stated.text for entry in page.others] == ["before 1"]


def test_software_without_a_name_and_a_rejected_weakness_say_so() -> None:
    entry = affected("CVE-2099-0001", product="cpe:a:google:chrome")
    stranger = version("acme-_-rocket", "2.0")
    assert page_of(stranger, entry.weakness).clause == "vulnerability data has no name for it"
    entry.weakness.rejected = True
    assert replace(page_of(stranger, entry.weakness), weakness=entry.weakness).clause == "the CVE was rejected"


def test_a_condition_the_page_does_not_know_is_named_as_such() -> None:
    entry = affected("CVE-2099-0001", product="cpe:a:google:chrome", end="9")
    found = version("google-_-chrome", "1.0", product="cpe:a:google:chrome")
    match_versions(now=NOW)
    page = page_of(found, entry.weakness)
    assert page.shown is not None
    probe = judging.Probe("1.0", "n11$", "cpe", ("windows",), ("google", "chrome"), ("cpe:a:google:chrome",))
    out = judging.judge(replace(page.shown.stated, confidence=None), probe)
    assert [condition.label for condition in out.against] == ["Matcher"]
