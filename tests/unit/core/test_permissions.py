"""What several roles allow together."""

from __future__ import annotations

from core.permissions import EVERYTHING, Grant, Permission, combine


def test_no_role_allows_nothing() -> None:
    access = combine([])
    assert not any(access.holds(permission) for permission in Permission)
    assert access.of(Permission.VIEW) == frozenset()


def test_grants_add_up_and_all_machine_groups_outweigh_some() -> None:
    access = combine([Grant(["view", "remediation"], [1, 2]), Grant(["view"], [3]), Grant(["exceptions"], None)])
    assert access.of(Permission.REMEDIATION) == frozenset({1, 2})
    assert access.of(Permission.EXCEPTIONS) is None
    assert access.of(Permission.VIEW) is None  # whoever may except for all machines sees all of them


def test_whoever_handles_machines_sees_them() -> None:
    assert combine([Grant(["remediation"], [7])]).of(Permission.VIEW) == frozenset({7})


def test_what_reaches_over_the_whole_organisation_counts_for_all_machine_groups_only() -> None:
    access = combine([Grant(["curate", "audit", "administer", "settings"], [1])])
    assert not any(access.holds(permission) for permission in (Permission.CURATE, Permission.AUDIT, Permission.ADMINISTER))
    assert access.of(Permission.SETTINGS) == frozenset({1})
    assert not combine([Grant(["curate"], [1])]).holds(Permission.VIEW)


def test_administrators_hold_everything_for_all_machine_groups() -> None:
    assert combine([Grant(["view"], [1]), Grant(["administer"], None)]) == EVERYTHING
    assert EVERYTHING.holds_everywhere(Permission.EXCEPTIONS)


def test_a_role_for_no_machine_group_any_more_allows_nothing() -> None:
    assert not combine([Grant(["view"], [])]).holds(Permission.VIEW)


def test_names_that_no_permission_has_are_passed_over() -> None:
    assert combine([Grant(["view", "fly"], None)]).of(Permission.VIEW) is None
