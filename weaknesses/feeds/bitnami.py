"""Bitnami's vulnerability database as OSV records: what its images hold, versioned as upstream versions it.

The ranges are therefore ranges of the upstream product, which `database_specific.cpes` names: they are stored under that name and
count only where NVD has no configuration of the CVE yet. Names with a version of their own repeat a part of the ranges; names of
plug-ins (target_sw is the image itself) are of another product. What language a product is written in (target_sw) narrows nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from weaknesses.cpe import ANY, NOT_APPLICABLE, CpeName, MalformedName, parse_name
from weaknesses.feeds.base import Topic
from weaknesses.feeds.osv import Dialect, Named, feed
from weaknesses.feeds.reading import text

_COMMUNITY = (ANY, NOT_APPLICABLE, "community")


def _named(record: dict[str, Any], affected: dict[str, Any]) -> Iterator[Named]:
    package = affected.get("package") or {}
    if package.get("ecosystem") != "Bitnami":
        return
    image = text(package["name"], 200).lower()
    editions: dict[str, set[str]] = {}
    for name in _names(record):
        if name.version == ANY and name.target_sw != image:
            editions.setdefault(f"cpe:a:{name.vendor}:{name.product}", set()).add(name.sw_edition)
    for product, found in editions.items():
        yield from (Named(product, qualifiers=qualifiers) for qualifiers in _qualifiers(found))


def _names(record: dict[str, Any]) -> Iterator[CpeName]:
    specific = record.get("database_specific")
    for entry in (specific.get("cpes") if isinstance(specific, dict) else None) or []:
        try:
            yield parse_name(text(entry, 500).replace("cpe:2.3:*:", "cpe:2.3:a:"))
        except MalformedName:
            continue


def _qualifiers(editions: set[str]) -> Iterator[tuple[tuple[str, str], ...]]:
    """None where the ordinary edition is among those that are named; else one alternative for each edition."""
    if editions & set(_COMMUNITY):
        yield ()
    else:
        yield from ((("sw_edition", edition),) for edition in sorted(editions))


FEED = feed(
    topic=Topic.VULNERABILITIES,
    kind="bitnami",
    dialect=Dialect(ecosystem="Bitnami", order="cpe", named=_named, gathers=True),
    folder="Bitnami",
    label="Bitnami vulnerability database",
    about="Affected versions of the server software in Bitnami's images, for CVEs that NVD has not analysed yet.",
    home="https://github.com/bitnami/vulndb",
    licence="Apache-2.0 (Bitnami by VMware)",
    by="Bitnami Vulnerability Database",
)
