"""What stands on the page of one machine: its score term by term, and the rows of its tabs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet

from core import sql
from core.models import AuditEvent
from inventory.actions import EXCLUDE
from inventory.models import Alert, Configuration, ConfigurationResult, Machine
from recommendations import rules
from recommendations.machine_filters import RISKS, risk_of
from recommendations.models import MachineScore, Recommendation
from recommendations.records import Weights
from weaknesses.models import Weakness


@dataclass(frozen=True, slots=True)
class Fix:
    """A recommendation of one machine: `hazard` is what it takes off H, `share` that part of H, `drop` points of the machine's score."""

    key: str
    title: str
    kind: str
    kind_label: str
    status: str
    status_label: str
    component: str
    weaknesses: int
    exploit: int
    exploited: bool
    hazard: float
    share: float
    drop: float


@dataclass(frozen=True, slots=True)
class Part:
    """One summand of the likelihood: what it is, what the machine has, what it adds."""

    label: str
    words: str
    value: float


@dataclass(frozen=True, slots=True)
class Score:
    """The terms of one machine's score: E = H / (H + K), `score` = 100 E, `raised`: why the level is above the band of the score."""

    hazard: float
    half_hazard: float
    score: float
    band: str
    level: int
    level_label: str
    raised: str
    likelihood: float
    parts: tuple[Part, ...]
    pass_share: float | None
    weight: float


@dataclass(frozen=True, slots=True)
class Category:
    """Checks of one category that apply to a machine."""

    key: str
    label: str
    checks: int
    passed: int


@dataclass(frozen=True, slots=True)
class MachinePage:
    """What stands on every tab of the page of a machine. `score` None: in no score; `seen_by_others`: another scanner reported on it.

    `open_alerts`: the newest of the `active_alerts`; `risk`: a key of RISKS, None without one. `exclusion`: who left it out, and why.
    """

    machine: Machine
    score: Score | None
    fixes: tuple[Fix, ...]
    severities: tuple[tuple[int, str, int], ...]
    software: int
    checks: int
    passed: int
    alerts: int
    active_alerts: int
    open_alerts: tuple[Alert, ...]
    risk: int | None
    categories: tuple[Category, ...] = ()
    exclusion: AuditEvent | None = None
    seen_by_others: bool = False

    @property
    def risk_label(self) -> str:
        return "No known risk" if self.risk is None else RISKS[self.risk]

    @property
    def weaknesses(self) -> int:
        return sum(count for _, _, count in self.severities)


@dataclass(frozen=True, slots=True)
class SoftwareRow:
    version_id: int
    key: str
    name: str
    vendor: str
    version: str
    weaknesses: int
    exploit: int
    exploited: bool
    support: int
    support_ends_on: dt.date | None
    first_seen: dt.datetime
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WeaknessRow:
    cve: str
    title: str
    severity: int
    cvss: float | None
    epss: float
    exploit: int
    exploited: bool
    published_at: dt.datetime | None
    updated_at: dt.datetime | None
    software: str
    software_key: str
    software_count: int
    unfixed: bool


def machine_page(*, machine_id: int, groups: Sequence[int], weights: Weights) -> MachinePage | None:
    """The machine, if one of the groups holds it."""
    machine = Machine.objects.filter(pk=machine_id, group_id__in=groups).select_related("group", "score").first()
    if machine is None:
        return None
    stored = getattr(machine, "score", None)
    alerts = tuple(Alert.objects.filter(machine=machine, closed_at__isnull=True).order_by("-opened_at", "-id")[:3])
    counts = sql.rows("recommendations/count_machine_parts", {"machine": machine.pk})[0]
    by_severity = {
        row["severity"]: row["weaknesses"] for row in sql.rows("recommendations/count_machine_weaknesses", {"machine": machine.pk})
    }
    fixes = machine_fixes(machine=machine, stored=stored, weights=weights)
    categories = _categories(machine)
    severities = counts["open_alerts"] or []
    return MachinePage(
        machine=machine,
        score=_score(machine, stored, fixes=fixes, weights=weights) if stored else None,
        fixes=fixes,
        severities=tuple((s.value, s.label, by_severity.get(s.value, 0)) for s in reversed(Weakness.Severity)),
        software=counts["software"],
        checks=sum(category.checks for category in categories),
        passed=sum(category.passed for category in categories),
        alerts=counts["alerts"],
        active_alerts=len(severities),
        open_alerts=alerts,
        risk=risk_of(severities),
        categories=categories,
        exclusion=_exclusion(machine) if machine.excluded else None,
        seen_by_others=counts["seen_by_others"],
    )


