"""Bitnami's database: which products its images are, and of which editions it speaks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.weaknesses import feed_samples as samples
from tests.unit.weaknesses.feed_samples import parse
from weaknesses.records import RangeRecord, WeaknessRecord


def image(name: str, *cpes: str, **changes: Any) -> dict[str, Any]:
    events = [{"introduced": "1.0.0"}, {"fixed": "2.5.0"}]
    affected = [{"package": {"ecosystem": "Bitnami", "name": name}, "ranges": [{"type": "SEMVER", "events": events}]}]
    names = [f"cpe:2.3:{cpe}" for cpe in cpes]
    return {
        "id": f"BIT-{name}-2099-0001",
        "aliases": ["CVE-2099-0001"],
        "modified": "2099-02-03T00:00:00Z",
        "affected": affected,
        "database_specific": {"cpes": names},
        **changes,
    }


def ranges(*images: dict[str, Any]) -> tuple[RangeRecord, ...]:
    found = [each for each in parse("bitnami", samples.json_lines(*images), "bitnami-osv.jsonl") if isinstance(each, WeaknessRecord)]
    assert len(found) == 1
    return found[0].ranges or ()


def test_an_image_is_the_upstream_product_in_upstreams_versions() -> None:
    [found] = ranges(image("rocket", "a:acme:rocket:*:*:*:*:*:*:*:*"))
    assert (found.product, found.start, found.end, found.fixed, found.qualifiers) == ("cpe:a:acme:rocket", "1.0.0", "2.5.0", "2.5.0", ())


@pytest.mark.parametrize(
    ("editions", "expected"),
    [
        (("*",), [()]),
        (("-", "enterprise"), [()]),
        (("community", "enterprise"), [()]),
        (("lts", "-"), [()]),
        (("enterprise",), [(("sw_edition", "enterprise"),)]),
    ],
)
def test_an_edition_counts_only_where_the_ordinary_one_is_not_named(editions: tuple[str, ...], expected: list[object]) -> None:
    names = [f"a:acme:rocket:*:*:*:*:{edition}:*:*:*" for edition in editions]
    assert [found.qualifiers for found in ranges(image("rocket", *names))] == expected


def test_the_language_a_product_is_written_in_narrows_nothing() -> None:
    [found] = ranges(image("rocket", "a:acme:rocket:*:*:*:*:*:go:*:*"))
    assert (found.qualifiers, found.platforms) == ((), ())


def test_a_plug_in_of_the_image_is_another_product() -> None:
    names = ("a:acme:calendar:*:*:*:*:*:rocket:*:*", "a:acme:rocket:*:*:*:*:*:*:*:*")
    assert [found.product for found in ranges(image("rocket", *names))] == ["cpe:a:acme:rocket"]
    assert parse("bitnami", samples.json_lines(image("rocket", names[0])), "bitnami-osv.jsonl") == []


def test_names_with_a_version_repeat_what_the_range_says() -> None:
    names = ("a:acme:rocket:2.4.49:*:*:*:*:*:*:*", "a:acme:rocket:*:*:*:*:*:*:*:*")
    assert len(ranges(image("rocket", *names))) == 1


def test_two_images_of_one_product_say_it_once() -> None:
    name = "a:acme:rocket:*:*:*:*:*:*:*:*"
    assert len(ranges(image("rocket", name), image("rocket-min", name))) == 1


def test_a_name_that_is_none_costs_itself_only() -> None:
    [found] = ranges(image("rocket", "nonsense", "*:acme:rocket:*:*:*:*:*:*:*:*"))
    assert found.product == "cpe:a:acme:rocket"
