"""What the match page says of a range is what the matcher makes of it."""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter
from dataclasses import dataclass, replace

import pytest

from core.models import User
from inventory.models import SoftwareAlias, SoftwarePackage, Version
from inventory.versions import sort_key
from tests.integration.weaknesses.world import NOW, affected, version
from weaknesses import judging, match_queries
from weaknesses.actions import add_override, match_versions
from weaknesses.judging import Judged
from weaknesses.match_queries import MatchPage
from weaknesses.models import AffectedRange, SoftwareProduct, VersionWeakness, Weakness

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Known:
    """A software with the products it is linked with, and versions and bounds that come near one another."""

    key: str
    ecosystem: str
    products: tuple[str, ...]
    versions: tuple[str, ...]
    bounds: tuple[str, ...]
    platforms: tuple[str, ...] = ("windows", "macos", "debian-12", "")


GENERIC = ("1.0", "2.5", "3", "")
ENDS = ("2.5", "3", "200", "not a version")
SOFTWARE = (
    Known("google-_-chrome", "cpe", ("cpe:a:google:chrome",), GENERIC, ENDS),
    Known("mozilla-_-firefox_esr", "cpe", ("cpe:a:mozilla:firefox",), ("1.0", "115.1.0"), ENDS),
    Known(
        "microsoft-_-windows_11", "cpe", ("cpe:o:microsoft:windows_11_23h2",), ("10.0.22631", "10.0.22631.3000"), ("10.0.22631.3880", "3")
    ),
    Known("jenkins-_-jenkins", "cpe", ("cpe:a:jenkins:jenkins",), ("2.400.1", "2.410"), ENDS),
    Known("adobe-_-acrobat_dc", "cpe", ("cpe:a:adobe:acrobat_dc",), ("24.002.20759", "1.0"), ENDS),
    Known("debian-_-openssl", "deb", ("deb:debian:openssl",), ("3.0.7-1", "1:2-1"), ("3.0.7-2", "1:3"), ("debian-12",)),
    Known(
        "rhel-_-nodejs",
        "rpm",
        ("rpm:rhel:nodejs", "rpm:rhel:nodejs-libs"),
        ("1:18.12.1-2.module+el8.7.0+1", "18.12.1-2.module_el9", "18.12.1-2.el9", "2:18-1", ""),
        ("18.12.1-3.module+el8", "1:18.13-1", "1:18.12.1-2.el9", "20-1", "12:1-1", "not a version"),
        ("rhel-9",),
    ),
    Known(
        "pypi-_-pillow",
        "pypi",
        ("pypi:pillow", "cpe:a:python:pillow"),
        ("9.1.0", "1!9.0", "9.0rc1", "unknown"),
        ("9.1", "9.0", "1!9.1"),
        ("",),
    ),
    Known("pypa-_-pip", "cpe", ("cpe:a:pypa:pip", "pypi:pip"), ("22.0", "22.1 beta 1"), ("22.1", "23"), ("", "windows")),
    Known("hex-_-plug", "other", ("other:hex:plug", "cpe:a:plug:plug"), GENERIC, ENDS, ("",)),
    Known("chrome extension-_-rocket", "other", ("cpe:a:acme:rocket",), GENERIC, ENDS, ("",)),
    Known("acme-_-rocket~firefox", "cpe", ("cpe:a:acme:rocket", "cpe:a:acme:lander"), GENERIC, ENDS, ("",)),
)
SOURCES = ("nvd", "nvd", "osv", "starter", "cvelist", "bitnami", "overrides", "debian/dsa", "almalinux/9", "redhat_oval/8")
QUALIFIERS: tuple[dict[str, str], ...] = (
    {},
    {},
    {},
    {"sw_edition": "esr"},
    {"sw_edition": "lts"},
    {"sw_edition": "-"},
    {"sw_edition": "continuous"},
    {"target_hw": "x64"},
    {"target_sw": "wordpress"},
    {"target_sw": "chrome"},
    {"target_sw": "firefox"},
    {"target_sw": "python"},
)
CVES = 96
PAGES = 160
MODULES: tuple[dict[str, str], ...] = ({}, {"module": "nodejs:18"}, {"module": "any"})


def page_of(found: Version, weakness: Weakness) -> MatchPage:
    subject = match_queries.subjects(weakness=weakness, groups=[], version_id=found.pk)[0]
    return match_queries.match_page(weakness=weakness, subject=subject, groups=[], machine=None)


