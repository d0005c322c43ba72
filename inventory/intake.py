"""Reports into the database, many at a time.

A batch goes through in this order, whatever its size:
1. machines that are known are locked in id order; those whose report says what is stored already are marked as seen, and done;
2. the others are brought up to date, or made;
3. their software and versions are looked up or made;
4. installations of new machines are copied in, those of the others compared with what is stored;
5. results of checks, alerts and second opinions are merged (inventory.observations); changed machines are marked dirty.
All is one transaction. Doing a batch twice ends in the same state.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction
from psycopg import errors as database_errors

from inventory import bulk, merging, observations
from inventory.aliases import Edition
from inventory.bulk import Installed
from inventory.digests import CHECKS, FINDINGS, LOOSE, Digester, Parts, facts_said
from inventory.groups import default_group
from inventory.merging import Change
from inventory.models import MachineGroup
from inventory.observations import Observed, Outcome
from inventory.records import FindingRecord, InstalledSoftware, MachineFacts, Report
from inventory.repeats import KEPT as KEPT_BODIES
from inventory.repeats import Body
from inventory.resolving import Resolver
from inventory.rules import family_of, first_group
from inventory.sources.systems import operating_system

_TRIES = 4
_PASSING = (database_errors.DeadlockDetected, database_errors.SerializationFailure)
_WIDTHS = {
    "name": 255,
    "domain": 255,
    "family": 10,
    "platform": 40,
    "os_name": 120,
    "os_version": 80,
    "os_build": 40,
    "architecture": 20,
    "ip_addresses": 64,
}
_FACTS = tuple(_WIDTHS)


@dataclass(slots=True)
class Totals:
    """What reports brought or changed: machines, installations, and results, alerts and second opinions."""

    machines: int = 0
    unchanged: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    results: int = 0
    alerts: int = 0
    findings: int = 0

    def add(self, other: Totals) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A report ready to be stored: its facts completed, its parts told apart. `body`: the digest of the bytes that say it all."""

    report: Report
    parts: Parts
    body: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether the digests of its parts stand for all it says."""
        return self.parts.is_whole and not self.report.removed

    @property
    def external_id(self) -> str:
        return self.report.machine.external_id

    def says_nothing_beyond(self, stored: Mapping[str, Any] | None) -> bool:
        """Whether all it says is stored of its machine already, as the digests tell."""
        return stored is not None and self.is_whole and self.parts.digests.items() <= stored["digests"].items()

    def called(self, external_id: str) -> Prepared:
        if external_id == self.external_id:
            return self
        return replace(self, report=replace(self.report, machine=replace(self.report.machine, external_id=external_id)))


class _Raced(Exception):
    """Another transaction has just made one of the machines; the batch starts again and finds it."""


@dataclass(slots=True)
class _Target:
    """A machine of the batch: what is stored of it once the report's facts are in, and which parts of it must be merged."""

    prepared: Prepared
    values: dict[str, Any]
    stored: dict[str, Any] | None
    new: frozenset[str]
    id: int = 0
    moved: bool = field(default=False)

    @property
    def platform(self) -> str:
        return str(self.values["platform"])

    @property
    def software(self) -> list[str]:
        """The parts of software to be merged."""
        return [part for part in self.prepared.parts.software if part in self.new]

    @property
    def findings(self) -> list[FindingRecord]:
        return [record for part, records in self.prepared.parts.findings.items() if part in self.new for record in records]


