"""What people said of a scanner's matches on container images: true (TP) or false (FP).

`labels.jsonl`: {label, effective_cve, vulnerability_id, package: {name, version}, image: {exact}}; a label without a package is
about the whole image. `images.csv` beside it: image, distro_guess (debian:11, rhel-like:8, alpine).

Each image becomes a machine with the packages that its labels name. A label does not say what kind a package is of, so this
is told from its version and name (`kind_of`). A true match is expected only where one of the feeds that were read has a range
of that weakness for the package's distribution and release, registry and name, or product: what no advisory says, cannot be found.
Two outcomes: the true ones found (wrong: false ones that were matched), and the false ones that were avoided.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inventory import aliases
from inventory.identities import identify
from inventory.models import Version
from inventory.records import InstalledSoftware, MachineFacts, Report
from weaknesses.measuring import machines, reasons, texts
from weaknesses.measuring.frame import Case, Example, Outcome, TruthSet, Why, compared
from weaknesses.measuring.image_packages import Kind, kind_of, platform_of_guess, usual_registry
from weaknesses.models import AffectedRange, Product

_NAME = "anchore-labels"
_TRUE, _FALSE = "TP", "FP"
_IDENTITY = ("software__key", "version", "platform")
_DIGEST = 8  # characters of the image's digest that name it


@dataclass(frozen=True, slots=True)
class Label:
    """`name` empty: about the whole image."""

    image: str
    platform: str
    name: str
    version: str
    weakness: str
    is_true: bool

    @property
    def subject(self) -> str:
        return f"{self.image} {self.name} {self.version}" if self.name else self.image


def find(files: Sequence[Path]) -> Iterator[Case]:
    for path in files:
        images = path.parent / "images.csv"
        if path.name.startswith("labels.jsonl") and images in files and texts.has_columns(images, "image", "distro_guess"):
            yield Case(_NAME, {"labels": path, "images": images})


def measure(case: Case, now: dt.datetime) -> Iterator[Outcome]:
    labels = list(_labels(case))
    known = _Known()
    kinds = _kinds(labels, known.registries)
    machines.store_reports(_reports(labels, kinds), now=now)
    machines.match_everything(now=now)
    versions = _versions(labels, kinds)
    matches = list(machines.matches())
    got = _got(matches, labels, versions)
    expected: dict[str, set[str]] = defaultdict(set)
    refuted: dict[str, set[str]] = defaultdict(set)
    for label in labels:
        if not label.is_true:
            refuted[label.subject].add(label.weakness)
        elif label.name and known.has_advisory(label, kinds[label.subject]):
            expected[label.subject].add(label.weakness)
    for subject, weaknesses in expected.items():
        refuted[subject] -= weaknesses  # both were said of it: nobody knows
    why = _why(matches, versions)
    yield _true_ones(expected, refuted, got, why, versions=versions, notes=_notes(labels, kinds, expected))
    yield _avoided(refuted, got, why)


def _kinds(labels: Sequence[Label], registries: Mapping[str, Collection[str]]) -> dict[str, Kind]:
    named = [label for label in labels if label.name]
    packages: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for label in named:
        packages[label.image].append((label.name, label.version))
    usual = {image: usual_registry(found) for image, found in packages.items()}
    return {
        label.subject: kind_of(label.name, label.version, label.platform, usual=usual[label.image], registries=registries)
        for label in named
    }


def _labels(case: Case) -> Iterator[Label]:
    guesses = {row["image"]: row["distro_guess"] for row in texts.table(case.files["images"], "image", "distro_guess")}
    for entry in texts.json_lines(case.files["labels"]):
        if entry.get("label") not in {_TRUE, _FALSE}:
            continue
        image, package = str(entry["image"]["exact"]), entry.get("package") or {}
        name, version = str(package.get("name") or ""), str(package.get("version") or "")
        yield Label(
            image=image.rpartition(":")[2][:_DIGEST],
            platform=platform_of_guess(guesses.get(image, "")),
            name=name if version else "",
            version=version,
            weakness=str(entry.get("effective_cve") or entry["vulnerability_id"]),
            is_true=entry["label"] == _TRUE,
        )


def _reports(labels: Sequence[Label], kinds: dict[str, Kind]) -> Iterator[Report]:
    installed: dict[tuple[str, str], dict[InstalledSoftware, None]] = defaultdict(dict)
    for label in labels:
        if label.name:
            installed[label.image, label.platform][kinds[label.subject].installed] = None
    for (image, platform), software in installed.items():
        yield Report(machine=MachineFacts(external_id=image, platform=platform, family="linux"), software=tuple(software))


def _versions(labels: Sequence[Label], kinds: Mapping[str, Kind]) -> dict[str, int]:
    """The version that stands for each labelled package."""
    book = aliases.current()
    stored = {(key, version, platform): pk for key, version, platform, pk in Version.objects.values_list(*_IDENTITY, "id")}
    found = {}
    for label in labels:
        if label.name:
            identity = identify(kinds[label.subject].installed, machine_platform=label.platform, aliases=book)
            found[label.subject] = stored[identity.key, identity.version, identity.platform]
    return found


def _got(found: Sequence[machines.Match], labels: Sequence[Label], versions: Mapping[str, int]) -> dict[str, set[str]]:
    """Weaknesses per subject; of an image, those of any of its packages."""
    held: dict[int | str, set[str]] = defaultdict(set)
    for match in found:
        held[match.machine].add(match.cve)
        held[match.version_id].add(match.cve)
    return {label.subject: held[versions.get(label.subject, label.image)] for label in labels}


class _Known:
    """What the feeds that were read say, asked once."""

    def __init__(self) -> None:
        keys = Product.objects.filter(ranges__isnull=False).exclude(key__startswith="cpe:").values_list("key", flat=True).distinct()
        self.registries: dict[str, set[str]] = defaultdict(set)
        for key in keys:
            ecosystem, _, name = key.partition(":")
            self.registries[ecosystem].add(name)
        self._ranges: dict[str, list[tuple[str, list[str]]]] = {}

    def has_advisory(self, label: Label, kind: Kind) -> bool:
        """Whether some feed has a range of the weakness where the package could have it."""
        return any(
            product.startswith(kind.scope) and (not platforms or not kind.platform or kind.platform in platforms)
            for product, platforms in self._of(label.weakness)
        )

    def _of(self, weakness: str) -> list[tuple[str, list[str]]]:
        if weakness not in self._ranges:
            rows = AffectedRange.objects.filter(weakness__cve=weakness, weakness__rejected=False)
            self._ranges[weakness] = list(rows.values_list("product__key", "platforms"))
        return self._ranges[weakness]


def _why(found: Sequence[machines.Match], versions: Mapping[str, int]) -> Why:
    """Why a labelled package, or an image, has a weakness."""
    subjects: dict[int, list[str]] = defaultdict(list)
    for subject, version in versions.items():
        subjects[version].append(subject)
    return reasons.found(found, lambda match: (match.machine, *subjects[match.version_id]))


def _true_ones(
    expected: dict[str, set[str]],
    refuted: dict[str, set[str]],
    got: dict[str, set[str]],
    why: Why,
    *,
    versions: Mapping[str, int],
    notes: Sequence[str],
) -> Outcome:
    """Matches that no label speaks of are neither right nor wrong."""
    judged = {subject: held & (expected.get(subject, set()) | refuted.get(subject, set())) for subject, held in got.items()}
    absent = reasons.absent({subject: (version,) for subject, version in versions.items()})
    return compared(_NAME, expected=expected, got=judged, why_missed=absent, why_found=why, notes=notes)


def _avoided(refuted: dict[str, set[str]], got: dict[str, set[str]], why: Why) -> Outcome:
    """The false ones: expected is that they are not matched, found are those that are not, wrong those that are."""
    matched = [
        Example(subject, weakness, why(subject, weakness))
        for subject, false in refuted.items()
        for weakness in sorted(false & got[subject])
    ]
    asked = sum(map(len, refuted.values()))
    return Outcome(set=f"{_NAME}/avoided", expected=asked, found=asked - len(matched), misses=tuple(matched), wrongs=tuple(matched))


def _notes(labels: Sequence[Label], kinds: Mapping[str, Kind], expected: Mapping[str, set[str]]) -> list[str]:
    true = {(label.subject, label.weakness) for label in labels if label.is_true}
    counts = Counter(kinds[subject].installed.ecosystem if subject in kinds else "whole image" for subject, _ in true)
    asked = Counter(kinds[subject].installed.ecosystem for subject, found in expected.items() for _ in found)
    return [f"{kind}: {asked[kind]} of {count} true ones have an advisory here" for kind, count in sorted(counts.items())]


SET = TruthSet(
    kind="anchore-labels",
    about="what people said of a scanner's matches on container images",
    find=find,
    measure=measure,
)
