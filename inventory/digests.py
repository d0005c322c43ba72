"""What a report says, as one digest a part, so that a report that says nothing new is recognised without a look at its rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from hashlib import blake2b

from inventory.records import InstalledSoftware, MachineFacts, Report
from inventory.rules import is_package

_SIZE = 12


@dataclass(frozen=True, slots=True)
class Parts:
    """`digests`: part -> digest, of the facts and of each entry of `covers`. `software`: the records of each of these parts.

    `additive` are the records outside every part; they have no digest, as what they add to is not known here.
    """

    digests: dict[str, str]
    software: dict[str, list[InstalledSoftware]]
    additive: list[InstalledSoftware]


class Digester:
    """Digests of the reports of one file. Records repeat from machine to machine, so each is digested once."""

    def __init__(self, *, alias_fingerprint: str) -> None:
        self._salt = alias_fingerprint
        self._records: dict[InstalledSoftware, bytes] = {}

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
        if any(astuple(report.machine)[1:]):
            digests["facts"] = facts_digest(report.machine)
        return Parts(digests=digests, software=software, additive=additive)

    def _digest(self, part: str, records: Iterable[InstalledSoftware]) -> str:
        total = blake2b(digest_size=_SIZE)
        if not is_package(part):
            total.update(self._salt.encode())
        known = self._records
        total.update(b"".join(sorted([known.get(record) or self._record(record) for record in records])))
        return total.hexdigest()

    def _record(self, record: InstalledSoftware) -> bytes:
        said = (record.ecosystem, record.name, record.version, record.vendor, record.cpe, record.platform, *sorted(record.evidence))
        text = "\x1f".join(said)
        found = self._records[record] = blake2b(text.encode(), digest_size=_SIZE).digest()
        return found


def facts_digest(facts: MachineFacts) -> str:
    """Digest of everything a report says about the machine but its identifier."""
    return blake2b(repr(astuple(facts)[1:]).encode(), digest_size=_SIZE).hexdigest()
