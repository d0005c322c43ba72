"""The version to go to ends every known weakness that has a fix."""

from __future__ import annotations

import pytest

from inventory.versions import sort_key
from tests.integration.weaknesses.world import NOW, affected, version
from weaknesses.actions import match_versions
from weaknesses.queries import FixTarget, fix_targets, match_reason

pytestmark = pytest.mark.django_db

CHROME = "cpe:a:google:chrome"


def target(text: str, *, exact: bool = True, ecosystem: str = "cpe") -> FixTarget:
    return FixTarget(version=text, exact=exact, key=sort_key(ecosystem, text) + ("" if exact else "~"))


def test_the_highest_fix_of_all_versions_is_the_target() -> None:
    affected("CVE-2024-0001", product=CHROME, end="120.0", fixed="120.0")
    affected("CVE-2024-0002", product=CHROME, end="121.5", fixed="121.5")
    found = version("google-_-chrome", "119.0", product=CHROME)
    version("google-_-chrome", "121.0", product=CHROME)
    match_versions(now=NOW)
    assert fix_targets() == {(found.software_id, "windows"): target("121.5")}


def test_a_fix_that_is_itself_vulnerable_is_passed_over() -> None:
    affected("CVE-2024-0001", product=CHROME, end="2.0", fixed="2.0")
    affected("CVE-2024-0002", product=CHROME, start="2.0", end="3.0", fixed="3.0")
    affected("CVE-2024-0003", product=CHROME, start="2.5", end="3.1", fixed="3.1")
    affected("CVE-2024-0004", product=CHROME, start="3.0", rejected=True, end="9.0", fixed="9.0")
    affected("CVE-2024-0005", product=CHROME, start="3.0", platforms=("macos",), end="8.0", fixed="8.0")
    windows = version("google-_-chrome", "1.0", product=CHROME)
    mac = version("google-_-chrome", "1.0", platform="macos", product=CHROME)
    match_versions(now=NOW)
    assert fix_targets() == {(windows.software_id, "windows"): target("3.1"), (mac.software_id, "macos"): target("8.0")}


def test_a_range_that_names_only_its_last_version_gives_anything_after_it() -> None:
    affected("CVE-2024-0001", product=CHROME, end="2.0", fixed="2.0")
    affected("CVE-2024-0002", product=CHROME, end="2.4", end_included=True)
    found = version("google-_-chrome", "1.0", product=CHROME)
    match_versions(now=NOW)
    assert fix_targets() == {(found.software_id, "windows"): target("2.4", exact=False)}
    affected("CVE-2024-0003", product=CHROME, start="2.0", end="2.4.1", fixed="2.4.1")
    assert fix_targets(software_ids=[found.software_id]) == {(found.software_id, "windows"): target("2.4.1")}
    assert fix_targets(software_ids=[found.software_id + 1]) == {}


def test_without_any_fix_there_is_no_target() -> None:
    affected("CVE-2024-0001", product=CHROME)
    version("google-_-chrome", "1.0", product=CHROME)
    match_versions(now=NOW)
    assert fix_targets() == {}


def test_distributions_have_a_target_each() -> None:
    for release, fixed in (("debian-12", "3.0.15-1~deb12u1"), ("debian-13", "3.3.2-2")):
        affected("CVE-2024-0001", product="deb:debian:openssl", platforms=(release,), start="0", end=fixed, fixed=fixed, source="debian")
    versions = [version("debian-_-openssl", "3.0.14-1", platform=release, ecosystem="deb") for release in ("debian-12", "debian-13")]
    match_versions(now=NOW)
    software = versions[0].software_id
    assert fix_targets() == {
        (software, "debian-12"): target("3.0.15-1~deb12u1", ecosystem="deb"),
        (software, "debian-13"): target("3.3.2-2", ecosystem="deb"),
    }


def test_the_reason_of_a_match_names_product_range_and_source() -> None:
    held = affected("CVE-2024-0001", product=CHROME, start="100.0", end="120.0", fixed="120.0", platforms=("windows",))
    found = version("google-_-chrome", "110.0", product=CHROME)
    match_versions(now=NOW)
    reason = match_reason(version_id=found.id, weakness_id=held.weakness_id)
    assert reason is not None
    assert (reason.product, reason.affected, reason.conditions) == (CHROME, "from 100.0 before 120.0", ("on windows",))
    assert (reason.source, reason.linked_by, reason.confidence, reason.fixed) == ("nvd", "curator", 90, "120.0")
    assert reason.would_change[0] == "chrome 120.0 or later is installed"
    assert match_reason(version_id=found.id, weakness_id=0) is None
