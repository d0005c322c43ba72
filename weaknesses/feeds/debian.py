"""Debian's security tracker as OSV records, keyed by SOURCE package.

A record's id is `CVE-...` or `DEBIAN-CVE-...` and states every release. Advisories (DSA, DLA) repeat a part of that: they speak
for themselves (`debian/dsa`), and count only where the tracker's own record of the CVE has not been read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from weaknesses.feeds.osv import Dialect, Named, feed
from weaknesses.feeds.reading import text
from weaknesses.rules import package_product

_RELEASE = re.compile(r"Debian:([0-9]{1,3})")


def _named(record: dict[str, Any], affected: dict[str, Any]) -> Iterator[Named]:
    package = affected.get("package") or {}
    release = _RELEASE.fullmatch(str(package.get("ecosystem")))
    if release:
        yield Named(package_product("deb", text(package["name"], 200), distribution="debian"), (f"debian-{release[1]}",))


DIALECT = Dialect(ecosystem="Debian", order="deb", named=_named, advisory=re.compile(r"(DSA|DLA|DTSA)-"), advisory_part="dsa")
FEED = feed(
    kind="debian",
    dialect=DIALECT,
    folder="Debian",
    label="Debian security tracker",
    about="Which source packages of each Debian release are affected, and the version that fixes them.",
    home="https://security-tracker.debian.org/",
    licence="MIT (Debian security tracker)",
    by="Debian Security Tracker, the Debian project",
    needs=("deb:debian",),
    patterns=("debian-dsa*.jsonl", "debian-dsa*.jsonl.gz"),
    revision=2,
)
parse = FEED.parse
