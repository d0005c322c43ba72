"""Checks of single values that every parser needs. A value that fails raises BadField, which says why."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Iterable

from inventory.sources.frame import EVIDENCE_LIMIT, NAME_LIMIT, VERSION_LIMIT, Limits

_EXCERPT = 200
_CVE = re.compile(r"CVE-\d{4}-\d{4,11}", re.IGNORECASE)  # 20 characters, what is stored
IDENTIFIER = 200
MACHINE_LIMIT = 255
ADDRESSES = 64
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class BadField(Exception):
    """One value of a record cannot be used; the message names the field."""


def text(value: object, field: str, limits: Limits, *, needed: bool = False) -> str:
    """A clean text. None is empty. Raises BadField for other types, over-long text, NUL and broken Unicode."""
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise BadField(f"{field} is {_kind(value)}, not text")
    if len(value) > limits.field:
        raise BadField(f"{field} is longer than {limits.field} characters")
    if "\x00" in value:
        raise BadField(f"{field} holds a NUL character")
    if not value.isascii():
        _check_unicode(value, field)
    cleaned = value.strip()
    if needed and not cleaned:
        raise BadField(f"{field} is missing")
    return cleaned


def name(value: object, limits: Limits, field: str = "name") -> str:
    """A software's name: needed, and at most 200 characters."""
    cleaned = text(value, field, limits, needed=True)
    if len(cleaned) > NAME_LIMIT:
        raise BadField(f"{field} is longer than {NAME_LIMIT} characters")
    return cleaned


def version(value: object, limits: Limits, field: str = "version") -> str:
    """A version: may be empty, at most 200 characters."""
    cleaned = text(value, field, limits)
    if len(cleaned) > VERSION_LIMIT:
        raise BadField(f"{field} is longer than {VERSION_LIMIT} characters")
    return cleaned


def identifier(value: object) -> str:
    """What may name a machine: the beginning of a printable text, empty for anything else."""
    return value.strip()[:IDENTIFIER] if isinstance(value, str) and value.isprintable() else ""


def machine(value: object, field: str, limits: Limits) -> str:
    """What a report calls its machine: needed, printable, at most 255 characters. Raises BadField."""
    cleaned = text(value, field, limits, needed=True)
    if len(cleaned) > MACHINE_LIMIT or not cleaned.isprintable():
        raise BadField(f"{field} is longer than {MACHINE_LIMIT} characters, or not printable")
    return cleaned


def short(value: object) -> str:
    """A fact about a machine as a short text; empty for what is none."""
    return str(value).strip()[:80] if isinstance(value, (str, int)) and not isinstance(value, bool) and is_storable(str(value)) else ""


def address(value: object) -> str:
    """An IP address of the machine itself; "" for loopback and for what is none."""
    try:
        found = ipaddress.ip_address(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return ""
    return "" if found is None or found.is_loopback or found.is_unspecified else str(found)


def addresses(*values: object) -> tuple[str, ...]:
    """Those values, or elements of lists among them, that are addresses of the machine itself: once each, the first 64."""
    said = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return tuple(dict.fromkeys(found for item in said if (found := address(item))))[:ADDRESSES]


def evidence(values: Iterable[object]) -> tuple[str, ...]:
    """Where a software was seen. Anything that is no usable text is left out: evidence never sinks a record."""
    kept = [value.strip()[:EVIDENCE_LIMIT] for value in values if isinstance(value, str) and not _CONTROL.search(value)]
    return tuple(value for value in kept if value and _is_unicode(value))


def excerpt(value: object) -> str:
    """The beginning of a record, safe to store and show."""
    raw = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    cut = raw[: _EXCERPT * 2].encode("utf-8", "replace").decode()
    cleaned = _CONTROL.sub("\ufffd", cut)
    return cleaned if len(cleaned) <= _EXCERPT else cleaned[:_EXCERPT] + "…"


def moment(value: object, field: str, *, needed: bool = False) -> dt.datetime | None:
    """A point in time, ISO 8601; without a zone it is UTC. None where it is absent. Raises BadField."""
    if value is None or value == "":
        if needed:
            raise BadField(f"{field} is missing")
        return None
    if not isinstance(value, str) or len(value) > 40:
        raise BadField(f"{field} is no time in ISO 8601")
    try:
        found = dt.datetime.fromisoformat(value.strip())
        aware = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
        in_utc = aware.astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise BadField(f"{field} is no time in ISO 8601") from error
    if not 1970 <= in_utc.year <= 2100:
        raise BadField(f"{field} is not between 1970 and 2100")
    return in_utc


def cve(value: object, field: str = "cve") -> str:
    """A CVE in capitals, or "". Raises BadField for anything else."""
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or not _CVE.fullmatch(value.strip()):
        raise BadField(f"{field} is no CVE")
    return value.strip().upper()


def is_storable(value: str) -> bool:
    """Whether a text is without what a database refuses: NUL and broken Unicode."""
    return "\x00" not in value and (value.isascii() or _is_unicode(value))


def _check_unicode(value: str, field: str) -> None:
    if not _is_unicode(value):
        raise BadField(f"{field} holds broken Unicode")


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _kind(value: object) -> str:
    kinds = {bool: "true or false", dict: "an object", list: "a list", int: "a number", float: "a number"}
    return kinds.get(type(value), "a number")
