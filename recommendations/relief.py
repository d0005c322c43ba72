"""What leaving out a weakness, or covering recommendations, would do to the scores: exact, and nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from core import sql
from recommendations.impacts import settings_in_use


def impact(*, weakness_id: int, software_id: int | None, groups: Sequence[int]) -> float:
    """Points that the plain score would lose if the machines of these groups did not have the weakness (in this software, or any).

    Costs the matches of the software that has it, and the machines that carry it.
    """
    return _drop(weakness_id, software_id, groups, beside=False)


def impact_after(*, weakness_id: int, software_id: int | None, groups: Sequence[int]) -> float:
    """Points that the score after exceptions would lose, on top of what is excepted. Costs as much as `impact`."""
    return _drop(weakness_id, software_id, groups, beside=True)


def carriers(*, weakness_id: int, software_id: int | None) -> dict[int, int]:
    """group -> active machines that have the weakness, each counted once."""
    rows = sql.rows("recommendations/count_weakness_carriers", {"weakness": weakness_id, "software": software_id})
    return {row["group_id"]: row["machines"] for row in rows}


def drop_after(pairs: Sequence[tuple[int, int, int]]) -> float:
    """What the score after exceptions loses, in points, by covering (recommendation, group, 1), or gains by covering no longer (-1)."""
    if not pairs:
        return 0.0
    weights = settings_in_use()
    parameters = {
        "half_hazard": weights["half_hazard"],
        "likelihood_checks": weights["likelihood_checks"],
        "recommendations": [pair[0] for pair in pairs],
        "groups": [pair[1] for pair in pairs],
        "signs": [pair[2] for pair in pairs],
    }
    return float(sql.rows("recommendations/read_covered_drop", parameters)[0]["drop"])


def _drop(weakness_id: int, software_id: int | None, groups: Sequence[int], *, beside: bool) -> float:
    """`beside`: after exceptions; what is excepted now is left out as well."""
    weights = settings_in_use()
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
        return float(sql.rows("recommendations/read_relieved_drop", parameters)[0]["after" if beside else "plain"])
