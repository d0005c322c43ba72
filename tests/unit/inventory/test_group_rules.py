"""Rules of machine groups in words."""

from __future__ import annotations

import pytest

from inventory.group_rules import condition_words, rule_words


@pytest.mark.parametrize(
    ("field", "operator", "words"),
    [
        ("name", "starts", "Name starts with “x-1”"),
        ("domain", "ends", "Domain ends with “x-1”"),
        ("tag", "equals", "Tag is “x-1”"),
        ("platform", "contains", "Platform contains “x-1”"),
    ],
)
def test_a_condition_reads_like_a_sentence(field: str, operator: str, words: str) -> None:
    assert condition_words({"field": field, "operator": operator, "value": "x-1"}) == words


def test_a_rule_joins_its_conditions() -> None:
    first, second = {"field": "name", "operator": "starts", "value": "srv"}, {"field": "tag", "operator": "equals", "value": "dmz"}
    assert rule_words([first, second]) == "Name starts with “srv” and Tag is “dmz”"
    assert rule_words([]) == "No condition: takes no machine"
