"""Set-based writes of machines, software and installations. The caller holds the transaction."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from django.db import OperationalError, connection, transaction

from core import sql

Evidence = tuple[str, ...]  # where it was seen: names of binary packages, paths
_REMEMBERED_AT_MOST = 32_768
_COPIED_AT_ONCE = 32  # machines
_TRIES = 4  # versions that are made elsewhere at this very moment are seen the next time


class VersionIdentity(NamedTuple):
    """What makes a version row one: the software's key, the version and the platform. The rest is for new rows."""

    key: str
    version: str
    platform: str
    ecosystem: str
    name: str
    vendor: str
    category: str
    sort_key: str


class Resolved(NamedTuple):
    """The ids of a version and of its software."""

    version_id: int
    software_id: int


@dataclass(frozen=True, slots=True)
class Installed:
    """What is installed on a machine, by version id.

    `mode`: = of a part that the report is complete for, + added by a differential report, - removed by one.
    """

    machine_id: int
    mode: str
    versions: dict[int, Evidence]


def mark_dirty(*, now: dt.datetime, machine_ids: Iterable[int] | None = None, version_ids: Iterable[int] | None = None) -> int:
    """Have the exposures of these machines, or of those that carry these versions, rebuilt soon. Returns how many."""
    marked = 0
    if machine_ids is not None and (ids := sorted(set(machine_ids))):
        marked += sql.run("inventory/mark_dirty_machines", {"machine_ids": ids, "now": now})[0]
    if version_ids is not None and (ids := sorted(set(version_ids))):
        marked += sql.run("inventory/mark_dirty_versions", {"version_ids": ids, "now": now})[0]
    return marked


def touch_machines(bodies: Mapping[int, str], *, now: dt.datetime) -> None:
    """Mark machines with nothing new as seen. `bodies`: id -> the digest of the bytes that said so ("" for none)."""
    sql.run("inventory/touch_machines", {"ids": list(bodies), "bodies": list(bodies.values()), "now": now})


def lock_machines(external_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Stored machines by external id, locked until the transaction ends."""
    rows = sql.rows("inventory/lock_machines", {"external_ids": list(external_ids)})
    for row in rows:
        if isinstance(row["digests"], str):  # the driver leaves jsonb to Django
            row["digests"] = json.loads(row["digests"])
    return {row["external_id"]: row for row in rows}


def find_machines_by_name(names: Sequence[str]) -> dict[str, str]:
    """Name -> external id of the one machine that has it; names of no machine, or of several, are missing from the answer."""
    return {row["asked"]: row["external_id"] for row in sql.rows("inventory/find_machines_by_name", {"names": list(names)})}


def add_machines(machines: Sequence[dict[str, Any]], *, now: dt.datetime) -> dict[str, int]:
    """Insert machines; external id -> id. One that another transaction has just made is missing from the answer."""
    rows = sql.rows("inventory/add_machines", {"machines": json.dumps(machines), "now": now})
    return {row["external_id"]: row["id"] for row in rows}


def update_machines(machines: Sequence[dict[str, Any]], *, now: dt.datetime) -> None:
    sql.run("inventory/update_machines", {"machines": json.dumps(machines), "now": now})


def resolve_versions(identities: Sequence[VersionIdentity], *, now: dt.datetime) -> dict[VersionIdentity, Resolved]:
    """The ids of versions, made where they are missing. New ones wait to be matched."""
    found: dict[VersionIdentity, Resolved] = {}
    missing = list(identities)
    for _ in range(_TRIES if missing else 0):
        asked = json.dumps([{"ord": position, **identity._asdict()} for position, identity in enumerate(missing)])
        rows = sql.rows("inventory/resolve_versions", {"versions": asked, "now": now})
        found.update({missing[row["ord"]]: Resolved(row["id"], row["software_id"]) for row in rows})
        missing = [identity for identity in missing if identity not in found]
        if not missing:
            break
    if missing:
        raise OperationalError("other reports of the same software kept coming in between")
    return found


def are_stored(versions: Collection[Resolved]) -> bool:
    """Whether all of these different versions are there, of the software that they were of: a backup that was restored gives ids anew."""
    if not versions:
        return True
    ids = ",".join([str(version.version_id) for version in versions])
    found = sql.rows("inventory/count_versions", {"ids": f"{{{ids}}}"})[0]
    return bool(found["versions"] == len(versions) and found["software"] == sum(version.software_id for version in versions))


_packages_known: set[tuple[int, str]] = set()


def add_packages(packages: Iterable[tuple[int, str]]) -> None:
    """Binary packages by (software id, name), stored where they are not yet.

    What a committed transaction stored is remembered: ids are never given twice, and a package is there for as long as
    its software.
    """
    new = sorted(set(packages) - _packages_known)
    if not new:
        return
    sql.run("inventory/add_packages", {"software_ids": [software for software, _ in new], "names": [name for _, name in new]})
    transaction.on_commit(lambda: _remember_packages(new))


def _remember_packages(packages: Iterable[tuple[int, str]]) -> None:
    if len(_packages_known) > _REMEMBERED_AT_MOST:
        _packages_known.clear()
    _packages_known.update(packages)


def add_installations(installed: Iterable[Installed], *, now: dt.datetime) -> int:
    """Installations of machines that this transaction has made: nothing to compare with, so they are copied straight in.

    The database stores those of some machines while those of the next are asked for.
    """
    ends, said, copied = _Ends(now.isoformat()), _EvidenceEnds(), []

    def lines() -> Iterator[str]:
        for item in installed:
            copied.append(item)
            yield _lines(item.machine_id, map(ends.__getitem__, item.versions))

    _copy("inventory_installation (machine_id, version_id, first_seen)", lines())
    _copy(
        "inventory_installationevidence (machine_id, version_id, evidence)",
        (_lines(item.machine_id, filter(None, map(said.__getitem__, item.versions.items()))) for item in copied),
    )
    return sum(len(item.versions) for item in copied)


class _Ends(dict[int, str]):
    """What follows the machine in a line of COPY, by version."""

    def __init__(self, stamp: str) -> None:
        self._stamp = stamp

    def __missing__(self, version: int) -> str:
        self[version] = end = f"\t{version}\t{self._stamp}\n"
        return end


class _EvidenceEnds(dict[tuple[int, Evidence], str]):
    """The same by version and evidence; empty where there is none."""

    def __missing__(self, key: tuple[int, Evidence]) -> str:
        version, evidence = key
        self[key] = end = f"\t{version}\t{_array(evidence)}\n" if evidence else ""
        return end


def _lines(machine_id: int, ends: Iterable[str]) -> str:
    """A machine's lines for COPY: its id before each end, joined in one step."""
    start = str(machine_id)
    text = start.join(ends)
    return f"{start}{text}" if text else ""


def refresh_statistics() -> None:
    """Tell the planner how large the tables became. After a load of many machines, before autovacuum gets to it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE inventory_machine, inventory_installation, inventory_installationevidence, inventory_version, inventory_software"
        )


def _copy(target: str, machines: Iterable[str]) -> None:
    """`machines`: the lines of each."""
    rest = iter(machines)
    with connection.cursor() as cursor, cursor.cursor.copy(f"COPY {target} FROM STDIN") as copy:
        while lines := list(islice(rest, _COPIED_AT_ONCE)):
            copy.write("".join(lines))


@lru_cache(maxsize=65_536)
def _array(values: Evidence) -> str:
    """A text array as COPY's text format wants it: quoted for the array, then escaped for COPY."""
    if not values:
        return "{}"
    quoted = ",".join('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    return "{" + quoted.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r") + "}"
