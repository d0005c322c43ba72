"""Which machines are vulnerable, and how: set-based writes beside the scores of a run, inside its transaction.

A machine's row is made from version aggregates (versions x weaknesses are few) and the versions that its scores rest on
(MachineBasis), so a machine x weakness table never exists. Only machines whose contents moved, that carry a version
whose weaknesses moved, or that changed group or system are made again.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from core import sql
from recommendations.bulk import Scope
from recommendations.risk_rules import LONG_AGO, OLDEST_BOUND, UNKNOWN_DAY, age_parameters
from weaknesses import rules


def refresh(scope: Scope, *, now: dt.datetime) -> None:
    """Rows and sums of the machines in scope. Call it when MachineBasis and part_live are those of this run."""
    parameters = {**scope.parameters, **_windows(), **_days(now.date())}
    sql.run("recommendations/read_version_risks", parameters)
    sql.run("recommendations/store_machine_risks", parameters)
    if scope.machines is None:
        sql.run("recommendations/count_risks")
        sql.run("recommendations/store_version_risks")
    else:
        sql.run("recommendations/move_risk_counts", parameters)


def snapshot(*, day: dt.date) -> None:
    """The sums of now as the rows of `day`."""
    sql.run("recommendations/store_risk_day", {"day": day, **age_parameters()})


def _days(today: dt.date) -> dict[str, Any]:
    return {"old_before": today - dt.timedelta(days=OLDEST_BOUND), "long_ago": LONG_AGO, "unknown_day": UNKNOWN_DAY}


def _windows() -> dict[str, list[Any]]:
    """Build and kind of system -> the name of the feature release."""
    known = {(build, "server" in product): rules.windows_release(product) for product, build in reversed(rules.WINDOWS_BUILDS.items())}
    return {
        "builds": [str(build) for build, _ in known],
        "servers": [server for _, server in known],
        "releases": list(known.values()),
    }
