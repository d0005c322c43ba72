"""OVAL definitions evaluated into affected ranges. Pure: made from whatever notation definitions and tests came in.

A definition is a tree of AND and OR over tests. What a package's version decides (installed, earlier than 1.2-3) becomes a
range; what the release or a module stream decides becomes the range's condition. What only a running machine could tell (the
kernel that is running, a signature key) cannot be seen from an inventory and is taken to hold. A negated part gives nothing.
Source: OVAL 5.11 (https://oval-community-guidelines.readthedocs.io/), linux and independent definitions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from weaknesses.feeds.rpm_modules import of_stream
from weaknesses.records import RangeRecord


@dataclass(frozen=True, slots=True)
class Criteria:
    """A node of the tree. `tests`: ids; one that is not among the tests cannot be seen."""

    is_and: bool
    tests: tuple[str, ...] = ()
    children: tuple[Criteria, ...] = ()
    negate: bool = False


@dataclass(frozen=True, slots=True)
class PackageTest:
    """One of the packages is installed in a version below `end`; empty: in any version. `start`: at least this version."""

    names: tuple[str, ...]
    end: str = ""
    end_included: bool = False
    start: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a test says about the machine: its platform (rhel-9) or an enabled module stream (nodejs:18)."""

    platforms: tuple[str, ...] = ()
    stream: str = ""


Test = PackageTest | Condition


def ranges_of(criteria: Criteria, tests: Mapping[str, Test], *, product: Callable[[str], str], platform: str) -> tuple[RangeRecord, ...]:
    """The ranges of a definition, each once.

    `product` makes a product key of a package's name; `platform` holds where no test names one.
    """
    found = _walk(criteria, tests, Condition())
    return tuple(dict.fromkeys(_range(name, test, condition, product, platform) for test, condition in found for name in test.names))


def _walk(node: Criteria, tests: Mapping[str, Test], given: Condition) -> Iterator[tuple[PackageTest, Condition]]:
    if node.negate:
        return
    known = [tests[each] for each in node.tests if each in tests]
    packages = [test for test in known if isinstance(test, PackageTest)]
    if node.is_and:
        for test in known:
            given = _both(given, test) if isinstance(test, Condition) else given
        for child in node.children:
            given = _both(given, _alternatives(child, tests))
        packages = list(_bounded(packages))
    for package in packages:
        yield package, given
    for child in node.children:
        yield from _walk(child, tests, given)


def _alternatives(node: Criteria, tests: Mapping[str, Test]) -> Condition:
    """What a part that tests no package demands: OR[release 8, release 9] -> either platform. Nothing for any other part."""
    if node.negate or node.children:
        return Condition()
    known = [tests[each] for each in node.tests if each in tests]
    if not known or len(known) != len(node.tests) or not all(isinstance(test, Condition) for test in known):
        return Condition()
    conditions = [test for test in known if isinstance(test, Condition)]
    streams = {condition.stream for condition in conditions if condition.stream}
    platforms = tuple(dict.fromkeys(platform for condition in conditions for platform in condition.platforms))
    return Condition(platforms, streams.pop() if len(streams) == 1 else "")


def _both(first: Condition, second: Condition) -> Condition:
    return Condition(second.platforms or first.platforms, second.stream or first.stream)


def _bounded(packages: list[PackageTest]) -> Iterator[PackageTest]:
    """Of one package "at least 2" AND "earlier than 3" is one span."""
    starts = {name: test.start for test in packages if test.start and not test.end for name in test.names}
    for test in packages:
        if test.end or not test.start:
            start = next((starts[name] for name in test.names if name in starts), "")
            yield replace(test, start=start) if start else test


def _range(name: str, test: PackageTest, condition: Condition, product: Callable[[str], str], platform: str) -> RangeRecord:
    entry = RangeRecord(
        product=product(name),
        start=test.start,
        end=test.end,
        end_included=test.end_included,
        fixed="" if test.end_included else test.end,
        platforms=condition.platforms or ((platform,) if platform else ()),
    )
    return of_stream(entry, condition.stream)
