"""The demo's fleet and catalogue: the same for the same seed, and believable."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from inventory.versions import sort_key
from tvm_portal.demo import checks
from tvm_portal.demo.catalogue import version_on
from tvm_portal.demo.organisation import GROUPS, machines
from tvm_portal.demo.shipped import catalogue

DAY = dt.date(2026, 3, 15)


def test_the_same_seed_gives_the_same_fleet_and_another_one_does_not() -> None:
    assert machines(count=100, days=60, seed=1) == machines(count=100, days=60, seed=1)
    assert machines(count=100, days=60, seed=1) != machines(count=100, days=60, seed=2)


def test_a_fleet_has_as_many_machines_as_asked_for_with_names_of_their_own() -> None:
    for count in (20, 137, 500):
        fleet = machines(count=count, days=30, seed=3)
        assert len(fleet) == len({machine.name for machine in fleet}) == len({machine.external_id for machine in fleet}) == count


def test_a_fleet_has_every_platform_and_role() -> None:
    fleet = machines(count=500, days=60, seed=1)
    heads = Counter(machine.platform.split("-")[0] for machine in fleet)
    assert {"windows", "macos", "debian", "ubuntu", "rhel"} <= heads.keys()
    assert {machine.role.group for machine in fleet} == {name for name, _, _ in GROUPS} | {""}


def test_some_machines_join_late_and_some_fall_silent() -> None:
    fleet = machines(count=500, days=60, seed=1)
    assert any(machine.joined < 60 for machine in fleet)
    assert any(machine.silent is not None for machine in fleet)


def test_versions_only_move_forward() -> None:
    fleet = machines(count=60, days=60, seed=1)
    for machine in fleet:
        for package in catalogue().on(machine, seed=1):
            seen = [version_on(package, machine, day=DAY - dt.timedelta(days=age), seed=1) for age in range(60, -1, -5)]
            keys = [sort_key(package.ecosystem, version) for version in seen if version]
            assert keys == sorted(keys), (machine.name, package.name, seen)


def test_every_package_has_releases_and_every_machine_a_system() -> None:
    assert all(package.releases for package in catalogue().packages)
    for machine in machines(count=100, days=10, seed=1):
        assert sum(package.ecosystem == "os" for package in catalogue().on(machine, seed=1)) == 1, machine.platform


def test_more_checks_pass_at_the_end() -> None:
    fleet = machines(count=200, days=60, seed=1)
    first = list(checks.changed_results(fleet, age=1, before=None, seed=1))
    last = list(checks.changed_results(fleet, age=0, before=None, seed=1))
    assert sum(passed for *_, passed in first) < sum(passed for *_, passed in last)
    turned = {row[:2] for row in checks.changed_results(fleet, age=0, before=1, seed=1)}
    assert turned == {row[:2] for row, before in zip(last, first, strict=True) if row != before}


def test_every_category_has_checks_that_fail() -> None:
    results = list(checks.changed_results(machines(count=200, days=60, seed=1), age=0, before=None, seed=1))
    failing = {check for _, check, passed in results if not passed}
    assert {check.category for check in checks.catalogue() if check.external_id in failing} == {
        "application",
        "os",
        "network",
        "accounts",
        "controls",
    }
