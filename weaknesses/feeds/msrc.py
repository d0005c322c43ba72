"""Microsoft's security updates: a CVRF document in JSON for each month, with the KB and the build of every fix.

Format and addresses: Microsoft Security Response Center, CVRF API v3.0 (https://api.msrc.microsoft.com/cvrf/v3.0/swagger/index),
after OASIS CVRF 1.2. Read are the fixes of Windows: one build tells a machine's patch level, and a KB brings it to the next. Other
products of Microsoft have several branches of fixes at once, which these documents do not tell apart.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import IO, Any

import ijson
from ijson.common import ObjectBuilder

from weaknesses.feeds.base import Delivery, FeedKind, Needs, Store, Topic
from weaknesses.feeds.fetch import Fetcher
from weaknesses.feeds.reading import BAD_RECORD, clean, cve_id, events, links, moment, refused, text
from weaknesses.records import FeedRecord, RangeRecord, UpdateRecord, WeaknessRecord
from weaknesses.rules import WINDOWS_BUILDS, windows_window

API = "https://api.msrc.microsoft.com/cvrf/v3.0/"
KEPT = dt.timedelta(days=3 * 366)  # updates are cumulative: a supported machine needs none that is older
VENDOR_FIX = 2  # Remediations[].Type
_RELEASED = "DocumentTracking.CurrentReleaseDate"
_FIRST_RELEASED = "DocumentTracking.InitialReleaseDate"
_PRODUCT, _WEAKNESS = "ProductTree.FullProductName.item", "Vulnerability.item"
_STATED = re.compile(rb'"CurrentReleaseDate"\s*:\s*"([0-9T:.Z+-]{10,40})"')
_KB = re.compile(r"(?:KB)?(\d{6,8})", re.IGNORECASE)
_BUILD = re.compile(r"10\.0\.(\d{5})\.(\d+)")
_SEVERITIES = {"low": 1, "moderate": 2, "medium": 2, "important": 3, "high": 3, "critical": 4}
_SEVERITY = 3  # Threats[].Type
# Builds stand for releases, so the build that fixes a product says which it is; editions of one build are told apart by name.
_RELEASES = {build: name for name, build in WINDOWS_BUILDS.items() if not name.startswith("windows_server")}
_SERVERS = {build: name for name, build in reversed(WINDOWS_BUILDS.items()) if name.startswith("windows_server")}


@dataclass(slots=True)
class _Month:
    """What a document has said so far: names of products by id, and the updates, put together over all weaknesses."""

    released: dt.date | None = None
    modified: dt.datetime | None = None
    names: dict[str, str] = field(default_factory=dict)
    updates: dict[tuple[str, str], UpdateRecord] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Fix:
    kb: str
    product: str
    build: str
    url: str
    supersedes: tuple[str, ...]


def parse(stream: IO[bytes], name: str) -> Iterator[FeedRecord]:
    """Every weakness that concerns Windows, with the builds that fix it; then the updates of the month."""
    month, position = _Month(), 0
    for path, value in _values(stream):
        if path == _RELEASED:
            month.modified = moment(value)
        elif path == _FIRST_RELEASED:
            released = moment(value)
            month.released = released.date() if released else None
        elif path == _PRODUCT:
            _take_product(month, value)
        else:
            position += 1
            try:
                found = _weakness(month, value)
            except BAD_RECORD as error:
                yield refused(f"weakness {position}", error, value)
                continue
            if found is not None:
                yield found
    yield from month.updates.values()


def _values(stream: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """(path, value) of the parts that are used, in the document's order, one in memory at a time."""
    wanted = {_RELEASED, _FIRST_RELEASED, _PRODUCT, _WEAKNESS}
    builder, building = None, ""
    for prefix, event, value in events(stream):
        if builder is not None:
            builder.event(event, value)
            if prefix == building and event in ("end_map", "end_array"):
                yield building, builder.value
                builder = None
        elif prefix in wanted and event in ("start_map", "start_array"):
            builder, building = ObjectBuilder(), prefix
            builder.event(event, value)
        elif prefix in wanted and event != "map_key":
            yield prefix, value


def _take_product(month: _Month, value: Any) -> None:
    if isinstance(value, dict) and isinstance(value.get("ProductID"), str) and isinstance(value.get("Value"), str):
        month.names[value["ProductID"]] = clean(value["Value"])


def _weakness(month: _Month, record: Any) -> WeaknessRecord | None:
    """The weakness with its ranges; None where no fix of Windows is named. Its updates go to `month`."""
    cve = record.get("CVE")
    if not isinstance(cve, str) or not cve.upper().startswith("CVE-"):
        return None  # advisories without a CVE (ADV...) describe settings and defence in depth
    cve = cve_id(cve)
    fixes = list(dict.fromkeys(_fixes(month, record.get("Remediations") or [])))
    if not fixes:
        return None
    for fix in fixes:
        _take_update(month, fix, cve)
    score, vector = _score(record.get("CVSSScoreSets") or [])
    return WeaknessRecord(
        cve=cve,
        title=text((record.get("Title") or {}).get("Value"), 300),
        cvss=score,
        cvss_vector=vector,
        severity=_severity(record.get("Threats") or []),
        references=links([f"https://msrc.microsoft.com/update-guide/vulnerability/{cve}"]),
        modified_at=month.modified,
        ranges=tuple(_ranges(fixes)),
    )


