"""The impact of several recommendations carried out together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core import sql
from recommendations.models import Run, ScoringSettings


@dataclass(frozen=True, slots=True)
class Together:
    """`impact`: points of the exposure score; `machines`: machines that any of them touches."""

    impact: float
    machines: int


def together(*, recommendation_ids: Sequence[int], group_ids: Sequence[int] | None = None) -> Together:
    """What the score drops by when all of these are done on the machines of these groups (None: all), now.

    Computed with their sum on each machine. Single impacts never add up to it: each is the drop if only it were done.
    """
    if not recommendation_ids:
        return Together(0.0, 0)
    weights = _settings_in_use()
    parameters = {
        "half_hazard": weights["half_hazard"],
        "likelihood_checks": weights["likelihood_checks"],
        "recommendation_ids": list(recommendation_ids),
        "groups": None if group_ids is None else list(group_ids),
    }
    row = sql.rows("recommendations/read_together", parameters)[0]
    return Together(row["impact"], row["machines"])


def _settings_in_use() -> dict[str, float]:
    """Those of the run that computed what is stored; edited ones count from the next full run."""
    run = Run.objects.filter(finished_at__isnull=False).order_by("-finished_at", "-id").first()
    if run is not None:
        return dict(run.settings)
    fresh = ScoringSettings()
    return {"half_hazard": fresh.half_hazard, "likelihood_checks": fresh.likelihood_checks}
