"""Alpine's secdb as OSV records (`ALPINE-CVE-...`), keyed by the package that others are built from (origin)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from weaknesses.feeds.osv import Dialect, Named, feed
from weaknesses.feeds.reading import text
from weaknesses.rules import package_product

_RELEASE = re.compile(r"Alpine:v([0-9]{1,3}\.[0-9]{1,3})")


def _named(record: dict[str, Any], affected: dict[str, Any]) -> Iterator[Named]:
    package = affected.get("package") or {}
    release = _RELEASE.fullmatch(str(package.get("ecosystem")))
    if release:
        yield Named(package_product("apk", text(package["name"], 200), distribution="alpine"), (f"alpine-{release[1]}",))


DIALECT = Dialect(ecosystem="Alpine", order="apk", named=_named)
FEED = feed(
    kind="alpine",
    dialect=DIALECT,
    folder="Alpine",
    label="Alpine security database",
    about="Which packages of each Alpine release are affected, and the version that fixes them.",
    home="https://security.alpinelinux.org/",
    licence="MIT (Alpine Linux secdb)",
    by="Alpine Linux secdb",
    needs=("apk:alpine",),
)
