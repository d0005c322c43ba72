"""A request in the words of a ticket, and the marks that find it again. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remediation.ticketing.base import Connection, Device, Field, Refused, Request

PRIORITIES = {"high": "High", "medium": "Medium", "low": "Low"}
EVENTS = {"completed": "Completed in TVM Portal.", "reopened": "Taken up again in TVM Portal.", "noted": "Note from TVM Portal:"}
NOTED = "(TVM Portal, ref "  # how every note of ours ends: what tells it from what people wrote, and a second telling from the first


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a description. `kind`: text (paragraphs), steps (numbered), facts ("Name: value" each) or names (a machine each)."""

    kind: str
    heading: str
    lines: tuple[str, ...]


def marker(key: str) -> str:
    """A key as one word of letters and digits, at most 40 characters, which a label or a note can carry."""
    word = re.sub(r"[^a-z0-9]", "", key.lower())
    return word if 0 < len(word) <= 40 else hashlib.sha256(key.encode()).hexdigest()[:32]


def length(text: str) -> int:
    """As systems written in Java or .NET count: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, most: int) -> str:
    """The text in at most `most` of such characters; … says that there was more."""
    if length(text) <= most:
        return text
    kept = text.encode("utf-16-le", "surrogatepass")[: (most - 1) * 2].decode("utf-16-le", "ignore")
    return kept.rstrip() + "…"


def line(text: str) -> str:
    """On one line, without characters that end or turn lines."""
    return re.sub(r"[\s\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]+", " ", text).strip()


def named(devices: Sequence[Device], *, most: int) -> str:
    """a, b, c and 4 more."""
    names = ", ".join(line(device.name) for device in devices[:most])
    return names if len(devices) <= most else f"{names} and {len(devices) - most:,} more"


def facts(request: Request) -> tuple[str, ...]:
    """Name: value, of what is known."""
    pairs = (
        ("Software", _software(request)),
        ("Version asked for", request.version),
        ("Priority", PRIORITIES[request.priority]),
        ("Due on", request.due_on.isoformat() if request.due_on else ""),
        ("Weaknesses", f"{request.weaknesses:,}" if request.weaknesses else ""),
        ("Machines", f"{request.device_total:,}" if request.device_total else ""),
        ("Asked for by", request.requested_by),
        ("Asked for at", request.requested_at.strftime("%Y-%m-%d %H:%M UTC")),
        ("In TVM Portal", request.address),
    )
    return tuple(f"{name}: {line(value)}" for name, value in pairs if value)


def blocks(request: Request, *, most: int) -> list[Block]:
    """The whole description in at most about `most` characters: machines that do not fit are counted."""
    settings = tuple(f"{line(name)}: {line(value)}" for name, value in request.settings_asked)
    made = [
        Block("text", "", _paragraphs(request.description)),
        Block("steps", "What to do", tuple(line(step) for step in request.steps)),
        Block("facts", "Settings", settings),
        Block("text", "Notes", _paragraphs(request.notes)),
        Block("facts", "Request", facts(request)),
    ]
    made = [_fitting(block, most // 4) for block in made if block.lines]
    left = most - sum(length(text) + 4 for block in made for text in (block.heading, *block.lines)) - 200
    return [*made, *_machines(request, left)]


def plain(parts: Sequence[Block]) -> str:
    """Blocks as text."""
    written = []
    for part in parts:
        lines = [f"{number}. {text}" for number, text in enumerate(part.lines, 1)] if part.kind == "steps" else list(part.lines)
        written.append("\n".join([f"{part.heading}:", *lines] if part.heading else lines))
    return "\n\n".join(written)


def telling(key: str, event: str, note: str, *, most: int) -> str:
    """A note for the other side, which `told` knows again."""
    end = f"{NOTED}{marker(key)})"
    start = EVENTS.get(event, "From TVM Portal:")
    return f"{cut(' '.join(part for part in (start, note.strip()) if part), most - length(end) - 1)} {end}"


def told(key: str, text: str) -> bool:
    return f"{NOTED}{marker(key)})" in text


def ours(text: str) -> bool:
    return NOTED in text


def listed(text: str) -> frozenset[str]:
    """Words between commas or on lines of their own, in lower case."""
    return frozenset(word.strip().casefold() for word in re.split(r"[,\n]", text) if word.strip())


def demand(connection: Connection, fields: Sequence[Field], *names: str) -> None:
    """Raises Refused, which names those of the fields that are empty: some are needed for one way to sign in only."""
    labels = [field.label for field in fields if field.name in names and not connection[field.name].strip()]
    if labels:
        raise Refused(f"Enter first, for this way to sign in: {', '.join(labels)}.")


def pairs(text: str, *, what: str) -> dict[str, str]:
    """name = value, one a line. Raises Refused for a line that is not."""
    found = {}
    for row in filter(None, map(str.strip, text.splitlines())):
        name, equals, value = row.partition("=")
        if not equals or not name.strip():
            raise Refused(f"{what}: “{cut(row, 60)}” is not of the form name = value.")
        found[name.strip()] = value.strip()
    return found


def values(named_values: Mapping[str, str]) -> dict[str, Any]:
    """The same, where a value that is JSON (an object, a list, a number) is meant as such."""
    return {name: _value(text) for name, text in named_values.items()}


def _software(request: Request) -> str:
    """Google Chrome, not Google Google Chrome."""
    if request.product.casefold().startswith(request.publisher.casefold()):
        return request.product
    return f"{request.publisher} {request.product}"


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(line, text.splitlines())))


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _fitting(block: Block, most: int) -> Block:
    """Each line cut, and those beyond the end left out."""
    kept, left = [], most
    for text in block.lines:
        if left <= 0:
            break
        kept.append(cut(text, max(2, left)))
        left -= length(text)
    return Block(block.kind, block.heading, tuple(kept))


def _machines(request: Request, most: int) -> list[Block]:
    names: list[str] = []
    for device in request.devices:
        text = line(device.name) + (f" ({line(device.system)})" if device.system else "")
        most -= length(text) + 4
        if most < 0:
            break
        names.append(text)
    if not names:
        return []
    if (left := request.device_total - len(names)) > 0:
        names.append(f"… and {left:,} more, listed in TVM Portal: {request.address}")
    return [Block("names", "Machines", tuple(names))]
