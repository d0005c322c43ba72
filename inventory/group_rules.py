"""Rules of machine groups as the database asks for them, and in words.

`rules.match_group` asks the same of one machine in memory; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Case, F, Func, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Concat, Lower

from inventory.models import Machine

FIELD_WORDS = {"name": "Name", "domain": "Domain", "tag": "Tag", "platform": "Platform"}
OPERATOR_WORDS = {"equals": "is", "starts": "starts with", "ends": "ends with", "contains": "contains"}
_LOOKUPS = {"equals": "exact", "starts": "startswith", "ends": "endswith", "contains": "contains"}
_SEPARATOR = "\x1f"  # no tag holds it: tags are printable


class _Joined(Func):
    function = "array_to_string"
    template = "%(function)s(%(expressions)s, chr(31))"
    output_field = TextField()


def condition_words(condition: Mapping[str, str]) -> str:
    """One condition as a person says it: Name starts with "srv-"."""
    field, operator = FIELD_WORDS.get(condition["field"], condition["field"]), OPERATOR_WORDS.get(condition["operator"], "?")
    return f"{field} {operator} “{condition['value']}”"


def rule_words(rule: Sequence[Mapping[str, str]]) -> str:
    """A whole rule: its conditions joined by "and"."""
    return " and ".join(condition_words(condition) for condition in rule) or "No condition: takes no machine"


def prepared(machines: QuerySet[Machine]) -> QuerySet[Machine]:
    """Machines with the texts, in lower case, that conditions compare."""
    edge = Value(_SEPARATOR, output_field=TextField())
    texts = {f"rule_{name}": Lower(name) for name in ("name", "domain", "platform")}
    return machines.alias(**texts, rule_tag=Concat(edge, Lower(_Joined("tags")), edge, output_field=TextField()))


def fitting(rule: Sequence[Mapping[str, str]]) -> Q:
    """The rule as a filter of `prepared` machines: all conditions hold. An empty rule takes nothing."""
    if not rule:
        return Q(pk__in=[])
    found = Q()
    for condition in rule:
        found &= _condition(condition["field"], condition["operator"], condition["value"].lower())
    return found


def placed(machines: QuerySet[Machine], groups: Sequence[tuple[int, Any]], *, default: int) -> QuerySet[Any]:
    """Machines with `wanted`: the first of the (id, rule) by rank whose rule takes them, else `default`."""
    cases = [When(fitting(rule), then=Value(group_id)) for group_id, rule in groups if rule]
    wanted = Case(*cases, default=Value(default)) if cases else Value(default)
    return prepared(machines).annotate(wanted=wanted)


def misplaced(machines: QuerySet[Machine], groups: Sequence[tuple[int, Any]], *, default: int) -> QuerySet[Any]:
    """Those of the machines that are in another group than `wanted`."""
    return placed(machines, groups, default=default).exclude(group_id=F("wanted"))


def _condition(field: str, operator: str, value: str) -> Q:
    if field == "tag":
        before = _SEPARATOR if operator in {"equals", "starts"} else ""
        after = _SEPARATOR if operator in {"equals", "ends"} else ""
        return Q(rule_tag__contains=f"{before}{value}{after}")
    return Q(**{f"rule_{field}__{_LOOKUPS[operator]}": value})
