"""Products and the CVEs they must and must not have.

A JSON list of `{"cpe", "included": [{"cve", "resolvedInVersion"}], "excluded": [{"cve"}]}`. Each CPE name comes in as a bill of
materials states it, on a machine of the system that it names. A CVE of which no feed at hand states affected versions of anything but a
distribution's packages is not asked for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.models import Q

from inventory.identities import target_of_cpe
from inventory.records import InstalledSoftware, MachineFacts, Report
from inventory.rules import family_of_target
from inventory.sources.components import Component, software_of
from inventory.sources.fields import BadField
from inventory.sources.frame import Limits
from weaknesses.feeds import reading
from weaknesses.measuring import machines, texts
from weaknesses.measuring.frame import Case, Example, Outcome, TruthSet, UnusableTruth
from weaknesses.models import AffectedRange

_PARTS = 11


@dataclass(frozen=True, slots=True)
class _Entry:
    machine: str
    cpe: str
    record: InstalledSoftware
    included: Mapping[str, str]  # CVE -> the version that ends it, "" where the truth does not say
    excluded: frozenset[str]


def find(files: Sequence[Path]) -> Iterator[Case]:
    for path in files:
        head = reading.head(path, 2_000) if ".json" in path.name else b""
        if b'"cpe"' in head and b'"included"' in head and b'"excluded"' in head:
            yield Case(texts.stem(path), {"products": path})


def measure(case: Case, now: dt.datetime) -> Iterator[Outcome]:
    entries = [_entry(number, row, case) for number, row in enumerate(texts.document(case.files["products"]))]
    machines.store_reports((_report(entry) for entry in entries), now=now)
    machines.match_everything(now=now)
    known = _stated(_asked(entries))
    fixes = {(match.machine, match.cve): match.fixed for match in machines.matches()}
    misses = tuple(
        Example(entry.cpe, cve) for entry in entries for cve in sorted(entry.included) if cve in known and (entry.machine, cve) not in fixes
    )
    wrongs = tuple(
        Example(entry.cpe, cve, "must not match") for entry in entries for cve in sorted(entry.excluded) if (entry.machine, cve) in fixes
    )
    expected = sum(cve in known for entry in entries for cve in entry.included)
    notes = [f"{cve} has no affected versions in any feed at hand" for cve in sorted(_asked(entries) - known)]
    yield Outcome(
        set=case.name,
        expected=expected,
        found=expected - len(misses),
        misses=misses,
        wrongs=wrongs,
        notes=(*notes, *_other_fixes(entries, fixes)),
    )


def _entry(number: int, row: Mapping[str, Any], case: Case) -> _Entry:
    name = str(row["cpe"])
    whole = name + ":*" * (_PARTS + 1 - name.count(":"))  # some names leave their last parts out
    try:
        record = software_of(Component(type="application", cpe=whole), Limits())
    except BadField as error:
        raise UnusableTruth(f"{case.files['products'].name}: {name}: {error}") from error
    if record is None:
        raise UnusableTruth(f"{case.files['products'].name}: {name} names no software")
    return _Entry(
        machine=f"{case.name}-{number}",
        cpe=name,
        record=record,
        included={item["cve"]: item.get("resolvedInVersion") or "" for item in row["included"]},
        excluded=frozenset(item["cve"] for item in row["excluded"]),
    )


def _report(entry: _Entry) -> Report:
    family = family_of_target(target_of_cpe(entry.record.cpe))
    return Report(machine=MachineFacts(external_id=entry.machine, family=family, platform=family), software=(entry.record,))


def _stated(cves: set[str]) -> set[str]:
    """CVEs with affected versions of products or registries' packages; distributions speak of their own builds only."""
    ranges = AffectedRange.objects.filter(weakness__cve__in=cves, weakness__rejected=False)
    of_distributions = Q(product__key__startswith="deb:") | Q(product__key__startswith="rpm:") | Q(product__key__startswith="apk:")
    return set(ranges.exclude(of_distributions).values_list("weakness__cve", flat=True))


def _asked(entries: Sequence[_Entry]) -> set[str]:
    return {cve for entry in entries for cve in (*entry.included, *entry.excluded)}


def _other_fixes(entries: Sequence[_Entry], fixes: Mapping[tuple[str, str], str]) -> Iterator[str]:
    for entry in entries:
        for cve, fix in entry.included.items():
            ours = fixes.get((entry.machine, cve), fix)
            if ours != fix:
                yield f"{entry.cpe}: {cve} is fixed in {ours or 'no version'}, not in {fix or 'none'}"


SET = TruthSet(
    kind="cpe_weaknesses",
    about="CPE names and the CVEs they must and must not have",
    find=find,
    measure=measure,
    feeds=("nvd", "overrides", "cvelist", "pypi"),
)
