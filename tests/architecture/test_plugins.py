"""Every source, feed and ticketing provider has a line in the documentation and a test of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


def _names() -> list[tuple[str, str, str]]:
    """(kind, name in the registry, module)."""
    from inventory.sources.registry import SOURCES
    from remediation.ticketing import SYSTEMS
    from weaknesses.feeds.registry import FEEDS

    registries: list[tuple[str, dict[str, object]]] = [("source", dict(SOURCES)), ("feed", dict(FEEDS)), ("ticket system", dict(SYSTEMS))]
    return [(kind, name, _module(plugin)) for kind, registry in registries for name, plugin in registry.items()]


def _module(plugin: object) -> str:
    """Where a plug-in's code is: its class's module, or that of the function it holds."""
    for candidate in (getattr(plugin, "parse", None), getattr(plugin, "read", None), plugin, type(plugin)):
        module = getattr(candidate, "__module__", "")
        if module.startswith(("inventory.sources.", "weaknesses.feeds.", "remediation.ticketing.")):
            return str(module).rsplit(".", 1)[1]
    return ""


@pytest.mark.parametrize(("kind", "name", "module"), _names(), ids=str)
def test_a_plug_in_is_documented_and_tested(kind: str, name: str, module: str) -> None:
    documents = [file for file in (ROOT / "docs").rglob("*.md") if f"`{name}`" in file.read_text()]
    assert documents, f"no document mentions the {kind} `{name}`"
    tests = [
        file.name
        for file in (ROOT / "tests").rglob("test_*.py")
        if f"test_{name}" in file.name or (module and f"test_{module}" in file.name)
    ]
    assert tests, f"no test_{name}.py for the {kind} {name}"
