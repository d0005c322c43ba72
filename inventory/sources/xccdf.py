"""XCCDF 1.1 and 1.2 results, alone or in an asset report (ARF 1.1): OpenSCAP, SCAP Compliance Checker, and what else writes them.

Format: xccdf_1.2.xsd, asset-reporting-format_1.1.0.xsd. A benchmark's rules become checks, the results pass, fixed and fail
become results. Not applicable, not selected, not checked and informational are left out; unknown and error are named.
Rules made from patch definitions are left out and named: what is vulnerable is decided by matching what is installed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from inventory.errors import UnreadableReport
from inventory.records import CheckResult, MachineFacts, Rejected, Report, Reports
from inventory.sources import fields
from inventory.sources.frame import Limits, Source, start_of
from inventory.sources.xccdf_checks import SOURCE_NAME, Benchmark, Rule, check_of
from inventory.sources.xccdf_reading import MARKS, TEXTS, Reader, Result, Scan, TooMany
from inventory.sources.xml_moments import moments
from inventory.sources.xml_stream import BadXml

_ROOT = re.compile(
    rb"<(?:[\w-]+:)?(?:Benchmark|TestResult)\b[^>]*checklists\.nist\.gov/xccdf/1\.[12]|<(?:[\w-]+:)?asset-report-collection\b"
)
_VERDICTS = {"pass": True, "fixed": True, "fail": False}
_NO_VERDICT = frozenset({"unknown", "error"})
_LEFT_OUT = frozenset({"notapplicable", "notselected", "notchecked", "informational"})
_NO_NAMES = frozenset({"localhost", "localhost.localdomain", "localhost4", "localhost6", "unknown"})
_FACT_NAMES = ("fqdn", "host_name", "hostname")
_ID_LIMIT = 300
_SHOWN = 3


def detect(head: bytes, filename: str) -> bool:
    return start_of(head).startswith(b"<") and bool(_ROOT.search(head))


def parse(stream: BinaryIO, limits: Limits) -> Reports:
    """One Report a test result, after the Rejected of the rules that were no use. A document that ends early only adds."""
    reader = Reader(limits)
    try:
        for moment in moments(stream, texts=TEXTS, limit=limits.field, marks=MARKS):
            reader.take(moment)
    except (BadXml, TooMany) as error:
        reader.complete = False
        yield Rejected("document", f"not read to its end: {error}; what came before was used")
    if not reader.scans:
        raise UnreadableReport("no test result was found: it is a benchmark without the results of a scan, or it ends before them")
    for scan in reader.scans:
        yield from _report(scan, reader)


SOURCE = Source(name="xccdf", label="XCCDF results and ARF", detect=detect, parse=parse)


# --- reports ---------------------------------------------------------------------------------------------------------


def _report(scan: Scan, reader: Reader) -> Iterator[Report | Rejected]:
    benchmark = reader.benchmarks.get(scan.benchmark_id) or Benchmark(scan.benchmark_id or "unnamed")
    checks, results, patches = {}, [], Counter[str]()
    usual = benchmark.usual_weight()
    for result in scan.results:
        try:
            rule = benchmark.rules.get(result.rule_id) or Rule(result.rule_id, idents=result.idents)
            passed = _verdict(result)
            if passed is None:
                continue
            if rule.advisory:
                patches[rule.advisory if not passed else ""] += 1
                continue
            check = check_of(rule, benchmark, usual_weight=usual, values=scan.values)
            if len(check.external_id) > _ID_LIMIT:
                raise fields.BadField(f"the rule's id is longer than {_ID_LIMIT} characters")
        except fields.BadField as error:
            yield Rejected(result.rule_id or "rule-result", str(error), fields.excerpt(result.verdict))
            continue
        checks[result.rule_id] = check
        results.append(CheckResult(SOURCE_NAME, check.external_id, passed))
    if patches:
        yield _patches(patches, benchmark)
    covers = {f"checks/{SOURCE_NAME}/{benchmark.id}"} if reader.complete and (results or not patches) else set()
    yield Report(_facts(scan, reader.asset_name), covers=frozenset(covers), checks=tuple(checks.values()), results=tuple(results))


def _verdict(result: Result) -> bool | None:
    """None where the rule does not apply. Raises BadField."""
    if not result.rule_id:
        raise fields.BadField("the result names no rule")
    if result.verdict in _VERDICTS:
        return _VERDICTS[result.verdict]
    if result.verdict in _LEFT_OUT:
        return None
    if result.verdict in _NO_VERDICT:
        raise fields.BadField(f"the scanner came to no verdict: {result.verdict}")
    raise fields.BadField("the result is none that XCCDF knows" if result.verdict else "the rule has no result")


def _patches(patches: Counter[str], benchmark: Benchmark) -> Rejected:
    failed = [name for name in patches if name]
    shown = f"; failed: {', '.join(failed[:_SHOWN])}{' ...' if len(failed) > _SHOWN else ''}" if failed else ""
    reason = f"{sum(patches.values()):,} rules look for patches, not settings, and were left out{shown}"
    return Rejected(f"benchmark {benchmark.id}"[:100], reason)


def _facts(scan: Scan, asset_name: str) -> MachineFacts:
    candidates = (*(scan.facts.get(name, "") for name in _FACT_NAMES), asset_name, scan.target)
    name = next((text for text in candidates if text and text.lower() not in _NO_NAMES and len(text) <= 255 and text.isprintable()), "")
    domain = "" if fields.address(name) else name.partition(".")[2]
    return MachineFacts(name, name=name, domain=domain, family=scan.family, ip_addresses=tuple(scan.addresses))
