"""The global search: machines, software, recommendations and weaknesses by name or id, one statement a type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from core import sql
from recommendations.models import MachineScore, Recommendation
from tvm_portal.search_words import Words

MOST = 1000  # hits of a type that are counted


@dataclass(frozen=True, slots=True)
class Hit:
    """`severity`: of a weakness, None elsewhere; `level`: of a machine's exposure. `exact`: it is called just as was typed."""

    title: str
    address: str
    note: str
    exact: bool = False
    severity: int | None = None
    level: tuple[int, str] | None = None
    exploited: bool = False


@dataclass(frozen=True, slots=True)
class Where:
    """Machine groups to search; `everything`: they are the whole organisation."""

    groups: Sequence[int]
    everything: bool


@dataclass(frozen=True, slots=True)
class Kind:
    """`one`: its name in the select. `read`: words, where, limit, most -> rows."""

    key: str
    one: str
    many: str
    icon: str
    read: Callable[[Words, Where, int, int], list[dict[str, Any]]]
    hit: Callable[[Mapping[str, Any]], Hit]
    all_address: Callable[[Words], str]


@dataclass(frozen=True, slots=True)
class Found:
    """Hits of one kind. `total` counts up to MOST; `more`: there are more than that."""

    kind: Kind
    hits: tuple[Hit, ...]
    total: int
    more: bool
    all_address: str


def search(words: Words, *, kind: str, groups: Sequence[int], everything: bool = False, limit: int, most: int = MOST) -> tuple[Found, ...]:
    """What was found, a group a kind that found something; the kind with an exact hit first. `kind` empty: of every kind.

    `everything`: the groups are the whole organisation.
    """
    if words.too_few:
        return ()
    wanted = [KINDS[kind]] if kind in KINDS else list(KINDS.values())
    found = [_found(each, words, Where(groups, everything), limit=limit, most=most) for each in wanted]
    return tuple(sorted((one for one in found if one.hits), key=lambda one: not one.hits[0].exact))


def best(found: Sequence[Found]) -> Hit | None:
    """What is called just so, or the only thing that was found."""
    if found and found[0].hits[0].exact:
        return found[0].hits[0]
    return found[0].hits[0] if len(found) == 1 and found[0].total == 1 else None


def _found(kind: Kind, words: Words, where: Where, *, limit: int, most: int) -> Found:
    rows = kind.read(words, where, limit, most + 1)
    total = rows[0]["total"] if rows else 0
    return Found(kind, tuple(kind.hit(row) for row in rows), min(total, most), total > most, kind.all_address(words))


def _parameters(words: Words, where: Where, limit: int, most: int) -> dict[str, Any]:
    return {
        "groups": list(where.groups),
        "everything": where.everything,
        "limit": limit,
        "most": most,
        "exact": words.exact,
        "prefix": sql.starting(words.exact),
        "inside": sql.containing(words.text),
        "long": words.is_long,
    }


def _machines(words: Words, where: Where, limit: int, most: int) -> list[dict[str, Any]]:
    parameters = _parameters(words, where, limit, most)
    return sql.rows("tvm_portal/search_machines", parameters if words.is_long else parameters | {"inside": ""})


def _software(words: Words, where: Where, limit: int, most: int) -> list[dict[str, Any]]:
    return sql.rows("tvm_portal/search_software", _parameters(words, where, limit, most))


def _recommendations(words: Words, where: Where, limit: int, most: int) -> list[dict[str, Any]]:
    parameters = _parameters(words, where, limit, most)
    parameters["weakness"] = words.id_prefix
    parameters["word"] = sql.containing(words.longest)
    parameters["words"] = [sql.containing(word) for word in words.each]
    return sql.rows("tvm_portal/search_recommendations", parameters)


def _weaknesses(words: Words, where: Where, limit: int, most: int) -> list[dict[str, Any]]:
    parameters = _parameters(words, where, limit, most)
    parameters |= {"weakness": words.id_prefix, "newest": words.newest}
    parameters["id_prefix"] = sql.starting(words.id_prefix) if words.id_prefix else ""
    parameters["inside"] = "" if words.is_id or not words.is_long else parameters["inside"]
    return sql.rows("tvm_portal/search_weaknesses", parameters)


def _machine(row: Mapping[str, Any]) -> Hit:
    level = row["level"]
    return Hit(
        title=row["name"],
        address=reverse("recommendations:machine", args=[row["id"]]),
        note=", ".join(part for part in (row["os_name"], row["group_name"]) if part),
        exact=row["exact"],
        level=None if level is None else (level, MachineScore.Level(level).label),
    )


def _one_software(row: Mapping[str, Any]) -> Hit:
    note = f"{row['exposed']:,} of {row['installed']:,} machines exposed"
    return Hit(
        title=row["name"],
        address=reverse("recommendations:software", args=[row["key"]]),
        note=f"{row['vendor']}, {note}" if row["vendor"] else note,
        exact=row["exact"],
    )


def _recommendation(row: Mapping[str, Any]) -> Hit:
    exposed = f"{row['exposed']:,} exposed machine{'' if row['exposed'] == 1 else 's'}"
    return Hit(
        title=row["title"],
        address=reverse("recommendations:detail", args=[row["key"]]),
        note=f"{Recommendation.Kind(row['kind']).label}, {exposed}",
        exact=row["exact"],
        exploited=row["exploited"],
    )


def _weakness(row: Mapping[str, Any]) -> Hit:
    note = row["title"] or ("" if row["present"] else "On no machine")
    return Hit(
        title=row["cve"],
        address=reverse("recommendations:weakness", args=[row["cve"]]),
        note=f"Formerly {row['alias']}. {note}" if row["alias"] else note,
        exact=row["exact"],
        severity=row["severity"],
        exploited=row["exploited"],
    )


def _list(name: str, *, any_of: str = "") -> Callable[[Words], str]:
    """The list of a kind, narrowed by the same words. `any_of`: a filter of the list whose default would hide hits."""

    def address(words: Words) -> str:
        narrowed = {} if words.newest else {"q": words.id_prefix or words.text}
        widened = {any_of: "any"} if any_of else {}
        return f"{reverse(f'recommendations:{name}')}?{urlencode(narrowed | widened)}"

    return address


KINDS = {
    kind.key: kind
    for kind in (
        Kind("machines", "Machine", "Machines", "mach", _machines, _machine, _list("machine_list", any_of="state")),
        Kind("software", "Software", "Software", "soft", _software, _one_software, _list("software_list")),
        Kind("recommendations", "Recommendation", "Recommendations", "recs", _recommendations, _recommendation, _list("list")),
        Kind("weaknesses", "Weakness", "Weaknesses", "weak", _weaknesses, _weakness, _list("weakness_list", any_of="present")),
    )
}
