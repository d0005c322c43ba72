"""Which stored version each reported record is: remembered, looked up or made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from inventory import bulk, version_memory
from inventory.aliases import Edition
from inventory.bulk import Resolved, VersionIdentity
from inventory.identities import identify
from inventory.records import InstalledSoftware

_EVIDENCE = attrgetter("evidence")


class Resolver:
    """The version ids of the records of one file. What a transaction made is good until it is undone: then `forget`."""

    def __init__(self, *, aliases: Edition, now: dt.datetime) -> None:
        self._aliases = aliases
        self._now = now
        self._known: dict[str, dict[InstalledSoftware, Resolved]] = {}

    def forget(self) -> None:
        """Rows made by a transaction that was undone are not there."""
        self._known.clear()

    def resolve(self, reported: Iterable[tuple[str, Iterable[InstalledSoftware]]]) -> None:
        """Have the ids of these records at hand, each with the platform of the machines that reported them."""
        unresolved: dict[str, dict[InstalledSoftware, None]] = {}
        for platform, records in reported:
            known = self._known.setdefault(platform, {})
            unresolved.setdefault(platform, {}).update(dict.fromkeys([record for record in records if record not in known]))
        packages: set[tuple[int, str]] = set()
        for platform, resolved in self._found({platform: records for platform, records in unresolved.items() if records}).items():
            self._known[platform].update(resolved)
            packages.update((stored.software_id, record.package) for record, stored in resolved.items() if record.package)
        bulk.add_packages(packages)

    def version_of(self, platform: str, record: InstalledSoftware) -> int:
        return self._known[platform][record].version_id

    def versions_of(
        self, platform: str, records: Sequence[InstalledSoftware], without: Mapping[int, tuple[str, ...]] | None = None
    ) -> dict[int, tuple[str, ...]]:
        """Version id -> evidence: several binary packages of one source are one installation with all their names."""
        known = self._known[platform]
        versions = [known[record].version_id for record in records]
        found = dict(zip(versions, map(_EVIDENCE, records), strict=True))
        if len(found) < len(versions):
            for version, record in zip(versions, records, strict=True):
                if found[version] != record.evidence:
                    found[version] = tuple(sorted({*found[version], *record.evidence}))
        for version in without or ():
            found.pop(version, None)
        return found

    def _found(self, unresolved: Mapping[str, Mapping[InstalledSoftware, None]]) -> dict[str, dict[InstalledSoftware, Resolved]]:
        """Records as this process remembers them, the others by what they are."""
        edition = self._aliases.fingerprint
        found = {platform: version_memory.recall(records, edition=edition, platform=platform) for platform, records in unresolved.items()}
        if not bulk.are_stored({stored for resolved in found.values() for stored in resolved.values()}):
            version_memory.forget()
            found = {platform: {} for platform in unresolved}
        waiting: dict[VersionIdentity, list[tuple[str, InstalledSoftware]]] = {}
        for platform, records in unresolved.items():
            for record in [record for record in records if record not in found[platform]]:
                identity = identify(record, machine_platform=platform, aliases=self._aliases)
                waiting.setdefault(identity, []).append((platform, record))
        for identity, stored in bulk.resolve_versions(list(waiting), now=self._now).items():
            for platform, record in waiting[identity]:
                found[platform][record] = stored
        for platform in dict.fromkeys(platform for records in waiting.values() for platform, _ in records):
            version_memory.keep(found[platform], edition=edition, platform=platform)
        return found
