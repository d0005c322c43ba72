"""How values look: filters for figures, and the components of `templates/components/` that need a little arithmetic.

A template builtin (see settings): no `{% load %}`. Components without arithmetic are used by
`{% include "components/<name>.html" with ... only %}`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html

from core import drawing, styles

register = template.Library()

SEVERITIES = ("None", "Low", "Medium", "High", "Critical")
EXPLOITS = ("No known exploit", "Public exploit", "Verified exploit", "In an exploit kit")


@register.simple_tag
def stylesheet() -> str:
    """The address of the one style sheet of every page."""
    return styles.address()


# Figures


@register.filter
def exact(value: float | str | None) -> str:
    """4873 -> 4,873. None, which is "not computed", is a dash; so is what a template does not find."""
    return "–" if value is None or isinstance(value, str) else f"{value:,.0f}"


@register.filter
def short_count(value: float | None) -> str:
    """Three figures: 771, 4.87k, 11.9k, 1.47M."""
    if value is None:
        return "–"
    for limit, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if abs(value) >= limit:
            scaled = value / limit
            digits = 2 if abs(scaled) < 10 else 1 if abs(scaled) < 100 else 0
            text = f"{scaled:.{digits}f}"
            return (text.rstrip("0").rstrip(".") if "." in text else text) + unit
    return f"{value:.0f}"


@register.simple_tag
def short(value: float | None) -> str:
    """`short_count` that keeps nothing to itself: where it leaves figures out, the exact one is on hover and read out."""
    text = short_count(value)
    if value is None or text == exact(value):
        return text
    return format_html('<span title="{0}"><span aria-hidden="true">{1}</span><span class="sr">{0}</span></span>', exact(value), text)


@register.filter
def points(value: float | None) -> str:
    """Points of a score with two decimals; what is there but smaller is <0.01."""
    if value is None:
        return "–"
    return "<0.01" if 0 < value < 0.005 else f"{value:.2f}"


@register.filter
def percent(share: float | None, digits: int = 0) -> str:
    """0.412 -> 41%; with 1: 41.2%. A share that is there is never shown as 0%."""
    if share is None:
        return "–"
    smallest = 10**-digits
    if 0 < share * 100 < smallest / 2:
        return f"<{smallest:g}%"
    return f"{share * 100:.{digits}f}%"


@register.filter
def share_of(part: float | None, whole: float | None) -> float | None:
    """part / whole, None where there is no whole."""
    return part / whole if part is not None and whole else None


@register.filter
def initials(name: str) -> str:
    """Up to two letters for an avatar."""
    words = name.replace(".", " ").replace("_", " ").split()
    return "".join(word[0] for word in words[:2]).upper() or "?"


@register.filter
def marked(text: str, words: str) -> str:
    """The text with the part that was searched for marked, its first appearance, capitals aside."""
    start = text.lower().find(words.lower()) if words and len(text.lower()) == len(text) else -1
    if start < 0:
        return text
    end = start + len(words)
    return format_html("{}<mark>{}</mark>{}", text[:start], text[start:end], text[end:])


# Time


@register.filter
def stamp(moment: dt.datetime | None) -> str:
    """15 Mar 2026, 12:40 UTC, in the viewer's zone"""
    return "–" if moment is None else _stamp(timezone.localtime(moment))


@register.simple_tag
def moment(at: dt.datetime | None) -> str:
    """The stamp as a <time> that programs can read, with the same moment in UTC on hover."""
    if at is None:
        return "–"
    shown, utc = timezone.localtime(at), at.astimezone(dt.UTC)
    return format_html('<time datetime="{}" title="{}">{}</time>', f"{utc:%Y-%m-%dT%H:%M:%SZ}", _stamp(utc), _stamp(shown))


@register.filter
def day(moment: dt.date | dt.datetime | None) -> str:
    """15 Mar 2026, in UTC: the day that sources and the timeline mean"""
    if isinstance(moment, dt.datetime):
        moment = moment.astimezone(dt.UTC).date()
    return "–" if moment is None else f"{moment:%-d %b %Y}"


