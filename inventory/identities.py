"""From a reported software to the version row it is: package names as they are, other names through the alias book."""

from __future__ import annotations

import re

from inventory import rules
from inventory.alias_rules import Known
from inventory.aliases import Edition
from inventory.bulk import VersionIdentity
from inventory.product_versions import compared_version
from inventory.records import InstalledSoftware
from inventory.sources.frame import NAME_LIMIT, VERSION_LIMIT
from inventory.versions import sort_key

_TARGET = re.compile(r"cpe:2\.3:[ao](?::(?:\\.|[^\\:])*){7}:((?:\\.|[^\\:])*)")


def identify(record: InstalledSoftware, *, machine_platform: str, aliases: Edition) -> VersionIdentity:
    """The identity of a record on a machine of that platform ("" where nobody said). Patterns and version keys cost 0.1 ms each."""
    platform = rules.version_platform(record.ecosystem, reported=record.platform, machine=machine_platform)
    if rules.is_package(record.ecosystem):
        return _package(record, platform, aliases)
    if record.cpe:
        return _of_cpe(record, platform)
    if record.ecosystem == "other":
        return _collected(record, platform, machine_platform, aliases)
    return _program(record, platform, machine_platform, aliases)


def _package(record: InstalledSoftware, platform: str, aliases: Edition) -> VersionIdentity:
    """A package of its distribution or registry; of its maker where an alias knows that the distribution has no such package."""
    if record.ecosystem in rules.DISTRIBUTIONS:
        known = aliases.book.find_collected(name=record.name, collector=record.ecosystem, family="", version=record.version)
        if known:
            return _known(record, platform, known, record.version)
    vendor = rules.package_vendor(record.ecosystem, platform=platform, vendor=record.vendor)
    return _identity(record, platform, vendor=vendor, name=record.name, version=record.version)


def _of_cpe(record: InstalledSoftware, platform: str) -> VersionIdentity:
    """The key holds the CPE's own vendor and product, so that the product name can be had back from it.

    What it runs in (target_sw) is its platform where it is a system, else part of the key: an extension of a browser
    has nothing but its name in common with the program.
    """
    target = target_of_cpe(record.cpe)
    family = rules.family_of_target(target)
    hosted = bool(target) and not family
    name = record.name.replace("_", " ")
    key = rules.slug(record.vendor, f"{record.name}/{target}" if hosted else record.name)
    platform = "" if hosted else family or platform
    return _identity(record, platform, vendor=record.vendor, name=name, version=record.version, key=key)


def target_of_cpe(cpe: str) -> str:
    """The target software that a CPE 2.3 name states: "firefox"; "" for any or none."""
    match = _TARGET.match(cpe)
    target = re.sub(r"\\(.)", r"\1", match[1]) if match else ""
    return "" if target in {"*", "-"} else target.lower()


def _collected(record: InstalledSoftware, platform: str, machine_platform: str, aliases: Edition) -> VersionIdentity:
    """What a package manager or a browser keeps for itself. An extension is the same on every system."""
    platform = "" if record.vendor in rules.EXTENSION_COLLECTORS else platform
    family = rules.family_of(machine_platform or platform)
    known = aliases.book.find_collected(name=record.name, collector=record.vendor, family=family, identifier=record.identifier)
    version = rules.normalise_version(record.version)
    if known:
        return _known(record, platform, known, version)
    vendor = rules.normalise_vendor(record.vendor)
    key = rules.slug(vendor, record.name)
    version = compared_version(key=key, name=record.name, version=version)
    return _identity(record, platform, vendor=vendor, name=record.name, version=version)


def _program(record: InstalledSoftware, platform: str, machine_platform: str, aliases: Edition) -> VersionIdentity:
    family = rules.family_of(machine_platform or platform)
    known = aliases.book.find(name=record.name, vendor=record.vendor, family=family, identifier=record.identifier)
    version = rules.normalise_version(record.version)
    if known:
        return _known(record, platform, known, version)
    name = record.name if record.ecosystem == "os" else rules.normalise_name(record.name)
    return _identity(record, platform, vendor=rules.normalise_vendor(record.vendor), name=name, version=version)


def _known(record: InstalledSoftware, platform: str, known: Known, version: str) -> VersionIdentity:
    alias = known.alias
    version = compared_version(key=alias.key, name=record.name, version=version, in_name=known.version)
    return _identity(record, platform, vendor=alias.vendor, name=alias.name, version=version, key=alias.key, category=alias.category)


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