class Intake:
    """Stores batches of reports. `aliases` must stay the same for the life of the object.

    `meanwhile` is called when the database begins to store what may be much; it must not wait for anything.
    """

    def __init__(self, *, aliases: Edition, now: dt.datetime, platform: str = "", meanwhile: Callable[[], None] | None = None) -> None:
        self._aliases = aliases
        self._now = now
        self._platform = platform
        self._meanwhile = meanwhile or (lambda: None)
        self._default_group = 0
        self._digester = Digester(alias_fingerprint=aliases.fingerprint)
        self._groups: list[tuple[int, object]] | None = None
        self._resolver = Resolver(aliases=aliases, now=now)

    def prepare(self, report: Report) -> Prepared:
        """Needs no database."""
        facts = report.machine
        platform = facts.platform or self._platform
        facts = replace(facts, platform=platform, family=facts.family or family_of(platform))
        software, covers = report.software, report.covers
        system = None if not covers or "os" in covers else operating_system(platform)
        if system is not None:
            software, covers = (*software, system), covers | {"os"}
        report = replace(report, machine=facts, software=software, covers=covers)
        return Prepared(report, self._digester.parts(report))

    def store(self, reports: Iterable[Prepared], *, body: Body | None = None) -> Totals:
        """Store reports of different machines, each with its external id. Committed when this returns.

        `body`: the bytes that say what the one report says and no more; they are recognised when they come again.
        """
        prepared = {item.external_id: item for item in reports}
        if body is not None and [body.machine] == list(prepared) and prepared[body.machine].is_whole:
            prepared[body.machine] = replace(prepared[body.machine], body=body.under(self._aliases.fingerprint))
        totals = Totals(machines=len(prepared))
        if prepared:
            totals.add(self._with_retries(list(prepared.values())))
        return totals

    def _with_retries(self, prepared: list[Prepared]) -> Totals:
        may_retry = not connection.in_atomic_block
        for left in reversed(range(_TRIES)):
            try:
                with transaction.atomic():
                    self._groups = None  # rules may have changed since the last batch
                    return self._merge(prepared)
            except _Raced:
                self._forget()
            except OperationalError as error:
                self._forget()
                if not (left and may_retry and isinstance(error.__cause__, _PASSING)):
                    raise
        raise OperationalError("other reports of the same machines kept coming in between")

    def _forget(self) -> None:
        """Rows made by a transaction that was undone are not there."""
        self._resolver.forget()

    def _merge(self, prepared: list[Prepared]) -> Totals:
        stored = bulk.lock_machines(item.external_id for item in prepared)
        unknown = [item.external_id for item in prepared if item.external_id not in stored]
        if unknown and (known_as := bulk.find_machines_by_name(unknown)):
            return self._merge_renamed(prepared, known_as)
        said_before = {item.external_id: item.body for item in prepared if item.says_nothing_beyond(stored.get(item.external_id))}
        self._see(said_before, stored)
        prepared = [item for item in prepared if item.external_id not in said_before]
        if not prepared:
            return Totals(unchanged=len(said_before))
        targets = [self._target(item, stored.get(item.external_id)) for item in prepared]
        new = [target for target in targets if target.stored is None]
        known = [target for target in targets if target.stored is not None]
        self._add(new)
        if known:
            bulk.update_machines([{"id": target.id, **target.values} for target in known], now=self._now)
        self._resolver.resolve((target.platform, self._records(target)) for target in targets)
        self._meanwhile()
        added, changes = self._install_new(new), self._install_known(known)
        outcome = observations.store(list(filter(None, map(self._observed, targets))), now=self._now)
        self._mark_dirty(targets, changes, outcome)
        unchanged = len(said_before) + len(known) - len(_different(known, changes, outcome))
        return _totals(added, changes, outcome, unchanged=unchanged)

    def _see(self, bodies: Mapping[str, str], stored: Mapping[str, Mapping[str, Any]]) -> None:
        """Step 1, of machines by external id. Those that come back after a long silence count again, so they are marked dirty."""
        if not bodies:
            return
        bulk.touch_machines({stored[machine]["id"]: body for machine, body in bodies.items()}, now=self._now)
        silent = [stored[machine]["id"] for machine in bodies if self._is_silent(stored[machine])]
        bulk.mark_dirty(machine_ids=silent, now=self._now)

    def _merge_renamed(self, prepared: list[Prepared], known_as: Mapping[str, str]) -> Totals:
        """Reports that call a machine by its name are of that machine. It may have a report under its own identifier beside it."""
        waiting = [item.called(known_as.get(item.external_id, item.external_id)) for item in prepared]
        totals = Totals()
        while waiting:
            batch: dict[str, Prepared] = {}
            rest = [item for item in waiting if batch.setdefault(item.external_id, item) is not item]
            totals.add(self._merge(list(batch.values())))
            waiting = rest
        return totals

    def _mark_dirty(self, targets: Sequence[_Target], changes: Sequence[Change], outcome: Outcome) -> None:
        dirty = {target.id for target in targets if target.stored is None or target.moved or self._is_silent(target.stored)}
        bulk.mark_dirty(machine_ids=dirty | {change.machine_id for change in changes} | outcome.scored, now=self._now)

    def _target(self, item: Prepared, stored: dict[str, Any] | None) -> _Target:
        before = stored or {"tags": [], "digests": {}, "bodies": [], **dict.fromkeys(_FACTS, ""), "ip_addresses": [], "family": "other"}
        values = {name: _fact(item.report.machine, name) or before[name] for name in _FACTS}
        values["name"] = values["name"] or item.external_id
        values["platform"] = values["platform"] or item.report.fallback_platform
        is_same = stored is not None and _same_facts(values, before)  # then its group is the one that the rules gave it
        values["group_id"] = before["group_id"] if is_same else self._group_of({**values, "tags": before["tags"]})
        moved = values["platform"] != before["platform"]
        old: dict[str, str] = {} if moved else before["digests"]
        new = {part for part, digest in item.parts.digests.items() if old.get(part) != digest} | {LOOSE}
        values["digests"] = {**_still_true(old, item), **item.parts.digests}
        values["bodies"] = _bodies(item, before, values, new)
        return _Target(item, values, stored, frozenset(new), id=stored["id"] if stored else 0, moved=moved and stored is not None)

    def _group_of(self, machine: Mapping[str, object]) -> int:
        if self._groups is None:
            found = list(MachineGroup.objects.order_by("rank").values_list("id", "rule", "is_default"))
            self._default_group = next((pk for pk, _, is_default in found if is_default), 0) or default_group().pk
            self._groups = [(pk, rule) for pk, rule, is_default in found if not is_default]
        return first_group(self._groups, machine, self._default_group)

    def _add(self, targets: list[_Target]) -> None:
        if not targets:
            return
        rows = [{"external_id": target.prepared.external_id, **target.values} for target in targets]
        ids = bulk.add_machines(rows, now=self._now)
        if len(ids) < len(targets):
            raise _Raced
        for target in targets:
            target.id = ids[target.prepared.external_id]

    @staticmethod
    def _records(target: _Target) -> Iterable[InstalledSoftware]:
        for part in target.software:
            yield from target.prepared.parts.software[part]
        yield from target.prepared.parts.additive
        yield from target.prepared.report.removed
        yield from (record.about for record in target.findings)

    def _installed(self, target: _Target) -> list[Installed]:
        """A machine's versions by mode. What is reported as present is so, whatever else says it was removed."""
        parts, versions_of = target.prepared.parts, partial(self._resolver.versions_of, target.platform)
        complete = versions_of([record for part in target.software for record in parts.software[part]])
        added = versions_of(parts.additive, without=complete)
        removed = versions_of(target.prepared.report.removed, without={**complete, **added})
        modes = (("=", complete), ("+", added), ("-", removed))
        return [Installed(target.id, mode, versions) for mode, versions in modes if versions]

    def _install_new(self, targets: list[_Target]) -> int:
        rows = (row for target in targets for row in self._installed(target) if row.mode != "-")
        first = next(rows, None)
        return bulk.add_installations(chain([first], rows), now=self._now) if first else 0

    def _install_known(self, targets: list[_Target]) -> list[Change]:
        rows = [row for target in targets for row in self._installed(target)]
        covers = {target.id: target.software for target in targets}
        if not rows and not any(covers.values()):
            return []
        return merging.merge_installations(rows, covers=covers, now=self._now)

    def _observed(self, target: _Target) -> Observed | None:
        """What the report says beside software that may not be stored yet."""
        parts = target.prepared.parts
        results = [record for part, records in parts.results.items() if part in target.new for record in records]
        scopes = tuple(part.removeprefix(CHECKS) for part in parts.results if part and part in target.new)
        alerts = [record for part, records in parts.alerts.items() if part in target.new for record in records]
        scanners = tuple(part.removeprefix(FINDINGS) for part in parts.findings if part and part in target.new)
        findings = [(self._resolver.version_of(target.platform, record.about), record) for record in target.findings]
        if not (results or scopes or alerts or scanners or findings):
            return None
        checks = target.prepared.report.checks if results or scopes else ()
        return Observed(target.id, checks, scopes, results, alerts, scanners, findings)

    def _is_silent(self, stored: Mapping[str, Any]) -> bool:
        seen: dt.datetime | None = stored["last_seen"]
        return bool(seen and seen < self._now - dt.timedelta(days=settings.ACTIVE_DAYS))


