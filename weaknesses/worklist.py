"""The worklist of software that no vulnerability data knows, with products it may be.

Applications only: a package of a distribution or a language is known to its advisories by its own name, so that there is
nothing to guess, and a CPE of the same name would most likely be another product.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from core import sql
from core.models import User
from inventory.models import Software
from weaknesses import actions
from weaknesses.matching import MatchOutcome
from weaknesses.models import AffectedRange, Product, SoftwareProduct

AnySoftware = TypeVar("AnySoftware", bound=Software)
ECOSYSTEMS: Final = ("cpe", "other")
LEAST_SCORE: Final = 30  # of 100; below it a suggestion is noise
SURE_SCORE: Final = 75  # from here on a suggestion may be accepted for many at once
MOST: Final = 3


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A product that a software may be. `score`: 0-100, how alike the names are; `weaknesses`: what it would be matched with."""

    product_id: int
    key: str
    score: int
    weaknesses: int


def unmatched(software: QuerySet[AnySoftware]) -> QuerySet[AnySoftware]:
    """Of these applications the ones that no range can ever hold: no link to a product that has ranges."""
    ranges = AffectedRange.objects.filter(product_id=OuterRef("product_id"))
    links = SoftwareProduct.objects.filter(Exists(ranges), software_id=OuterRef("pk"), confidence__gt=0)
    return software.filter(~Exists(links), ecosystem__in=ECOSYSTEMS)


def suggestions(software_ids: Sequence[int], *, most: int = MOST) -> dict[int, list[Suggestion]]:
    """Software -> the products it may be, the likeliest first. The same few statements for any number of them."""
    found: dict[int, list[Suggestion]] = defaultdict(list)
    if not software_ids:
        return found
    parameters = {"software_ids": list(software_ids), "least": LEAST_SCORE, "most": most}
    with transaction.atomic():
        sql.run("weaknesses/prepare_suggestions")
        rows = sql.rows("weaknesses/suggest_products", parameters)
    for row in rows:
        found[row.pop("software_id")].append(Suggestion(**row))
    return found


def accept(*, software: Software, product: Product, by: User, now: dt.datetime, address: str = "") -> MatchOutcome:
    """Take a suggestion: the software is this product from now on. `actions.unlink_product` takes it back."""
    return actions.link_product(software=software, product=product, by=by, now=now, address=address)[1]


def accept_best(*, software: Iterable[Software], by: User, now: dt.datetime, address: str = "") -> tuple[int, int]:
    """Take the best suggestion of each, where it is sure enough and the only one that is. Returns (accepted, matches that came)."""
    chosen = list(software)
    found = suggestions([entry.pk for entry in chosen])
    accepted = gained = 0
    for entry in chosen:
        sure = [suggestion for suggestion in found.get(entry.pk, ()) if suggestion.score >= SURE_SCORE]
        if len(sure) == 1:
            product = Product(pk=sure[0].product_id, key=sure[0].key)
            gained += accept(software=entry, product=product, by=by, now=now, address=address).gained
            accepted += 1
    return accepted, gained
