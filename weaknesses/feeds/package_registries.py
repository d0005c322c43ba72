"""Advisories about packages of programming languages as OSV records: one feed for each package registry.

Several databases describe one weakness (GitHub's, the language's own); what they say of a CVE is brought together. Advisories
without a CVE, and packages that are malicious as a whole (MAL-...), are weaknesses under their own id.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from weaknesses.feeds.base import FeedKind, Topic
from weaknesses.feeds.osv import Dialect, Name, Named, feed
from weaknesses.feeds.reading import text
from weaknesses.rules import package_product

_GITHUB = "CC-BY-4.0 (GitHub Advisory Database)"
_MALICIOUS = "Apache-2.0 (OpenSSF malicious packages)"
_NO_WEAKNESS = ("unmaintained", "notice")


def _named(ecosystem: str, scheme: str) -> Name:
    def named(record: dict[str, Any], affected: dict[str, Any]) -> Iterator[Named]:
        package = affected.get("package") or {}
        if str(package.get("ecosystem")).split(":", 1)[0] == ecosystem:
            yield Named(package_product(scheme, text(package["name"], 200)))

    return named


def _is_informational(record: dict[str, Any]) -> bool:
    """RustSec also announces what is no weakness: a crate without a maintainer."""
    entries = [record, *(record.get("affected") or [])]
    specific = [entry.get("database_specific") for entry in entries]
    return any(isinstance(part, dict) and part.get("informational") in _NO_WEAKNESS for part in specific)


def _feed(kind: str, ecosystem: str, label: str, home: str, licence: str, by: str) -> FeedKind:
    """`kind` is also the version order and the namespace of product keys."""
    dialect = Dialect(
        ecosystem=ecosystem,
        order=kind,
        named=_named(ecosystem, kind),
        gathers=True,
        keeps_own_ids=True,
        passes_over=_is_informational,
    )
    about = f"Which versions of {label} are affected or malicious, and the version that fixes them."
    return feed(
        kind=kind,
        dialect=dialect,
        folder=ecosystem,
        label=label[0].upper() + label[1:],
        about=about,
        home=home,
        licence=licence,
        by=by,
        topic=Topic.REGISTRIES,
        needs=(kind,),
        patterns=(f"{_FILES[kind]}*.jsonl", f"{_FILES[kind]}*.jsonl.gz") if kind in _FILES else (),
    )


_FILES = {"pypi": "pypa-"}

FEEDS = (
    _feed(
        "pypi",
        "PyPI",
        "Python packages (PyPI)",
        "https://github.com/pypa/advisory-database",
        f"CC-BY-4.0 (PyPA advisory database); {_GITHUB}; {_MALICIOUS}",
        "Python Packaging Advisory Database; GitHub Advisory Database",
    ),
    _feed(
        "npm",
        "npm",
        "npm packages",
        "https://github.com/advisories?query=ecosystem%3Anpm",
        f"{_GITHUB}; {_MALICIOUS}",
        "GitHub Advisory Database; OpenSSF malicious packages",
    ),
    _feed(
        "golang",
        "Go",
        "Go modules",
        "https://vuln.go.dev/",
        f"CC-BY-4.0 (Go vulnerability database); {_GITHUB}",
        "Go vulnerability database, The Go Authors; GitHub Advisory Database",
    ),
    _feed(
        "maven",
        "Maven",
        "Java packages (Maven)",
        "https://github.com/advisories?query=ecosystem%3Amaven",
        _GITHUB,
        "GitHub Advisory Database",
    ),
    _feed(
        "nuget",
        "NuGet",
        ".NET packages (NuGet)",
        "https://github.com/advisories?query=ecosystem%3Anuget",
        f"{_GITHUB}; {_MALICIOUS}",
        "GitHub Advisory Database",
    ),
    _feed(
        "gem",
        "RubyGems",
        "Ruby gems",
        "https://github.com/advisories?query=ecosystem%3Arubygems",
        f"{_GITHUB}; {_MALICIOUS}",
        "GitHub Advisory Database",
    ),
    _feed(
        "cargo",
        "crates.io",
        "Rust crates (crates.io)",
        "https://rustsec.org/",
        f"CC0-1.0 (RustSec advisory database); {_GITHUB}",
        "RustSec Advisory Database; GitHub Advisory Database",
    ),
    _feed(
        "composer",
        "Packagist",
        "PHP packages (Packagist)",
        "https://github.com/advisories?query=ecosystem%3Acomposer",
        _GITHUB,
        "GitHub Advisory Database",
    ),
)
