"""From a reported software to the version row it is: package names as they are, other names through the alias book."""

from __future__ import annotations

from functools import lru_cache

from inventory import rules
from inventory.aliases import Edition
from inventory.bulk import VersionIdentity
from inventory.records import InstalledSoftware
from inventory.sources.frame import NAME_LIMIT, VERSION_LIMIT
from inventory.versions import sort_key


@lru_cache(maxsize=16_384)
def identify(record: InstalledSoftware, *, machine_platform: str, aliases: Edition) -> VersionIdentity:
    """The identity of a record on a machine of that platform ("" where nobody said).

    Kept for the records seen last: patterns and version keys cost 0.1 ms each, and a fleet repeats itself.
    """
    platform = rules.version_platform(record.ecosystem, reported=record.platform, machine=machine_platform)
    if rules.is_package(record.ecosystem):
        return _package(record, platform)
    if record.cpe:
        return _of_cpe(record, platform)
    return _program(record, platform, machine_platform, aliases)


def _package(record: InstalledSoftware, platform: str) -> VersionIdentity:
    vendor = rules.package_vendor(record.ecosystem, platform=platform, vendor=record.vendor)
    return _identity(record, platform, vendor=vendor, name=record.name, version=record.version)


def _of_cpe(record: InstalledSoftware, platform: str) -> VersionIdentity:
    """The key holds the CPE's own vendor and product, so that the product name can be had back from it."""
    name = record.name.replace("_", " ")
    return _identity(record, platform, vendor=record.vendor, name=name, version=record.version, key=rules.slug(record.vendor, record.name))


def _program(record: InstalledSoftware, platform: str, machine_platform: str, aliases: Edition) -> VersionIdentity:
    family = rules.family_of(machine_platform or platform)
    needs_vendor = record.ecosystem == "other"
    known = aliases.book.find(name=record.name, vendor=record.vendor, family=family, vendor_needed=needs_vendor)
    version = rules.normalise_version(record.version)
    if known is None:
        name = record.name if needs_vendor or record.ecosystem == "os" else rules.normalise_name(record.name)
        return _identity(record, platform, vendor=rules.normalise_vendor(record.vendor), name=name, version=version)
    alias = known.alias
    return _identity(
        record, platform, vendor=alias.vendor, name=alias.name, version=known.version or version, key=alias.key, category=alias.category
    )


def _identity(
    record: InstalledSoftware, platform: str, *, vendor: str, name: str, version: str, key: str = "", category: str = ""
) -> VersionIdentity:
    return VersionIdentity(
        key=key or rules.slug(vendor, name),
        version=version[:VERSION_LIMIT],
        platform=platform[:40],
        ecosystem=record.ecosystem,
        name=name[:NAME_LIMIT],
        vendor=vendor[:NAME_LIMIT],
        category=category,
        sort_key=sort_key(record.ecosystem, version),
    )
