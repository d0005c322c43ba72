"""Exploit Prediction Scoring System of FIRST: the chance, for every CVE, of being exploited within 30 days.

A CSV with one comment line (`#model_version:...,score_date:...`), then `cve,epss,percentile`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import IO

from weaknesses.errors import FeedError
from weaknesses.feeds.base import FeedKind, Store, Topic, date_in_name
from weaknesses.feeds.reading import BAD_RECORD, cve_id, lines, refused
from weaknesses.records import EpssRecord, FeedRecord

_STATED = re.compile(rb"score_date:([0-9T:+-]{10,30})")


def parse(stream: IO[bytes], name: str) -> Iterator[FeedRecord]:
    columns: list[str] = []
    for number, line in lines(stream):
        if line is None or line.startswith(b"#") or not line.strip():
            if line is None:
                yield refused(f"line {number}", "The line is too long to be a record.")
            continue
        fields = line.decode("utf-8", "replace").strip().split(",")
        if not columns:
            columns = _header(fields)
            continue
        try:
            yield _score(dict(zip(columns, fields, strict=True)))
        except BAD_RECORD as error:
            yield refused(f"line {number}", error, line)


def _header(fields: list[str]) -> list[str]:
    if not {"cve", "epss", "percentile"} <= set(fields):
        raise FeedError("The columns cve, epss and percentile are missing.")
    return fields


def _score(row: dict[str, str]) -> EpssRecord:
    score, percentile = float(row["epss"]), float(row["percentile"])
    if not (0 <= score <= 1 and 0 <= percentile <= 1):
        raise ValueError("A score and a percentile lie between 0 and 1.")
    return EpssRecord(cve=cve_id(row["cve"]), score=score, percentile=percentile)


def _is_epss(head: bytes) -> bool:
    first = next(csv.reader(io.StringIO(head.split(b"\n", 2)[1 if head.startswith(b"#") else 0].decode("utf-8", "replace"))), [])
    return "epss" in first


def _stated(head: bytes, name: str) -> str:
    found = _STATED.search(head)
    return found.group(1).decode("ascii") if found else date_in_name(head, name)


FEED = FeedKind(
    kind="epss",
    label="EPSS",
    about="How likely each vulnerability is to be exploited within the next 30 days.",
    home="https://www.first.org/epss/",
    licence="Free to use with attribution (FIRST.org)",
    attribution="EPSS scores courtesy of FIRST.org and Empirical Security (https://www.first.org/epss).",
    taken="CVE id, score, percentile, day",
    topic=Topic.EXPLOITS,
    store=Store.SCORES,
    parse=parse,
    patterns=("epss_scores*.csv", "epss_scores*.csv.gz"),
    addresses=(("epss_scores-current.csv.gz", "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"),),
    looks_right=_is_epss,
    stated=_stated,
    complete=True,
)
