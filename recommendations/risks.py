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
    _find_versions(scope)
    _store_machines(scope, now=now, all_due=scope.machines is not None)
    if scope.machines is None:
        count()
        sql.run("recommendations/store_version_risks")
    else:
        scope.run("move_risk_counts")


def prepare() -> None:
    """Before slices: the risks of versions, and part_version_moved, whose carriers the slices make again."""
    _find_versions(Scope())
    sql.run("recommendations/store_version_risks")


def refresh_slice(scope: Scope, *, now: dt.datetime) -> None:
    """Rows of the machines of a slice that need it. Their sums are counted at the end."""
    _find_versions(scope)
    _store_machines(scope, now=now, all_due=False)


def count() -> None:
    """The sums anew, by one pass over the rows."""
    sql.run("recommendations/count_risks")


def snapshot(*, day: dt.date) -> None:
    """The sums of now as the rows of `day`."""
    sql.run("recommendations/store_risk_day", {"day": day, **age_parameters()})


def _find_versions(scope: Scope) -> None:
    """part_version_risk and part_version_moved. A slice needs those of all versions."""
    parameters = scope.parameters
    sql.run("recommendations/read_version_risks", {**parameters, "everything": parameters["everything"] or parameters["sliced"]})


def _store_machines(scope: Scope, *, now: dt.datetime, all_due: bool) -> None:
    scope.run("store_machine_risks", {**_windows(), **_days(now.date()), "all_due": all_due})


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
