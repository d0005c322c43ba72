"""What holds for every system: a ticket is made once, read as it stands, told once, and errors say whether something was done."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from remediation.ticketing.base import Made, Refused, TryLater, Unsure
from tests.fakes.server import Fault, Reply
from tests.integration.remediation.ticketing.clients.sides import NAMES, REQUEST, Side, side

UNICODE = "Ünïcode – “quotes” {code} [~admin] <b>&amp;</b> ^OR 1=1 \\ 更新 🙂"


def test_a_ticket_is_made_found_and_read(there: Side) -> None:
    assert there.system.find(there.connection, REQUEST) is None
    made = there.system.create(there.connection, REQUEST)
    assert there.tickets() == [made.external_id]
    assert there.system.find(there.connection, REQUEST) == made
    assert there.system.find(there.connection, replace(REQUEST, key="another-key")) is None
    assert made.url.startswith("http")
    assert there.system.read(there.connection, made.external_id).state == "pending"


def test_what_people_do_there_is_read(there: Side) -> None:
    made = there.system.create(there.connection, REQUEST)
    there.accept(made.external_id, "On it.")
    reading = there.system.read(there.connection, made.external_id)
    assert (reading.state, reading.notes) == ("accepted", "On it.")
    there.reject(made.external_id, "Not these machines.")
    reading = there.system.read(there.connection, made.external_id)
    assert reading.state == "rejected"
    assert "Not these machines." in reading.notes


def test_completed_is_read_with_its_note(there: Side) -> None:
    made = there.system.create(there.connection, REQUEST)
    there.complete(made.external_id, "Rolled out.")
    reading = there.system.read(there.connection, made.external_id)
    assert (reading.state, reading.notes) == ("completed", "Rolled out.")
    assert reading.said


def test_a_note_is_told_once_and_is_not_taken_for_theirs(there: Side) -> None:
    made = there.system.create(there.connection, REQUEST)
    there.comment(made.external_id, "Which window?")
    for _ in range(2):
        there.system.tell(there.connection, made.external_id, key="told-1", event="completed", note=f"All 3 machines report it. {UNICODE}")
    there.system.tell(there.connection, made.external_id, key="told-2", event="noted", note="Tonight.")
    text = there.text(made.external_id)
    assert text.count("All 3 machines report it.") == 1
    assert text.count("Tonight.") == 1
    reading = there.system.read(there.connection, made.external_id)
    assert (reading.state, reading.notes) == ("pending", "Which window?")


def test_a_ticket_that_is_gone_is_refused(there: Side) -> None:
    there.system.create(there.connection, REQUEST)
    gone = "f" * 32
    with pytest.raises(Refused, match=r"404|has no"):
        there.system.read(there.connection, gone)
    with pytest.raises(Refused, match=r"404|has no"):
        there.system.tell(there.connection, gone, key="k", event="completed", note="")


def test_a_hostile_id_stays_one_part_of_the_path(there: Side) -> None:
    with pytest.raises(Refused):
        there.system.read(there.connection, "../../x?y=1#z")
    assert all("?y" not in seen.path or "/x" in seen.path for seen in there.server.seen)
    assert not [seen for seen in there.server.seen if seen.query.get("y")]


def test_every_letter_arrives(there: Side) -> None:
    request = replace(REQUEST, title=UNICODE * 20, notes=UNICODE * 300, description=UNICODE * 900, steps=(UNICODE,) * 40)
    made = there.system.create(there.connection, request)
    assert there.system.find(there.connection, request) == made


FAULTS = {
    "hangs before": (Fault("hang"), Unsure, 0),
    "hangs after": (Fault("hang", after=True), Unsure, 1),
    "closed before": (Fault("close"), Unsure, 0),
    "closed after": (Fault("close", after=True), Unsure, 1),
    "500 before": (Fault("status"), Unsure, 0),
    "500 after": (Fault("status", after=True), Unsure, 1),
    "502": (Fault("status", status=502), Unsure, 0),
    "no JSON": (Fault("garbage", after=True), Unsure, 1),
    "429": (Fault("status", status=429, headers={"Retry-After": "17"}), TryLater, 0),
    "503 with a wait": (Fault("status", status=503, headers={"Retry-After": "17"}), TryLater, 0),
    "503 without": (Fault("status", status=503), Unsure, 0),
    "sent elsewhere": (Fault("redirect", headers={"Location": "https://elsewhere.example/"}), Refused, 0),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_while_making_says_whether_it_may_have_been_done(there: Side, fault: str) -> None:
    what, expected, count = FAULTS[fault]
    there.server.faults.append(replace(what, on=there.making))
    with pytest.raises(expected) as caught:
        there.system.create(there.connection, REQUEST)
    assert type(caught.value) is expected
    if isinstance(caught.value, TryLater) and "Retry-After" in what.headers:
        assert caught.value.wait == 17
    assert len(there.tickets()) == count
    assert made_once(there) is not None
    assert len(there.tickets()) == 1


@pytest.mark.parametrize("fault", ["hangs before", "closed before", "500 before", "no JSON", "502"])
def test_a_fault_while_reading_is_never_unsure(there: Side, fault: str) -> None:
    made = there.system.create(there.connection, REQUEST)
    there.server.faults.append(replace(FAULTS[fault][0], on="GET "))
    with pytest.raises(TryLater) as caught:
        there.system.read(there.connection, made.external_id)
    assert type(caught.value) is TryLater


@pytest.mark.parametrize("fault", ["hangs after", "closed after", "500 after", "no JSON"])
def test_a_fault_while_telling_tells_once_in_the_end(there: Side, fault: str) -> None:
    made = there.system.create(there.connection, REQUEST)
    line = there.telling if there.telling != "/comment" else f"POST {there.server.api}/issue/{made.external_id}/comment"
    there.server.faults.append(replace(FAULTS[fault][0], on=line))
    with pytest.raises(Unsure):
        there.system.tell(there.connection, made.external_id, key="told-1", event="completed", note="Done here.")
    there.system.tell(there.connection, made.external_id, key="told-1", event="completed", note="Done here.")
    assert there.text(made.external_id).count("Done here.") == 1


def test_a_slow_answer_is_waited_for(there: Side) -> None:
    there.server.faults.append(Fault("slow", seconds=0.2, on=there.making))
    there.system.create(there.connection, REQUEST)
    assert len(there.tickets()) == 1


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", NAMES)
def test_whatever_goes_wrong_there_is_one_ticket(name: str, seed: int) -> None:
    chance = random.Random(seed)
    kinds = [fault for fault, expected, _ in FAULTS.values() if expected is not Refused and fault.kind != "hang"]
    with side(name) as there:
        for _ in range(chance.randrange(1, 6)):
            there.server.faults.append(replace(chance.choice(kinds), on=chance.choice(["GET ", "POST ", there.making, ""])))
        assert made_once(there, tries=20) is not None
        assert len(there.tickets()) == 1


def test_nobody_listening_is_tried_later(there: Side) -> None:
    there.server.stop()
    with pytest.raises(TryLater, match=r"cannot be reached") as caught:
        there.system.create(there.connection, REQUEST)
    assert type(caught.value) is TryLater
    there.server.stop = lambda: None
    assert [finding.good for finding in there.system.test(there.connection)] == [False]


def test_nothing_is_called_inside_the_own_network_unasked(there: Side) -> None:
    there.connection = replace(there.connection, allow_private=False)
    with pytest.raises(Refused):
        there.system.create(there.connection, REQUEST)
    assert not there.server.seen
    assert not there.system.test(there.connection)[0].good


def test_credentials_do_not_follow_to_another_address(there: Side) -> None:
    with side("intune") as elsewhere:
        there.server.faults.append(Fault("redirect", headers={"Location": f"{elsewhere.server.address}/steal"}, on=there.making))
        with pytest.raises(Refused, match=r"sends on to 127\.0\.0\.1:\d+ \(302\)"):
            there.system.create(there.connection, REQUEST)
        assert not elsewhere.server.seen


def test_no_sentence_holds_a_secret(there: Side) -> None:
    secret = next(name for name in ("secret", "token", "client_secret", "password") if there.connection[name])
    wrong = there.set(**{secret: "wrong-and-still-secret"})
    with pytest.raises(Refused) as caught:
        there.system.create(wrong, REQUEST)
    assert "wrong-and-still-secret" not in str(caught.value)
    findings = there.system.test(wrong)
    assert not all(finding.good for finding in findings)
    assert "wrong-and-still-secret" not in str(findings)
    broken = there.set(**{secret: "line\nbreak-and-still-secret"})
    with pytest.raises(Refused) as caught:
        there.system.create(broken, REQUEST)
    assert "still-secret" not in str(caught.value)


def test_another_service_at_the_address_is_not_taken_for_an_empty_one(there: Side) -> None:
    made = there.system.create(there.connection, REQUEST)
    for reply in (Reply(200, {}), Reply(200, []), Reply(404, None), Reply(404, {"detail": "nothing here"})):
        there.server.answer = lambda _, reply=reply: reply
        with pytest.raises((Refused, TryLater)):
            there.system.find(there.connection, REQUEST)
        assert not all(finding.good for finding in there.system.test(there.connection))
    assert there.tickets() == [made.external_id]


def test_everything_in_place_is_found_good(there: Side) -> None:
    findings = there.system.test(there.connection)
    assert len(findings) > 1
    assert all(finding.good for finding in findings), findings
    assert not there.tickets()


def made_once(there: Side, *, tries: int = 3) -> Made | None:
    """As the outbox does it: look first, make what is not there."""
    for _ in range(tries):
        try:
            return there.system.find(there.connection, REQUEST) or there.system.create(there.connection, REQUEST)
        except TryLater:
            continue
    return None
