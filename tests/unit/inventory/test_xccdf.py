"""XCCDF results and asset reports: what OpenSCAP writes, and what is wrong with files."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import tracemalloc
from pathlib import Path

import pytest

from inventory.errors import UnreadableReport
from inventory.records import Check, Report
from inventory.sources.frame import Limits
from inventory.sources.registry import SOURCES
from inventory.sources.xccdf_checks import Rule, category_of, impact_of
from tests.unit.inventory.sources import read, sample

BENCHMARK = "xccdf_org.example_benchmark_linux-base"
FACT = "urn:xccdf:fact:asset:identifier"
RULE = '<Rule id="r" severity="high"><title>R</title></Rule>'
RESULT = '<rule-result idref="r"><result>fail</result></rule-result>'


def document(rules: str = RULE, results: str = RESULT, facts: str = "<target>h1</target>", version: str = "1.2") -> bytes:
    scan = f'<TestResult id="t"><benchmark id="b"/>{facts}{results}</TestResult>'
    return f'<Benchmark xmlns="http://checklists.nist.gov/xccdf/{version}" id="b"><title>Guide</title>{rules}{scan}</Benchmark>'.encode()


def result(verdict: str, rule: str = "r") -> str:
    return f'<rule-result idref="{rule}"><result>{verdict}</result></rule-result>'


def verdicts(report: Report) -> dict[str, bool]:
    return {item.external_id.rpartition("/")[2].rpartition("_rule_")[2]: item.passed for item in report.results}


@pytest.mark.parametrize("name", ["xccdf-results.xml", "xccdf-arf.xml"])
def test_what_oscap_wrote(name: str) -> None:
    (report,), rejected = read("xccdf", sample(name))
    assert rejected == []
    assert (report.machine.external_id, report.machine.domain, report.machine.ip_addresses) == (
        "web01.example.org", "example.org", ("198.51.100.10",),
    )  # fmt: skip
    assert verdicts(report) == {"umask_default": False, "shadow_permissions": True, "sshd_disable_root_login": False}
    assert report.covers == {f"checks/xccdf/{BENCHMARK}"}
    assert report.software == ()
    assert report.checks[0] == Check(
        source="xccdf",
        external_id=f"{BENCHMARK}/xccdf_org.example_rule_umask_default",
        name="Set a strict default umask",
        category="accounts",
        impact=5,
        subcategory="Accounts and access",
        description="Files that users make are readable by others unless UMASK in /etc/login.defs says otherwise.",
        risk="Data that everyone can read\nleaks.",
        remediation="sed -i 's/^UMASK.*/UMASK 027/' /etc/login.defs",
        cce="CCE-00001-1",
        benchmarks=("Example baseline for Linux servers",),
    )
    assert report.checks[1].remediation == "Run chmod 0640 /etc/shadow."
    assert (report.checks[2].category, report.checks[2].impact) == ("network", 9)  # it weighs more than the others
    assert report.checks[2].remediation.startswith("echo 'PermitRootLogin no'")


@pytest.mark.parametrize("verdict", ["notapplicable", "notselected", "notchecked", "informational"])
def test_what_does_not_apply_is_left_out_silently(verdict: str) -> None:
    (report,), rejected = read("xccdf", document(results=result(verdict)))
    assert (report.results, report.checks, rejected) == ((), (), [])
    assert report.covers == {"checks/xccdf/b"}  # and so goes where it was stored


@pytest.mark.parametrize(
    ("verdict", "words"),
    [("unknown", "no verdict: unknown"), ("error", "no verdict: error"), ("", "no result"), ("maybe", "none that XCCDF")],
)
def test_a_rule_without_a_verdict_is_named_and_is_no_failure(verdict: str, words: str) -> None:
    (report,), (rejected,) = read(
        "xccdf", document(results=result(verdict) + result("fixed", "s"), rules=RULE + RULE.replace('"r"', '"s"'))
    )
    assert rejected.place == "r"
    assert words in rejected.reason
    assert verdicts(report) == {"s": True}


def test_version_1_1_and_prefixed_names_and_a_result_that_stands_alone() -> None:
    (report,), _ = read("xccdf", document(version="1.1"))
    assert verdicts(report) == {"r": False}
    alone = (
        b'<x:TestResult xmlns:x="http://checklists.nist.gov/xccdf/1.2"><x:benchmark href="guide.xml"/><x:target>h2</x:target>'
        b'<x:rule-result idref="xccdf_org.example_rule_sshd_disable_root_login"><x:result>pass</x:result></x:rule-result></x:TestResult>'
    )
    assert SOURCES["xccdf"].detect(alone, "")
    (report,), _ = read("xccdf", alone)
    assert (report.checks[0].name, report.checks[0].category) == ("Sshd disable root login", "network")
    assert report.covers == {"checks/xccdf/guide.xml"}


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        (f'<target>t</target><fact name="{FACT}:host_name">h</fact><fact name="{FACT}:fqdn">h.example.org</fact>', "h.example.org"),
        (f'<target>t</target><fact name="{FACT}:host_name">h</fact>', "h"),
        ("<target>t</target>", "t"),
        ("<target>localhost</target>", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_the_machine_is_named_by_the_facts_then_by_the_target(facts: str, name: str) -> None:
    (report,), _ = read("xccdf", document(facts=facts))
    assert report.machine.external_id == name


def test_an_asset_names_the_machine_where_the_result_does_not() -> None:
    arf = (
        b'<arf:asset-report-collection xmlns:arf="http://scap.nist.gov/schema/asset-reporting-format/1.1"><arf:assets><ai:hostname>a1'
        b"</ai:hostname></arf:assets>"
    )
    (report,), _ = read("xccdf", arf + document(facts="<target>localhost</target>") + b"</arf:asset-report-collection>")
    assert report.machine.external_id == "a1"


def test_the_platform_tells_the_family_and_an_application_its_category() -> None:
    (report,), _ = read("xccdf", document(facts='<target>h</target><platform idref="cpe:/o:microsoft:windows_10"/>'))
    assert report.machine.family == "windows"
    (report,), _ = read("xccdf", document(rules='<platform idref="cpe:/a:example:thing"/>' + RULE))
    assert report.checks[0].category == "application"


def test_rules_about_patches_are_left_out_and_said() -> None:
    rules = "".join(
        f'<Rule id="p{number}"><title>RHSA-2026:000{number}: thing update</title><ident system="http://cve.mitre.org">CVE-2026-{number:04}</ident></Rule>'
        for number in range(3)
    )
    data = document(rules=RULE + rules, results=RESULT + result("fail", "p0") + result("pass", "p1") + result("fail", "p2"))
    (report,), (rejected,) = read("xccdf", data)
    assert verdicts(report) == {"r": False}
    assert "3 rules look for patches" in rejected.reason
    assert "RHSA-2026:0000, RHSA-2026:0002" in rejected.reason
    (report,), _ = read("xccdf", document(rules=rules, results=result("pass", "p1")))
    assert (report.results, report.covers) == ((), frozenset())


def test_a_rule_with_a_cce_is_a_setting_though_its_text_names_a_weakness() -> None:
    rule = '<Rule id="r"><title>CVE-2026-0001 mitigation is on</title><ident>CVE-2026-0001</ident><ident>CCE-1-1</ident></Rule>'
    (report,), rejected = read("xccdf", document(rules=rule))
    assert (len(report.results), rejected) == (1, [])


def test_two_scans_of_one_file_are_two_reports() -> None:
    second = '<TestResult><benchmark id="b"/><target>h2</target>' + result("pass") + "</TestResult>"
    reports, _ = read("xccdf", document().replace(b"</Benchmark>", second.encode() + b"</Benchmark>"))
    assert [(report.machine.external_id, verdicts(report)) for report in reports] == [("h1", {"r": False}), ("h2", {"r": True})]


@pytest.mark.parametrize(
    ("words", "category"),
    [("auditd_data_retention", "controls"), ("sshd_set_idle_timeout", "network"), ("accounts_password_minlen", "accounts"),
     ("package_httpd_removed", "application"), ("sysctl_kernel_randomize_va_space", "os"), ("partition_for_var_log_audit", "os"),
     ("something_else", "os")],
)  # fmt: skip
def test_what_a_rule_is_about(words: str, category: str) -> None:
    assert category_of(Rule(f"xccdf_org.ssgproject.content_rule_{words}"), default="os") == category


def test_groups_tell_what_the_rule_does_not_the_innermost_first() -> None:
    groups = (("g1", "Network"), ("g2", "Password quality"))
    assert category_of(Rule("x", groups=groups), default="os") == "accounts"


@pytest.mark.parametrize(
    ("severity", "weight", "impact"),
    [("high", "", 8), ("medium", "", 5), ("low", "", 3), ("info", "", 1), ("unknown", "", 4), ("", "", 4), ("HIGH", "10", 9),
     ("info", "0", 1), ("low", "0.5", 2), ("low", "many", 3)],
)  # fmt: skip
def test_impact_is_by_severity_and_weight(severity: str, weight: str, impact: int) -> None:
    assert impact_of(Rule("x", severity, weight), 1.0) == impact


# --- what is wrong with files ----------------------------------------------------------------------------------------


def test_a_document_that_ends_early_only_adds() -> None:
    data = document(results=result("pass") + result("fail", "s") + result("fail", "t"))
    (report,), (rejected,) = read("xccdf", data[: data.index(b'idref="t"')])
    assert rejected.place == "document"
    assert verdicts(report) == {"r": True, "s": False}
    assert report.covers == frozenset()


@pytest.mark.parametrize("end", range(60, 1500, 83))
def test_a_cut_at_any_place_among_the_results_only_adds(end: int) -> None:
    data = sample("xccdf-results.xml")
    reports, rejected = read("xccdf", data[: len(data) - end])
    assert reports[0].covers == frozenset()
    assert rejected[0].place == "document"


def test_a_cut_before_the_results_says_so() -> None:
    with pytest.raises(UnreadableReport, match="no test result"):
        read("xccdf", sample("xccdf-results.xml")[:3000])


def test_entities_and_document_types_are_refused() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;">]>'
    with pytest.raises(UnreadableReport, match="document type"):
        read("xccdf", bomb + document(rules="<title>&y;</title>"))


def test_a_benchmark_without_results_is_refused_with_the_reason() -> None:
    with pytest.raises(UnreadableReport, match="without the results"):
        read("xccdf", b'<Benchmark xmlns="http://checklists.nist.gov/xccdf/1.2" id="b"/>')


def test_too_many_rules_keep_the_first_and_remove_nothing() -> None:
    results = "".join(result("fail", f"r{number}") for number in range(20))
    (report,), (rejected,) = read("xccdf", document(rules="", results=results), Limits(records=5))
    assert "more than 5 rules" in rejected.reason
    assert len(report.results) == 10
    assert report.covers == frozenset()


@pytest.mark.parametrize(
    "inside",
    [
        "<a>" * 100_000,
        f"<Rule id='x'><description>{'long ' * 1_000_000}</description></Rule>",
        f"<Rule id='x'><description>{'<b>x</b>' * 50_000}</description></Rule>",
        f"<Rule id='x'>{'<ident>CCE</ident>' * 40_000}</Rule>",
    ],
    ids=["deep", "long", "many in a text", "many idents"],
)
def test_hostile_documents_cost_little_memory(inside: str) -> None:
    data = document(rules=inside)
    tracemalloc.start()
    with contextlib.suppress(UnreadableReport):
        list(SOURCES["xccdf"].parse(io.BytesIO(data), Limits()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * 1024 * 1024


def test_texts_are_cut_and_ids_that_do_not_fit_are_named() -> None:
    rules = f"<Rule id='r'><description>{'x' * 5000}</description></Rule>"
    (report,), _ = read("xccdf", document(rules=rules))
    assert report.checks[0].description == "x" * 4096 + "…"
    (report,), (rejected,) = read("xccdf", document(results=RESULT + result("fail", "y" * 400)))
    assert "longer than 300" in rejected.reason
    assert len(report.results) == 1


@pytest.mark.feeds
@pytest.mark.parametrize("kind", ["arf", "xccdf-results"])
def test_every_rule_of_a_real_scan_is_accounted_for(kind: str) -> None:
    data = gzip.decompress((Path(os.environ["TVM_DATA"]) / f"config/scap/deb11-anssi_np_nt28_high-{kind}.xml.gz").read_bytes())
    (report,), rejected = read("xccdf", data)
    passed = [item.passed for item in report.results]
    assert (passed.count(False), passed.count(True), len(rejected)) == (22, 25, 2)
    assert {item.reason for item in rejected} == {"the scanner came to no verdict: unknown"}
    assert len(report.checks) == 47
    assert all(check.description and check.benchmarks == ("Guide to the Secure Configuration of Debian 11",) for check in report.checks)
