"""CVSS vectors and events in words."""

from __future__ import annotations

import pytest

from recommendations import cvss_words, event_words
from weaknesses.models import Event


@pytest.mark.parametrize(
    ("vector", "version", "metrics", "first", "last"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", "3.1", 8, "anywhere on the network", "a total loss"),
        ("CVSS:3.0/AV:P/AC:H/PR:H/UI:N/S:C/C:N/I:L/A:N", "3.0", 8, "a physical touch", "no loss"),
        ("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:A/VC:H/VI:H/VA:H/SC:N/SI:N/SA:L/E:P", "4.0", 11, "the machine itself", "some loss"),
        ("AV:N/AC:M/Au:N/C:P/I:P/A:C", "2.0", 6, "anywhere on the network", "a total loss"),
    ],
)
def test_a_vector_is_explained_metric_by_metric(vector: str, version: str, metrics: int, first: str, last: str) -> None:
    explained = cvss_words.explain(vector)
    assert cvss_words.version(vector) == version
    assert len(explained) == metrics
    assert (explained[0].words, explained[-1].words) == (first, last)


@pytest.mark.parametrize("vector", ["", "nonsense", "CVSS:9.9/AV:N", "CVSS:3.1/AV:?/AC", "CVSS:3.1"])
def test_what_is_no_vector_is_left_out(vector: str) -> None:
    assert cvss_words.explain(vector) == ()


@pytest.mark.parametrize("kind", Event.Kind.values)
@pytest.mark.parametrize("count", [1, 2])
def test_every_kind_of_event_is_a_sentence_about_its_component(kind: str, count: int) -> None:
    sentence = event_words.sentence(kind=kind, component="Google Chrome", weaknesses=count)
    assert "Google Chrome" in sentence
    assert not sentence.endswith(".")
    assert event_words.ICONS[Event.Kind(kind)]


def test_one_and_many_agree_with_their_verbs() -> None:
    assert event_words.sentence(kind="verified", component="X", weaknesses=1) == "An exploit for 1 weakness in X was verified"
    assert event_words.sentence(kind="verified", component="X", weaknesses=1200) == "Exploits for 1,200 weaknesses in X were verified"
    assert event_words.sentence(kind="new_weakness", component="X", weaknesses=61) == "X has 61 new weaknesses"
