"""Downloads of the CVE list: everything once, then what changed.

A release has two archives, whose names begin with a day: `_all_CVEs_at_midnight.zip.zip`, every record as that day
began (600 MB), and `_delta_CVEs_at_<HHMM>Z.zip`, what changed since. A day that is over has a release of its own,
`cve_<day>_at_end_of_day`, with `_delta_CVEs_at_end_of_day.zip`. (Release notes of CVEProject/cvelistV5.)
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Any

from weaknesses.errors import FeedMissing, FeedUnavailable
from weaknesses.feeds.base import Delivery, FeedKind
from weaknesses.feeds.fetch import Fetcher, one_per_address

RELEASE = "https://api.github.com/repos/CVEProject/cvelistV5/releases/latest"
ENDED_DAY = "https://github.com/CVEProject/cvelistV5/releases/download/cve_{day}_at_end_of_day/{day}_delta_CVEs_at_end_of_day.zip"
BASELINE = (("all_CVEs_at_midnight.zip", "https://github.com/CVEProject/cvelistV5/releases/latest/download/all_CVEs_at_midnight.zip"),)
MOST_DAYS = 14  # to catch up with day by day; after a longer absence everything is read again
LARGEST_RELEASE = 4 * 2**20  # bytes of a release's description
_ASSET = re.compile(r"(20[0-9]{2}-[01][0-9]-[0-3][0-9])_(all_CVEs_at_midnight\.zip|delta_CVEs_at_[0-9]{4}Z)\.zip")


def fetch(fetcher: Fetcher, feed: FeedKind) -> Iterator[Delivery]:
    """From a mirror its one archive, where it changed. From the publisher what is new since the last time.

    `through` in what is remembered: the day up to whose beginning everything is stored.
    """
    if fetcher.mirror:
        yield from one_per_address(fetcher, feed)
        return
    assets = _assets(fetcher)
    through = max((str(fetcher.memory.get(name, {}).get("through", "")) for name in ("baseline", "delta")), default="")
    day, address = assets.get("delta") or assets["all"]
    days = _days(through, day)
    if days is None:
        yield from _archive(fetcher, "baseline", *assets["all"])
    for missed in days or ():
        delivery = _ended_day(fetcher, missed)
        if delivery is None and missed == (days or [""])[-1]:
            return  # published some time after midnight: the next run takes it, and what follows
        if delivery is None:
            yield from _archive(fetcher, "baseline", *assets["all"])
            break
        yield delivery
    known = fetcher.memory.get("delta", {})
    if "delta" in assets and not (known.get("done") and known.get("address") == address):
        yield from _archive(fetcher, "delta", day, address)


def _assets(fetcher: Fetcher) -> dict[str, tuple[str, str]]:
    """Of the newest release: all, delta -> (day, address). Raises FeedUnavailable for an answer that is no release."""
    download = fetcher.download("release.json", RELEASE)
    content = download.path.read_bytes()[:LARGEST_RELEASE] if download else b""
    try:
        listed: list[dict[str, Any]] = json.loads(content)["assets"]
        found = {}
        for asset in listed:
            name = _ASSET.fullmatch(asset["name"])
            if name:
                found["all" if name[2].startswith("all") else "delta"] = (name[1], str(asset["browser_download_url"]))
    except (ValueError, KeyError, TypeError) as error:
        raise FeedUnavailable(f"{RELEASE} did not answer with a release.") from error
    if "all" not in found:
        raise FeedUnavailable("The newest release of the CVE list has no archive of all records.")
    return found


def _days(through: str, day: str) -> list[str] | None:
    """The days that ended since the last time; None where everything has to be read."""
    try:
        first, today = dt.date.fromisoformat(through), dt.date.fromisoformat(day)
    except ValueError:
        return None
    missed = (today - first).days
    return None if missed > MOST_DAYS else [(first + dt.timedelta(days=ago)).isoformat() for ago in range(missed)]


def _ended_day(fetcher: Fetcher, day: str) -> Delivery | None:
    after = (dt.date.fromisoformat(day) + dt.timedelta(days=1)).isoformat()
    try:
        return next(_archive(fetcher, "delta", day, ENDED_DAY.format(day=day), through=after), None)
    except FeedMissing:
        return None


def _archive(fetcher: Fetcher, name: str, day: str, address: str, *, through: str = "") -> Iterator[Delivery]:
    download = fetcher.download(f"{name}-{day}.zip", address)
    if download:
        memory = {"through": through or day, "address": address}
        yield Delivery(name=name, path=download.path, digest=download.digest, stated=day, memory=memory)
