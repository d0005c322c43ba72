"""Names and addresses of sources of ranges."""

from __future__ import annotations

import pytest

from weaknesses.feeds.base import Store
from weaknesses.feeds.registry import FEEDS
from weaknesses.rules import SOURCE_CONFIDENCE, source_confidence
from weaknesses.source_names import source_address, source_name


@pytest.mark.parametrize(
    ("source", "name", "address"),
    [
        ("nvd", "NVD", "https://nvd.nist.gov/vuln/detail/CVE-2099-1"),
        ("almalinux/9", "AlmaLinux security advisories, release 9", "https://osv.dev/list?q=CVE-2099-1&ecosystem=AlmaLinux"),
        ("debian/dsa", "Debian security advisories (DSA)", "https://security-tracker.debian.org/tracker/CVE-2099-1"),
        ("ubuntu/usn", "Ubuntu security notices (USN)", "https://ubuntu.com/security/CVE-2099-1"),
        ("redhat_oval/8", "Red Hat security advisories (OVAL), release 8", "https://access.redhat.com/security/cve/CVE-2099-1"),
        ("pypi", "PyPI advisories", "https://osv.dev/list?q=CVE-2099-1&ecosystem=PyPI"),
        ("overrides", "curated configurations", "https://github.com/anchore/nvd-data-overrides"),
        ("curator", "a curator", ""),
        ("some_list", "Some list", ""),
    ],
)
def test_a_source_is_called_as_people_call_it(source: str, name: str, address: str) -> None:
    assert (source_name(source), source_address(source, "CVE-2099-1")) == (name, address)


def test_every_source_that_the_matcher_weighs_and_every_feed_of_weaknesses_has_a_name_and_a_page() -> None:
    kinds = {kind for kind, feed in FEEDS.items() if feed.store is Store.WEAKNESSES} | set(SOURCE_CONFIDENCE) - {"curator", "vendor"}
    for kind in kinds:
        assert source_name(kind) not in ("", kind.capitalize())
        assert source_address(kind, "CVE-2099-1").startswith("https://")


def test_a_part_of_a_source_is_worth_what_the_source_is() -> None:
    assert source_confidence("almalinux/9") == source_confidence("almalinux") == 98
