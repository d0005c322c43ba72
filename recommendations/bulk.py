"""The set-based halves of a run. Each function runs named files of `sql/`, inside the caller's transaction.

They hand each other temporary tables named part_*, which the headers of the files describe. `Scope` says which
machines: some, a slice, or everything.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import connection

from core import sql
from recommendations.models import ScoreChangeDay
from weaknesses.queries import fix_targets

Parameters = Mapping[str, Any]
LOCK = "recommendations:scores"
ANALYZE_FROM = 10_000


@dataclass(frozen=True)
class Scope:
    """Machines to rebuild; None: all of them. `tables`: the partitions that hold what is on them, of a slice or of machines of one.

    `whole`: these partitions hold no other machines, so that they are read without asking.
    """

    machines: tuple[int, ...] | None = None
    tables: Mapping[str, str] | None = None
    whole: bool = False

    @property
    def parameters(self) -> Parameters:
        everything = self.machines is None
        return {
            "everything": everything,
            "whole": everything or self.whole,
            "sliced": self.tables is not None,
            "machines": self._ids,
        }

    @cached_property
    def _ids(self) -> str:
        """An array as PostgreSQL writes it. psycopg takes 15 ms to write one of 30,000 ids, and a slice names them thirty times."""
        return f"{{{','.join(map(str, self.machines or ()))}}}"

    def among(self, machines: Sequence[int]) -> Scope:
        """Some machines of this scope."""
        return Scope(tuple(machines), self.tables)

    def run(self, name: str, parameters: Parameters | None = None) -> list[int]:
        return sql.run(f"recommendations/{name}", {**(parameters or {}), **self.parameters}, self.tables)

    def rows(self, name: str, parameters: Parameters | None = None) -> list[dict[str, Any]]:
        return sql.rows(f"recommendations/{name}", {**(parameters or {}), **self.parameters}, self.tables)


def lock() -> None:
    """One computation at a time: held until the transaction ends. Ingest does not take it and goes on."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [LOCK])


def share_lock() -> None:
    """Slices of a full run beside each other, and nothing else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(hashtext(%s))", [LOCK])


def plan_for_everything(*, megabytes: int) -> None:
    """Let this transaction's hashes and sorts stay in memory, and join by hash.

    The tables that a first run fills were empty when last analysed: a nested loop over them would be planned, and be quadratic. A merge
    join walks the index of a temporary table, whose pages are then read again and again: four times as long as hashing it. All rows of
    a machine are in one partition, which can be grouped to its end by itself: a sixth less time over all installations.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL work_mem = '{int(megabytes)}MB'")
        cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_partitionwise_aggregate = on")


def plan_for_some() -> None:
    """What follows touches few rows: loops over indexes are right again."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = on")


@contextmanager
def planned_for_some() -> Iterator[None]:
    """The same, for a part of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('enable_nestloop')")
        (before,) = cursor.fetchone()
        plan_for_some()
        yield
        cursor.execute("SELECT set_config('enable_nestloop', %s, true)", [before])


def score_versions(weights: Parameters, *, now: dt.datetime, software_ids: Iterable[int] | None, effects_before: bool = False) -> None:
    """version_score of the versions of some software (None: of all that changed), and what excepted weaknesses (of now, or those of the
    stored figures) leave of it. Leaves part_pair, part_restated and part_excepted_moved.
    """
    parameters = {**weights, **_software(software_ids), **_excepted(effects_before), "now": now}
    names = (
        "match_pairs",
        "find_restated_versions",
        "store_version_scores",
        "store_weakness_basis",
        "find_excepted",
        "store_excepted_scores",
    )
    for name in names:
        sql.run(f"recommendations/{name}", parameters)


def except_weaknesses(weights: Parameters) -> None:
    """excepted_score, and the relief of exposures, by the weaknesses excepted now; nothing where the stored figures rest on the same."""
    software_ids = [row["software_id"] for row in sql.rows("recommendations/read_excepted_software")]
    if not software_ids:
        return
    parameters = {**weights, **_software(software_ids), **_excepted(before=False)}
    for name in ("match_pairs", "find_excepted", "store_excepted_scores", "find_relieved", "relieve_exposures"):
        sql.run(f"recommendations/{name}", parameters)


