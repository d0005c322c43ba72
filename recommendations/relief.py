"""What leaving out a weakness, or covering recommendations, would do to the scores: exact, and nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.forms.models import model_to_dict

from core import sql
from recommendations import score_queries
from recommendations.impacts import together_machines
from recommendations.models import Run


@dataclass(frozen=True, slots=True)
class WeaknessReach:
    """A weakness on the machines of some groups: those that have it, what it costs in points, plain and on top of what is excepted."""

    machines: int
    impact: float
    impact_after: float


def reach(*, weakness_id: int, software_id: int | None, groups: Sequence[int]) -> WeaknessReach:
    """What the score would lose if these machines did not have the weakness (in this software, or any).

    Costs the matches of the software that has it, twice, and the machines that carry it.
    """
    machines = sum(count for group, count in carriers(weakness_id=weakness_id, software_id=software_id).items() if group in set(groups))
    return WeaknessReach(
        machines,
        _drop(weakness_id, software_id, groups, beside=False)["plain"],
        _drop(weakness_id, software_id, groups, beside=True)["after"],
    )


def carriers(*, weakness_id: int, software_id: int | None) -> dict[int, int]:
    """group -> active machines that have the weakness, each counted once."""
    rows = sql.rows("recommendations/count_weakness_carriers", {"weakness": weakness_id, "software": software_id})
    return {row["group_id"]: row["machines"] for row in rows}


def drop_after(pairs: Sequence[tuple[int, int, int]]) -> float:
    """What the score after exceptions loses, in points, by covering (recommendation, group, 1), or gains by covering no longer (-1)."""
    if not pairs:
        return 0.0
    weights = _settings_in_use()
    parameters = {
        "half_hazard": weights["half_hazard"],
        "likelihood_checks": weights["likelihood_checks"],
        "recommendations": [pair[0] for pair in pairs],
        "groups": [pair[1] for pair in pairs],
        "signs": [pair[2] for pair in pairs],
    }
    return float(sql.rows("recommendations/read_covered_drop", parameters)[0]["drop"])


def machines_of(recommendation_ids: Sequence[int], *, groups: Sequence[int]) -> int:
    """Machines of these groups that need any of them."""
    return together_machines(recommendation_ids=recommendation_ids, group_ids=groups)


def _drop(weakness_id: int, software_id: int | None, groups: Sequence[int], *, beside: bool) -> dict[str, float]:
    """`beside`: what is excepted now is left out as well."""
    weights = _settings_in_use()
    with transaction.atomic():
        software = sql.rows("recommendations/read_software_of_weakness", {"weakness": weakness_id, "software": software_id})
        parameters = {
            **weights,
            "everything": False,
            "software_ids": [row["software_id"] for row in software],
            "before": False if beside else None,
            "weakness": weakness_id,
            "software": software_id,
            "groups": list(groups),
        }
        for name in ("match_pairs", "find_excepted", "mark_excepted", "find_relieved"):
            sql.run(f"recommendations/{name}", parameters)
        return sql.rows("recommendations/read_relieved_drop", parameters)[0]


def _settings_in_use() -> dict[str, object]:
    """Those of the run that computed what is stored, else those that the first run will use."""
    run = Run.objects.filter(finished_at__isnull=False).order_by("-finished_at", "-id").first()
    usual = model_to_dict(score_queries.scoring_settings())
    today = run.finished_at.date() if run and run.finished_at else None
    return {**usual, **(run.settings if run else {}), "today": today}
