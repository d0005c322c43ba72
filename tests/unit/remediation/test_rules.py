"""What a request asks for in words, and how late it is."""

from __future__ import annotations

import datetime as dt

import pytest

from remediation import rules

TODAY = dt.date(2026, 3, 15)


@pytest.mark.parametrize(
    ("days", "completed", "state", "words"),
    [
        (-1, False, "overdue", "1 day overdue"),
        (0, False, "soon", "due today"),
        (7, False, "soon", "7 days left"),
        (8, False, "later", "8 days left"),
        (-30, True, "none", "30 days overdue"),
    ],
)
def test_how_late_it_is(days: int, completed: bool, state: str, words: str) -> None:
    due = TODAY + dt.timedelta(days=days)
    assert rules.due_state(due, today=TODAY, completed=completed) == state
    assert rules.days_left(due, today=TODAY) == words


def test_without_a_date_nothing_is_late() -> None:
    assert rules.due_state(None, today=TODAY, completed=False) == "none"


def test_steps_name_the_version_of_each_platform() -> None:
    found = rules.steps(kind="update", component="Chrome", aims=(("Windows", "9.1"), ("macOS", "9.2")))
    assert found[:2] == ("Bring Chrome on Windows to 9.1 or later.", "Bring Chrome on macOS to 9.2 or later.")


@pytest.mark.parametrize("kind", ["update", "upgrade", "uninstall", "configuration", "attention"])
def test_every_kind_says_what_to_do(kind: str) -> None:
    found = rules.steps(kind=kind, component="Editor", aims=())
    assert "Editor" in found[0]
    assert all(step.endswith(".") for step in found)


def test_a_check_speaks_for_itself() -> None:
    assert rules.steps(kind="configuration", component="OS", aims=(), instruction="Set X to 1.")[0] == "Set X to 1."
