"""What curators said about matches: who, when, why, how much it changed, and whether it still holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet

from core.models import AuditEvent
from weaknesses import rules
from weaknesses.actions import OVERRIDE
from weaknesses.models import AffectedRange, MatchOverride
from weaknesses.source_names import source_name

if TYPE_CHECKING:
    from weaknesses.match_queries import MatchPage


@dataclass(frozen=True, slots=True)
class OverrideLine:
    """An override as it is shown. `scope`: how far it reaches; `effect`: what it changed when it was made, empty if that is not known."""

    override: MatchOverride
    scope: str
    effect: str
    range: str

    @property
    def holds(self) -> bool:
        return self.override.revoked_at is None


def override_line(pk: int) -> OverrideLine | None:
    """One override."""
    return next(iter(_lines(_all().filter(pk=pk))), None)


def override_lines(
    *, holding: bool | None = None, text: str = "", offset: int = 0, limit: int | None = 50
) -> tuple[int, list[OverrideLine]]:
    """(how many, a page of them, newest first). `holding` None: revoked ones too; `text`: in the CVE, software or reason."""
    found = _all()
    if holding is not None:
        found = found.filter(revoked_at__isnull=holding)
    if text:
        found = found.filter(
            Q(weakness__cve__icontains=text)
            | Q(software__name__icontains=text)
            | Q(version__software__name__icontains=text)
            | Q(reason__icontains=text)
        )
    return found.count(), _lines(found.order_by("-created_at", "-id")[offset : None if limit is None else offset + limit])


def overrides_on(page: MatchPage) -> list[OverrideLine]:
    """The overrides in force that reach this version and weakness."""
    products = [entry.stated.product_id for entry in (page.shown, *page.others) if entry]
    prints = [entry.stated.fingerprint for entry in (page.shown, *page.others) if entry]
    found = _all().filter(
        Q(version=None) | Q(version=page.subject.id),
        Q(software=None) | Q(software=page.subject.software_id),
        Q(weakness=None) | Q(weakness=page.weakness),
        Q(product=None) | Q(product__in=products),
        Q(range_fingerprint="") | Q(range_fingerprint__in=prints),
        revoked_at=None,
    )
    return _lines(found.order_by("id")[:20])


def scope_of(override: MatchOverride) -> str:
    """How far an override reaches, in words."""
    if override.verdict == MatchOverride.Verdict.AFFECTED:
        return "Declared affected"
    if override.range_fingerprint:
        return "Ignore this range"
    if override.version_id:
        return "Not this version"
    if override.software_id and override.product_id:
        return "Not this product"
    return "Not affected"


def _all() -> QuerySet[MatchOverride]:
    return MatchOverride.objects.select_related("software", "version__software", "product", "weakness", "by")


def _lines(overrides: Iterable[MatchOverride]) -> list[OverrideLine]:
    """Three statements for any number of them."""
    kept = list(overrides)
    effects, ranges = _effects(kept), _ranges(kept)
    return [
        OverrideLine(override, scope_of(override), effects.get(str(override.pk), ""), ranges.get(override.range_fingerprint, ""))
        for override in kept
    ]


def _effects(overrides: Sequence[MatchOverride]) -> dict[str, str]:
    trail = AuditEvent.objects.filter(action=OVERRIDE, object_type="matchoverride", object_id__in=[str(entry.pk) for entry in overrides])
    return {number: _effect(after) for number, after in trail.values_list("object_id", "after")}


def _effect(after: dict[str, object]) -> str:
    lost, gained, versions = (int(str(after.get(name, 0))) for name in ("lost", "gained", "versions"))
    if "versions" not in after:
        return ""
    in_versions = f"in {versions:,} version{'' if versions == 1 else 's'}"
    if lost:
        return f"{lost:,} match{'' if lost == 1 else 'es'} went, {in_versions}"
    if gained:
        return f"{gained:,} match{'' if gained == 1 else 'es'} came, {in_versions}"
    return f"matches rest on another range now, {in_versions}" if versions else "changed nothing"


def _ranges(overrides: Sequence[MatchOverride]) -> dict[str, str]:
    """Fingerprint -> the range in words."""
    prints = [override.range_fingerprint for override in overrides if override.range_fingerprint]
    if not prints:
        return {}
    weaknesses = [override.weakness_id for override in overrides if override.range_fingerprint and override.weakness_id]
    stated = AffectedRange.objects.filter(fingerprint__in=prints, weakness_id__in=weaknesses)
    return {
        entry.fingerprint: f"{source_name(entry.source)}: "
        + rules.range_text(start=entry.start, start_included=entry.start_included, end=entry.end, end_included=entry.end_included)
        for entry in stated
    }
