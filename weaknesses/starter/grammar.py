"""The line format of the starter intelligence: text lines to records, pure. README.md beside it describes the format."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from cvss import CVSS2, CVSS3, CVSS4
from cvss.exceptions import CVSSError

from weaknesses.records import CycleRecord, EpssRecord, EvidenceRecord, RangeRecord, Refused, WeaknessRecord
from weaknesses.rules import windows_window

COLUMNS = ("cve", "published", "modified", "vector", "cwes", "exploit", "exploited", "epss", "title", "affected")
CYCLE_COLUMNS = ("product", "cycle", "keys", "released", "ends", "latest")
EXPLOITS = ("none", "public", "verified", "kit")  # the place in the list is Weakness.Exploit and ExploitEvidence.Level
IN_THE_WILD = 4  # ExploitEvidence.Level.WILD

_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,7}")
_KEY = re.compile(
    r"cpe:[aoh]:[^:\s]+:[^:\s]+"
    r"|(?:deb|rpm):[a-z]+:[^:\s]+|maven:[^:\s]+:[^:\s]+|(?:pypi|npm|composer|golang|gem|nuget|cargo):\S+"
)
_BOUND = re.compile(r"(>=|<=|>|<|=)(\S+)")
_OPTIONS = ("fixed", "on", "with", "update", "edition", "sw_edition", "target_sw", "target_hw")

Record = TypeVar("Record")


class BadLine(ValueError):
    """A line that does not follow the format; the message says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Everything one line says about one CVE."""

    weakness: WeaknessRecord
    epss: EpssRecord | None
    evidence: tuple[EvidenceRecord, ...]


def parse_weaknesses(*, name: str, lines: Iterable[str]) -> Iterator[Entry | Refused]:
    """The entries of one file; a line that cannot be read becomes a Refused naming the file and the line."""
    nicknames: dict[str, str] = {}

    def entry(line: str) -> Entry | None:
        if not line.startswith("!"):
            return _entry(line, nicknames=nicknames)
        directive, _, rest = line.partition(" ")
        nickname, _, key = rest.partition(" ")
        if directive != "!product" or not nickname:
            raise BadLine("the only directive is !product NICKNAME KEY")
        nicknames[nickname] = _key(key)
        return None

    return _each_line(name=name, lines=lines, header=COLUMNS, parse=entry)


def parse_cycles(*, name: str, lines: Iterable[str]) -> Iterator[CycleRecord | Refused]:
    """The release lines of one file; bad lines as in `parse_weaknesses`."""
    return _each_line(name=name, lines=lines, header=CYCLE_COLUMNS, parse=_cycle)


def base_score(vector: str) -> float:
    """The base score that a CVSS 2, 3.0, 3.1 or 4.0 vector gives. Raises BadLine."""
    try:
        if vector.startswith("CVSS:4"):
            return float(CVSS4(vector).base_score)
        return float((CVSS3 if vector.startswith("CVSS:3") else CVSS2)(vector).scores()[0])
    except CVSSError as error:
        raise BadLine(f"CVSS vector: {error}") from error


def severity(vector: str, score: float) -> int:
    """Weakness.Severity by the bands of the vector's own version: CVSS 2 knows no Critical."""
    if score == 0:
        return 0
    band = 1 if score < 4 else 2 if score < 7 else 3 if score < 9 else 4
    return band if vector.startswith("CVSS:") else min(band, 3)


def parse_range(text: str, *, nicknames: dict[str, str]) -> RangeRecord:
    """One range: `product bounds [fixed=version] [on=platform,...] [with=key,...] [qualifier=value ...]`. Raises BadLine."""
    product, *words = text.split()
    if not words:
        raise BadLine(f"{product}: no versions; write * for all")
    bounds: dict[str, tuple[str, bool]] = {}
    options: dict[str, str] = {}
    for word in words:
        found = _BOUND.fullmatch(word)
        if found:
            _add_bound(bounds, sign=found[1], version=found[2])
        elif word != "*":
            _add_option(options, word)
    key = nicknames.get(product) or _key(product)
    first, after = _windows_window(key)
    start, start_included = bounds.get("start", (first, True))
    end, end_included = bounds.get("end", ("", False))
    return RangeRecord(
        product=key,
        start=start,
        start_included=start_included,
        end=end or after,
        end_included=end_included,
        fixed=options.pop("fixed", "" if end_included else end),
        platforms=tuple(filter(None, options.pop("on", "").split(","))),
        requires=tuple(nicknames.get(key) or _key(key) for key in options.pop("with", "").split(",") if key),
        qualifiers=tuple(sorted(options.items())),
    )


