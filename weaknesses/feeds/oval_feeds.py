"""Ubuntu's and Red Hat's OVAL: one document per release, one definition per notice, names of BINARY packages.

A notice (USN, RHSA) is no weakness; the CVEs that it names are. Each release speaks for itself (`ubuntu_oval/22.04`), because
each has a document of its own. Notices about a kernel test the kernel that is running, which no list of packages tells.
Formats: https://ubuntu.com/security/oval, https://www.redhat.com/security/data/oval/v2/.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import IO

from weaknesses.feeds import oval
from weaknesses.feeds.base import FeedKind, Needs, Parse, Store, Topic
from weaknesses.feeds.gathering import Gathering
from weaknesses.feeds.nvd import severity_of
from weaknesses.feeds.osv_scores import best, word
from weaknesses.feeds.oval_xml import Definition, read
from weaknesses.feeds.reading import BAD_RECORD, links, refused, text
from weaknesses.records import FeedRecord, RangeRecord, Refused, WeaknessRecord
from weaknesses.rules import package_product

_TIMESTAMP = re.compile(rb"timestamp>\s*([0-9T:.+-]{10,40})\s*<")


def _parser(scheme: str, distribution: str) -> Parse:
    def parse(stream: IO[bytes], name: str) -> Iterator[FeedRecord]:
        return _parse(stream, scheme, distribution)

    return parse


def _parse(stream: IO[bytes], scheme: str, distribution: str) -> Iterator[FeedRecord]:
    unseen = 0
    with Gathering() as gathered:
        for found in read(stream):
            if isinstance(found, Refused):
                yield found
                continue
            definition, tests = found
            try:
                ranges = oval.ranges_of(
                    definition.criteria,
                    tests,
                    product=lambda package: package_product(scheme, package, distribution=distribution),
                    platform=definition.platform,
                )
                if definition.kind == "patch":  # "is installed" is a condition there; only what is not fixed yet is affected as it is
                    ranges = tuple(entry for entry in ranges if entry.end)
                unseen += not ranges
                _gather(gathered, definition, ranges)
            except BAD_RECORD as error:
                yield refused(definition.title, error)
        yield from gathered.records()
    if unseen:
        yield refused("the whole document", f"{unseen:,} notices test no package (most of them the kernel that is running); left out.")


def _gather(gathered: Gathering, definition: Definition, ranges: tuple[RangeRecord, ...]) -> None:
    """The ranges once for all CVEs of the notice, and each CVE's own rating."""
    if not ranges:
        return
    changed = dt.datetime.combine(dt.date.fromisoformat(definition.day), dt.time(), dt.UTC) if definition.day else None
    parts: dict[str, list[RangeRecord]] = {}
    for found in ranges:
        parts.setdefault(found.platforms[0].rpartition("-")[2] if found.platforms else "", []).append(found)
    for part, of_part in parts.items():
        said = WeaknessRecord(cve="", references=links(list(definition.links)), modified_at=changed, ranges=tuple(of_part), part=part)
        gathered.add(definition.cves, said)
        for cve, (vector, severity) in definition.cves.items():
            score, known = best([{"type": f"CVSS_V{vector[5]}", "score": vector}]) if vector else (None, "")
            rated = severity_of(score) if score is not None else word(severity)
            if rated is not None:
                gathered.add((cve,), WeaknessRecord(cve="", cvss=score, cvss_vector=text(known, 200), severity=rated, part=part))


def _stated(head: bytes, name: str) -> str:
    found = _TIMESTAMP.search(head)
    return found[1].decode("ascii", "replace") if found else ""


def _feed(
    *,
    kind: str,
    scheme: str,
    distribution: str,
    name: str,
    generator: re.Pattern[bytes],
    files: tuple[str, ...],
    label: str,
    home: str,
    licence: str,
    by: str,
) -> FeedKind:
    return FeedKind(
        kind=kind,
        label=label,
        about="Which notice fixes which CVEs, with the fixed version of every binary package of a release.",
        home=home,
        licence=licence,
        attribution=by,
        taken="CVE ids, their rating, binary packages, release, module stream, fixed version, link to the notice",
        topic=Topic.DISTRIBUTIONS,
        needs=Needs((f"{scheme}:{distribution}",), f"packages of {name}"),
        opt_in=f"{kind.removesuffix('_oval')} says the same by source package; of use where reports name binary packages alone.",
        store=Store.WEAKNESSES,
        parse=_parser(scheme, distribution),
        patterns=("*oval*.xml", "*oval*.xml.bz2", "*oval*.xml.gz"),
        addresses=tuple((address.rsplit("/", 1)[1], address) for address in files),
        looks_right=lambda head: generator.search(head) is not None,
        stated=_stated,
    )


_UBUNTU = "https://security-metadata.canonical.com/oval/com.ubuntu.{}.usn.oval.xml.bz2"
_RED_HAT = "https://security.access.redhat.com/data/oval/v2/RHEL{0}/rhel-{0}.oval.xml.bz2"
FEEDS = (
    _feed(
        kind="ubuntu_oval",
        scheme="deb",
        distribution="ubuntu",
        name="Ubuntu",
        generator=re.compile(rb"oval_definitions[\s\S]*Canonical"),
        files=tuple(_UBUNTU.format(release) for release in ("bionic", "focal", "jammy", "noble")),
        label="Ubuntu security notices (OVAL)",
        home="https://ubuntu.com/security/oval",
        licence="CC-BY-SA-4.0 (Canonical)",
        by="Ubuntu Security Team, Canonical Ltd.",
    ),
    _feed(
        kind="redhat_oval",
        scheme="rpm",
        distribution="rhel",
        name="Red Hat",
        generator=re.compile(rb"oval_definitions[\s\S]*Red Hat"),
        files=tuple(_RED_HAT.format(release) for release in (7, 8, 9)),
        label="Red Hat security advisories (OVAL)",
        home="https://access.redhat.com/security/data",
        licence="CC-BY-4.0 (Red Hat)",
        by="Red Hat Product Security, Red Hat, Inc.",
    ),
)
