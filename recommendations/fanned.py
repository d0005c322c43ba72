"""The full run that is under way over slices, as other computations meet it: inside their transactions, with the lock held.

Between its preparation and its end, machines of finished slices are up to date and the sums are not. What an incremental run
changes on such a machine is added to the sums at once, and to the partial sums that wait; everything commutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core import sql
from core.slices import slices
from recommendations import bulk
from recommendations.bulk import Scope
from recommendations.models import FannedRun, PendingHolding, RunSlice

TABLES = ("inventory_installation", "inventory_configurationresult", "recommendations_exposure")


def under_way() -> FannedRun | None:
    return FannedRun.objects.first()


def scope_of(number: int) -> Scope:
    """The machines of one slice, and the partitions that hold what is on them."""
    found = slices(TABLES)
    rows = sql.rows("recommendations/read_slice_machines", {"slices": len(found), "number": number})
    return Scope(tuple(row["id"] for row in rows), found[number], whole=True)


def split(machines: Sequence[int]) -> Iterator[tuple[Scope, bool]]:
    """Some machines as one or two scopes; True: their slice has added up its sums, and is to be told what changes."""
    parameters = {"machines": list(machines), "slices": RunSlice.objects.count()}
    summed = {row["id"] for row in sql.rows("recommendations/read_summed_machines", parameters)}
    for told in (False, True):
        if some := tuple(machine for machine in machines if (machine in summed) is told):
            yield Scope(some), told


def keep_sums() -> None:
    """part_contribution and part_group wait with the partial sums."""
    sql.run("recommendations/keep_sums")


def keep_changes() -> None:
    """part_holding and part_cause wait with the partial sums."""
    sql.run("recommendations/keep_changes")


def take_changes() -> None:
    """part_holding and part_cause get what waits, exactly once."""
    sql.run("recommendations/take_changes")


def take_sums() -> None:
    """part_contribution and part_group get what waits, exactly once."""
    sql.run("recommendations/take_sums")


def forget_sums() -> None:
    """Every figure was added up anew, or every slice is to be: the partial sums that wait say nothing any more."""
    sql.run("recommendations/forget_sums")


def absorb() -> None:
    """Before all sums are added up from the rows as they are: what finished slices counted and told belongs to them."""
    take_changes()
    bulk.apply_holdings()
    sql.run("recommendations/remember_flips")
    forget_sums()


def forget_holdings() -> None:
    """Holdings are counted from nothing."""
    PendingHolding.objects.all().delete()


def end() -> None:
    """Nothing is left of the run that was under way; what waits was taken."""
    sql.run("recommendations/end_fanned")
