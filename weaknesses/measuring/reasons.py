"""Why a match of a truth set is there, or is not: read from what is stored while the set runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from inventory.models import InstallationEvidence, Version
from weaknesses.measuring.frame import Why
from weaknesses.measuring.machines import Match
from weaknesses.models import AffectedRange, SoftwareProduct, Weakness
from weaknesses.queries import match_reason
from weaknesses.rules import STAND_INS, range_text

_SHOWN = 3


def found(matches: Sequence[Match], subjects: Callable[[Match], Iterable[str]]) -> Why:
    """Why a subject has a weakness, by its match. `subjects`: what a match counts for."""
    known = {(subject, match.cve): match for match in matches for subject in subjects(match)}
    return lambda subject, weakness: of_match(known[subject, weakness]) if (subject, weakness) in known else ""


def absent(versions: Mapping[str, Collection[int]]) -> Why:
    """Why a subject has not a weakness. `versions`: the version ids that stand for each subject."""
    return lambda subject, weakness: of_absence(versions.get(subject, ()), weakness)


def versions_by_package(machine: str) -> dict[str, set[int]]:
    """The versions that a machine's binary packages are of."""
    rows = InstallationEvidence.objects.filter(machine__external_id=machine).values_list("version_id", "evidence")
    named: dict[str, set[int]] = {}
    for version, packages in rows:
        for package in packages:
            named.setdefault(package, set()).add(version)
    return named


def of_match(match: Match) -> str:
    """The range that holds the version: "deb:ubuntu:curl 7.81.0-1: before 7.81.0-2 (ubuntu, 98 %)"."""
    reason = match_reason(version_id=match.version_id, weakness_id=match.weakness_id)
    if reason is None:
        return ""
    return f"{reason.product} {match.version}: {', '.join((reason.affected, *reason.conditions))} ({reason.source}, {reason.confidence} %)"


def of_absence(versions: Collection[int], weakness: str) -> str:
    """What is missing for a match of any of these versions: the version, the advisory, a range of its products, or its bounds."""
    if not versions:
        return "the package is not in the inventory"
    known = Weakness.objects.filter(cve=weakness).first()
    if known is None:
        return "no advisory names it"
    if known.rejected:
        return "it is rejected"
    ranges = AffectedRange.objects.filter(weakness=known).select_related("product").order_by("product__key", "id")
    linked = SoftwareProduct.objects.filter(software__versions__in=versions, confidence__gt=0).values_list("product_id", flat=True)
    installed = " and ".join(sorted(set(Version.objects.filter(id__in=versions).values_list("version", flat=True))))
    own = [found for found in ranges if found.product_id in set(linked)]
    if own:
        return _outranked(own, ranges) or f"no range holds {installed}: {_some(_stated(found) for found in own)}"
    return f"no advisory of it is about this package: {_some(found.product.key for found in ranges) or 'there is no range'}"


def _outranked(own: Sequence[AffectedRange], ranges: Iterable[AffectedRange]) -> str:
    """A stand-in's word does not count once another source has ranges, whatever products it names."""
    leading = sorted({found.source for found in ranges if found not in own and found.source not in STAND_INS})
    if not leading or any(found.source not in STAND_INS for found in own):
        return ""
    products = _some(found.product.key for found in ranges)
    return f"{own[0].source} gives way to {' and '.join(leading)}, which names other products: {products}"


def _stated(found: AffectedRange) -> str:
    text = range_text(start=found.start, start_included=found.start_included, end=found.end, end_included=found.end_included)
    on = f" on {', '.join(found.platforms)}" if found.platforms else ""
    return f"{found.product.key} {text}{on} ({found.source})"


def _some(texts: Iterable[str]) -> str:
    found = list(dict.fromkeys(texts))
    return "; ".join(found[:_SHOWN]) + (f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