def _fixes(month: _Month, remediations: Sequence[Mapping[str, Any]]) -> Iterator[_Fix]:
    for entry in remediations:
        build = _BUILD.fullmatch(text(entry.get("FixedBuild"), 40))
        kb = _KB.fullmatch(text((entry.get("Description") or {}).get("Value"), 40))
        if entry.get("Type") != VENDOR_FIX or not build or not kb:
            continue
        url = text(entry.get("URL"), 500)
        older = tuple(dict.fromkeys(found[1] for found in _KB.finditer(text(entry.get("Supercedence"), 200))))
        for product_id in entry.get("ProductID") or []:
            product = _product(month.names.get(str(product_id), ""), int(build[1]))
            if product:
                yield _Fix(kb[1], product, build[0], url if url.startswith("https://") else "", older)


def _product(name: str, build: int) -> str:
    """cpe:o:microsoft:windows_11_23h2 for "Windows 11 Version 23H2 for x64-based Systems" fixed by 10.0.22631.x; "" for no Windows."""
    if not name.lower().startswith("windows"):
        return ""
    release = (_SERVERS if "server" in name.lower() else _RELEASES).get(build)
    return f"cpe:o:microsoft:{release}" if release else ""


def _take_update(month: _Month, fix: _Fix, cve: str) -> None:
    known = month.updates.get((fix.kb, fix.product)) or UpdateRecord(
        kb=fix.kb, product=fix.product, fixed=fix.build, released_on=month.released, url=fix.url
    )
    title = f"{month.released:%B %Y} security update" if month.released else "Security update"
    month.updates[fix.kb, fix.product] = replace(
        known,
        title=title,
        cves=tuple(dict.fromkeys((*known.cves, cve))),
        supersedes=tuple(dict.fromkeys((*known.supersedes, *fix.supersedes))),
    )


def _ranges(fixes: Sequence[_Fix]) -> Iterator[RangeRecord]:
    """One range a release: up to its lowest fixed build, as a hotpatch fixes under a lower number than the full update."""
    lowest: dict[str, str] = {}
    for fix in fixes:
        known = lowest.get(fix.product)
        if known is None or _revision(fix.build) < _revision(known):
            lowest[fix.product] = fix.build
    for product, build in sorted(lowest.items()):
        window = windows_window(product.rsplit(":", 1)[1])
        yield RangeRecord(product=product, start=window[0] if window else "", end=build, fixed=build)


def _revision(build: str) -> int:
    return int(build.rsplit(".", 1)[1])


def _score(sets: Sequence[Mapping[str, Any]]) -> tuple[float | None, str]:
    """The highest base score of any product, and its vector without the temporal part."""
    scored = [
        (float(entry["BaseScore"]), text(entry.get("Vector"), 200)) for entry in sets if isinstance(entry.get("BaseScore"), int | float)
    ]
    score, vector = max(scored, default=(None, ""))
    return score, re.sub(r"/(?:E|RL|RC):[A-Z].*$", "", vector)


def _severity(threats: Sequence[Mapping[str, Any]]) -> int | None:
    words = (str((entry.get("Description") or {}).get("Value", "")).lower() for entry in threats if entry.get("Type") == _SEVERITY)
    return max((_SEVERITIES[word] for word in words if word in _SEVERITIES), default=None)


def fetch(fetcher: Fetcher, feed: FeedKind) -> Iterator[Delivery]:
    """The months whose document changed since they were read, newest first."""
    base = fetcher.mirror.rstrip("/") + "/" if fetcher.mirror else API
    headers = {"Accept": "application/json"}
    listing = fetcher.download("updates", f"{base}updates", headers=headers)
    if listing is None:
        return
    with listing.path.open("rb") as stream:
        months = list(_months(stream))
    for name, changed in sorted(months, key=lambda entry: entry[1], reverse=True):
        if changed < (fetcher.now - KEPT).isoformat() or fetcher.memory.get(name, {}).get("listed") == changed:
            continue
        download = fetcher.download(name, f"{base}cvrf/{name}", headers=headers)
        if download:
            yield Delivery(name=name, path=download.path, digest=download.digest, stated=changed, memory={"listed": changed})
        fetcher.pause()


def _months(stream: IO[bytes]) -> Iterator[tuple[str, str]]:
    """(2026-Mar, when it was last changed) of the API's list."""
    for entry in ijson.items(events(stream), "value.item"):
        name, changed = entry.get("ID"), entry.get("CurrentReleaseDate")
        if isinstance(name, str) and re.fullmatch(r"20\d\d-[A-Z][a-z]{2}", name) and isinstance(changed, str):
            yield name, changed


def _stated(head: bytes, name: str) -> str:
    found = _STATED.search(head)
    return found[1].decode() if found else ""


def _looks_right(head: bytes) -> bool:
    return b'"DocumentTracking"' in head or b'"DocumentTitle"' in head


FEED = FeedKind(
    kind="msrc",
    label="Microsoft security updates",
    about="Which KB brings each Windows release to which build, and which weaknesses it fixes: so a build number finds its missing KBs.",
    home="https://msrc.microsoft.com/update-guide/",
    licence="Microsoft's terms of use; facts only",
    attribution="Microsoft Security Response Center, Security Update Guide.",
    taken="KB number, Windows release, build, what it replaces, day of release, address in the catalogue, CVE ids, title, CVSS, severity",
    topic=Topic.SUPPORT,
    needs=Needs(("os:microsoft",), "Windows"),
    store=Store.UPDATES,
    parse=parse,
    patterns=("msrc-cvrf*.json", "msrc-cvrf*.json.gz", "20[0-9][0-9]-[a-z][a-z][a-z].json", "20[0-9][0-9]-[a-z][a-z][a-z].json.gz"),
    fetch=fetch,
    looks_right=_looks_right,
    stated=_stated,
)