def next_step() -> int:
    """The number of this computation. The lock is held, so that later ones have higher numbers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('recommendations_scoring_step')")
        return int(cursor.fetchone()[0])


def find_live(weights: Parameters, scope: Scope, *, effects_before: bool = False) -> None:
    """part_live, part_checked, part_covered (by the exceptions of now, or those of the stored figures), and empty sums."""
    scope.run("find_live_machines", weights)
    start_sums(effects_before=effects_before)


def start_sums(*, effects_before: bool = False) -> None:
    """part_covered, and empty sums."""
    sql.run("recommendations/find_covered", {"before": effects_before})
    sql.run("recommendations/make_sums")


def find_dirty(scope: Scope, *, newest_version: int = 0) -> dict[int, dt.datetime]:
    """part_dirty: marked machines of a slice, and since when. Empty of everything, where marks add nothing to what is compared."""
    return {row["machine_id"]: row["since"] for row in scope.rows("find_dirty", {"newest_version": newest_version})}


def clear_dirty(marks: Mapping[int, dt.datetime]) -> None:
    """Of marked machines that were rebuilt, and not marked again since."""
    sql.run("recommendations/clear_dirty", {"machines": list(marks), "since": list(marks.values())})


def changed_machines(scope: Scope) -> list[int]:
    """Machines whose scores rest on something else than what is there now."""
    return [row["machine_id"] for row in scope.rows("find_changed_machines")]


def moved_machines(scope: Scope) -> list[int]:
    """Machines whose contents or group, as `read_contents` found them, are not those they were last counted with."""
    return [row["machine_id"] for row in scope.rows("find_moved_machines")]


def count_holdings(scope: Scope, *, moved: Scope, sign: int) -> None:
    """Machines per version and software (of `moved`, the others carry what they carried), and per software exposed. Before contents are
    stored with -1, afterwards with 1.
    """
    moved.run("count_contents", {"sign": sign})
    scope.run("count_exposed", {"sign": sign})


def sum_groups(weights: Parameters, scope: Scope, *, sign: int) -> None:
    scope.run("sum_groups", {**weights, "sign": sign})


def sum_contributions(weights: Parameters, scope: Scope, *, sign: int) -> None:
    scope.run("sum_contributions", {**weights, "sign": sign, "mitigating": _mitigating()})


def read_contents(weights: Parameters, scope: Scope, *, now: dt.datetime, matched: bool) -> None:
    """part_contents and part_exposure: what is on the machines in scope at this moment. `matched`: part_pair holds all matches."""
    parameters = {**weights, "now": now}
    _find_known(parameters, scope, matched=matched)
    scope.run("read_contents", parameters)


def store_contents(weights: Parameters, scope: Scope, *, now: dt.datetime) -> None:
    """Exposures and bases of the machines in scope, as `read_contents` found them."""
    for name in ("store_exposures", "store_machine_basis", "describe_checks"):
        scope.run(name, {**weights, "now": now})
    if scope.tables is not None and scope.whole:
        _analyze(scope.tables["recommendations_exposure"])
    elif scope.machines is None:
        _analyze("recommendations_exposure", "recommendations_machinebasis")


def store_machine_scores(weights: Parameters, scope: Scope, *, cause: str = "", half_hazard_before: float | None = None) -> int:
    """Scores of the live machines in scope; returns how many changed. Adds to part_cause why, or that it all has one `cause`."""
    before = weights["half_hazard"] if half_hazard_before is None else half_hazard_before
    parameters = {**weights, "cause": cause, "half_hazard_before": before}
    for name in ("find_machine_scores", "explain_machine_scores"):
        scope.run(name, parameters)
    *_, deleted, written = scope.run("store_machine_scores", parameters)
    if written >= ANALYZE_FROM and scope.tables is None:  # slices would wait for each other
        _analyze("recommendations_machinescore", "recommendations_machinebasis")
    return deleted + written


def start_changes() -> None:
    """An empty part_cause."""
    sql.run("recommendations/start_changes")


def store_changes(*, run_id: int) -> None:
    """score_change of this run, and what waits for the day's snapshot, from part_cause."""
    sql.run("recommendations/store_changes", {"run": run_id, "open": ScoreChangeDay.OPEN})


