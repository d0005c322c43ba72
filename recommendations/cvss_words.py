"""What a CVSS vector says, in words. Versions 2.0, 3.0, 3.1 and 4.0; the base metrics only.

Metrics and values: https://www.first.org/cvss/v4-0/specification-document and its predecessors.
"""

from __future__ import annotations

from dataclasses import dataclass

_IMPACT = {"H": "a total loss", "L": "some loss", "N": "no loss"}
_IMPACT_2 = {"C": "a total loss", "P": "some loss", "N": "no loss"}

_V3 = {
    "AV": (
        "Reached from",
        {"N": "anywhere on the network", "A": "the same network segment", "L": "the machine itself", "P": "a physical touch"},
    ),
    "AC": ("Difficulty", {"L": "none: it works every time", "H": "needs conditions the attacker does not control"}),
    "PR": ("Rights needed", {"N": "none", "L": "an ordinary account", "H": "an administrator account"}),
    "UI": ("Help from a user", {"N": "none", "R": "a user must do something"}),
    "S": ("Reach of the damage", {"U": "stays in the component", "C": "goes beyond the component"}),
    "C": ("Confidentiality", _IMPACT),
    "I": ("Integrity", _IMPACT),
    "A": ("Availability", _IMPACT),
}
_V4 = {
    "AV": _V3["AV"],
    "AC": ("Difficulty", {"L": "none: it works every time", "H": "a protection must be got around"}),
    "AT": ("Conditions", {"N": "none", "P": "the target must be set up in a certain way"}),
    "PR": _V3["PR"],
    "UI": ("Help from a user", {"N": "none", "P": "ordinary use is enough", "A": "a user must be led to act"}),
    "VC": ("Confidentiality", _IMPACT),
    "VI": ("Integrity", _IMPACT),
    "VA": ("Availability", _IMPACT),
    "SC": ("Confidentiality of other systems", _IMPACT),
    "SI": ("Integrity of other systems", _IMPACT),
    "SA": ("Availability of other systems", _IMPACT),
}
_V2 = {
    "AV": ("Reached from", {"N": "anywhere on the network", "A": "the same network segment", "L": "the machine itself"}),
    "AC": ("Difficulty", {"L": "low", "M": "medium", "H": "high"}),
    "Au": ("Sign-ins needed", {"N": "none", "S": "one", "M": "two or more"}),
    "C": ("Confidentiality", _IMPACT_2),
    "I": ("Integrity", _IMPACT_2),
    "A": ("Availability", _IMPACT_2),
}


@dataclass(frozen=True, slots=True)
class Metric:
    """One base metric: `code` as in the vector (AV:N), its name and its value in words."""

    code: str
    name: str
    words: str


def version(vector: str) -> str:
    """4.0, 3.1, 3.0 or 2.0; empty for an empty vector."""
    if vector.startswith("CVSS:"):
        return vector[5:].split("/", 1)[0]
    return "2.0" if vector else ""


def explain(vector: str) -> tuple[Metric, ...]:
    """The base metrics of a vector in the order of its specification. Unknown metrics and values are left out."""
    table = {"4.0": _V4, "3.1": _V3, "3.0": _V3, "2.0": _V2}.get(version(vector), {})
    given = dict(part.split(":", 1) for part in vector.split("/") if ":" in part)
    return tuple(
        Metric(f"{code}:{given[code]}", name, values[given[code]]) for code, (name, values) in table.items() if given.get(code) in values
    )
