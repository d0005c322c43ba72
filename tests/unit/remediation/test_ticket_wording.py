"""Texts of tickets: what is cut, what is a mark, and that nothing anybody wrote breaks a document."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remediation.ticketing import adf, wording
from remediation.ticketing.base import Device, Refused, Request
from tests.fakes.jira_server import _is_document


def request(text: str, *, devices: int = 3, total: int = 3) -> Request:
    return Request(
        key="k",
        activity="a",
        title=text,
        description=text,
        steps=(text, text),
        kind="update",
        product=text,
        publisher=text,
        version=text,
        priority="high",
        due_on=dt.date(2026, 12, 1),
        notes=text,
        requested_by=text,
        requested_at=dt.datetime(2026, 11, 26, tzinfo=dt.UTC),
        weaknesses=1,
        devices=[Device(number, f"{text}{number}", "", "") for number in range(devices)],
        device_total=total,
        address="https://tvm.example/x/",
        settings_asked=((text, text),),
    )


@given(st.text(), st.integers(2, 300))
def test_a_cut_text_fits_and_is_whole_letters(text: str, most: int) -> None:
    cut = wording.cut(text, most)
    assert wording.length(cut) <= most
    assert cut == text or cut.endswith("…")
    cut.encode()


@settings(max_examples=60)
@given(st.text(max_size=400), st.integers(0, 40))
def test_every_text_makes_a_document_that_jira_takes(text: str, devices: int) -> None:
    parts = wording.blocks(request(text, devices=devices, total=devices + 5), most=2_000)
    assert _is_document(adf.document(parts))
    assert _is_document(adf.text_document(text))
    json.dumps(adf.document(parts)).encode()


@settings(max_examples=60)
@given(st.text(max_size=3_000), st.integers(0, 200))
def test_a_description_has_its_size(text: str, devices: int) -> None:
    parts = wording.blocks(request(text, devices=devices, total=devices), most=3_900)
    assert wording.length(wording.plain(parts)) < 6_000


def test_machines_that_do_not_fit_are_counted() -> None:
    text = wording.plain(wording.blocks(request("x", devices=900, total=1_000), most=3_900))
    listed = text.partition("Machines:\n")[2].splitlines()
    assert listed[-1] == f"… and {1_000 - (len(listed) - 1):,} more, listed in TVM Portal: https://tvm.example/x/"
    assert len(text) < 3_900


def test_a_publisher_is_named_once() -> None:
    made = replace(request("x"), publisher="google", product="Google Chrome")
    assert "Software: Google Chrome" in wording.facts(made)
    assert "Software: igor pavlov 7-zip" in wording.facts(replace(made, publisher="igor pavlov", product="7-zip"))
    assert "Software: 7-zip" in wording.facts(replace(made, publisher="", product="7-zip"))


@given(st.text(), st.text())
def test_marks_are_words_and_the_same_for_the_same_key_only(one: str, other: str) -> None:
    mark = wording.marker(one)
    assert mark.isascii()
    assert mark.isalnum()
    assert len(mark) <= 40
    assert mark == wording.marker(one)


def test_a_key_keeps_its_letters() -> None:
    assert wording.marker("0B5F8A52-6f0e-4c3e-9d8b-5a0c1f2e3d4c") == "0b5f8a526f0e4c3e9d8b5a0c1f2e3d4c"


@given(st.text(max_size=9_000), st.sampled_from(["completed", "reopened", "noted", "something"]))
def test_what_was_told_is_known_again(note: str, event: str) -> None:
    text = wording.telling("key-1", event, note, most=500)
    assert wording.length(text) <= 500
    assert wording.told("key-1", text)
    assert wording.told("key-1", wording.line(text))
    assert not wording.told("key-2", text)
    assert wording.told("key-1", adf.text_of(adf.text_document(text)))


def test_other_fields_are_read_line_by_line() -> None:
    text = 'customfield_1 = {"value": "A=B"}\n\n category=software\nnumber = 3\nempty ='
    assert wording.values(wording.pairs(text, what="Other fields")) == {
        "customfield_1": {"value": "A=B"},
        "category": "software",
        "number": 3,
        "empty": "",
    }
    with pytest.raises(Refused, match=r"Other fields: “nonsense” is not of the form name = value\."):
        wording.pairs("nonsense", what="Other fields")


def test_what_people_wrote_in_a_document_is_text() -> None:
    mention = {"type": "mention", "attrs": {"text": "@Jo"}}
    line = {
        "type": "paragraph",
        "content": [{"type": "text", "text": "Ask "}, mention, {"type": "hardBreak"}, {"type": "text", "text": "now"}],
    }
    assert adf.text_of({"type": "doc", "version": 1, "content": [line, line]}) == "Ask @Jo\nnow\nAsk @Jo\nnow"
    assert adf.text_of(None) == ""
