"""The line format of the starter intelligence."""

from __future__ import annotations

import datetime as dt

import pytest

from weaknesses.records import CycleRecord, RangeRecord, Refused
from weaknesses.starter.grammar import (
    COLUMNS,
    CYCLE_COLUMNS,
    BadLine,
    Entry,
    base_score,
    parse_cycles,
    parse_range,
    parse_weaknesses,
    severity,
)

HEADER = "\t".join(COLUMNS)
LINE = (
    "CVE-2021-44228",
    "2021-12-10",
    "-",
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H",
    "502,20",
    "kit",
    "2021-12-10+ransomware",
    "0.94/0.999",
    "Remote code execution in log4j-core",
    "log4j >=2.0 <2.15.0; deb:debian:apache-log4j2 <2.15.0-1~deb11u1 on=debian-11",
)


def read(*lines: str) -> list[Entry | Refused]:
    return list(parse_weaknesses(name="some.tsv", lines=["!product log4j cpe:a:apache:log4j", HEADER, *lines]))


def line(**changed: str) -> str:
    return "\t".join(changed.get(column, value) for column, value in zip(COLUMNS, LINE, strict=True))


def test_a_line_says_everything_about_one_weakness() -> None:
    (entry,) = read(line())
    assert isinstance(entry, Entry)
    weakness = entry.weakness
    assert (weakness.cve, weakness.cvss, weakness.severity, weakness.cwes) == ("CVE-2021-44228", 10.0, 4, ("CWE-502", "CWE-20"))
    assert weakness.published_at == dt.datetime(2021, 12, 10, tzinfo=dt.UTC)
    assert weakness.modified_at is None
    assert entry.epss is not None
    assert (entry.epss.score, entry.epss.percentile) == (0.94, 0.999)
    exploit, exploited = entry.evidence
    assert exploit.level == 3
    assert (exploited.level, exploited.day, exploited.ransomware) == (4, dt.date(2021, 12, 10), True)
    assert weakness.ranges == (
        RangeRecord(product="cpe:a:apache:log4j", start="2.0", end="2.15.0", fixed="2.15.0"),
        RangeRecord(product="deb:debian:apache-log4j2", end="2.15.0-1~deb11u1", fixed="2.15.0-1~deb11u1", platforms=("debian-11",)),
    )


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("cpe:a:x:y *", RangeRecord(product="cpe:a:x:y")),
        ("cpe:a:x:y =1.2", RangeRecord(product="cpe:a:x:y", start="1.2", end="1.2", end_included=True)),
        (
            "cpe:a:x:y >1 <=2 fixed=2.1",
            RangeRecord(product="cpe:a:x:y", start="1", start_included=False, end="2", end_included=True, fixed="2.1"),
        ),
        ("cpe:a:x:y <2 sw_edition=lts", RangeRecord(product="cpe:a:x:y", end="2", fixed="2", qualifiers=(("sw_edition", "lts"),))),
        ("cpe:a:x:y <2 with=cpe:a:p:q,z", RangeRecord(product="cpe:a:x:y", end="2", fixed="2", requires=("cpe:a:p:q", "cpe:a:z:z"))),
        ("maven:org.x:y-core >=1", RangeRecord(product="maven:org.x:y-core", start="1")),
        (
            "cpe:o:microsoft:windows_11_24h2 <10.0.26100.7781",
            RangeRecord(product="cpe:o:microsoft:windows_11_24h2", start="10.0.26100", end="10.0.26100.7781", fixed="10.0.26100.7781"),
        ),
        (
            "cpe:o:microsoft:windows_10_1507 *",
            RangeRecord(product="cpe:o:microsoft:windows_10_1507", start="10.0.10240", end="10.0.10241"),
        ),
    ],
)
def test_ranges_are_words(text: str, record: RangeRecord) -> None:
    assert parse_range(text, nicknames={"z": "cpe:a:z:z"}) == record


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"cve": "CVE-21-1"}, "not a CVE number"),
        ({"published": "2021-13-01"}, "not a day"),
        ({"vector": "CVSS:3.1/AV:N"}, "CVSS vector"),
        ({"exploit": "yes"}, "exploit is one of"),
        ({"exploited": "2021-12-10+cryptominers"}, "exploited is a day"),
        ({"epss": "0.5"}, "EPSS is score/percentile"),
        ({"epss": "1.5/0.2"}, "EPSS is between 0 and 1"),
        ({"title": ""}, "title: empty"),
        ({"affected": "log4j"}, "no versions"),
        ({"affected": "log5j <2"}, "neither a product key nor a nickname"),
        ({"affected": "log4j <2 <3"}, "a second bound on the same side"),
        ({"affected": "log4j <2 when=never"}, "not a bound"),
    ],
)
def test_a_bad_line_is_refused_by_file_and_number_and_the_rest_is_kept(changed: dict[str, str], reason: str) -> None:
    refused, kept = read(line(**changed), line(cve="CVE-2020-0001"))
    assert isinstance(refused, Refused)
    assert refused.place == "some.tsv line 3"
    assert reason in refused.reason
    assert isinstance(kept, Entry)


def test_a_line_with_too_few_columns_is_refused() -> None:
    (refused,) = read("CVE-2020-0001\t2020-01-01")
    assert isinstance(refused, Refused)
    assert refused.reason == "2 columns instead of 10"


def test_a_file_without_its_header_or_with_an_unknown_directive_is_refused() -> None:
    (refused,) = parse_weaknesses(name="x.tsv", lines=[line()])
    assert isinstance(refused, Refused)
    assert "header" in refused.reason
    (refused,) = parse_weaknesses(name="x.tsv", lines=["!include other.tsv", HEADER])
    assert isinstance(refused, Refused)
    assert "directive" in refused.reason


def test_cycles_are_read() -> None:
    lines = [
        "\t".join(CYCLE_COLUMNS),
        "php\t8.1\tcpe:a:php:php deb:debian:php8.1\t2021-11-25\t2025-12-31\t8.1.34",
        "x\t1\tcpe:a:x:x\t-\tended\t-",
    ]
    assert list(parse_cycles(name="cycles.tsv", lines=lines)) == [
        CycleRecord("php", "8.1", ("cpe:a:php:php", "deb:debian:php8.1"), dt.date(2021, 11, 25), False, dt.date(2025, 12, 31), "8.1.34"),
        CycleRecord("x", "1", ("cpe:a:x:x",), None, True, None, ""),
    ]


@pytest.mark.parametrize(
    ("vector", "score", "level"),
    [
        ("AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0, 3),
        ("CVSS:3.0/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8, 3),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, 2),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0, 0),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3, 4),
    ],
)
def test_the_score_follows_from_the_vector(vector: str, score: float, level: int) -> None:
    assert base_score(vector) == score
    assert severity(vector, score) == level


def test_no_score_without_a_vector() -> None:
    with pytest.raises(BadLine):
        base_score("high")
