"""What a report says, as one digest a part, so that a report that says nothing new is recognised without a look at its rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import lru_cache
from hashlib import blake2b
from operator import attrgetter

from inventory.records import InstalledSoftware, MachineFacts, Report
from inventory.rules import names_are_final

_SIZE = 12
_FACTS = attrgetter(*(field.name for field in fields(MachineFacts) if field.name != "external_id"))


@dataclass(frozen=True, slots=True)
class Parts:
    """`digests`: part -> digest, of the facts and of each entry of `covers`. `software`: the records of each of these parts.

    `additive` are the records outside every part; they have no digest, as what they add to is not known here.
    """

    digests: dict[str, str]
    software: dict[str, list[InstalledSoftware]]
    additive: list[InstalledSoftware]


class Digester:
    """Digests of reports under one edition of the alias table."""

    def __init__(self, *, alias_fingerprint: str) -> None:
        self._salt = alias_fingerprint

    def parts(self, report: Report) -> Parts:
        """Records in any order give the same digests. Names that aliases decide are digested together with the alias table."""
        software: dict[str, list[InstalledSoftware]] = {part: [] for part in sorted(report.covers)}
        additive: list[InstalledSoftware] = []
        by_vendor = {part.partition("/")[0] for part in report.covers if "/" in part}
        for record in report.software:
            part = record.ecosystem
            if part in by_vendor and f"{part}/{record.vendor}" in software:
                part = f"{part}/{record.vendor}"
            software.get(part, additive).append(record)
        digests = {part: self._digest(part, records) for part, records in software.items()}
        said = facts_said(report.machine)
        if any(said):
            digests["facts"] = blake2b(repr(said).encode(), digest_size=_SIZE).hexdigest()
        return Parts(digests=digests, software=software, additive=additive)

    def _digest(self, part: str, records: Iterable[InstalledSoftware]) -> str:
        total = blake2b(digest_size=_SIZE)
        if not names_are_final(part):
            total.update(self._salt.encode())
        total.update(b"".join(sorted(map(record_digest, records))))
        return total.hexdigest()


@lru_cache(maxsize=32_768)
def record_digest(record: InstalledSoftware) -> bytes:
    """The digest of one record. Records repeat from machine to machine and from report to report."""
    said = (record.ecosystem, record.name, record.version, record.vendor, record.cpe, record.platform, record.identifier)
    return blake2b("\x1f".join((*said, *sorted(record.evidence))).encode(), digest_size=_SIZE).digest()


def facts_said(facts: MachineFacts) -> tuple[object, ...]:
    """Everything a report says about the machine but its identifier."""
    said: tuple[object, ...] = _FACTS(facts)
    return said
