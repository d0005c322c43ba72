"""Small worlds for matching: software with versions, and weaknesses with ranges, stored as feeds store them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from inventory.models import Software, Version
from inventory.versions import sort_key
from weaknesses.models import AffectedRange, Product, SoftwareProduct, VersionWeakness, Weakness
from weaknesses.records import RangeRecord
from weaknesses.rules import range_keys

NOW = dt.datetime(2026, 3, 16, 8, 0, tzinfo=dt.UTC)


def version(key: str, text: str, *, platform: str = "windows", ecosystem: str = "cpe", product: str = "") -> Version:
    """A version of a software, linked to a product by a curator where one is named."""
    vendor, _, name = key.partition("-_-")
    software, _ = Software.objects.get_or_create(
        key=key, defaults={"ecosystem": ecosystem, "name": name, "vendor": vendor, "first_seen": NOW}
    )
    if product:
        named, _ = Product.objects.get_or_create(key=product)
        SoftwareProduct.objects.get_or_create(software=software, product=named, defaults={"origin": SoftwareProduct.Origin.CURATOR})
    found, _ = Version.objects.get_or_create(
        software=software, version=text, platform=platform, defaults={"sort_key": sort_key(ecosystem, text), "first_seen": NOW}
    )
    return found


def affected(cve: str, record: RangeRecord | None = None, *, source: str = "nvd", rejected: bool = False, **parts: object) -> AffectedRange:
    """A range of a weakness."""
    stated = record or replace(RangeRecord(product=""), **parts)  # type: ignore[arg-type]
    weakness, _ = Weakness.objects.get_or_create(cve=cve, defaults={"source": source, "rejected": rejected})
    product, _ = Product.objects.get_or_create(key=stated.product)
    keys = range_keys(stated)
    return AffectedRange.objects.create(
        weakness=weakness,
        product=product,
        source=source,
        fingerprint=f"{AffectedRange.objects.count():032d}",
        platforms=list(stated.platforms),
        start=stated.start,
        start_key=keys.start,
        start_included=stated.start_included,
        end=stated.end,
        end_key=keys.end,
        end_included=stated.end_included,
        fixed=stated.fixed,
        fixed_key=keys.fixed,
        qualifiers=dict(stated.qualifiers),
        requires=list(stated.requires),
    )


def cves(of: Version) -> list[str]:
    return list(VersionWeakness.objects.filter(version=of).order_by("weakness__cve").values_list("weakness__cve", flat=True))
