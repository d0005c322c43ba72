"""Set-based writes of machines, software and installations. The caller holds the transaction."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection, transaction

from core import sql

_SEPARATOR = "\x1f"
_ANALYSE_FROM = 5_000
_REMEMBERED_AT_MOST = 32_768


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
class Change:
    """What a report changed on a machine, in installations."""

    machine_id: int
    added: int
    changed: int
    removed: int


@dataclass(frozen=True, slots=True)
class Installed:
    """What is to be installed on a machine: version id -> evidence. `mode`: see make_incoming.sql."""

    machine_id: int
    mode: str
    versions: dict[int, tuple[str, ...]]


def mark_dirty(*, now: dt.datetime, machine_ids: Iterable[int] | None = None, version_ids: Iterable[int] | None = None) -> int:
    """Have the exposures of these machines, or of those that carry these versions, rebuilt soon. Returns how many."""
    marked = 0
    if machine_ids is not None and (ids := sorted(set(machine_ids))):
        marked += sql.run("inventory/mark_dirty_machines", {"machine_ids": ids, "now": now})[0]
    if version_ids is not None and (ids := sorted(set(version_ids))):
        marked += sql.run("inventory/mark_dirty_versions", {"version_ids": ids, "now": now})[0]
    return marked


def touch_unchanged(*, said: dict[str, tuple[dict[str, str], str]], now: dt.datetime) -> list[dict[str, Any]]:
    """Mark as seen the machines with nothing new. Returns id, external_id, seen_before.

    `said`: external id -> digests of the report's parts, and that of its bytes ("" for none).
    """
    parameters = {
        "external_ids": list(said),
        "digests": [json.dumps(parts) for parts, _ in said.values()],
        "bodies": [body for _, body in said.values()],
        "now": now,
    }
    return sql.rows("inventory/touch_machines", parameters)


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
    """The ids of versions, made where they are missing. New ones wait to be matched.

    Ids seen lately are remembered and only checked, which costs a tenth of looking them up by name.
    """
    found = _remembered_versions(identities)
    unknown = [identity for identity in identities if identity not in found]
    if unknown:
        found.update(_make_versions(unknown, now=now))
    return found


_remembered: dict[VersionIdentity, Resolved] = {}


def _remembered_versions(identities: Sequence[VersionIdentity]) -> dict[VersionIdentity, Resolved]:
    """Those whose remembered row is there and says the same: a transaction may have been undone, a software deleted."""
    asked = {identity: _remembered[identity] for identity in identities if identity in _remembered}
    if not asked:
        return {}
    rows = sql.rows("inventory/read_versions", {"ids": [known.version_id for known in asked.values()]})
    stored = {row["id"]: (row["software_id"], row["version"], row["platform"]) for row in rows}
    return {
        identity: known
        for identity, known in asked.items()
        if stored.get(known.version_id) == (known.software_id, identity.version, identity.platform)
    }


def _make_versions(identities: Sequence[VersionIdentity], *, now: dt.datetime) -> dict[VersionIdentity, Resolved]:
    versions = [{"ord": position, **identity._asdict()} for position, identity in enumerate(identities)]
    rows = sql.rows("inventory/resolve_versions", {"versions": json.dumps(versions), "now": now})
    made = {identities[row["ord"]]: Resolved(row["id"], row["software_id"]) for row in rows}
    if len(_remembered) > _REMEMBERED_AT_MOST:
        _remembered.clear()
    _remembered.update(made)
    return made


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


def add_installations(installed: Sequence[Installed], *, now: dt.datetime) -> int:
    """Installations of machines that this transaction has made: nothing to compare with, so they are copied straight in."""
    stamp = now.isoformat()
    pairs = set().union(*(item.versions.items() for item in installed))
    ends = {version: f"\t{version}\t{stamp}\n" for version, _ in pairs}
    said = {(version, evidence): f"\t{version}\t{_array(evidence)}\n" for version, evidence in pairs if evidence}
    _copy(
        "inventory_installation (machine_id, version_id, first_seen)",
        (_lines(item.machine_id, map(ends.__getitem__, item.versions)) for item in installed),
    )
    _copy(
        "inventory_installationevidence (machine_id, version_id, evidence)",
        (_lines(item.machine_id, filter(None, map(said.get, item.versions.items()))) for item in installed),
    )
    return sum(len(item.versions) for item in installed)


def _lines(machine_id: int, ends: Iterable[str]) -> str:
    """A machine's lines for COPY: its id before each end, joined in one step."""
    start = str(machine_id)
    text = start.join(ends)
    return f"{start}{text}" if text else ""


def merge_installations(installed: Sequence[Installed], *, covers: Mapping[int, Iterable[str]], now: dt.datetime) -> list[Change]:
    """Make known machines' installations what was reported. `covers`: machine id -> parts the report is complete for."""
    sql.run("inventory/make_incoming")
    rows = [
        f"{item.machine_id}\t{version}\t{item.mode}\t{_array(evidence)}\n"
        for item in installed
        for version, evidence in item.versions.items()
    ]
    _copy("incoming_installation (machine_id, version_id, mode, evidence)", rows)
    if len(rows) >= _ANALYSE_FROM:  # a temporary table has no statistics, which spoils the plan of large merges only
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE incoming_installation")
    parameters = {"machine_ids": list(covers), "covers": [_SEPARATOR.join(parts) for parts in covers.values()], "now": now}
    changes = [Change(**row) for row in sql.rows("inventory/merge_installations", parameters)]
    if any(evidence for item in installed for evidence in item.versions.values()):
        sql.run("inventory/merge_evidence", {"machine_ids": list(covers)})
    return changes


def refresh_statistics() -> None:
    """Tell the planner how large the tables became. After a load of many machines, before autovacuum gets to it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE inventory_machine, inventory_installation, inventory_installationevidence, inventory_version, inventory_software"
        )


def _copy(target: str, lines: Iterable[str]) -> None:
    with connection.cursor() as cursor, cursor.cursor.copy(f"COPY {target} FROM STDIN") as copy:
        copy.write("".join(lines))


@lru_cache(maxsize=65_536)
def _array(values: tuple[str, ...]) -> str:
    """A text array as COPY's text format wants it: quoted for the array, then escaped for COPY."""
    if not values:
        return "{}"
    quoted = ",".join('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    return "{" + quoted.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r") + "}"