def random_world(chance: random.Random, *, curator: User) -> None:
    """Weaknesses of four ranges each, versions of every kind of software, and what curators said of some of them."""
    SoftwareAlias.objects.create(key="acme-_-rocket", name="Rocket", vendor="acme", product_keys=["cpe:a:acme:rocket"])
    for number in range(4 * CVES):
        known = SOFTWARE[number // 4 % len(SOFTWARE)]
        product = chance.choice(known.products)
        affected(
            f"CVE-2099-{number // 4:04}",
            product=product,
            source=chance.choice(SOURCES),
            rejected=number // 4 % 30 == 0,
            start=chance.choice(("", "", "", "", "2", "10.0.22000", "18")),
            start_included=chance.random() < 0.7,
            end=chance.choice(("", *known.bounds)),
            end_included=chance.random() < 0.5,
            fixed=chance.choice(("", "3", "201")),
            platforms=chance.choice(((), (), (), (), ("windows",), ("linux", "macos"), ("debian",))),
            qualifiers=tuple(chance.choice(MODULES if known.ecosystem == "rpm" else QUALIFIERS).items()),
            requires=chance.choice(((), (), (), (), (product,), ("cpe:a:other:thing",))),
        )
        if number % 20 == 7:
            entry = AffectedRange.objects.order_by("-id")[0]
            add_override(
                by=curator, now=NOW, reason="x", product=entry.product, weakness=entry.weakness, range_fingerprint=entry.fingerprint
            )
    for known in SOFTWARE:
        for text, product in itertools.product(known.versions, known.products):
            version(known.key, text, platform=chance.choice(known.platforms), product=product, ecosystem=known.ecosystem)
    SoftwareProduct.objects.filter(software__key="jenkins-_-jenkins").update(confidence=70)
    SoftwareProduct.objects.filter(product__key="rpm:rhel:nodejs-libs").update(confidence=0)
    denied = SoftwareProduct.objects.get(software__key="acme-_-rocket~firefox", product__key="cpe:a:acme:lander")
    add_override(by=curator, now=NOW, reason="Another lander", software=denied.software, product=denied.product)


def test_every_verdict_is_explained_as_the_matcher_decided(curator: User) -> None:
    chance = random.Random(4)
    random_world(chance, curator=curator)
    match_versions(now=NOW)
    held: Counter[str] = Counter()
    against: Counter[str] = Counter()
    pairs = [
        (found, weakness)
        for found in Version.objects.all()
        for weakness in Weakness.objects.filter(ranges__product__software__software=found.software_id).distinct().order_by("id")
    ]
    pages = [(found, page_of(found, weakness)) for found, weakness in chance.sample(pairs, PAGES)]
    for found, page in pages:
        assert page.matched == VersionWeakness.objects.filter(version=found, weakness=page.weakness).exists()
        shown = [judged for judged in (page.shown, *page.others) if judged is not None]
        assert len({judged.stated.id for judged in shown}) == len(shown)
        for judged in shown:
            assert judged.holds != bool(judged.against), (found, judged)
            assert "Matcher" not in {condition.label for condition in judged.conditions}, (found.version, judged)
            held.update(condition.label for condition in judged.conditions if condition.holds)
            against.update(condition.label for condition in judged.against)
        if page.matched and page.shown is not None:
            assert page.reason is not None
            assert page.shown.stated.confidence == page.reason.confidence
            assert page.shown.stated.confidence == worth(page.shown)
            assert (page.shown.stated.source, page.shown.stated.text) == (page.reason.source, page.reason.affected)
            assert not page.waits
    assert sum(page.matched for _, page in pages) > PAGES // 10
    assert not {"Product", "Order", "Epoch", "From", "Until", "Version", "System", "Together with", "Module", "Target sw"} - set(held)
    rules_against = {"Product", "Extension", "From", "Until", "Version", "System", "Together with", "Patch level", "Edition", "Module"}
    assert not (rules_against | {"Target sw", "Sw edition", "Weakness", "Source", "Curator"}) - set(against)


def worth(judged: Judged) -> int:
    """The confidence that the terms on the page come to."""
    link, source, *doubts = [int(re.sub(r"[^0-9]", "", figure)) for _, figure in judging.confidence_terms(judged.stated)]
    return max(1, link * source // 100 - sum(doubts))


def test_the_confidence_is_the_product_of_its_terms_less_the_doubts() -> None:
    affected("CVE-2099-0001", product="cpe:a:nodejs:node.js", qualifiers={"sw_edition": "lts"})
    found = version("nodejs-_-node.js", "18.1.0", product="cpe:a:nodejs:node.js")
    SoftwareProduct.objects.update(confidence=80)
    match_versions(now=NOW)
    page = page_of(found, Weakness.objects.get())
    assert [figure for _, figure in page.confidence_terms] == ["80%", "× 90%", "− 5", "− 15"]
    assert page.shown is not None
    assert page.shown.stated.confidence == 80 * 90 // 100 - 5 - 15


def words(page: MatchPage) -> str:
    assert page.shown is not None
    return "; ".join(condition.words for condition in page.shown.conditions)


def test_an_rpm_is_shown_in_the_epoch_it_is_compared_in_and_its_module() -> None:
    entry = affected(
        "CVE-2099-0001",
        product="rpm:rhel:nodejs",
        source="redhat_oval/9",
        start="1:18",
        end="1:18.14.0-1.module+el9",
        fixed="1:18.14.0-1.module+el9",
        qualifiers=(("module", "nodejs:18"),),
    )
    plain, built = (
        version("rhel-_-nodejs", text, ecosystem="rpm", platform="rhel-9", product="rpm:rhel:nodejs")
        for text in ("18.12.1-2.el9", "18.12.1-2.module+el9")
    )
    match_versions(now=NOW)
    page = page_of(built, entry.weakness)
    assert page.matched
    assert "18.12.1-2.module+el9 names none and is compared in the range's, 1" in words(page)
    assert "the range is about the module stream nodejs:18" in words(page)
    assert page.compared[0] == "epoch 1"
    assert page.sort_key == sort_key("rpm", "1:18.12.1-2.module+el9")
    assert (
        page_of(plain, entry.weakness).clause == "the range is about the module stream nodejs:18; 18.12.1-2.el9 was not built in a module"
    )
    other = affected("CVE-2099-0002", product="rpm:rhel:nodejs", source="redhat_oval/9", end="1:99-1")
    assert "was built in a module stream, and the range is not about one" in page_of(built, other.weakness).clause


def test_each_range_is_judged_once_in_its_own_order() -> None:
    affected("CVE-2099-0001", product="pypi:pillow", source="pypi", end="8.0")
    entry = affected("CVE-2099-0001", product="cpe:a:python:pillow", end="9.0", fixed="9.0")
    for product in ("pypi:pillow", "cpe:a:python:pillow"):
        found = version("pypi-_-pillow", "8.5.0", ecosystem="pypi", platform="", product=product)
    match_versions(now=NOW)
    page = page_of(found, entry.weakness)
    assert page.matched
    assert "compared as 8.5.0, as product names (CPE) are ordered" in words(page)
    assert page.sort_key == sort_key("cpe", "8.5.0")
    assert page.line is not None
    assert page.line.inside
    [other] = page.others
    assert (other.stated.product, [condition.words for condition in other.against]) == ("pypi:pillow", ["8.5.0 is not older than 8.0"])
    assert other.probe.sort_key == sort_key("pypi", "8.5.0")


def test_a_stand_in_names_the_source_before_which_it_gives_way() -> None:
    entry = affected("CVE-2099-0001", product="deb:debian:rocket", source="debian/dsa", end="2")
    affected("CVE-2099-0001", product="deb:debian:lander", source="debian", end="2")
    found = version("debian-_-rocket", "1", ecosystem="deb", platform="debian-12", product="deb:debian:rocket")
    match_versions(now=NOW)
    said = "a range of Debian security advisories (DSA) is a stand-in, and gives way to those of the Debian security tracker"
    assert page_of(found, entry.weakness).clause == said


@pytest.mark.parametrize(
    ("key", "product", "said"),
    [
        ("rhel-_-rocket", "rpm:rhel:rocket-libs", "the software installs the binary package rocket-libs, which the advisory names"),
        ("rhel-_-rocket-libs", "rpm:rhel:rocket", "the software is from the source package rocket, which the advisory names"),
        ("centos-_-rocket", "rpm:rhel:rocket", "the software is built again from the package rocket, which the advisory names"),
        ("rhel-_-rocket", "rpm:rhel:rocket", "the software is rpm:rhel:rocket (package name, 100% sure)"),
    ],
)
def test_another_package_that_the_advisory_names_is_said_in_words(key: str, product: str, said: str) -> None:
    entry = affected("CVE-2099-0001", product=product, source="redhat_oval/9", end="2-1")
    source = version("rhel-_-rocket", "1-1", ecosystem="rpm", platform="rhel-9").software
    SoftwarePackage.objects.create(software=source, name="rocket-libs")
    found = version(key, "1-1", ecosystem="rpm", platform="rhel-9")
    match_versions(now=NOW, relink=True)
    page = page_of(found, entry.weakness)
    assert page.matched
    assert said in words(page)


def test_what_is_said_of_a_program_is_not_said_of_its_extension() -> None:
    SoftwareAlias.objects.create(key="acme-_-rocket", name="Rocket", name_pattern="rocket", product_keys=["cpe:a:acme:rocket"])
    entry = affected("CVE-2099-0001", product="cpe:a:acme:rocket", end="2")
    found = version("acme-_-rocket~firefox", "1", product="cpe:a:acme:rocket")
    match_versions(now=NOW)
    page = page_of(found, entry.weakness)
    assert page.clause == "cpe:a:acme:rocket is a program, and the range does not say that it means the extension of that name"


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
