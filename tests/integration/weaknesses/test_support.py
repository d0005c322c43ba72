"""When the support of versions ends, and what that makes of their software."""

from __future__ import annotations

import datetime as dt

import pytest

from inventory.models import Installation, Machine, MachineGroup, Software, Version
from tests.integration.weaknesses.world import NOW, version
from weaknesses.matching import apply_support_cycles
from weaknesses.models import SupportCycle

pytestmark = pytest.mark.django_db

ENDED, SOON, FAR = dt.date(2025, 1, 1), dt.date(2026, 6, 1), dt.date(2030, 1, 1)


def line(slug: str, cycle: str, ends: dt.date | None, *, keys: tuple[str, ...] = (), ended: bool = False, latest: str = "") -> None:
    SupportCycle.objects.create(
        slug=slug, cycle=cycle, product_keys=list(keys), ends_on=ends, ended=ended, latest=latest, source="endoflife"
    )


def installed(found: Version) -> Version:
    group, _ = MachineGroup.objects.get_or_create(is_default=True, defaults={"name": "Ungrouped"})
    machine, _ = Machine.objects.get_or_create(external_id="m", defaults={"name": "m", "group": group, "first_seen": NOW, "last_seen": NOW})
    Installation.objects.create(machine=machine, version=found, first_seen=NOW)
    return found


def state(found: Version) -> tuple[dt.date | None, int, dt.date | None]:
    found = Version.objects.select_related("software").get(pk=found.pk)
    return found.support_ends_on, found.software.support, found.software.support_ends_on


def test_a_version_belongs_to_the_longest_line_it_starts_with() -> None:
    keys = ("cpe:a:python:python",)
    line("python", "3", ENDED, keys=keys)
    line("python", "3.1", ENDED, keys=keys)
    line("python", "3.11", FAR, keys=keys)
    found = {text: installed(version("python-_-python", text)) for text in ("3.11.4", "3.1.5", "3.2.0", "4.0")}
    apply_support_cycles(now=NOW)
    assert {text: state(v)[0] for text, v in found.items()} == {"3.11.4": FAR, "3.1.5": ENDED, "3.2.0": ENDED, "4.0": None}


@pytest.mark.parametrize(
    ("lines", "text", "expected"),
    [
        ([("1", ENDED), ("2", ENDED)], "1.5", (ENDED, Software.Support.ENDED, ENDED)),
        ([("1", ENDED), ("2", SOON)], "2.1", (SOON, Software.Support.UPCOMING, SOON)),
        ([("1", ENDED), ("2", FAR)], "1.5", (ENDED, Software.Support.ENDED_VERSIONS, ENDED)),
        ([("1", SOON), ("2", FAR)], "1.5", (SOON, Software.Support.UPCOMING_VERSIONS, SOON)),
        ([("1", ENDED), ("2", FAR)], "2.5", (FAR, Software.Support.UNKNOWN, None)),
        ([("1", ENDED), ("2", None)], "2.5", (None, Software.Support.UNKNOWN, None)),
    ],
)
def test_what_the_lines_make_of_the_software(lines: list[tuple[str, dt.date | None]], text: str, expected: object) -> None:
    for cycle, ends in lines:
        line("tool", cycle, ends, keys=("cpe:a:acme:tool",))
    found = installed(version("acme-_-tool", text))
    assert apply_support_cycles(now=NOW)[0] == (0 if expected == (None, 0, None) else 1)
    assert state(found) == expected
    assert apply_support_cycles(now=NOW) == (0, 0), "a second time changes nothing"


def test_a_line_that_ended_on_an_unknown_day_has_ended() -> None:
    line("flash", "32", None, keys=("cpe:a:adobe:flash_player",), ended=True)
    found = installed(version("adobe-_-flash_player", "32.0.0.465"))
    apply_support_cycles(now=NOW)
    assert state(found)[:2] == (dt.date(1970, 1, 1), Software.Support.ENDED)


def test_versions_nobody_has_do_not_count() -> None:
    line("tool", "1", ENDED, keys=("cpe:a:acme:tool",))
    line("tool", "2", FAR, keys=("cpe:a:acme:tool",))
    gone = version("acme-_-tool", "1.5")
    apply_support_cycles(now=NOW)
    assert state(gone) == (ENDED, Software.Support.UNKNOWN, None)


def test_windows_is_known_by_its_build() -> None:
    line("windows", "10.0.22631", SOON, keys=("cpe:o:microsoft:windows_11_23h2", "cpe:o:microsoft:windows_11"))
    line("windows", "10.0.26100", FAR, keys=("cpe:o:microsoft:windows_11_24h2", "cpe:o:microsoft:windows_11"))
    line("windows", "10.0.19045", ENDED, keys=("cpe:o:microsoft:windows_10_22h2", "cpe:o:microsoft:windows_10"))
    eleven = installed(version("microsoft-_-windows_11", "10.0.22631.3007", ecosystem="os"))
    ten = installed(version("microsoft-_-windows_10", "10.0.19045.3803", ecosystem="os"))
    apply_support_cycles(now=NOW)
    assert state(eleven) == (SOON, Software.Support.UPCOMING_VERSIONS, SOON)
    assert state(ten) == (ENDED, Software.Support.ENDED, ENDED)


def test_a_distribution_supports_its_own_packages() -> None:
    line("python", "3.11", ENDED, keys=("deb:debian:python3.11", "cpe:a:debian:python3.11"))
    found = installed(version("debian-_-python3.11", "3.11.2-6", platform="debian-12", ecosystem="deb"))
    apply_support_cycles(now=NOW)
    assert state(found) == (None, Software.Support.UNKNOWN, None)


def test_what_is_no_longer_listed_is_taken_back() -> None:
    line("tool", "1", ENDED, keys=("cpe:a:acme:tool",))
    found = installed(version("acme-_-tool", "1.5"))
    apply_support_cycles(now=NOW)
    SupportCycle.objects.all().delete()
    apply_support_cycles(now=NOW)
    assert state(found) == (None, Software.Support.UNKNOWN, None)


def test_a_distribution_is_known_by_its_release() -> None:
    line("debian", "11", ENDED)
    line("debian", "12", FAR)
    old, new = (installed(version("debian-_-debian", text, platform=f"debian-{text}", ecosystem="os")) for text in ("11", "12"))
    apply_support_cycles(now=NOW)
    assert state(old) == (ENDED, Software.Support.ENDED_VERSIONS, ENDED)
    assert state(new)[0] == FAR
