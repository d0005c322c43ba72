"""Advisories of rpm distributions as OSV records: Red Hat, AlmaLinux, Rocky Linux, SUSE and openSUSE.

An advisory (RHSA, ALSA, RLSA, SUSE-SU) names the CVEs it fixes and the packages that fix them; a CVE has one per release and more.
Names are those of binary packages where the publisher gives them (AlmaLinux; SUSE in `ecosystem_specific`), else of source packages.
A fixed version without an epoch has epoch 0, as rpm takes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from weaknesses.feeds.osv import Dialect, Name, Named, feed
from weaknesses.feeds.reading import text
from weaknesses.feeds.rpm_modules import of_stream, stream_in
from weaknesses.records import RangeRecord
from weaknesses.rules import package_product

_ANY_ADVISORY = re.compile(r"")
_RED_HAT = re.compile(r"Red Hat:enterprise_linux:([0-9]{1,2})(?:\.[0-9]+)?(?:::\w+)?")
_ALMALINUX = re.compile(r"AlmaLinux:([0-9]{1,2})")
_ROCKY = re.compile(r"Rocky Linux:([0-9]{1,2})")
_SUSE = re.compile(
    r"SUSE:Linux Enterprise (?:Server(?: for SAP Applications)?|Desktop|High Performance Computing|Module for [\w .&-]+?)"
    r" ([0-9]{1,2})(?: SP([0-9]{1,2}))?(?:-\w+)?"
)
_LEAP = re.compile(r"openSUSE:Leap ([0-9]{1,3})\.([0-9]{1,2})")
_MODULE_IN_PURL = re.compile(r"[?&]rpmmod=([\w.+-]+(?::|%3A)[\w.+-]+)")


def _by_release(ecosystem: re.Pattern[str], platform: str) -> Name:
    """Packages of a distribution, by name, for the release that the ecosystem ends with: rhel -> rpm:rhel:kernel on rhel-9."""

    def named(record: dict[str, Any], affected: dict[str, Any]) -> Iterator[Named]:
        package = affected.get("package") or {}
        release = ecosystem.fullmatch(str(package.get("ecosystem")))
        if release:
            number = ".".join(part for part in release.groups() if part)
            for name, fixed in _packages(affected, text(package["name"], 200)):
                yield Named(package_product("rpm", name, distribution=platform), (f"{platform}-{number}",), fixed=fixed)

    return named


def _packages(affected: dict[str, Any], name: str) -> Iterator[tuple[str, str]]:
    """(name, its own fixed version or ""): the binary packages that SUSE lists, else the package that the entry names."""
    specific = affected.get("ecosystem_specific")
    binaries = specific.get("binaries") if isinstance(specific, dict) else None
    listed = [(binary, fixed) for entry in binaries or [] for binary, fixed in entry.items()] if isinstance(binaries, list) else []
    for binary, fixed in dict.fromkeys(listed) or {(name, ""): None}:
        yield text(binary, 200), text(fixed, 200)


def _settled(record: dict[str, Any], ranges: list[RangeRecord]) -> list[RangeRecord]:
    stream = stream_in(record.get("summary")) or _stream_in_purl(record)
    return [of_stream(found, stream) for found in ranges]


def _stream_in_purl(record: dict[str, Any]) -> str:
    for affected in record.get("affected") or []:
        found = _MODULE_IN_PURL.search(str((affected.get("package") or {}).get("purl")))
        if found:
            return found[1].replace("%3A", ":")
    return ""


def _dialect(ecosystem: str, named: Name) -> Dialect:
    return Dialect(
        ecosystem=ecosystem, order="rpm", named=named, settle=_settled, advisory=_ANY_ADVISORY, by_release=True, passes_over=_no_advisory
    )


def _no_advisory(record: dict[str, Any]) -> bool:
    """Bug fixes and enhancements (ALBA, ALEA, RHBA, RLEA) that OSV carries too: they name no weakness."""
    return re.match(r"(AL|RH|R[LX])[BE]A-", str(record["id"])) is not None


FEEDS = (
    feed(
        kind="redhat",
        dialect=_dialect("Red Hat", _by_release(_RED_HAT, "rhel")),
        folder="Red Hat",
        label="Red Hat security advisories",
        about="Which advisory fixes which CVEs in the packages of each release of Red Hat Enterprise Linux itself.",
        home="https://access.redhat.com/security/security-updates/",
        licence="CC-BY-4.0 (Red Hat)",
        by="Red Hat Product Security, Red Hat, Inc.",
        needs=("rpm:rhel", "rpm:centos"),  # CentOS Linux is Red Hat's packages built again
    ),
    feed(
        kind="almalinux",
        dialect=_dialect("AlmaLinux", _by_release(_ALMALINUX, "almalinux")),
        folder="AlmaLinux",
        label="AlmaLinux security advisories",
        about="Which advisory fixes which CVEs in the packages of each AlmaLinux release.",
        home="https://errata.almalinux.org/",
        licence="MIT (AlmaLinux OS)",
        by="AlmaLinux OS Foundation",
        needs=("rpm:almalinux",),
        patterns=("almalinux*.jsonl", "almalinux*.jsonl.gz"),
    ),
    feed(
        kind="rocky",
        dialect=_dialect("Rocky Linux", _by_release(_ROCKY, "rocky")),
        folder="Rocky Linux",
        label="Rocky Linux security advisories",
        about="Which advisory fixes which CVEs in the packages of each Rocky Linux release.",
        home="https://errata.rockylinux.org/",
        licence="BSD-3-Clause (Rocky Enterprise Software Foundation)",
        by="Rocky Enterprise Software Foundation",
        needs=("rpm:rocky",),
    ),
    feed(
        kind="suse",
        dialect=_dialect("SUSE", _by_release(_SUSE, "sles")),
        folder="SUSE",
        label="SUSE security advisories",
        about="Which advisory fixes which CVEs in the packages of each service pack of SUSE Linux Enterprise.",
        home="https://www.suse.com/security/cve/",
        licence="CC-BY-4.0 (SUSE)",
        by="SUSE Product Security Team, SUSE LLC",
        needs=("rpm:sles",),
    ),
    feed(
        kind="opensuse",
        dialect=_dialect("openSUSE", _by_release(_LEAP, "opensuse-leap")),
        folder="openSUSE",
        label="openSUSE security advisories",
        about="Which advisory fixes which CVEs in the packages of each openSUSE Leap release.",
        home="https://www.suse.com/security/cve/",
        licence="CC-BY-4.0 (SUSE)",
        by="SUSE Product Security Team, SUSE LLC",
        needs=("rpm:opensuse-leap",),
    ),
)