def _each_line(
    *, name: str, lines: Iterable[str], header: tuple[str, ...], parse: Callable[[str], Record | None]
) -> Iterator[Record | Refused]:
    headed = False
    for number, line in enumerate(lines, start=1):
        text = line.rstrip("\n")
        if not text or text.startswith("#"):
            continue
        try:
            if not headed and not text.startswith("!"):
                headed = True
                _check_header(text, header)
                continue
            record = parse(text)
        except BadLine as error:
            yield Refused(place=f"{name} line {number}", reason=str(error), excerpt=text[:200])
        else:
            if record is not None:
                yield record


def _check_header(text: str, header: tuple[str, ...]) -> None:
    if tuple(text.split("\t")) != header:
        raise BadLine("the header line must name " + ", ".join(header))


def _entry(line: str, *, nicknames: dict[str, str]) -> Entry:
    cve, published, modified, vector, cwes, exploit, exploited, epss, title, affected = _columns(line, COLUMNS)
    if not _CVE.fullmatch(cve):
        raise BadLine(f"{cve}: not a CVE number")
    score = base_score(vector)
    return Entry(
        weakness=WeaknessRecord(
            cve=cve,
            title=title,
            cvss=score,
            cvss_vector=vector,
            severity=severity(vector, score),
            cwes=tuple(f"CWE-{number}" for number in cwes.split(",") if number != "-"),
            published_at=_moment(published),
            modified_at=None if modified == "-" else _moment(modified),
            ranges=tuple(parse_range(part, nicknames=nicknames) for part in affected.split("; ") if part != "-"),
        ),
        epss=_epss(cve, epss),
        evidence=(*_exploit(cve, exploit), *_exploited(cve, exploited)),
    )


def _cycle(line: str) -> CycleRecord:
    product, cycle, keys, released, ends, latest = _columns(line, CYCLE_COLUMNS)
    return CycleRecord(
        slug=product,
        cycle=cycle,
        product_keys=tuple(_key(key) for key in keys.split(" ")),
        released_on=None if released == "-" else _day(released),
        ended=ends == "ended",
        ends_on=None if ends in ("-", "ended") else _day(ends),
        latest="" if latest == "-" else latest,
    )


def _columns(line: str, header: tuple[str, ...]) -> list[str]:
    columns = line.split("\t")
    if len(columns) != len(header):
        raise BadLine(f"{len(columns)} columns instead of {len(header)}")
    for value, name in zip(columns, header, strict=True):
        if not value or value != value.strip():
            raise BadLine(f"{name}: empty, or blanks around it; write - for nothing")
    return columns


def _add_bound(bounds: dict[str, tuple[str, bool]], *, sign: str, version: str) -> None:
    sides = ("start", "end") if sign == "=" else ("start",) if sign.startswith(">") else ("end",)
    for side in sides:
        if side in bounds:
            raise BadLine(f"{sign}{version}: a second bound on the same side")
        bounds[side] = (version, sign.endswith("="))


def _windows_window(key: str) -> tuple[str, str]:
    """The builds of a Windows release, which its ranges never leave: the lines state only the fixed build."""
    return (windows_window(key.rpartition(":")[2]) if key.startswith("cpe:o:microsoft:") else None) or ("", "")


def _add_option(options: dict[str, str], word: str) -> None:
    option, _, value = word.partition("=")
    if not value or option not in _OPTIONS or option in options:
        raise BadLine(f"{word}: not a bound, nor one of {', '.join(_OPTIONS)} given once")
    options[option] = value


def _key(text: str) -> str:
    if not _KEY.fullmatch(text):
        raise BadLine(f"{text}: neither a product key nor a nickname")
    return text


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise BadLine(f"{text}: not a day") from error


def _moment(text: str) -> dt.datetime:
    return dt.datetime.combine(_day(text), dt.time(), tzinfo=dt.UTC)


def _epss(cve: str, text: str) -> EpssRecord | None:
    if text == "-":
        return None
    try:
        score, percentile = (float(part) for part in text.split("/"))
    except ValueError as error:
        raise BadLine(f"{text}: EPSS is score/percentile") from error
    if not (0 <= score <= 1 and 0 <= percentile <= 1):
        raise BadLine(f"{text}: EPSS is between 0 and 1")
    return EpssRecord(cve=cve, score=score, percentile=percentile)


def _exploit(cve: str, text: str) -> tuple[EvidenceRecord, ...]:
    if text not in EXPLOITS:
        raise BadLine(f"{text}: exploit is one of {', '.join(EXPLOITS)}")
    level = EXPLOITS.index(text)
    return (EvidenceRecord(cve=cve, reference=f"{cve} exploit", level=level),) if level else ()


def _exploited(cve: str, text: str) -> tuple[EvidenceRecord, ...]:
    if text == "-":
        return ()
    day, _, mark = text.partition("+")
    if mark not in ("", "ransomware"):
        raise BadLine(f"{text}: exploited is a day, with +ransomware where it is known")
    return (EvidenceRecord(cve=cve, reference=f"{cve} exploited", level=IN_THE_WILD, day=_day(day), ransomware=bool(mark)),)
