"""What a report differs in from what is stored of its machine."""

from __future__ import annotations

import random

from inventory.bulk import Installed
from inventory.merging import Stored, difference

MACHINE = 7
STORED = {MACHINE: Stored(frozenset({1, 2, 3}), {2: ("libc6",), 3: ("vim", "vim-tiny")})}


def _of(*installed: Installed, complete: bool = False) -> tuple[list[int], list[int], list[int], dict[int, tuple[str, ...]]]:
    """Versions that come, that go, that are not said; and evidence that differs."""
    found = difference(installed, STORED, complete=[MACHINE] if complete else [])
    pairs = [*found.come, *found.gone, *found.unsaid, *((machine, version) for machine, version, _ in found.seen)]
    assert {machine for machine, _ in pairs} <= {MACHINE}
    said = {version: evidence for _, version, evidence in found.seen}
    return [one for _, one in found.come], [one for _, one in found.gone], sorted(one for _, one in found.unsaid), said


def test_the_same_again_differs_in_nothing() -> None:
    same = Installed(MACHINE, "=", {1: (), 2: ("libc6",), 3: ("vim", "vim-tiny")})
    assert _of(same, complete=True) == ([], [], [], {})
    assert not difference([same], STORED, complete=[MACHINE])


def test_a_whole_report_brings_and_leaves_out() -> None:
    assert _of(Installed(MACHINE, "=", {1: (), 4: ("nano",)}), complete=True) == ([4], [], [2, 3], {4: ("nano",)})


def test_a_report_of_no_whole_part_leaves_nothing_out() -> None:
    assert _of(Installed(MACHINE, "+", {4: ()})) == ([4], [], [], {})


def test_a_whole_report_replaces_evidence_and_says_nothing_where_it_has_none() -> None:
    assert _of(Installed(MACHINE, "=", {2: ("libc6", "libc-bin"), 3: ()})) == ([], [], [], {2: ("libc6", "libc-bin")})


def test_a_differential_report_adds_to_the_evidence() -> None:
    assert _of(Installed(MACHINE, "+", {2: ("libc-bin", "libc6"), 3: ("vim",)})) == ([], [], [], {2: ("libc6", "libc-bin")})


def test_what_is_taken_away_goes_with_its_last_evidence() -> None:
    assert _of(Installed(MACHINE, "-", {1: (), 2: ("libc6",), 3: ("vim",), 9: ()})) == ([], [1, 2], [], {3: ("vim-tiny",)})
    assert _of(Installed(MACHINE, "-", {2: (), 3: ("emacs",)})) == ([], [], [], {})


def test_what_is_present_in_one_part_and_taken_away_in_another_is_said() -> None:
    """Of a report that is complete for one part, and differential for another."""
    whole, away = Installed(MACHINE, "=", {1: ()}), Installed(MACHINE, "-", {3: ("vim", "vim-tiny")})
    assert _of(whole, away, complete=True) == ([], [3], [2], {})


def test_every_machine_ends_with_what_its_whole_report_says() -> None:
    chance = random.Random(5)
    for _ in range(200):
        stored = {machine: Stored(frozenset(chance.sample(range(20), 8))) for machine in range(5)}
        reported = [Installed(machine, "=", dict.fromkeys(chance.sample(range(20), 8), ())) for machine in range(5)]
        found = difference(reported, stored, complete=range(5))
        left = {(machine, version) for machine, one in stored.items() for version in one.versions} - set(found.unsaid) | set(found.come)
        assert left == {(item.machine_id, version) for item in reported for version in item.versions}
