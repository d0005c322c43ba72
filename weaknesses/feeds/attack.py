"""MITRE ATT&CK: groups, campaigns, malware and tools whose description, or use of a technique, names a CVE.

Format: a STIX 2.x bundle (https://github.com/mitre/cti, enterprise-attack.json). A weakness is only ever named in prose:
in the description of an object, or in that of a `uses` relationship. Titles of cited reports are taken out first: what
they are about is not what the sentence says. Revoked and deprecated objects are left out.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import ijson

from weaknesses.errors import FeedError
from weaknesses.feeds.base import FeedKind, Store, Topic
from weaknesses.feeds.reading import BAD_RECORD, CVE, day, events, refused, text
from weaknesses.records import FeedRecord, ThreatRecord

MOST_OBJECTS = 200_000  # kept at a time; the whole of ATT&CK has 2,000 beside its relationships
_KINDS = {"intrusion-set": "group", "campaign": "campaign", "malware": "malware", "tool": "tool"}
_TECHNIQUE = re.compile(r"T[0-9]{4}(\.[0-9]{3})?")
_CITATION = re.compile(r"\(Citation: [^)]*\)")
_PAGE = re.compile(r"https://attack\.mitre\.org/[A-Za-z0-9/_.-]{1,200}")


@dataclass(frozen=True, slots=True)
class _Object:
    kind: str
    reference: str
    name: str
    url: str
    cves: tuple[str, ...]
    first_seen: dt.date | None
    last_seen: dt.date | None


@dataclass(slots=True)
class _Bundle:
    """What is kept of a bundle: objects by id, and the relationships that name a CVE or attribute a campaign."""

    objects: dict[str, _Object] = field(default_factory=dict)
    uses: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    attributed: dict[str, list[str]] = field(default_factory=dict)
    cited_only: int = 0

    def __len__(self) -> int:
        return len(self.objects) + len(self.uses) + len(self.attributed)


def parse(stream: IO[bytes], name: str) -> Iterator[FeedRecord]:
    """One record per CVE and user of it. The bundle comes in any order, so records are made at its end."""
    bundle = _Bundle()
    for position, item in enumerate(ijson.items(events(stream), "objects.item"), start=1):
        try:
            _keep(bundle, item)
        except BAD_RECORD as error:
            yield refused(f"object {position}", error, item)
        if len(bundle) > MOST_OBJECTS:
            raise FeedError(f"The bundle has more than {MOST_OBJECTS:,} objects.")
    yield from _records(bundle)
    if bundle.cited_only:
        yield refused(
            "the whole bundle", f"{bundle.cited_only:,} descriptions have a CVE only in the title of a report they cite; left out."
        )


def _keep(bundle: _Bundle, item: dict[str, Any]) -> None:
    if item.get("revoked") is True or item.get("x_mitre_deprecated") is True:
        return
    kind = item["type"]
    if kind == "relationship":
        _keep_relationship(bundle, item)
    elif kind in _KINDS or kind == "attack-pattern":
        described = text(item.get("description"), 100_000)
        cves = cves_in(described)
        bundle.cited_only += kind in _KINDS and not cves and bool(CVE.search(described.upper()))
        bundle.objects[text(item["id"], 200)] = _object(item, kind, cves)


def _object(item: dict[str, Any], kind: str, cves: tuple[str, ...]) -> _Object:
    page = next((entry for entry in item.get("external_references") or [] if entry.get("source_name") == "mitre-attack"), None)
    if page is None:
        raise ValueError("The object has no id of ATT&CK.")
    url = text(page.get("url"), 300)
    return _Object(
        kind=_KINDS.get(kind, "technique"),
        reference=text(page["external_id"], 20),
        name=text(item["name"], 200),
        url=url if _PAGE.fullmatch(url) else "",
        cves=cves,
        first_seen=day(item.get("first_seen")),
        last_seen=day(item.get("last_seen")),
    )


def _keep_relationship(bundle: _Bundle, item: dict[str, Any]) -> None:
    source, target = text(item["source_ref"], 200), text(item["target_ref"], 200)
    if item.get("relationship_type") == "attributed-to":
        bundle.attributed.setdefault(source, []).append(target)
    elif item.get("relationship_type") == "uses":
        described = text(item.get("description"), 100_000)
        cves = cves_in(described)
        bundle.cited_only += not cves and bool(CVE.search(described.upper()))
        if cves:
            bundle.uses.append((source, target, cves))


def cves_in(described: str) -> tuple[str, ...]:
    """The CVE ids of a text, the titles of cited reports aside."""
    return tuple(dict.fromkeys(CVE.findall(_CITATION.sub("", described).upper())))


def _records(bundle: _Bundle) -> Iterator[ThreatRecord]:
    techniques: dict[tuple[str, str], dict[_Object, None]] = {
        (cve, reference): {} for reference, item in bundle.objects.items() if item.kind != "technique" for cve in item.cves
    }
    for source, target, cves in bundle.uses:
        user, used = bundle.objects.get(source), bundle.objects.get(target)
        if user is None or user.kind == "technique" or used is None:
            continue
        for cve in cves:
            found = techniques.setdefault((cve, source), {})
            if used.kind == "technique" and _TECHNIQUE.fullmatch(used.reference):
                found[used] = None
    for (cve, reference), used_for in techniques.items():
        yield _record(cve, bundle.objects[reference], list(used_for), _names(bundle, reference))


def _names(bundle: _Bundle, campaign: str) -> list[str]:
    return [bundle.objects[group].name for group in bundle.attributed.get(campaign, ()) if group in bundle.objects]


def _record(cve: str, user: _Object, used_for: list[_Object], attributed: list[str]) -> ThreatRecord:
    purposes = f"Used for {_listed([technique.name for technique in used_for])}." if used_for else ""
    behind = f"Attributed to {_listed(attributed)}." if attributed else ""
    return ThreatRecord(
        cve=cve,
        reference=user.reference,
        kind=user.kind,
        name=user.name,
        summary=f"{purposes} {behind}".strip(),
        url=user.url,
        techniques=tuple(sorted(technique.reference for technique in used_for)),
        first_seen=user.first_seen,
        last_seen=user.last_seen,
    )


def _listed(names: list[str]) -> str:
    """a, b and c."""
    ordered = sorted(set(names))
    return f"{', '.join(ordered[:-1])} and {ordered[-1]}" if len(ordered) > 1 else "".join(ordered)


def _is_attack(head: bytes) -> bool:
    return b'"bundle"' in head or b'"objects"' in head


FEED = FeedKind(
    kind="attack",
    label="MITRE ATT&CK",
    about="Groups, campaigns, malware and tools that are known to use a weakness, and for which technique.",
    home="https://attack.mitre.org/",
    licence="ATT&CK Terms of Use (free, also for commercial use, with the copyright notice)",
    attribution="© 2025 The MITRE Corporation. This work is reproduced and distributed with the permission of The MITRE Corporation.",
    taken="CVE ids, id, name, kind, address, days of campaigns, and the techniques a weakness is used for; none of the text",
    topic=Topic.THREATS,
    store=Store.THREATS,
    parse=parse,
    patterns=("enterprise-attack*.json", "enterprise-attack*.json.gz"),
    addresses=(("enterprise-attack.json", "https://raw.githubusercontent.com/mitre/cti/master/enterprise-attack/enterprise-attack.json"),),
    looks_right=_is_attack,
    complete=True,
)