def effects_moved() -> bool:
    """Whether other exceptions mitigate now than those of the stored figures."""
    return bool(sql.rows("recommendations/read_effects_moved")[0]["moved"])


def store_effects() -> None:
    sql.run("recommendations/store_effect_basis")


def apply_holdings(*, lend: bool = False) -> None:
    """version_stat, software_stat and the counters of software moved by the holdings counted. Leaves part_flip.

    `lend`: a full run is under way, and what it counted but did not write yet may be missing.
    """
    if lend:
        sql.run("recommendations/lend_holdings")
    sql.run("recommendations/apply_holdings")


def flipped_software() -> list[int]:
    """Software of which a version appeared on the fleet or left it."""
    return [row["software_id"] for row in sql.rows("recommendations/read_flipped_software")]


def restated_software() -> list[int]:
    """Software whose recommendations may have another target than at the last full run."""
    return [row["software_id"] for row in sql.rows("recommendations/read_restated_software")]


def store_stats() -> None:
    sql.run("recommendations/store_stats")


def store_groups(weights: Parameters) -> None:
    sql.run("recommendations/store_groups", weights)


def apply_stats(weights: Parameters, scope: Scope, *, population: bool) -> None:
    sql.run("recommendations/apply_stats", {**weights, **scope.parameters, "population": population})


def describe(weights: Parameters, *, now: dt.datetime, software_ids: Collection[int]) -> None:
    """What lists show of the recommendations of some software, from part_pair and version_stat: facts, counts, titles."""
    if not software_ids:
        return
    parameters = {**weights, **_software(software_ids), "now": now}
    for name in ("describe_recommendations", "count_software_present_weaknesses"):
        sql.run(f"recommendations/{name}", parameters)
    _name(weights, software_ids)


def count_weaknesses() -> None:
    """Machines of each group per weakness: sums of version_stat, less the machines that have two versions with it."""
    sql.run("recommendations/find_weakness_sets")
    with planned_for_some():
        sql.run("recommendations/find_overlaps")
    sql.run("recommendations/store_weakness_counts")


def settle(*, now: dt.datetime) -> None:
    """Presence of checks, and the status that exceptions give."""
    sql.run("recommendations/settle_recommendations", {"now": now})


def remember_versions(scope: Scope) -> None:
    """part_before: what the machines in scope carried when last computed."""
    sql.run("recommendations/remember_versions", scope.parameters)


def _find_known(parameters: Parameters, scope: Scope, *, matched: bool) -> None:
    """part_known: version scores by what the machines in scope rest on, where other facts have been learnt since."""
    whose = Scope() if scope.whole else scope
    software_ids = [row["software_id"] for row in whose.rows("find_learnt_software", parameters)]
    if not software_ids:
        return
    if not matched:
        sql.run("recommendations/match_pairs", {**parameters, "everything": False, "software_ids": software_ids})
    sql.run("recommendations/find_known_scores", parameters)


def _name(weights: Parameters, software_ids: Collection[int]) -> None:
    """Titles, with the version that ends all known weaknesses."""
    targets = fix_targets(software_ids=sorted(software_ids))
    parameters = {
        **weights,
        "software_ids": sorted(software_ids),
        "target_software": [software_id for software_id, _ in targets],
        "target_platform": [platform for _, platform in targets],
        "target_version": [target.version for target in targets.values()],
        "target_exact": [target.exact for target in targets.values()],
    }
    sql.run("recommendations/name_recommendations", parameters)


def _mitigating() -> bool:
    """Whether figures after exceptions may differ from the plain ones."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM part_covered) OR EXISTS (SELECT FROM recommendations_weaknesseffect)"
            " OR EXISTS (SELECT FROM recommendations_weaknesseffectbasis)"
        )
        return bool(cursor.fetchone()[0])


def _excepted(before: bool) -> Parameters:
    return {"before": before, "weakness": None, "software": None, "groups": []}


def _software(software_ids: Iterable[int] | None) -> Parameters:
    return {"everything": software_ids is None, "software_ids": sorted(software_ids or ())}


def _analyze(*tables: str) -> None:
    """A table that was just filled has no statistics yet, and what follows would be planned blindly."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f'ANALYZE "{table}"')
