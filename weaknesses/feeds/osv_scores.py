"""Score and severity of an OSV record: CVSS v4, else 3, 2.0; else the word that its database gives it."""

from __future__ import annotations

import re
from typing import Any

from cvss import CVSS2, CVSS3, CVSS4
from cvss.exceptions import CVSSError

from weaknesses.feeds.nvd import severity_of
from weaknesses.feeds.reading import clean

_WORDS = {
    "none": 0,
    "negligible": 1,
    "low": 1,
    "minor": 1,
    "unimportant": 1,
    "medium": 2,
    "moderate": 2,
    "high": 3,
    "important": 3,
    "critical": 4,
}
_FIRST_WORD = re.compile(r"\s*\[?([A-Za-z]+)\]?\s*:")


def score_of(record: dict[str, Any]) -> tuple[float | None, str, int | None]:
    """Base score, vector and severity (0 none to 4 critical); None where the record does not say."""
    severities = list(record.get("severity") or [])
    for affected in record.get("affected") or []:
        severities += affected.get("severity") or []
    score, vector = best(severities)
    if score is not None:
        return score, vector, severity_of(score)
    specific = record.get("database_specific")
    words = [entry.get("score") for entry in severities] + [specific.get("severity") if isinstance(specific, dict) else None]
    return None, "", next((found for found in map(word, words) if found is not None), None)


def best(severities: list[dict[str, Any]]) -> tuple[float | None, str]:
    """Base score and vector of the newest CVSS. A wrong vector must not cost the fixed versions: it counts as none."""
    vectors: dict[object, str] = {}
    for entry in severities:
        vectors.setdefault(entry.get("type"), clean(str(entry.get("score"))))
    for kind, rated in (("CVSS_V4", CVSS4), ("CVSS_V3", CVSS3), ("CVSS_V2", CVSS2)):
        if kind not in vectors:
            continue
        try:
            found = rated(vectors[kind])
            return float(found.base_score), vectors[kind][:200]
        except CVSSError:
            continue
    return None, ""


def word(value: object) -> int | None:
    """Severity from a word (Moderate, IMPORTANT, negligible); None for anything else."""
    return _WORDS.get(value.strip().lower()) if isinstance(value, str) else None


def severity_word(summary: object) -> int | None:
    """The severity that a distribution's title begins with: "Important: kernel security update"."""
    found = _FIRST_WORD.match(summary) if isinstance(summary, str) else None
    return word(found[1]) if found else None
