"""What a ground-truth set is, and what measuring one gives."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


class UnusableTruth(Exception):
    """A file of a truth set cannot be used. The message names the file and says why."""


@dataclass(frozen=True, slots=True)
class Case:
    """One ground truth that was found: its name (oval-hosts/rhel-8.4) and its files, by what they are to the set."""

    name: str
    files: Mapping[str, Path]
    about: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Example:
    """A match that is missing or wrong: of what, of which weakness, and why."""

    subject: str
    weakness: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Agreement with a truth. `missed` are expected and not found; `wrong` are found and must not be."""

    set: str
    expected: int
    found: int
    misses: tuple[Example, ...] = ()
    wrongs: tuple[Example, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def missed(self) -> int:
        return self.expected - self.found

    @property
    def wrong(self) -> int:
        return len(self.wrongs)

    @property
    def precision(self) -> float:
        """Of what was found, the share that is right; 1 where nothing was found."""
        return self.found / (self.found + self.wrong) if self.found + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Of what was expected, the share that was found; 1 where nothing was expected."""
        return self.found / self.expected if self.expected else 1.0

    def as_json(self) -> dict[str, object]:
        counts = {"expected": self.expected, "found": self.found, "missed": self.missed, "wrong": self.wrong}
        return {"set": self.set, **counts, "precision": round(self.precision, 4), "recall": round(self.recall, 4)}


Find = Callable[[Sequence[Path]], Iterator[Case]]
Measure = Callable[[Case, dt.datetime], Iterable[Outcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthSet:
    """A kind of ground truth. A module of this package that holds one as SET is found by the registry.

    find      all files below the data folder, sorted -> the cases of this kind among them; known by name and content
    measure   brings the case's inventory in, matches, compares. It runs in a transaction that is undone afterwards
    feeds     whose ranges are there while it runs: None, of every feed that the folder holds; (), none, as the set
              brings advisories of its own; else of the feeds named. Ranges of others are taken out for as long
    """

    kind: str
    about: str
    find: Find
    measure: Measure
    feeds: tuple[str, ...] | None = None


Matches = Mapping[str, Collection[str]]
Why = Callable[[str, str], str]


def compared(
    name: str,
    *,
    expected: Matches,
    got: Matches,
    tolerated: Matches | None = None,
    why_missed: Why | None = None,
    why_found: Why | None = None,
    notes: Iterable[str] = (),
) -> Outcome:
    """Compare weaknesses per subject. What is tolerated is neither asked for nor wrong."""
    allowed = tolerated or {}
    misses, wrongs, found, asked = [], [], 0, 0
    for subject in sorted({*expected, *got}):
        wanted, held = set(expected.get(subject, ())), set(got.get(subject, ()))
        asked += len(wanted)
        found += len(wanted & held)
        misses += [Example(subject, weakness, why_missed(subject, weakness) if why_missed else "") for weakness in sorted(wanted - held)]
        extra = sorted(held - wanted - set(allowed.get(subject, ())))
        wrongs += [Example(subject, weakness, why_found(subject, weakness) if why_found else "") for weakness in extra]
    return Outcome(set=name, expected=asked, found=found, misses=tuple(misses), wrongs=tuple(wrongs), notes=tuple(notes))
