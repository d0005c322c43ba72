"""ServiceNow: records of three tables as they are stored, sign-ins, groups, rights, and answers that are not what was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from remediation.ticketing.base import Refused, TryLater
from remediation.ticketing.servicenow import DEFAULT_STATES, SERVICENOW, entries
from remediation.ticketing.servicenow_site import TABLES
from tests.fakes.server import Fault
from tests.fakes.servicenow_server import STATES
from tests.integration.remediation.ticketing.clients.sides import REQUEST, Side, side


@pytest.fixture
def there() -> Iterator[Side]:
    with side("servicenow") as made:
        yield made


def test_the_record_says_everything(there: Side) -> None:
    made = SERVICENOW.create(there.connection, REQUEST)
    record = there.server.record(made.external_id)
    assert (record["short_description"], record["due_date"]) == ("Update Google Chrome", "2026-12-01 00:00:00")
    assert (record["urgency"], record["impact"], record["correlation_id"]) == ("2", "2", REQUEST.key)
    for said in ("Chrome on 3 machines", "1. Bring Chrome on Windows", "Priority: Medium", "pc1 (Windows 11)", REQUEST.address):
        assert said in record["description"]
    assert made.external_id == record["number"] == "INC0010001"
    assert made.url == f"{there.server.address}/nav_to.do?uri=incident.do%3Fsys_id%3D{record['sys_id']}"
    assert SERVICENOW.read(there.connection, record["sys_id"]).said == "New"


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_read_by_its_own_states(there: Side, table: str) -> None:
    connection = there.set(table=table)
    made = SERVICENOW.create(connection, REQUEST)
    assert SERVICENOW.find(connection, REQUEST) == made
    assert SERVICENOW.read(connection, made.external_id).state == "pending"
    there.server.accept(table, made.external_id, "On it.")
    assert SERVICENOW.read(connection, made.external_id).state == "accepted"
    there.server.complete(table, made.external_id, "Done.")
    assert SERVICENOW.read(connection, made.external_id).state == "completed"
    there.server.reject(table, made.external_id, "No.")
    reading = SERVICENOW.read(connection, made.external_id)
    assert (reading.state, reading.notes) == ("rejected", "No.")


def test_every_usual_state_means_something() -> None:
    assert {table: set(states) for table, states in DEFAULT_STATES.items()} == {table: set(states) for table, states in STATES.items()}


def test_own_states_and_unknown_ones(there: Side) -> None:
    made = SERVICENOW.create(there.connection, REQUEST)
    record = there.server.record(made.external_id)
    record["state"] = "18"
    assert SERVICENOW.read(there.connection, made.external_id).state == "accepted"
    assert SERVICENOW.read(there.set(states="18 = pending"), made.external_id).state == "pending"
    record["active"] = "false"
    assert SERVICENOW.read(there.connection, made.external_id).state == "completed"


def test_a_close_code_can_mean_rejected(there: Side) -> None:
    made = SERVICENOW.create(there.connection, REQUEST)
    there.server.complete("incident", made.external_id, "Too dear.", code="Not Solved (Too Costly)")
    reading = SERVICENOW.read(there.connection, made.external_id)
    assert (reading.state, reading.said, reading.notes) == ("rejected", "Resolved (Not Solved (Too Costly))", "Too dear.")


def test_the_group_goes_by_name_or_id(there: Side) -> None:
    group = there.server.add_group("Désktop ^ Support")
    made = SERVICENOW.create(there.set(group="désktop ^ support"), REQUEST)
    assert there.server.record(made.external_id)["assignment_group"] == group
    made = SERVICENOW.create(there.set(group=group), REQUEST)
    assert there.server.record(made.external_id)["assignment_group"] == group
    assert all(finding.good for finding in SERVICENOW.test(there.set(group="Désktop ^ Support")))


def test_a_group_that_is_not_there_or_there_twice_is_refused(there: Side) -> None:
    with pytest.raises(Refused, match=r"Nobody is not there"):
        SERVICENOW.create(there.set(group="Nobody"), REQUEST)
    assert not SERVICENOW.test(there.set(group="Nobody"))[-1].good
    there.server.add_group("Twins")
    there.server.add_group("Twins")
    with pytest.raises(Refused, match=r"more than once"):
        SERVICENOW.create(there.set(group="Twins"), REQUEST)
    assert not there.tickets()


def test_a_condition_that_the_instance_leaves_out_finds_nothing(there: Side) -> None:
    SERVICENOW.create(there.connection, replace(REQUEST, key="somebody-else"))
    there.server.hidden = {"correlation_id"}
    assert SERVICENOW.find(there.connection, REQUEST) is None
    finding = next(finding for finding in SERVICENOW.test(there.connection) if not finding.good)
    assert "Let the account read the field correlation_id" in finding.detail


def test_rights_that_are_missing_are_named(there: Side) -> None:
    there.server.writable.remove("incident")
    finding = next(finding for finding in SERVICENOW.test(there.connection) if not finding.good)
    assert finding.step == "Incident: records can be written"
    assert "Give the account a role" in finding.detail
    there.server.readable.remove("incident")
    (finding,) = SERVICENOW.test(there.connection)
    assert (finding.step, finding.good) == ("Incident: sign-in works, records can be read", False)


@pytest.mark.parametrize("grant", ["client_credentials", "password"])
def test_oauth(there: Side, grant: str) -> None:
    server = there.server
    connection = there.set(sign_in=grant, client_id=server.client_id, client_secret=server.client_secret)
    made = SERVICENOW.create(connection, REQUEST)
    server.expire_tokens()
    assert SERVICENOW.read(connection, made.external_id).state == "pending"
    assert len(server.calls("/oauth_token.do")) == 2
    with pytest.raises(
        Refused, match=r"ServiceNow's sign-in refused it \(401\)\. access_denied\. Check the user and password, or the OAuth"
    ):
        SERVICENOW.create(replace(connection, values={**connection.values, "client_secret": "nope"}), REQUEST)
    server.grants.clear()
    assert not SERVICENOW.test(replace(connection, values={**connection.values, "client_id": "nope"}))[0].good


@pytest.mark.parametrize(
    ("sign_in", "labels"),
    [
        ("basic", "User, Password"),
        ("client_credentials", "OAuth client id, OAuth client secret"),
        ("password", "User, Password, OAuth client id, OAuth client secret"),
    ],
)
def test_what_a_way_to_sign_in_needs_is_named(there: Side, sign_in: str, labels: str) -> None:
    empty = there.set(sign_in=sign_in, user="", password="")
    (finding,) = SERVICENOW.test(empty)
    assert finding.detail == f"Enter first, for this way to sign in: {labels}."
    with pytest.raises(Refused, match=r"Enter first"):
        SERVICENOW.create(empty, REQUEST)


def test_fields_that_a_policy_demands_can_be_given(there: Side) -> None:
    there.server.mandatory = {"category"}
    with pytest.raises(Refused, match=r"mandatory: category"):
        SERVICENOW.create(there.connection, REQUEST)
    made = SERVICENOW.create(there.set(extra="category = software"), REQUEST)
    assert there.server.record(made.external_id)["category"] == "software"


def test_an_instance_that_sleeps_says_so_and_is_tried_later(there: Side) -> None:
    there.server.faults.append(Fault("garbage"))
    with pytest.raises(TryLater, match=r"not JSON: is http://127\.0\.0\.1:\d+ its address"):
        SERVICENOW.find(there.connection, REQUEST)


def test_long_texts_end_before_the_instance_cuts_them(there: Side) -> None:
    made = SERVICENOW.create(there.connection, replace(REQUEST, title="x" * 500, description="y" * 9_000, notes="z" * 9_000))
    record = there.server.record(made.external_id)
    assert record["short_description"].endswith("…")
    assert REQUEST.address in record["description"]


def test_entries_of_a_journal() -> None:
    journal = "2026-12-02 09:00:00 - Jo Hill (Work notes)\nTwo\nlines\n\n01.12.2026 08:00:00 - Ann (dev) Ray (Arbeitsnotizen)\nFirst\n\n"
    assert entries(journal) == ["Two\nlines", "First"]
    assert entries("") == []
