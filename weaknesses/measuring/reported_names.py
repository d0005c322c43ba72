"""Reported names and the products they are: what osquery's tables say of a software, and the CPE name that it must be given.

A JSON list of `{"software": {"Name", "Version", "Source", "Vendor", "BundleIdentifier"}, "expected_cpe"}`; `Source` is the name of an
osquery table. An empty `expected_cpe`: the software must not be given a product. A name is right where the software's products
hold the expected one and the version that is compared orders as the expected one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inventory.models import Version
from inventory.records import InstalledSoftware, MachineFacts, Report
from inventory.rules import family_of
from inventory.sources import osquery_tables
from inventory.sources.fields import BadField
from inventory.sources.frame import Limits
from inventory.versions import sort_key
from weaknesses import upstream
from weaknesses.cpe import CpeName, MalformedName, parse_name, version_with_update
from weaknesses.feeds import reading
from weaknesses.measuring import machines, texts
from weaknesses.measuring.frame import Case, Example, Outcome, TruthSet, UnusableTruth
from weaknesses.models import Product, SoftwareProduct

_PLATFORMS = {"programs": "windows", "deb_packages": "ubuntu-22.04", "rpm_packages": "rhel-9"}
_OTHER_PLATFORM = "macos"
_TABLES = {table.name: table for table in osquery_tables.TABLES}


@dataclass(frozen=True, slots=True)
class _Entry:
    machine: str
    label: str
    record: InstalledSoftware
    platform: str
    expected: CpeName | None


@dataclass(frozen=True, slots=True)
class _Given:
    """What the portal made of an entry: its products, and the version as it is compared with theirs."""

    products: frozenset[str]
    version: str
    key: str


def find(files: Sequence[Path]) -> Iterator[Case]:
    for path in files:
        if ".json" in path.name and b'"expected_cpe"' in reading.head(path, 2_000):
            yield Case(texts.stem(path), {"names": path})


def measure(case: Case, now: dt.datetime) -> Iterator[Outcome]:
    entries = [_entry(number, row, case) for number, row in enumerate(texts.document(case.files["names"]))]
    _know_products(entries)
    machines.store_reports((_report(entry) for entry in entries), now=now)
    machines.match_everything(now=now)
    misses, wrongs, found = [], [], 0
    for entry in entries:
        given = _given(entry)
        fault = _fault(entry, given)
        found += entry.expected is not None and not fault
        example = Example(entry.label, entry.expected.key if entry.expected else "no product", fault)
        if fault and entry.expected:
            misses.append(example)
        if fault and given.products and not (entry.expected and entry.expected.key in given.products):
            wrongs.append(example)
    expected = sum(entry.expected is not None for entry in entries)
    yield Outcome(set=case.name, expected=expected, found=found, misses=tuple(misses), wrongs=tuple(wrongs))


def _entry(number: int, row: Mapping[str, Any], case: Case) -> _Entry:
    said, source = row["software"], str(row["software"].get("Source"))
    if source not in _TABLES:
        raise UnusableTruth(f"{case.files['names'].name}: {source!r} is no table that names software")
    columns = {
        "name": said["Name"],
        "version": said["Version"],
        "bundle_short_version": said["Version"],
        "publisher": said.get("Vendor") or "",
        "bundle_identifier": said.get("BundleIdentifier") or "",
    }
    try:
        record = _TABLES[source].make(columns, Limits())
        expected = parse_name(row["expected_cpe"]) if row["expected_cpe"] else None
    except (BadField, MalformedName) as error:
        raise UnusableTruth(f"{case.files['names'].name}, entry {number}: {error}") from error
    if record is None:
        raise UnusableTruth(f"{case.files['names'].name}, entry {number}: the table says that it is not installed")
    label = f"{said['Name']} {said['Version']} ({source})"
    return _Entry(f"{case.name}-{number}", label, record, _PLATFORMS.get(source, _OTHER_PLATFORM), expected)


def _know_products(entries: Sequence[_Entry]) -> None:
    """Every expected product is a name that vulnerability data may use, whether or not the feeds at hand do."""
    keys = sorted({entry.expected.key for entry in entries if entry.expected})
    Product.objects.bulk_create([Product(key=key) for key in keys], ignore_conflicts=True)


def _report(entry: _Entry) -> Report:
    facts = MachineFacts(external_id=entry.machine, family=family_of(entry.platform), platform=entry.platform)
    return Report(machine=facts, software=(entry.record,))


def _given(entry: _Entry) -> _Given:
    version = Version.objects.select_related("software").filter(installations__machine__external_id=entry.machine)
    row = version.exclude(software__ecosystem="os").get()
    links = SoftwareProduct.objects.filter(software=row.software, confidence__gt=0, product__key__startswith="cpe:")
    return _Given(
        products=frozenset(links.values_list("product__key", flat=True)),
        version=row.version,
        key=upstream.compared_key(row.software.ecosystem, row.version),
    )


def _fault(entry: _Entry, given: _Given) -> str:
    products = ", ".join(sorted(given.products)) or "no product"
    if entry.expected is None:
        return f"is given {products}" if given.products else ""
    if entry.expected.key not in given.products:
        return f"is given {products}"
    wanted = version_with_update(entry.expected.version, entry.expected.update)
    return "" if sort_key("cpe", wanted) == given.key else f"{given.version} is compared, not {wanted}"


SET = TruthSet(
    kind="reported_names",
    about="names as osquery's tables report them, and the products they are",
    find=find,
    measure=measure,
    feeds=("nvd",),
)
