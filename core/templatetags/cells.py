"""A row of a table whose columns the reader chooses: each cell is written once, and rendered where its column stands.

    {% cells columns %}{% cell "name" %}<td>...</td>{% cell "impact" %}<td>...</td>{% endcells %}

A chain of `if`s in a loop compares each column with the names of all.
"""

from __future__ import annotations

from typing import Any

from django import template
from django.template.base import FilterExpression, Node, NodeList, Parser, Token
from django.utils.safestring import SafeString

register = template.Library()


@register.tag
def cells(parser: Parser, token: Token) -> Node:
    """The cells of the given keys, in their order. A key without a cell renders nothing."""
    _, columns = token.split_contents()
    found: dict[str, NodeList] = {}
    parser.parse(("cell", "endcells"))  # nothing stands before the first cell
    while (token := parser.next_token()).contents != "endcells":
        _, key = token.split_contents()
        found[key.strip("\"'")] = parser.parse(("cell", "endcells"))
    return _Cells(parser.compile_filter(columns), found)


class _Cells(Node):
    def __init__(self, columns: FilterExpression, cells: dict[str, NodeList]) -> None:
        self._columns = columns
        self._cells = cells
        self.nodelist = NodeList(node for nodes in cells.values() for node in nodes)

    def render(self, context: template.Context) -> SafeString:
        columns: Any = self._columns.resolve(context)
        return NodeList(node for key in columns for node in self._cells.get(key, ())).render(context)
