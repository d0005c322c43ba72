"""Texts of Jira: the Atlassian Document Format of its Cloud, and the wiki text of Data Center. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from remediation.ticketing.wording import Block

Node = dict[str, Any]


def document(parts: Sequence[Block]) -> Node:
    """Blocks as an ADF document. Text nodes are never empty: Jira refuses such a document."""
    content = [node for part in parts for node in _block(part)]
    return {"type": "doc", "version": 1, "content": content or [_paragraph("-")]}


def text_document(text: str) -> Node:
    return document([Block("text", "", tuple(row for row in text.splitlines() if row.strip()))])


def text_of(body: object) -> str:
    """What a comment says: an ADF document's text, or the text itself."""
    if isinstance(body, str):
        return body
    if not isinstance(body, Mapping):
        return ""
    own = _inline(body)
    inner = body.get("content")
    parts = [text_of(node) for node in inner] if isinstance(inner, list) else []
    between = "\n" if body.get("type") in ("doc", "bulletList", "orderedList", "listItem", "blockquote") else ""
    return own + between.join(parts)


def wiki(parts: Sequence[Block]) -> str:
    """Blocks as the text of a field that may be shown as wiki text."""
    written = []
    for part in parts:
        lines = [escaped(text) for text in part.lines]
        if part.kind in ("steps", "names"):
            lines = [("# " if part.kind == "steps" else "* ") + text for text in lines]
        written.append("\n".join(([f"{escaped(part.heading)}:", ""] if part.heading else []) + lines))
    return "\n\n".join(written)


def escaped(text: str) -> str:
    """Nothing in it is a link, a mention or a macro."""
    return text.replace("{", "\\{").replace("[", "\\[")


def _block(part: Block) -> list[Node]:
    heading: list[Node] = [{"type": "heading", "attrs": {"level": 3}, "content": [_text(part.heading)]}] if part.heading else []
    lines = [text for text in part.lines if text]
    if not lines:
        return []
    if part.kind == "steps":
        return [*heading, {"type": "orderedList", "content": [_item(text) for text in lines]}]
    if part.kind == "facts":
        return [*heading, {"type": "bulletList", "content": [_item(text) for text in lines]}]
    if part.kind == "names":
        return [*heading, {"type": "codeBlock", "content": [_text("\n".join(lines))]}]
    return [*heading, *(_paragraph(text) for text in lines)]


def _item(text: str) -> Node:
    return {"type": "listItem", "content": [_paragraph(text)]}


def _paragraph(text: str) -> Node:
    return {"type": "paragraph", "content": [_text(text)]}


def _text(text: str) -> Node:
    return {"type": "text", "text": text}


def _inline(node: Mapping[str, Any]) -> str:
    attributes = node.get("attrs")
    shown = attributes.get("text") if isinstance(attributes, Mapping) and node.get("type") in ("mention", "emoji", "status") else None
    return "\n" if node.get("type") == "hardBreak" else str(node.get("text") or shown or "")