@register.filter
def day_month(at: dt.datetime) -> str:
    """15 Mar, in UTC"""
    return f"{at.astimezone(dt.UTC):%-d %b}"


@register.filter
def iso_day(at: dt.datetime) -> str:
    """2026-03-15, in UTC: how addresses name a day"""
    return f"{at.astimezone(dt.UTC):%Y-%m-%d}"


@register.filter
def days(moment: dt.date | dt.datetime | None) -> str:
    """How far away a day is: today, in 12 days, 3 days ago."""
    if moment is None:
        return "–"
    date = moment.astimezone(dt.UTC).date() if isinstance(moment, dt.datetime) else moment
    distance = (date - timezone.now().date()).days
    if distance == 0:
        return "today"
    words = f"{abs(distance):,} day{'' if abs(distance) == 1 else 's'}"
    return f"in {words}" if distance > 0 else f"{words} ago"


@register.filter
def since(moment: dt.datetime | None) -> str:
    """How long ago: just now, 12 minutes ago, 3 hours ago, 5 days ago."""
    if moment is None:
        return "never"
    seconds = (timezone.now() - moment).total_seconds()
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count:,} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


@register.filter
def lasting(seconds: float | None) -> str:
    """How long: 3.2 ms, 1.5 s, 4 min, 2 h 5 min, 3 days."""
    if seconds is None:
        return "–"
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} days"


def _stamp(at: dt.datetime) -> str:
    """With the zone's abbreviation; zones that have none are named by their distance to UTC."""
    zone = at.tzname() or ""
    return f"{at:%-d %b %Y, %H:%M} {f'UTC{zone}' if zone[:1] in '+-' else zone}"


# Components


@register.simple_tag
@lru_cache(maxsize=512)
def icon(name: str, size: str = "", classes: str = "") -> str:
    """A drawing of the sprite. `size`: s, xs, or the 20 px default. Kept: a page has hundreds, and a template for each is slow."""
    names = " ".join(filter(None, ["i", f"i--{size}" if size else "", classes]))
    return format_html('<svg class="{}" aria-hidden="true"><use href="#i-{}"/></svg>', names, name)


_PIPS = ("M0 9h2.6v3H0z", "M3.6 6h2.6v6H3.6z", "M7.2 3H9.8v9H7.2z", "M10.8 0h2.6v12H10.8z")


@register.simple_tag
@lru_cache(maxsize=64)
def severity(level: int | None, label: str = "") -> str:
    """Word and pips. `level`: 0 none .. 4 critical, as Weakness.Severity and MachineScore.Level number them. Kept, as icons are."""
    rank = min(max(int(level or 0), 0), 4)
    on, off = "".join(_PIPS[:rank]), "".join(_PIPS[rank:])
    return format_html(
        '<span class="sev sev--{}"><svg viewBox="0 0 14 12" aria-hidden="true"><path d="{}"/><path class="off" d="{}"/></svg>{}</span>',
        *(SEVERITIES[rank].lower(), on, off, label or SEVERITIES[rank]),
    )


@register.inclusion_tag("components/trend.html")
def trend(change: float | None, words: str = "", unit: str = "", more_is: str = "worse") -> dict[str, Any]:
    """Arrow, figure and words. `more_is`: what an increase means, "worse" or "better"."""
    value = round(change or 0, 1)  # as it is written: what rounds to nothing has no direction
    tone = drawing.direction(value if more_is == "worse" else -value)
    rounded = f"{abs(value):,.0f}" if float(value).is_integer() else f"{abs(value):,.1f}"
    arrow = "rise" if value > 0 else "fall" if value < 0 else "even"
    return {"tone": tone, "figure": rounded, "words": words, "unit": unit, "arrow": arrow}


