"""The panel of the timeline that says why the score moved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode

from recommendations import score_change_queries, score_change_words, timeline_queries
from recommendations.models import Cause
from recommendations.score_change_queries import UNRECORDED, Moves
from recommendations.score_change_words import Waterfall
from recommendations.timeline_queries import EventFilter
from weaknesses.models import Event

AFTER = "after"


@dataclass(frozen=True, slots=True)
class Panel:
    """`moves` None: there are no two recorded days. `still`: causes that did nothing.

    `plain`, `excepted`: addresses of both scores; the second empty where they are equal.
    """

    moves: Moves | None
    drawn: Waterfall | None = None
    still: str = ""
    headline: str = ""
    plain: str = ""
    excepted: str = ""


def panel(request: HttpRequest, *, groups: Sequence[int], first: dt.date, last: dt.date) -> Panel:
    """Why the score of these groups moved in the days shown; after exceptions where the address says so."""
    excepted = request.GET.get("score") == AFTER
    moves = score_change_queries.moves(groups=groups, first=first, last=last, excepted=excepted)
    if moves is None:
        return Panel(None)
    since = moves.first.day + dt.timedelta(days=1)
    weaknesses = timeline_queries.weaknesses_by_kind(EventFilter(groups=groups, first=since, last=moves.last.day))
    words = {
        part.cause: (
            score_change_words.sentence(moves, part, weaknesses=weaknesses),
            _address(part.cause, weaknesses, since=since, last=moves.last.day),
        )
        for part in moves.parts
    }
    return Panel(
        moves=moves,
        drawn=score_change_words.waterfall(moves, words=words),
        still=score_change_words.still(moves),
        headline=score_change_words.headline(moves),
        plain=_page(request, ""),
        excepted=_page(request, AFTER) if moves.differ or excepted else "",
    )


def _address(cause: str, weaknesses: Mapping[str, Collection[int]], *, since: dt.date, last: dt.date) -> str:
    """Where the things that a cause counts are listed; empty where no list shows them."""
    kinds = {
        Cause.FOUND: (Event.Kind.NEW_WEAKNESS,),
        Cause.FIXED: (Event.Kind.FIXED,),
        Cause.INTELLIGENCE: score_change_words.EXPLOITS,
    }.get(Cause(cause) if cause != UNRECORDED else Cause.SETTINGS, ())
    if named := [kind for kind in kinds if weaknesses.get(kind)]:
        return f"{reverse('recommendations:timeline')}?{urlencode({'from': str(since), 'to': str(last), 'type': ','.join(named)})}"
    match cause:
        case Cause.POPULATION | Cause.VALUE:
            return reverse("recommendations:machine_list")
        case Cause.EXCEPTIONS:
            return reverse("recommendations:list") + "?status=partial,exception"
        case Cause.SETTINGS:
            return reverse("recommendations:scoring")
        case _:
            return ""


def _page(request: HttpRequest, score: str) -> str:
    query = request.GET.copy()
    query.pop("score", None)
    if score:
        query["score"] = score
    return "?" + query.urlencode() + "#why"
