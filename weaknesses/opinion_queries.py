"""Second opinions: what other scanners found, beside what we say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core import sql
from inventory.models import Machine
from weaknesses.models import Weakness

if TYPE_CHECKING:
    from weaknesses.match_queries import MatchPage

_OWN: Final = ("weakness", "severity", "version_id", "version", "software", "software_key", "verdict", "fixed")
VERDICTS: Final = {"they": "Only they", "we": "Only we", "agree": "Both"}
_SCANNERS: Final = {
    "trivy": "Trivy",
    "grype": "Grype",
    "wazuh": "Wazuh",
    "dependency_track": "Dependency-Track",
    "osv_scanner": "OSV-Scanner",
    "ms_defender": "Microsoft Defender",
    "openvas": "OpenVAS",
    "nessus": "Nessus",
    "qualys": "Qualys",
    "fleet": "Fleet",
}
_WHY: Final = {
    "unknown": "no feed here knows this CVE",
    "other_id": "an advisory of its own, which no feed here knows by this name",
    "rejected": "the CVE was rejected",
    "overruled": "a curator set it aside",
    "waiting": "the version waits to be matched",
    "unnamed": "vulnerability data has no name for this software",
    "unlisted": "no source here names this product",
    "outside": "the version is outside what the sources call affected",
}


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one scanner says of one version. `says`: it found the weakness; else it looked at the version and named others only."""

    scanner: str
    says: bool
    matched: bool
    machines: int
    fixed: str
    version_id: int
    version: str
    platform: str
    software: str
    software_key: str

    @property
    def differs(self) -> bool:
        return self.says != self.matched


@dataclass(frozen=True, slots=True)
class MachineOpinion:
    """One weakness in one version of a machine. `verdict`: a key of VERDICTS; `why`: why we do not say what they say.

    `known`: the weakness has a page. `scanners`: who says so; for "we" those that report on this kind of software.
    """

    weakness: str
    known: bool
    severity: int | None
    version_id: int
    version: str
    software: str
    software_key: str
    verdict: str
    scanners: tuple[str, ...]
    fixed: str
    why: str

    @property
    def label(self) -> str:
        return VERDICTS[self.verdict]


@dataclass(frozen=True, slots=True)
class MachineOpinions:
    """A page of `rows`, `total` of them, and the counts of everything on the machine."""

    agree: int
    they: int
    we: int
    total: int
    rows: tuple[MachineOpinion, ...]


def scanner_name(source: str) -> str:
    """A source of findings as people call it."""
    return _SCANNERS.get(source, source.replace("_", " ").capitalize())


def opinions_of(
    *, weakness: Weakness, groups: Sequence[int], version_id: int | None = None, machine_id: int | None = None
) -> tuple[Opinion, ...]:
    """What scanners say of a weakness on machines of the groups, where they differ from us first. One statement."""
    parameters = {
        "cve": weakness.cve,
        "weakness_id": weakness.pk,
        "groups": list(groups),
        "version_id": version_id,
        "machine_id": machine_id,
    }
    found = sql.rows("weaknesses/read_weakness_opinions", parameters)
    return tuple(Opinion(scanner=scanner_name(row.pop("source")), **row) for row in found)


def opinions_on(page: MatchPage, *, groups: Sequence[int], machine: Machine | None) -> tuple[Opinion, ...]:
    """What scanners say of the version of a match."""
    return opinions_of(weakness=page.weakness, groups=groups, version_id=page.subject.id, machine_id=machine.pk if machine else None)


def machine_opinions(*, machine_id: int, verdict: str = "", text: str = "", offset: int = 0, limit: int | None = 50) -> MachineOpinions:
    """What scanners say of one machine; `verdict`: only those rows; empty: where they differ, then where they agree."""
    parameters = {
        "machine": machine_id,
        "verdicts": [verdict] if verdict in VERDICTS else list(VERDICTS),
        "text": text,
        "pattern": sql.containing(text),
        "offset": offset,
        "limit": limit,
    }
    found = sql.rows("weaknesses/read_machine_opinions", parameters)
    first = found[0]
    rows = tuple(
        MachineOpinion(
            known=row["weakness_id"] is not None,
            scanners=tuple(scanner_name(source) for source in row["sources"]),
            why=_WHY.get(row["why"], ""),
            **{
                name: row[name]
                for name in ("weakness", "severity", "version_id", "version", "software", "software_key", "verdict", "fixed")
            },
        )
        for row in found
        if row["version_id"] is not None
    )
    return MachineOpinions(first["agree"], first["they"], first["we"], first["total"] or 0, rows)
