"""Who attacks a weakness: groups, campaigns, malware and tools, the techniques, and the exploits, as the feeds state them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from weaknesses.feeds import FEEDS
from weaknesses.models import ExploitEvidence, ThreatInsight

MOST_INSIGHTS = 300  # of one page; the weakness that most is known about has 60
MOST_EVIDENCE = 200
SHIPPED = "shipped with the portal"
_ATTACK = "https://attack.mitre.org/techniques"
_KEV = "https://www.cisa.gov/known-exploited-vulnerabilities-catalog?search_api_fulltext={cve}"
_EXPLOITATION = {"none": ("None known", ""), "poc": ("Public", "a proof of concept is public"), "active": ("Active", "used in attacks")}
_AUTOMATABLE = {True: ("Yes", "works without a person at each step"), False: ("No", "takes a person at some step")}
_IMPACT = {"partial": ("Partial", "limited control, or a part of the data"), "total": ("Total", "full control, or all of the data")}
_SILENT = ("", "")


@dataclass(frozen=True, slots=True)
class Technique:
    """A technique of ATT&CK. `purposes`: "how it is exploited", in the words of each source."""

    id: str
    name: str
    address: str
    purposes: str = ""


@dataclass(frozen=True, slots=True)
class Threat:
    """Who uses one or more weaknesses. `seen`: first and last day, where known. `techniques`: for which it uses them."""

    name: str
    kind: str
    sources: tuple[str, ...]
    address: str
    summary: str
    techniques: tuple[Technique, ...]
    seen: tuple[dt.date | None, dt.date | None]
    cves: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Insights:
    """What is known about the attackers of some weaknesses, the best documented first."""

    threats: tuple[Threat, ...] = ()
    techniques: tuple[Technique, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """An exploit, or exploitation, that one or more sources list. `due`, `action`: what CISA wants, and by when."""

    title: str
    address: str
    level: str
    sources: tuple[str, ...]
    day: dt.date | None
    ransomware: bool
    gone_at: dt.datetime | None
    due: dt.date | None = None
    action: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """Exploitation of a weakness, or an exploit of it: the strongest that is listed. `address`: its page at the source, or empty."""

    cve: str
    level: int
    words: str
    source: str
    address: str
    day: dt.date | None
    ransomware: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """`note`: what the word means."""

    label: str
    word: str
    note: str


def insights(cves: Sequence[str]) -> Insights:
    """Everything the feeds say about who uses these weaknesses, and how. One statement, or none without weaknesses."""
    if not cves:
        return Insights()
    found = list(ThreatInsight.objects.filter(cve__in=cves).order_by("source", "name", "reference", "cve")[:MOST_INSIGHTS])
    who = [insight for insight in found if insight.kind != ThreatInsight.Kind.TECHNIQUE]
    by_name: dict[tuple[str, str], list[ThreatInsight]] = {}
    for insight in who:
        by_name.setdefault((insight.kind, insight.name.casefold()), []).append(insight)
    threats = [_threat(same) for same in by_name.values()]
    threats.sort(key=lambda threat: (-len(threat.cves), -len(threat.sources), threat.kind, threat.name.casefold()))
    return Insights(tuple(threats), _techniques(insight for insight in found if insight.kind == ThreatInsight.Kind.TECHNIQUE))


def evidence(cve: str) -> tuple[Evidence, ...]:
    """Exploits and exploitation, the highest level first; what several sources list stands once. One statement."""
    by_place: dict[str, list[ExploitEvidence]] = {}
    for item in ExploitEvidence.objects.filter(cve=cve).order_by("-level", "source", "reference")[:MOST_EVIDENCE]:
        by_place.setdefault(item.url or f"{item.source} {item.reference}", []).append(item)
    return tuple(_evidence(same) for same in by_place.values())


def proofs(cves: Sequence[str]) -> tuple[Proof, ...]:
    """The strongest evidence of each weakness, in their order. One statement, or none without weaknesses."""
    best: dict[str, ExploitEvidence] = {}
    listed = ExploitEvidence.objects.filter(cve__in=cves, gone_at__isnull=True) if cves else ExploitEvidence.objects.none()
    for item in listed.order_by("-level", "-url", "source", "reference")[:MOST_EVIDENCE]:
        best.setdefault(item.cve, item)
    return tuple(_proof(best[cve]) for cve in cves if cve in best)


def assessment(*, exploitation: str, automatable: bool | None, technical_impact: str) -> tuple[Fact, ...]:
    """CISA's decision points (SSVC) in words; none where it has not assessed the weakness."""
    found = (
        Fact("Exploitation", *_EXPLOITATION.get(exploitation, _SILENT)),
        Fact("Automatable", *(_SILENT if automatable is None else _AUTOMATABLE[automatable])),
        Fact("Technical impact", *_IMPACT.get(technical_impact, _SILENT)),
    )
    return tuple(fact for fact in found if fact.word)


def source_label(source: str) -> str:
    """The name of a source as a person knows it."""
    return FEEDS[source].label if source in FEEDS else SHIPPED if source == "starter" else source


def _threat(same: Sequence[ThreatInsight]) -> Threat:
    """One user of weaknesses, whatever sources and weaknesses it is listed for."""
    ids = sorted({technique for insight in same for technique in insight.techniques})
    days = [day for insight in same for day in (insight.first_seen, insight.last_seen) if day]
    return Threat(
        name=same[0].name,
        kind=same[0].get_kind_display(),
        sources=_labels(insight.source for insight in same),
        address=next((insight.url for insight in same if insight.url), ""),
        summary=next((insight.summary for insight in same if insight.summary), ""),
        techniques=tuple(Technique(id=technique, name="", address=_page(technique)) for technique in ids),
        seen=(min(days), max(days)) if days else (None, None),
        cves=tuple(sorted({insight.cve for insight in same})),
    )


def _techniques(found: Iterable[ThreatInsight]) -> tuple[Technique, ...]:
    by_id: dict[str, list[ThreatInsight]] = {}
    for insight in found:
        by_id.setdefault(insight.reference, []).append(insight)
    return tuple(_technique(technique, by_id[technique]) for technique in sorted(by_id))


def _technique(technique: str, same: Sequence[ThreatInsight]) -> Technique:
    name = next((insight.name for insight in same if insight.name != technique), "")
    purposes = dict.fromkeys(part for insight in same for part in insight.summary.rstrip(".").lower().split(", ") if part)
    return Technique(id=technique, name=name, address=_page(technique), purposes=", ".join(purposes))


def _page(technique: str) -> str:
    return f"{_ATTACK}/{technique.replace('.', '/')}/"


def _evidence(same: Sequence[ExploitEvidence]) -> Evidence:
    best = same[0]
    return Evidence(
        title=next((item.title for item in same if item.title), "") or best.reference,
        address=best.url,
        level=best.get_level_display(),
        sources=_labels(item.source for item in same),
        day=next((item.day for item in same if item.day), None),
        ransomware=any(item.ransomware for item in same),
        gone_at=None if any(item.gone_at is None for item in same) else best.gone_at,
        due=next((item.due for item in same if item.due), None),
        action=next((item.action for item in same if item.action), ""),
    )


def _proof(item: ExploitEvidence) -> Proof:
    catalogue = _KEV.format(cve=item.cve) if item.level == ExploitEvidence.Level.WILD and item.source in ("kev", "starter") else ""
    source = "CISA KEV" if catalogue else source_label(item.source)
    return Proof(item.cve, item.level, item.get_level_display(), source, item.url or catalogue, item.day, item.ransomware)


def _labels(sources: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(source_label(source) for source in sources))
