"""Where a page was reached from, as an address of our own. Pure: nothing here trusts what it is given."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

PARAMETER = "from"
LONGEST = 700
_ODD = re.compile(r"[\x00-\x20\x7f\\]")


def own(address: str) -> str:
    """The path and query of an address of ours, without its fragment; "" for everything else.

    One that is too long loses where it was itself reached from, and is given up where that does not help.
    """
    if not address.startswith("/") or address.startswith("//") or _ODD.search(address):
        return ""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    if parts.scheme or parts.netloc:
        return ""
    whole = f"{parts.path}?{parts.query}" if parts.query else parts.path
    if len(whole) > LONGEST:
        whole = without_origin(whole)
    return whole if len(whole) <= LONGEST else ""


def of_referer(referer: str, *, site: str) -> str:
    """The same of a Referer header. `site`: https://portal.example, as the browser spells it."""
    return own(referer.removeprefix(site)) if referer.startswith(f"{site}/") else ""


def nested(address: str) -> str:
    """Where the page of this address was reached from; "" where it does not say. The first day of a timeline is no address."""
    found = [value for name, value in _pairs(address) if name == PARAMETER and value.startswith("/")]
    return own(found[0]) if found else ""


def without_origin(address: str) -> str:
    pairs = [(name, value) for name, value in _pairs(address) if name != PARAMETER or not value.startswith("/")]
    return _joined(path_of(address), pairs)


def with_origin(address: str, origin: str) -> str:
    """The address, saying that it was reached from `origin`; without one, unchanged."""
    if not origin:
        return address
    bare = without_origin(address)
    return _joined(path_of(bare), [*_pairs(bare), (PARAMETER, origin)])


def path_of(address: str) -> str:
    return address.partition("?")[0]


def is_within(address: str, path: str) -> bool:
    """Whether it is the page of `path` or one of the lists behind it."""
    return path_of(address).startswith(path)


def before(address: str, *, page: str) -> str:
    """Where `page` (a path) was reached from, told the address that led to it.

    Its own tabs and lists hand on what they know; a page that was itself reached from `page` is a step back, no origin.
    """
    for _ in range(3):
        if is_within(address, page):
            address = nested(address)
        elif is_within(nested(address), page):
            address = nested(nested(address))
        else:
            return address
    return ""


def _pairs(address: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(address.partition("?")[2], keep_blank_values=True)
    except ValueError:
        return []


def _joined(path: str, pairs: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(pairs, safe=',/')}" if pairs else path
