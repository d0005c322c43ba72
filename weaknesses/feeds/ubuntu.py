"""Ubuntu's CVE tracker as OSV records, keyed by SOURCE package.

A record `UBUNTU-CVE-...` states every release. Notices (USN) repeat a part of that and speak for themselves (`ubuntu/usn`).
A release may be stated twice, for its own archive and for Ubuntu Pro: where only Pro has a fix, the fix is Pro's.
Source: https://ubuntu.com/security/ (data sources, OSV).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from weaknesses.feeds.osv import Dialect, Named, feed
from weaknesses.feeds.reading import text
from weaknesses.records import RangeRecord
from weaknesses.rules import package_product

_RELEASE = re.compile(r"Ubuntu:(?:Pro:)?([0-9]{1,3}\.[0-9]{2})(?::LTS)?")  # not Pro's FIPS and real-time archives: they hold other builds


def _named(record: dict[str, Any], affected: dict[str, Any]) -> Iterator[Named]:
    package = affected.get("package") or {}
    release = _RELEASE.fullmatch(str(package.get("ecosystem")))
    if release:
        yield Named(package_product("deb", text(package["name"], 200), distribution="ubuntu"), (f"ubuntu-{release[1]}",))


def _settled(record: dict[str, Any], ranges: list[RangeRecord]) -> list[RangeRecord]:
    """Without the open range of an archive where another one of the same release ends it."""
    ended = {(found.product, found.platforms) for found in ranges if found.end}
    return [found for found in ranges if found.end or (found.product, found.platforms) not in ended]


DIALECT = Dialect(
    ecosystem="Ubuntu",
    order="deb",
    named=_named,
    settle=_settled,
    advisory=re.compile(r"USN-"),
    advisory_part="usn",
    passes_over=lambda record: str(record["id"]).startswith("LSN-"),  # live patches: no package of the machine changes
)
FEED = feed(
    kind="ubuntu",
    dialect=DIALECT,
    folder="Ubuntu",
    label="Ubuntu security tracker",
    about="Which source packages of each Ubuntu release are affected, and the version that fixes them.",
    home="https://ubuntu.com/security/cves",
    licence="CC-BY-SA-4.0 (Canonical)",
    by="Ubuntu Security Team, Canonical Ltd",
    needs=("deb:ubuntu",),
)
