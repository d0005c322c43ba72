"""Why a match of a truth set is there, or is not: read from what is stored while the set runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from inventory.models import Version
from weaknesses.measuring.machines import Match
from weaknesses.models import AffectedRange, SoftwareProduct, Weakness
from weaknesses.queries import match_reason
from weaknesses.rules import range_text

_SHOWN = 3


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
        return f"no range holds {installed}: {_some(_stated(found) for found in own)}"
    return f"no advisory of it is about this package: {_some(found.product.key for found in ranges) or 'there is no range'}"


def _stated(found: AffectedRange) -> str:
    text = range_text(start=found.start, start_included=found.start_included, end=found.end, end_included=found.end_included)
    on = f" on {', '.join(found.platforms)}" if found.platforms else ""
    return f"{found.product.key} {text}{on} ({found.source})"


def _some(texts: Iterable[str]) -> str:
    found = list(dict.fromkeys(texts))
    return "; ".join(found[:_SHOWN]) + (f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else "")
