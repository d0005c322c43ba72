"""Posted reports that were sent before, recognised by their bytes without being read.

A machine keeps the digests of the bodies that say what is stored of it. They are dropped with the first report that changes
any of it, whatever its source, so that one look-up of the machine's row answers a repeated report. A digest
covers everything the reading of a body depends on: the bytes, what the sender says beside them, the limits, the alias table,
and the program itself. What a format writes anew each time and its parser does not read (`Source.volatile`) is left out.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

from core import sql
from inventory import aliases
from inventory.sources.frame import Limits, Source
from inventory.sources.opening import Opened

LARGEST = 4_194_304  # bytes; what opening keeps in memory
KEPT = 16  # digests of a machine; touch_machines.sql has the number too
_NAME_BYTES = 65_536
_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Body:
    """A report as bytes: the machine that it seems to be of, and its digest (without the alias table)."""

    machine: str
    digest: str

    def under(self, alias_fingerprint: str) -> str:
        """The digest that is kept: of the body as it is read with an edition of the alias table."""
        return hashlib.md5(f"{alias_fingerprint}/{self.digest}".encode(), usedforsecurity=False).hexdigest()


def body_of(opened: Opened, *, source: Source, machine: str, only: str, platform: str, limits: Limits) -> Body | None:
    """The body of an opened report; None where it is large, damaged, or does not tell its machine at a glance."""
    if opened.fault or not 0 < opened.size <= LARGEST:
        return None
    content = opened.file.read()
    opened.file.seek(0)
    name = only or _named(content, source) or machine
    if not name:
        return None
    if source.volatile is not None:
        content = source.volatile.sub(b"", content)
    beside = (_program(), source.name, machine, only, platform, limits)
    return Body(name, hashlib.blake2b(repr(beside).encode() + content, digest_size=16).hexdigest())


def look_up(body: Body, *, now: dt.datetime) -> tuple[bool, aliases.Mark]:
    """Whether the machine's row says that this body brings nothing new, and the mark of the alias table. One statement.

    The machine then counts as seen, which is written every SEEN_EVERY_MINUTES only. One that was silent for ACTIVE_DAYS
    counts again, so its report is read as if it were new.
    """
    parameters = {
        "external_id": body.machine,
        "digest": body.digest,
        "edition": aliases.RULES_EDITION,
        "now": now,
        "silent_before": now - dt.timedelta(days=settings.ACTIVE_DAYS),
        "seen_before": now - dt.timedelta(minutes=settings.SEEN_EVERY_MINUTES),
    }
    row = sql.rows("inventory/see_machine", parameters)[0]
    return row["known"], aliases.mark_of(row)


def _named(content: bytes, source: Source) -> str:
    found = source.names.search(content, 0, _NAME_BYTES) if source.names is not None else None
    return found[1].decode(errors="replace") if found else ""


@cache
def _program() -> str:
    """A digest of the code that reads reports: another version of it may read the same bytes otherwise."""
    code = b"".join(file.read_bytes() for file in sorted(_HERE.rglob("*.py")) if "migrations" not in file.parts)
    return hashlib.blake2b(code, digest_size=12).hexdigest()
