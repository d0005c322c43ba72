"""Jira, both kinds: issues as they take them, the search that lags, endings, permissions and demanded fields."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from remediation.ticketing import adf, wording
from remediation.ticketing.base import Device, Refused, Unsure
from remediation.ticketing.jira import JIRA
from tests.fakes.server import Fault
from tests.integration.remediation.ticketing.clients.sides import REQUEST, Side, side


@pytest.fixture(params=["jira-cloud", "jira-datacenter"])
def there(request: pytest.FixtureRequest) -> Iterator[Side]:
    with side(request.param) as made:
        yield made


def fields(there: Side, **changes: Any) -> dict[str, Any]:
    """Of the issue that a request became."""
    made = JIRA.create(there.connection, replace(REQUEST, **changes))
    found: dict[str, Any] = there.server.issues[made.external_id]["fields"]
    return found


def test_the_issue_says_everything(there: Side) -> None:
    found = fields(there)
    assert (found["summary"], found["priority"], found["duedate"]) == ("Update Google Chrome", {"name": "Medium"}, "2026-12-01")
    assert found["labels"] == ["tvm", "tvm-0b5f8a526f0e4c3e9d8b5a0c1f2e3d4c"]
    text = adf.text_of(found["description"])
    for said in (
        "Chrome on 3 machines",
        "Bring Chrome on Windows",
        "Due on: 2026-12-01",
        "After the freeze",
        "pc1 (Windows 11)",
        REQUEST.address,
    ):
        assert said in text


def test_the_way_back_is_made_once(there: Side) -> None:
    made = JIRA.create(there.connection, REQUEST)
    JIRA.find(there.connection, REQUEST)
    ((key, link),) = there.server.issues[made.external_id]["links"].items()
    assert (key, link["object"]["url"]) == (f"tvm-remediation-{REQUEST.activity}", REQUEST.address)
    assert made.url == f"{there.server.address}/browse/{made.external_id}"


def test_an_issue_without_a_way_back_is_an_issue(there: Side) -> None:
    there.server.permissions.remove("LINK_ISSUES")
    made = JIRA.create(there.connection, REQUEST)
    assert there.tickets() == [made.external_id]


def test_a_long_title_is_cut_as_jira_counts(there: Side) -> None:
    summary = fields(there, title="🙂" * 300)["summary"]
    assert wording.length(summary) <= 254
    assert summary.endswith("🙂…")
    assert "\n" not in fields(there, title="one\ntwo")["summary"]


def test_many_machines_are_listed_as_far_as_there_is_room(there: Side) -> None:
    devices = tuple(Device(number, f"a-machine-with-a-long-name-{number}", "Default", "Windows 11") for number in range(500))
    text = adf.text_of(fields(there, devices=devices, device_total=12_345)["description"])
    assert len(text) < 25_000
    assert "more, listed in TVM Portal" in text
    assert "Machines: 12,345" in text


def test_nothing_a_person_wrote_becomes_a_link_or_a_mention(there: Side) -> None:
    if there.server.flavour == "datacenter":
        assert "\\[~admin] \\{html}" in fields(there, notes="[~admin] {html}")["description"]


@pytest.mark.parametrize("missing", ["priority", "duedate", "both"])
def test_a_project_without_priority_or_due_date_gets_an_issue_without(there: Side, missing: str) -> None:
    there.server.screen -= {"priority", "duedate"} if missing == "both" else {missing}
    found = fields(there)
    assert not (found.keys() & {"priority", "duedate"}) - there.server.screen
    assert "Due on: 2026-12-01" in adf.text_of(found["description"])


def test_a_priority_that_the_project_does_not_have_is_left_out(there: Side) -> None:
    there.server.priorities = {"Blocker"}
    assert "priority" not in fields(there)


def test_a_demanded_field_is_named_and_can_be_given(there: Side) -> None:
    there.server.required = {"customfield_10010": "Team"}
    with pytest.raises(Refused, match=r"customfield_10010: Team is required"):
        JIRA.create(there.connection, REQUEST)
    finding = JIRA.test(there.connection)[-1]
    assert (finding.good, finding.detail) == (False, "Enter a value under Other fields for: Team (customfield_10010).")
    there.connection = there.set(extra='customfield_10010 = {"value": "Security"}')
    assert all(finding.good for finding in JIRA.test(there.connection))
    assert fields(there)["customfield_10010"] == {"value": "Security"}


def test_other_fields_that_cannot_be_read_are_refused(there: Side) -> None:
    with pytest.raises(Refused, match=r"not of the form name = value"):
        JIRA.create(there.set(extra="customfield_10010"), REQUEST)
    assert not JIRA.test(there.set(extra="customfield_10010"))[-1].good


def test_the_search_lags_behind_for_a_while(there: Side) -> None:
    there.server.lag = 0.3
    there.server.faults.append(Fault("close", after=True, on=there.making))
    with pytest.raises(Unsure):
        JIRA.create(there.connection, REQUEST)
    assert JIRA.find(there.connection, REQUEST) is None  # which is why the outbox waits for JIRA.look_up_after
    time.sleep(0.35)
    assert JIRA.find(there.connection, REQUEST) is not None
    assert JIRA.look_up_after >= 30


def test_the_first_of_two_is_taken(there: Side) -> None:
    first = JIRA.create(there.connection, REQUEST)
    JIRA.create(there.connection, REQUEST)
    assert JIRA.find(there.connection, REQUEST) == first


@pytest.mark.parametrize("ending", ["Won't Do", "Declined", "DUPLICATE"])
def test_endings_that_mean_rejected(there: Side, ending: str) -> None:
    made = JIRA.create(there.connection, REQUEST)
    there.complete(made.external_id, "")
    there.server.issues[made.external_id]["fields"]["resolution"] = {"name": ending}
    reading = JIRA.read(there.connection, made.external_id)
    assert (reading.state, reading.said) == ("rejected", f"Done ({ending})")
    own = there.set(rejections="Nein")
    assert JIRA.read(own, made.external_id).state == "completed"


def test_a_comment_is_told_once_even_if_it_is_on_an_older_page(there: Side) -> None:
    made = JIRA.create(there.connection, REQUEST)
    JIRA.tell(there.connection, made.external_id, key="k", event="completed", note="Done.")
    for number in range(70):
        there.comment(made.external_id, f"Comment {number}")
    JIRA.tell(there.connection, made.external_id, key="k", event="completed", note="Done.")
    assert len(there.server.issues[made.external_id]["comments"]) == 71
    assert JIRA.read(there.connection, made.external_id).notes == "Comment 69"


def test_steps_of_the_test_end_where_the_next_make_no_sense(there: Side) -> None:
    cases: list[tuple[dict[str, str], str, str]] = [
        ({"token": "nope"}, "The account may sign in", "Check the token"),
        ({"project": "NOPE"}, "Project NOPE is there", "No project could be found with key 'NOPE'."),
        ({"issue_type": "Epic"}, "Issue type Epic can be made", "The project offers: Bug, Task."),
    ]
    for values, step, detail in cases:
        finding = JIRA.test(there.set(**values))[-1]
        assert (finding.step, finding.good) == (step, False)
        assert detail in finding.detail


def test_a_mail_address_is_needed_for_the_cloud_only(there: Side) -> None:
    findings = JIRA.test(there.set(mail=""))
    if there.server.flavour == "cloud":
        assert [finding.detail for finding in findings] == ["Enter first, for this way to sign in: Mail address of the account."]
    else:
        assert all(finding.good for finding in findings)


def test_permissions_that_are_missing_are_named(there: Side) -> None:
    there.server.permissions -= {"ADD_COMMENTS", "LINK_ISSUES"}
    finding = next(finding for finding in JIRA.test(there.connection) if not finding.good)
    assert finding.detail == "Grant the account: Add Comments, Link Issues."


def test_a_screen_without_labels_is_said_beforehand(there: Side) -> None:
    there.server.screen.remove("labels")
    finding = next(finding for finding in JIRA.test(there.connection) if not finding.good)
    assert finding.detail == "Add to the screen on which issues are made: labels."
    with pytest.raises(Refused, match=r"labels"):
        JIRA.create(there.connection, REQUEST)
    assert not there.tickets()


def test_the_wrong_kind_of_jira_is_refused(there: Side) -> None:
    other = there.set(flavour="cloud" if there.server.flavour == "datacenter" else "datacenter")
    assert not JIRA.test(other)[0].good
    with pytest.raises(Refused):
        JIRA.create(other, REQUEST)
