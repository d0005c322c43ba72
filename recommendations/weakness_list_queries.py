"""The list of weaknesses: all that are known, and which of them are on machines of the chosen groups."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core import sql
from core.flyouts import Place, place_among, place_near
from core.lists import ListState
from recommendations.recommendation_queries import Tag
from weaknesses.models import WeaknessAlias

SORTS = ("cve", "severity", "cvss", "epss", "age", "published", "updated", "exposed")
THREATS = {
    "alert": "Associated active alert",
    "exploited": "Exploited in the wild",
    "ransomware": "Used by ransomware",
    "kit": "Exploit is part of a kit",
    "verified": "Exploit is verified",
    "public": "Exploit is available",
}
PRESENCE = {"here": "Affects my organisation", "elsewhere": "Does not affect my organisation", "unknown": "Not available"}
AGES = {"week": "Up to 7 days", "month": "8 to 30 days", "quarter": "31 to 90 days", "year": "91 days to a year", "older": "Over a year"}
FIXES = {"all": "Fix available", "some": "Some updates available", "none": "No fix available"}
EXCEPTIONS = {"active": "Active", "partial": "Partial exception", "exception": "Exception"}
URGENT, NEGLIGIBLE = 0.9, 0.001  # EPSS: above is urgent, below counts as nothing
MOST_PLACED = 20_000  # weaknesses in a list in which the place of one far from the page is looked for
_ID = re.compile(r"(CVE|GHSA|TVM)(-[0-9A-Z-]*)?|(MAL|PYSEC|GO|RUSTSEC)-[0-9A-Z-]*")
_MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class WeaknessFilter:
    """Which weaknesses. `everything`: every group is chosen.

    `present`, `threats`, `ages`, `fixes`, `exceptions`: keys of PRESENCE, THREATS, AGES, FIXES, EXCEPTIONS, any of which holds; empty: all.
    `epss`: a score above this. `now`: what ages are counted from.
    """

    groups: Sequence[int]
    now: dt.datetime
    everything: bool = True
    present: tuple[str, ...] = ("here",)
    text: str = ""
    severity: tuple[int, ...] = ()
    threats: tuple[str, ...] = ()
    ages: tuple[str, ...] = ()
    fixes: tuple[str, ...] = ()
    epss: float | None = None
    zero_day: bool = False
    exceptions: tuple[str, ...] = ()
    sort: str = "-exposed"


@dataclass(frozen=True, slots=True)
class WeaknessRow:
    """`age` in days. `software`: the first affected here by name, else the first product that sources name; `more`: how many others."""

    cve: str
    title: str
    severity: int
    cvss: float | None
    epss: float
    exploit: int
    exploited: bool
    ransomware: bool
    alert: bool
    published_at: dt.datetime | None
    modified_at: dt.datetime | None
    age: int | None
    exposed: int
    software: str
    software_key: str
    more: int
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class WeaknessCounts:
    """`known`: all; the others are on a machine of the chosen groups."""

    known: int
    present: int
    exploited: int


def weakness_rows(chosen: WeaknessFilter, *, offset: int = 0, limit: int = 30) -> tuple[int, tuple[WeaknessRow, ...]]:
    """(how many fit, a page of them). Two statements; beyond the last page the last one, with two more."""
    found = _read(chosen, first=offset, last=offset + limit)
    if not found and offset:
        found = _read(chosen, first=0, last=1)
        offset = (found[0]["total"] - 1) // limit * limit if found else 0
        found = _read(chosen, first=offset, last=offset + limit) if found else []
    return (found[0]["total"] if found else 0), _weakness_rows(found, chosen)


def every_weakness(chosen: WeaknessFilter, *, chunk: int = 5000) -> Iterator[WeaknessRow]:
    """All weaknesses of the filter in its order, a chunk at a time."""
    start = 0
    while found := _read(chosen, first=start, last=start + chunk):
        yield from _weakness_rows(found, chosen)
        start += chunk


def place_in(chosen: WeaknessFilter, state: ListState, cve: str) -> Place | None:
    """Where a weakness stands in the list: looked for around its page, then in all of it unless that is very long. None: not found."""

    def read(offset: int, limit: int) -> tuple[int, list[str]]:
        found = _read(chosen, first=offset, last=offset + limit)
        return (found[0]["total"] if found else 0), [row["cve"] for row in found]

    near, total = place_near(state, cve, read)
    if near is not None or total > MOST_PLACED:
        return near
    found = _read(chosen, cve=cve)
    return place_among(state, cve, [row["cve"] for row in found], start=found[0]["number"] - 1, total=total) if found else None


def weakness_counts(*, groups: Sequence[int], everything: bool) -> WeaknessCounts:
    """Known, present on machines of the groups, and present and exploited in the wild. One statement."""
    row = sql.rows("recommendations/count_known_weaknesses", {"groups": list(groups), "everything": everything})[0]
    return WeaknessCounts(**row)


def current_name(name: str) -> str:
    """The id that a weakness has now, for one that it had before; empty where nobody knows it."""
    return WeaknessAlias.objects.filter(alias=name).values_list("cve", flat=True).first() or ""


def _read(chosen: WeaknessFilter, *, first: int = 0, last: int = 0, cve: str = "") -> list[dict[str, Any]]:
    return sql.rows("recommendations/read_weaknesses", _parameters(chosen) | {"first": first, "last": last, "cve": cve})


def _parameters(chosen: WeaknessFilter) -> dict[str, object]:
    text = chosen.text.upper()
    is_id = _ID.fullmatch(text) is not None
    days = {"week": 8, "month": 31, "quarter": 91, "year": 366}
    midnight = dt.datetime.combine(chosen.now.date(), dt.time(), tzinfo=dt.UTC)
    return {
        "groups": list(chosen.groups),
        "everything": chosen.everything,
        "present": list(chosen.present) or None,
        "prefix": text if is_id else "",
        "patterns": [] if is_id else [sql.containing(word) for word in chosen.text.split()[:_MOST_WORDS]],
        "severity": list(chosen.severity) or None,
        "threats": list(chosen.threats) or None,
        "age": list(chosen.ages) or None,
        "fix": list(chosen.fixes) or None,
        "epss": chosen.epss,
        "zero_day": chosen.zero_day,
        "exception": list(chosen.exceptions) or None,
        "sort": _sort(chosen.sort),
        **{name: midnight - dt.timedelta(days=count - 1) for name, count in days.items()},
    }


def _sort(sort: str) -> str:
    """Older is published earlier."""
    return {"age": "-published", "-age": "published"}.get(sort, sort)


def _weakness_rows(found: Sequence[dict[str, Any]], chosen: WeaknessFilter) -> tuple[WeaknessRow, ...]:
    parameters = {"weaknesses": [row["id"] for row in found], "groups": list(chosen.groups)}
    said = {row["weakness_id"]: row for row in sql.rows("recommendations/describe_weaknesses", parameters)}
    return tuple(_weakness_row(row, said[row["id"]], chosen) for row in found)


def _weakness_row(row: dict[str, Any], said: dict[str, Any], chosen: WeaknessFilter) -> WeaknessRow:
    kept = ("cve", "title", "severity", "cvss", "epss", "exploit", "exploited", "ransomware", "published_at", "modified_at", "exposed")
    software = said["software"] or product_name(said["product"])
    return WeaknessRow(
        **{name: row[name] for name in kept},
        alert=said["alert"],
        age=age_of(row["published_at"], now=chosen.now),
        software=software,
        software_key=said["software_key"],
        more=max((said["software_count"] or said["product_count"]) - 1, 0),
        tags=tags_of(zero_day=said["zero_day"], fixed=said["fixed"], unfixed=said["unfixed"], exception=said["exception"]),
    )


def age_of(published_at: dt.datetime | None, *, now: dt.datetime) -> int | None:
    """Days since it was published, by the calendar of UTC."""
    return max((now.astimezone(dt.UTC).date() - published_at.astimezone(dt.UTC).date()).days, 0) if published_at else None


def product_name(key: str) -> str:
    """cpe:a:google:chrome -> google chrome; deb:debian:openssl -> openssl (deb)."""
    parts = key.split(":")
    if parts[0] == "cpe":
        return " ".join(dict.fromkeys(parts[2:])).replace("_", " ")
    return f"{parts[-1]} ({parts[0]})" if len(parts) > 1 else key


def tags_of(*, zero_day: bool, fixed: bool, unfixed: bool, exception: str = "") -> tuple[Tag, ...]:
    """`fixed`, `unfixed`: some installed version has a fix, or has none. A fix for everything is the rule and needs no tag.

    `exception`: a key of EXCEPTIONS, or empty.
    """
    tags = [Tag("Zero day", "alarm")] if zero_day else []
    if unfixed:
        tags.append(Tag("Some updates available") if fixed else Tag("No fix available", "outline"))
    if exception:
        tags.append(Tag(EXCEPTIONS[exception], icon="pause"))
    return tuple(tags)


def exception_of(weakness_id: int, *, groups: Sequence[int]) -> str:
    """How far a weakness is excepted: partial, exception (everywhere it is), or empty."""
    found = sql.rows("recommendations/describe_weaknesses", {"weaknesses": [weakness_id], "groups": list(groups)})
    return str(found[0]["exception"]) if found else ""