def machine_fixes(*, machine: Machine, stored: MachineScore | None, weights: Weights) -> tuple[Fix, ...]:
    """Every recommendation of the machine with what it takes off its hazard, the largest first.

    For a check: H (1 - b'/b), b' the likelihood with that check passing. Zero where the machine is in no score.
    """
    found = sql.rows("recommendations/read_machine_fixes", {"machine": machine.pk})
    if not found:
        return ()
    applicable = _check_weight(machine) if any(row["check_weight"] for row in found) else 1
    fixes = []
    for row in found:
        hazard = 0.0
        if stored and row["base"] is not None:
            hazard = stored.likelihood * row["base"]
        elif stored:
            hazard = _check_hazard(machine, stored, share=row["check_weight"] / applicable, weights=weights)
        fixes.append(_fix(row, hazard=hazard, stored=stored, weights=weights))
    return tuple(sorted(fixes, key=lambda fix: (-fix.hazard, fix.title)))


def software_rows(
    *,
    machine_id: int,
    text: str = "",
    weak: bool = False,
    exploited: bool = False,
    sort: str = "-threats",
    offset: int = 0,
    limit: int | None = 50,
) -> tuple[int, tuple[SoftwareRow, ...]]:
    """(how many, a page of what is installed, the most dangerous first unless sorted otherwise)."""
    parameters = {
        "machine": machine_id,
        "text": text,
        "pattern": sql.containing(text),
        "weak": weak,
        "exploited_only": exploited,
        "sort": sort,
        "offset": offset,
        "limit": limit,
    }
    found = sql.rows("recommendations/read_machine_software", parameters)
    own = [name for name in SoftwareRow.__dataclass_fields__ if name != "evidence"]
    rows = tuple(SoftwareRow(**{name: row[name] for name in own}, evidence=tuple(row["evidence"])) for row in found)
    return (found[0]["total"] if found else 0), rows


def weakness_rows(
    *,
    machine_id: int,
    text: str = "",
    severities: Sequence[int] = (),
    exploited: bool = False,
    exploit: bool = False,
    version_id: int | None = None,
    sort: str = "-threats",
    offset: int = 0,
    limit: int | None = 50,
) -> tuple[int, tuple[WeaknessRow, ...]]:
    """(how many, a page of the machine's weaknesses, the most threatening first unless sorted otherwise)."""
    parameters = {
        "machine": machine_id,
        "text": text,
        "pattern": sql.containing(text),
        "severities": list(severities) or None,
        "exploited_only": exploited,
        "exploit_only": exploit,
        "version": version_id,
        "sort": sort,
        "offset": offset,
        "limit": limit,
    }
    found = sql.rows("recommendations/read_machine_weaknesses", parameters)
    return (found[0]["total"] if found else 0), tuple(WeaknessRow(**{n: row[n] for n in WeaknessRow.__dataclass_fields__}) for row in found)


def check_results(
    *, machine_id: int, text: str = "", passed: bool | None = None, categories: Sequence[str] = (), sort: str = "result"
) -> QuerySet[ConfigurationResult]:
    """Results of the checks that apply, failing ones of the highest impact first unless sorted otherwise."""
    results = ConfigurationResult.objects.filter(machine_id=machine_id).select_related("configuration")
    if text:
        results = results.filter(configuration__name__icontains=text)
    if passed is not None:
        results = results.filter(passed=passed)
    if categories:
        results = results.filter(configuration__category__in=categories)
    columns = {"since": "changed_at", "result": "passed"}
    key, sign = sort.removeprefix("-"), "-" if sort.startswith("-") else ""
    column = columns.get(key, f"configuration__{key}")
    return results.order_by(f"{sign}{column}", "-configuration__impact", "configuration__name", "configuration_id")


def alerts_of(*, machine_id: int, is_open: bool | None = None) -> QuerySet[Alert]:
    """Open alerts first, then closed ones, the newest first."""
    alerts = Alert.objects.filter(machine_id=machine_id)
    if is_open is not None:
        alerts = alerts.filter(closed_at__isnull=is_open)
    return alerts.order_by(F("closed_at").desc(nulls_first=True), "-opened_at", "-id")


