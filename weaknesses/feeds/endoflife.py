"""endoflife.date: release lines of products and the day their support ends.

Three layouts: the answer of its API v1 (`/api/v1/products/full`), a JSON list of its product files, and an
archive (tar.gz) of those files, which are Markdown with a YAML front matter.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, Any, cast

import ijson
import yaml
from packageurl import PackageURL

from weaknesses.feeds import endoflife_windows
from weaknesses.feeds.base import FeedKind, Store, Topic, date_in_name
from weaknesses.feeds.endoflife_names import NAMES
from weaknesses.feeds.reading import BAD_RECORD, Again, clean, day, events, refused, text
from weaknesses.records import CycleRecord, FeedRecord

_LARGEST_PAGE = 2**20
_DEEPEST = 32  # levels of a page; the real ones have 5
_CPE = re.compile(r"cpe:(?:2\.3:|/)([aoh]):([^:]+):([^:]+)")
_PACKAGES = {"pypi", "npm", "golang", "gem", "nuget", "composer", "cargo"}
_COLLECTORS = {"brew": "homebrew", "chocolatey": "chocolatey"}  # software known by its collector's name, see apply_support_cycles.sql
_LOADER = cast("type[yaml.SafeLoader]", getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def parse(stream: IO[bytes], name: str) -> Iterator[FeedRecord]:
    for place, product in _products(stream, name):
        try:
            slug = text(product.get("product") or product.get("name") or PurePosixPath(place).stem, 100)
            keys = tuple(dict.fromkeys((*product_keys(product.get("identifiers") or []), *NAMES.get(slug, ()))))
            releases = product["releases"]
        except BAD_RECORD as error:
            yield refused(place, error, product)
            continue
        cycles: list[CycleRecord] = []
        for release in releases if isinstance(releases, list) else []:
            try:
                cycles.append(_cycle(slug, keys, release))
            except BAD_RECORD as error:
                yield refused(f"{slug}", error, release)
        yield from endoflife_windows.by_build(cycles) if slug in endoflife_windows.SLUGS else cycles


def _products(stream: IO[bytes], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if name.lower().endswith((".tar.gz", ".tgz")):
        yield from _pages(stream)
        return
    start = stream.read(1)
    while start.isspace():
        start = stream.read(1)
    prefix = "item" if start == b"[" else "result.item"
    for position, product in enumerate(ijson.items(events(Again(start, stream)), prefix), start=1):
        yield f"product {position}", product


def _pages(stream: IO[bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    with tarfile.open(fileobj=stream, mode="r|gz") as archive:
        for member in archive:
            in_products = PurePosixPath(member.name).parent.name == "products"
            page = archive.extractfile(member) if member.isfile() and in_products and member.name.endswith(".md") else None
            if page is None:
                continue
            content = page.read(_LARGEST_PAGE).decode("utf-8", "replace")
            yield member.name, _front_matter(content)


def _front_matter(content: str) -> dict[str, Any]:
    """The YAML between the first two `---` lines; {} where there is none or it cannot be read."""
    parts = re.split(r"^---\s*$", content, maxsplit=2, flags=re.MULTILINE)
    try:
        loaded = yaml.load(parts[1], Loader=_LOADER) if len(parts) > 2 and _is_shallow(parts[1]) else None  # noqa: S506 (a safe loader)
    except (yaml.YAMLError, ValueError):  # a ValueError: a day that no month has
        loaded = None
    return loaded if isinstance(loaded, dict) else {}


def _is_shallow(content: str) -> bool:
    """Whether it nests few levels. The loader recurses in C: a few kilobytes of brackets would end the process."""
    depth = 0
    for event in yaml.parse(content, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                return False
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return True


def _cycle(slug: str, keys: tuple[str, ...], release: dict[str, Any]) -> CycleRecord:
    """One release line. `eol` is a day, or true (ended, day unknown) or false; the API says isEol and eolFrom."""
    latest = release.get("latest")
    ends = release["eolFrom"] if release.get("eolFrom") else release.get("eol", release.get("isEol"))
    cycle = clean(str(release.get("releaseCycle", release.get("name")))).strip()
    if not slug or cycle in {"", "None"} or len(cycle) > 60:
        raise ValueError("The release line has no usable name.")
    return CycleRecord(
        slug=slug,
        cycle=cycle,
        product_keys=keys,
        released_on=day(release.get("releaseDate")),
        ended=ends is True,
        ends_on=None if isinstance(ends, bool) else day(ends),
        latest=clean(str((latest.get("name") if isinstance(latest, dict) else latest) or ""))[:100],
    )


def product_keys(identifiers: list[dict[str, Any]]) -> tuple[str, ...]:
    """The names under which vulnerability data knows the product, each once."""
    found: dict[str, None] = {}
    for identifier in identifiers:
        values = [identifier.get("id")] if "type" in identifier else [identifier.get("cpe"), identifier.get("purl")]
        for value in values:
            key = _key(value) if isinstance(value, str) else ""
            if key and len(key) <= 300:
                found[clean(key)] = None
    return tuple(found)


def _key(value: str) -> str:
    if cpe := _CPE.match(value):
        return "cpe:" + ":".join(cpe.groups()).lower()
    if not value.startswith("pkg:"):
        return ""
    try:
        package = PackageURL.from_string(value)
    except ValueError:
        return ""
    if package.type == "deb" and package.namespace in {"debian", "ubuntu"}:
        return f"deb:{package.namespace}:{package.name}"
    if package.type == "maven" and package.namespace:
        return f"maven:{package.namespace}:{package.name}"
    if package.type in _COLLECTORS:
        return f"cpe:a:{_COLLECTORS[package.type]}:{package.name}"
    if package.type in _PACKAGES:
        return f"{package.type}:{package.namespace}/{package.name}" if package.namespace else f"{package.type}:{package.name}"
    return ""


def _stated(head: bytes, name: str) -> str:
    found = re.search(rb'"generated_at"\s*:\s*"([^"]{10,40})"', head)
    return found.group(1).decode("ascii", "replace") if found else date_in_name(head, name)


FEED = FeedKind(
    kind="endoflife",
    label="endoflife.date",
    about="When the support of each release line of a product ends.",
    home="https://endoflife.date/",
    licence="MIT",
    attribution="endoflife.date contributors.",
    taken="product, release line, day of release, end of support, latest version, CPE and package names",
    topic=Topic.SUPPORT,
    store=Store.CYCLES,
    parse=parse,
    patterns=("endoflife-products*.json", "endoflife-products*.json.gz", "endoflife*.tar.gz"),
    addresses=(("endoflife-products.json", "https://endoflife.date/api/v1/products/full"),),
    stated=_stated,
    complete=True,
    revision=2,
)