def _fact(facts: MachineFacts, name: str) -> Any:
    """One fact as it is stored: cut to its column's width."""
    value = getattr(facts, name)[: _WIDTHS[name]]
    return list(value) if isinstance(value, tuple) else value


def _same_facts(values: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    return all(values[name] == before[name] for name in _FACTS)


def _still_true(old: dict[str, str], item: Prepared) -> dict[str, str]:
    """The stored digests but those of parts that a differential or incomplete report changes beside their snapshot."""
    parts = item.parts
    touched = {record.ecosystem for record in (*parts.additive, *item.report.removed)}
    touched |= {kind.rstrip("/") for kind, said in ((CHECKS, parts.results), (FINDINGS, parts.findings)) if LOOSE in said}
    return {part: digest for part, digest in old.items() if part.partition("/")[0] not in touched}


def _bodies(item: Prepared, before: Mapping[str, Any], values: Mapping[str, Any], new: Collection[str]) -> list[str]:
    """The digests of posts that say what is stored once this report is: its own, and where it only adds parts, those before it."""
    old: dict[str, str] = before["digests"]
    adds = all(part == "facts" or part not in old for part in new) and _still_true(old, item) == old
    kept = before["bodies"] if adds and _same_facts(values, before) else []
    return [*filter(None, [item.body]), *(body for body in kept if body != item.body)][:KEPT_BODIES]


def _different(targets: Sequence[_Target], changes: Sequence[Change], outcome: Outcome) -> set[int]:
    """Machines about which something new is stored."""
    changed = {change.machine_id for change in changes} | outcome.changed
    return {target.id for target in targets if target.id in changed or _facts_differ(target)}


def _totals(added: int, changes: Sequence[Change], outcome: Outcome, *, unchanged: int) -> Totals:
    return Totals(
        unchanged=unchanged,
        added=added + sum(change.added for change in changes),
        changed=sum(change.changed for change in changes),
        removed=sum(change.removed for change in changes),
        results=outcome.results,
        alerts=outcome.alerts,
        findings=outcome.findings,
    )


def _facts_differ(target: _Target) -> bool:
    stored = target.stored or {}
    return any(target.values[name] != stored.get(name) for name in (*_FACTS, "group_id"))


def machine_named(report: Report, name: str) -> Report:
    """The report with the machine's identifier, where it has none."""
    if report.machine.external_id:
        return report
    return replace(report, machine=replace(report.machine, external_id=name, name=report.machine.name or name))


def is_empty(report: Report) -> bool:
    said = (report.software, report.removed, report.covers, report.results, report.alerts, report.findings)
    return not any(said) and not any(facts_said(report.machine))