def _categories(machine: Machine) -> tuple[Category, ...]:
    found = {row["category"]: row for row in sql.rows("recommendations/count_machine_checks", {"machine": machine.pk})}
    return tuple(
        Category(key, label, found[key]["checks"], found[key]["passed"]) for key, label in Configuration.Category.choices if key in found
    )


def _exclusion(machine: Machine) -> AuditEvent | None:
    """The line of the audit trail that left the machine out."""
    trail = AuditEvent.objects.filter(object_type="machine", object_id=str(machine.pk), action=EXCLUDE)
    return trail.order_by("-at", "-id").first()


def _check_weight(machine: Machine) -> int:
    """Sum of the impacts of the checks that apply."""
    return sum(ConfigurationResult.objects.filter(machine=machine).values_list("configuration__impact", flat=True))


def _check_hazard(machine: Machine, stored: MachineScore, *, share: float, weights: Weights) -> float:
    """What one failing check adds to H: its `share` of the weight of all checks would pass."""
    if stored.pass_share is None or not stored.likelihood or _is_alerted(machine, stored, weights):
        return 0.0
    passing = min(stored.pass_share + share, 1.0)
    better = rules.likelihood(alerted=False, internet_facing=machine.internet_facing, share=passing, weights=weights)
    return stored.hazard * max(1 - better / stored.likelihood, 0.0)


def _is_alerted(machine: Machine, stored: MachineScore, weights: Weights) -> bool:
    """Whether the stored likelihood is that of an active alert: it is then 1 although the other parts add up to less."""
    without = rules.likelihood(alerted=False, internet_facing=machine.internet_facing, share=stored.pass_share, weights=weights)
    return stored.likelihood - without > 1e-9


def _fix(row: dict[str, Any], *, hazard: float, stored: MachineScore | None, weights: Weights) -> Fix:
    total = stored.hazard if stored else 0.0
    drop = 100 * (rules.saturate(total, weights) - rules.saturate(max(total - hazard, 0.0), weights))
    kept = {name: row[name] for name in ("key", "title", "kind", "status", "component", "exploit", "exploited")}
    return Fix(
        **kept,
        kind_label=Recommendation.Kind(row["kind"]).label,
        status_label=Recommendation.Status(row["status"]).label,
        weaknesses=row["weakness_count"],
        hazard=hazard,
        share=hazard / total if total else 0.0,
        drop=drop,
    )


def _score(machine: Machine, stored: MachineScore, *, fixes: Sequence[Fix], weights: Weights) -> Score:
    band = 3 if stored.score >= weights.band_high else 2 if stored.score >= weights.band_medium else 1
    return Score(
        hazard=stored.hazard,
        half_hazard=weights.half_hazard,
        score=stored.score,
        band=MachineScore.Level(band).label.lower(),
        level=stored.level,
        level_label=stored.get_level_display(),
        raised=_why_raised(stored, band=band, fixes=fixes, alerted=_is_alerted(machine, stored, weights)),
        likelihood=stored.likelihood,
        parts=_parts(machine, stored, weights),
        pass_share=stored.pass_share,
        weight=stored.weight,
    )


def _why_raised(stored: MachineScore, *, band: int, fixes: Sequence[Fix], alerted: bool) -> str:
    """Why the level is above the band of the score; empty where it is not."""
    if stored.level <= band:
        return ""
    if stored.level == MachineScore.Level.HIGH:
        return "it has an active alert" if alerted else "a weakness on it is exploited in the wild"
    return "a weakness on it has a public exploit"


def _parts(machine: Machine, stored: MachineScore, weights: Weights) -> tuple[Part, ...]:
    """The summands of b, as rules.likelihood adds them."""
    if _is_alerted(machine, stored, weights):
        return (Part("Active alert", "an open alert makes it certain", 1.0),)
    share = weights.pass_unknown if stored.pass_share is None else stored.pass_share
    checked = (
        f"{share:.0%} of checks pass, by impact" if stored.pass_share is not None else f"nothing was checked: taken as {share:.0%} passing"
    )
    facing = "reachable from the internet" if machine.internet_facing else "not reachable from the internet"
    return (
        Part("Any machine", "where nothing else is known", weights.likelihood_base),
        Part("Internet facing", facing, weights.likelihood_internet * machine.internet_facing),
        Part("Failing checks", checked, weights.likelihood_checks * (1 - share)),
    )
