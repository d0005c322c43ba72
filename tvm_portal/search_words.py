"""What the words of the global search mean. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

SHORTEST = 2  # letters
LONGEST = 200
GRAM = 3  # letters that an index on the middle of a text needs
MOST_WORDS = 8
IDS = re.compile(r"(CVE|GHSA|MAL|PYSEC|GO|RUSTSEC|OSV|DSA|USN|ALAS|RHSA|TVM)-[A-Z0-9-]*")
BARE_CVE = re.compile(r"\d{4}-\d*")
NAMES_OF_IDS = {"GHSA", "MAL", "PYSEC", "RUSTSEC"}


@dataclass(frozen=True, slots=True)
class Words:
    """`id_prefix`: what the id of a weakness must begin with, empty where none is meant. `newest`: just "CVE" was typed."""

    text: str
    id_prefix: str = ""
    newest: bool = False

    @property
    def too_few(self) -> bool:
        return len(self.text) < SHORTEST

    @property
    def exact(self) -> str:
        return self.text.lower()

    @property
    def is_id(self) -> bool:
        return bool(self.id_prefix) or self.newest

    @property
    def is_long(self) -> bool:
        """Whether some word is long enough for an index on the middle of a text."""
        return len(self.longest) >= GRAM

    @property
    def each(self) -> list[str]:
        return self.text.split()[:MOST_WORDS]

    @property
    def longest(self) -> str:
        return max(self.each, key=len, default="")


def read(text: str) -> Words:
    """Blanks folded; "2024-3094" and "cve 2024 3094" are ids of CVEs too."""
    text = " ".join(text.replace("\x00", "").split())[:LONGEST]
    upper = text.upper().removesuffix("-") if text.upper() == "CVE-" else text.upper()
    if upper == "CVE":
        return Words(text, newest=True)
    if upper.startswith("CVE "):
        upper = upper.replace(" ", "-")
    if BARE_CVE.fullmatch(upper):
        upper = f"CVE-{upper}"
    if IDS.fullmatch(upper) or upper in NAMES_OF_IDS:
        return Words(text, id_prefix=upper)
    return Words(text)
