"""When a digest is due. Pure."""

from __future__ import annotations

import datetime as dt
import zoneinfo

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def next_digest(*, after: dt.datetime, frequency: str, weekday: int, hour: int, zone: str) -> dt.datetime | None:
    """The first moment later than `after` at which a digest is due, in UTC. None: told at once.

    The hour is that of the zone's clocks. Where they skip it, the digest comes as much later; where it comes twice, it is the first.
    """
    if frequency == "once":
        return None
    place = zoneinfo.ZoneInfo(zone)
    day = after.astimezone(place).date()
    while True:
        if frequency == "daily" or day.weekday() == weekday:
            moment = dt.datetime.combine(day, dt.time(hour), tzinfo=place).astimezone(dt.UTC)
            if moment > after:
                return moment
        day += dt.timedelta(days=1)


def schedule_words(*, frequency: str, weekday: int, hour: int, zone: str) -> str:
    """At once; every day at 08:00, Europe/Berlin."""
    if frequency == "once":
        return "at once"
    day = "every day" if frequency == "daily" else f"every {WEEKDAYS[weekday]}"
    return f"{day} at {hour:02}:00, {zone.replace('_', ' ')}"
