"""The cells of a row in the order of its columns."""

from __future__ import annotations

import pytest
from django.template import Context, Template, TemplateSyntaxError

ROW = (
    '{% cells columns %}{% cell "name" %}<td>{{ row.name }}</td>'
    '{% cell "size" %}<td>{% if row.size %}{{ row.size }}{% endif %}</td>{% endcells %}'
)


def rendered(*columns: str) -> str:
    return Template(ROW).render(Context({"columns": columns, "row": {"name": "a & b", "size": 7}}))


def test_each_cell_stands_where_its_column_does() -> None:
    assert rendered("name", "size") == "<td>a &amp; b</td><td>7</td>"
    assert rendered("size", "name") == "<td>7</td><td>a &amp; b</td>"
    assert rendered("size") == "<td>7</td>"


def test_a_column_without_a_cell_renders_nothing() -> None:
    assert rendered("unknown", "size") == "<td>7</td>"
    assert rendered() == ""


def test_cells_that_are_not_ended_are_an_error() -> None:
    with pytest.raises(TemplateSyntaxError):
        Template('{% cells columns %}{% cell "name" %}<td></td>')