@register.inclusion_tag("components/sparkline.html")
def sparkline(series: Sequence[float]) -> dict[str, Any]:
    """Thirty days in a row: rising red, falling green, level grey, by its two ends."""
    drawn = drawing.spark(series)
    arrow = {"worse": "rise", "better": "fall", "flat": "even"}[drawn.direction]
    return {"drawn": drawn, "figure": abs(drawn.change), "arrow": arrow, "span": len(series)}


@register.inclusion_tag("components/impact.html")
def impact(value: float | None, largest: float | None = None, gain: float | None = None) -> dict[str, Any]:
    """The drop of the exposure score, its bar on the scale of the list's largest, and configuration points gained."""
    return {"value": value, "gain": gain, "largest": largest, "width": _width(value, largest)}


@register.inclusion_tag("components/bar.html")
def bar(value: float | None, whole: float = 1, tone: str = "1", size: str = "") -> dict[str, Any]:
    """A bar filled to value/whole. `tone`: 1-5, critical .. none, good. `size`: thin, tall."""
    return {"width": _width(value, whole), "tone": tone, "size": size}


@register.inclusion_tag("components/stacked.html")
def stacked(parts: Sequence[tuple[str, str, float]]) -> dict[str, Any]:
    """One bar divided into (tone, label, value)."""
    total = sum(value for _, _, value in parts) or 1
    segments, start = [], 0.0
    for tone, label, value in parts:
        if value > 0:
            width = 100 * value / total
            segments.append({"tone": tone, "label": label, "value": value, "x": f"{start:.2f}", "width": f"{max(width - 0.35, 0.2):.2f}"})
            start += width
    return {"segments": segments}


@register.inclusion_tag("components/threats.html")
def threats(
    alert: bool = False, exploit: int = 0, exploited: bool = False, insight: bool | None = None, address: str = ""
) -> dict[str, Any]:
    """Target, bug and bulb, each with what it says. `insight` None: no bulb. `address`: of the panel that says more."""
    known = EXPLOITS[min(exploit, 3)]
    wild = "Exploited in the wild"
    words = f"{wild}, {known[0].lower()}{known[1:]}" if exploited and exploit else wild if exploited else known
    return {"alert": alert, "bug": exploited or exploit > 0, "bug_words": words, "bulb": insight, "address": address}


@register.inclusion_tag("components/gauge.html")
def gauge(score: float | None, medium: float = 30, high: float = 70, address: str = "") -> dict[str, Any]:
    """The exposure score on its three bands. None: not computed yet. `address`: where a click leads."""
    word = "" if score is None else "low" if score < medium else "medium" if score < high else "high"
    bounds = (("low", 0, medium), ("medium", medium, high), ("high", high, 100))
    bands = [(tone, drawing.gauge_band(start, end), f"{tone.title()}: {start:g} to {end:g}") for tone, start, end in bounds]
    marks = [drawing.gauge_mark(value) for value in (medium, high)]
    return {
        "score": score,
        "word": word,
        "bands": bands,
        "needle": drawing.gauge_needle(score or 0),
        "marks": marks,
        "medium": medium,
        "high": high,
        "address": address,
    }


@register.inclusion_tag("components/doughnut.html")
def doughnut(parts: Sequence[drawing.Part], caption: str = "", title: str = "", legend: bool = True, address: str = "") -> dict[str, Any]:
    """A ring of (tone, label, value), its total in the middle, and a legend where the page has none of its own.

    With `address` each part has a fourth value, the query of the list it counts, and its slice leads there.
    """
    return {
        "slices": drawing.ring(parts),
        "parts": [part[:3] for part in parts] if legend else (),
        "total": sum(part[2] for part in parts),
        "caption": caption,
        "title": title,
        "address": address,
    }


def _width(value: float | None, whole: float | None) -> str:
    """Percent of a bar; what is there is never invisible."""
    if not value or not whole:
        return "0"
    return f"{min(max(100 * value / whole, 1.5), 100):.1f}"
