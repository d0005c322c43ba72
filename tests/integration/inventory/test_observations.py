"""Checks, results, alerts, second opinions and binary packages of reports, stored by difference."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from inventory import aliases
from inventory.intake import Intake, Totals, is_empty
from inventory.models import (
    Alert,
    Configuration,
    ConfigurationResult,
    DirtyMachine,
    Finding,
    IngestRun,
    Installation,
    Machine,
    SoftwarePackage,
)
from inventory.records import AlertRecord, Check, CheckResult, FindingRecord, InstalledSoftware, MachineFacts, Report
from inventory.sources import registry
from tests.integration.inventory.reports import NOW, send

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(hours=1)
SSHD = Check("xccdf", "BENCH/sshd", "Forbid root to log in", "accounts", 7, cce="CCE-1", benchmarks=("Guide",))
AUDIT = Check("xccdf", "BENCH/audit", "Log what users do", "controls", 5)
OPENSSL = InstalledSoftware("deb", "openssl", "3.0.1", evidence=("libssl3",), package="libssl3")
GIT = InstalledSoftware("deb", "git", "2.1", evidence=("git",), package="git")


def keep(*reports: Report, now: dt.datetime = NOW) -> Totals:
    intake = Intake(aliases=aliases.current(), now=now)
    return intake.store(map(intake.prepare, reports))


def said(host: str = "h1", **parts: Any) -> Report:
    return Report(machine=MachineFacts(host, platform="debian-12"), **parts)


def checked(*passed: bool, host: str = "h1", checks: Iterable[Check] = (SSHD, AUDIT), whole: bool = True) -> Report:
    results = tuple(CheckResult(check.source, check.external_id, ok) for check, ok in zip(checks, passed, strict=False))
    return said(host, checks=tuple(checks), results=results, covers=frozenset({"checks/xccdf/BENCH"} if whole else ()))


def stored(host: str = "h1") -> dict[str, bool]:
    rows = ConfigurationResult.objects.filter(machine__external_id=host)
    return dict(rows.values_list("configuration__external_id", "passed"))


def alert(name: str = "1", **more: Any) -> AlertRecord:
    return replace(AlertRecord("siem", name, "Web shell", "high", NOW), **more)


def clean() -> None:
    DirtyMachine.objects.all().delete()


# --- checks ----------------------------------------------------------------------------------------------------------


def test_results_are_stored_with_their_checks_and_the_machine_is_marked() -> None:
    totals = keep(checked(True, False))
    assert (totals.machines, totals.unchanged, totals.results) == (1, 0, 2)
    assert stored() == {"BENCH/sshd": True, "BENCH/audit": False}
    check = Configuration.objects.get(external_id="BENCH/sshd")
    assert (check.source, check.name, check.category, check.impact, check.cce, check.benchmarks) == (
        "xccdf", "Forbid root to log in", "accounts", 7, "CCE-1", ["Guide"],
    )  # fmt: skip
    assert DirtyMachine.objects.count() == 1


def test_the_same_results_write_nothing_but_last_seen() -> None:
    report = replace(checked(True, False), alerts=(alert(),), software=(GIT,), findings=(FindingRecord("trivy", "CVE-2026-1", GIT),))
    report = replace(report, covers=report.covers | {"deb", "findings/trivy"})
    keep(report)
    clean()
    with CaptureQueriesContext(connection) as queries:
        totals = keep(report, now=LATER)
    statements = [query["sql"] for query in queries if "inventory_aliasedition" not in query["sql"] and "SAVEPOINT" not in query["sql"]]
    assert len(statements) == 2, statements
    assert "FOR UPDATE" in statements[0]
    assert "SET last_seen" in statements[1]
    assert (totals.unchanged, totals.results, totals.alerts, totals.findings) == (1, 0, 0, 0)
    assert not DirtyMachine.objects.exists()


def test_only_the_difference_is_written_and_a_result_no_longer_reported_goes() -> None:
    keep(checked(True, False))
    clean()
    totals = keep(checked(True, True), now=LATER)
    assert (totals.unchanged, totals.results) == (0, 1)
    times = dict(ConfigurationResult.objects.values_list("configuration__external_id", "changed_at"))
    assert times == {"BENCH/sshd": NOW, "BENCH/audit": LATER}
    assert DirtyMachine.objects.count() == 1
    assert keep(checked(True), now=LATER).results == 1
    assert stored() == {"BENCH/sshd": True}


def test_a_scope_says_nothing_about_other_benchmarks_and_collectors() -> None:
    keep(checked(True, False))
    other = Check("xccdf", "BENCHMARK-2/sshd", "The same elsewhere", "accounts", 7)
    fleet = Check("fleet", "12", "Disk is encrypted", "controls", 8)
    results = (CheckResult("xccdf", "BENCHMARK-2/sshd", False), CheckResult("fleet", "12", True))
    keep(said(checks=(other, fleet), results=results, covers=frozenset({"checks/xccdf/BENCHMARK-2", "checks/fleet"})))
    assert stored() == {"BENCH/sshd": True, "BENCH/audit": False, "BENCHMARK-2/sshd": False, "12": True}
    keep(said(covers=frozenset({"checks/fleet"})))
    assert stored() == {"BENCH/sshd": True, "BENCH/audit": False, "BENCHMARK-2/sshd": False}


def test_results_of_a_report_that_is_cut_off_only_add_and_the_next_whole_one_is_not_taken_for_unchanged() -> None:
    whole = checked(True, False)
    keep(whole)
    assert keep(checked(False, whole=False)).results == 1
    assert stored() == {"BENCH/sshd": False, "BENCH/audit": False}
    assert keep(whole).results == 1
    assert stored() == {"BENCH/sshd": True, "BENCH/audit": False}


def test_a_new_text_of_a_check_comes_in_but_what_a_curator_set_stays(superuser_client: Client) -> None:
    keep(checked(True))
    check = Configuration.objects.get(external_id="BENCH/sshd")
    form = {"name": "Root stays out", "category": "accounts", "impact": 9, "benchmarks": "Guide", "cce": "CCE-1"}
    answer = superuser_client.post(f"/admin/inventory/configuration/{check.pk}/change/", form)
    assert answer.status_code == 302, answer.context["errors"]
    keep(checked(True, checks=(replace(SSHD, name="Another name", impact=3, risk="Root is guessed first"),)))
    check.refresh_from_db()
    assert (check.name, check.impact, check.risk) == ("Root stays out", 9, "Root is guessed first")
    assert check.curated == ["impact", "name"]


def test_a_thousand_machines_with_one_benchmark_take_as_many_statements_as_one() -> None:
    taken = []
    for prefix, count in (("few", 1), ("many", 40)):
        with CaptureQueriesContext(connection) as queries:
            keep(*(checked(True, number % 2 == 0, host=f"{prefix}{number}") for number in range(count)))
        taken.append(len(queries))
    assert taken[1] <= taken[0], taken
    assert ConfigurationResult.objects.count() == 2 * 41
    assert Configuration.objects.count() == 2


def test_a_result_without_a_check_is_left_out_and_a_known_check_needs_no_description() -> None:
    keep(checked(True))
    results = (CheckResult("xccdf", "BENCH/sshd", False), CheckResult("xccdf", "BENCH/unheard", False))
    assert keep(said(results=results, covers=frozenset({"checks/xccdf/BENCH"}))).results == 1
    assert stored() == {"BENCH/sshd": False}


def test_results_make_a_report_that_is_not_empty() -> None:
    nothing = Report(machine=MachineFacts("h1"))
    assert is_empty(nothing)
    assert not is_empty(replace(nothing, results=(CheckResult("fleet", "1", True),)))
    assert not is_empty(replace(nothing, alerts=(alert(),)))
    assert not is_empty(replace(nothing, findings=(FindingRecord("trivy", "CVE-2026-1", GIT),)))


# --- alerts ----------------------------------------------------------------------------------------------------------


def test_alerts_are_opened_and_closed_and_each_time_the_machine_is_marked() -> None:
    assert keep(said(alerts=(alert(cve="CVE-2026-1"), alert("2")))).alerts == 2
    found = Alert.objects.get(external_id="siem:1")
    assert (found.machine.external_id, found.cve, found.title, found.severity, found.source, found.opened_at, found.closed_at) == (
        "h1", "CVE-2026-1", "Web shell", "high", "siem", NOW, None,
    )  # fmt: skip
    clean()
    assert keep(said(alerts=(alert(cve="CVE-2026-1", closed_at=LATER),))).alerts == 1
    assert list(Alert.objects.filter(closed_at__isnull=True).values_list("external_id", flat=True)) == ["siem:2"]
    assert DirtyMachine.objects.count() == 1


def test_a_closed_alert_opens_again_only_where_it_is_said_to_have_opened_after_that() -> None:
    keep(said(alerts=(alert(),)))
    Alert.objects.update(closed_at=LATER)  # a curator does
    clean()
    assert keep(said(alerts=(alert(), alert("2", closed_at=LATER)))).alerts == 1
    assert Alert.objects.filter(closed_at=LATER).count() == 2
    assert not DirtyMachine.objects.exists()
    keep(said(alerts=(alert(opened_at=LATER + dt.timedelta(hours=1)),)))
    assert Alert.objects.get(external_id="siem:1").closed_at is None
    assert DirtyMachine.objects.count() == 1


def test_another_title_is_stored_without_a_new_computation() -> None:
    keep(said(alerts=(alert(),)))
    clean()
    assert keep(said(alerts=(alert(title="Web shell again"),))).alerts == 1
    assert Alert.objects.get().title == "Web shell again"
    assert not DirtyMachine.objects.exists()


def test_an_alert_that_another_machine_reports_moves_there_and_both_are_marked() -> None:
    keep(said("h1", alerts=(alert(),)), said("h2"))
    clean()
    keep(said("h2", alerts=(alert(),)))
    assert Alert.objects.get().machine.external_id == "h2"
    assert set(DirtyMachine.objects.values_list("machine__external_id", flat=True)) == {"h1", "h2"}


# --- which machine ---------------------------------------------------------------------------------------------------


def test_a_report_that_calls_a_machine_by_its_name_is_of_that_machine() -> None:
    keep(Report(machine=MachineFacts("uuid-1", name="web01.example.org", platform="debian-12"), software=(GIT,), covers=frozenset({"deb"})))
    clean()
    alerts = Report(machine=MachineFacts("WEB01.example.org"), alerts=(alert(),))
    totals = keep(alerts, Report(machine=MachineFacts("uuid-1", name="web01.example.org", platform="debian-12", os_name="Debian")))
    assert (totals.machines, totals.alerts) == (2, 1)
    machine = Machine.objects.get()
    assert (machine.external_id, machine.os_name, Alert.objects.get().machine) == ("uuid-1", "Debian", machine)
    assert Installation.objects.filter(machine=machine, version__software__key="debian-_-git").exists()
    clean()
    assert keep(alerts).unchanged == 1
    assert not DirtyMachine.objects.exists()


def test_a_name_of_two_machines_or_of_a_demo_machine_is_nobodys() -> None:
    keep(*(Report(machine=MachineFacts(f"uuid-{number}", name="laptop")) for number in range(2)))
    keep(Report(machine=MachineFacts("uuid-3", name="demo01")))
    Machine.objects.filter(external_id="uuid-3").update(is_demo=True)
    keep(*(Report(machine=MachineFacts(name), alerts=(alert(name),)) for name in ("laptop", "demo01")))
    assert set(Alert.objects.values_list("machine__external_id", flat=True)) == {"laptop", "demo01"}


# --- second opinions -------------------------------------------------------------------------------------------------


def found(*weaknesses: str, about: InstalledSoftware = OPENSSL, source: str = "trivy", whole: bool = True, **more: str) -> Report:
    records = tuple(FindingRecord(source, weakness, about, **more) for weakness in weaknesses)
    return said(software=(OPENSSL, GIT), covers=frozenset({"deb", *([f"findings/{source}"] if whole else [])}), findings=records)


def findings() -> set[tuple[str, str, str]]:
    return set(Finding.objects.values_list("source", "weakness", "version__software__key"))


def test_second_opinions_are_stored_about_the_version_installed_and_never_mark_the_machine() -> None:
    assert keep(found("CVE-2026-1", "CVE-2026-2", severity="HIGH", fixed="3.0.2")).findings == 2
    assert findings() == {("trivy", "CVE-2026-1", "debian-_-openssl"), ("trivy", "CVE-2026-2", "debian-_-openssl")}
    clean()
    totals = keep(found("CVE-2026-1", severity="LOW", fixed="3.0.2"), now=LATER)
    assert (totals.findings, totals.unchanged) == (2, 0)
    one = Finding.objects.get()
    assert (one.severity, one.fixed, one.first_seen) == ("LOW", "3.0.2", NOW)
    assert set(Installation.objects.values_list("version_id", flat=True)) >= {one.version_id}
    assert not DirtyMachine.objects.exists()


def test_each_scanner_speaks_for_itself_and_a_cut_off_report_takes_nothing_away() -> None:
    keep(found("CVE-2026-1"))
    keep(found("CVE-2026-2", source="grype", about=GIT))
    keep(found("CVE-2026-3", source="grype", about=GIT, whole=False))
    expected = {
        ("trivy", "CVE-2026-1", "debian-_-openssl"),
        ("grype", "CVE-2026-2", "debian-_-git"),
        ("grype", "CVE-2026-3", "debian-_-git"),
    }
    assert findings() == expected
    keep(found(source="grype"))
    assert findings() == {("trivy", "CVE-2026-1", "debian-_-openssl")}


# --- binary packages -------------------------------------------------------------------------------------------------


def test_binary_packages_are_kept_with_their_source_once() -> None:
    keep(said(software=(OPENSSL, GIT), covers=frozenset({"deb"})))
    newer = replace(OPENSSL, version="3.0.2", evidence=("openssl",), package="openssl")
    keep(said("h2", software=(OPENSSL, newer, replace(GIT, package="")), covers=frozenset({"deb"})))
    assert set(SoftwarePackage.objects.values_list("software__key", "name")) == {
        ("debian-_-openssl", "libssl3"), ("debian-_-openssl", "openssl"), ("debian-_-git", "git"),
    }  # fmt: skip


def test_a_machine_is_made_by_results_alone() -> None:
    keep(Report(machine=MachineFacts("web01"), checks=(SSHD,), results=(CheckResult("xccdf", "BENCH/sshd", False),)))
    assert Machine.objects.get().name == "web01"


# --- whole files -----------------------------------------------------------------------------------------------------


def test_a_file_that_is_cut_off_removes_no_results() -> None:
    documents = [
        {"agent": {"name": "h1"}, "policy": {"id": "p"}, "check": {"id": number, "name": f"Check {number}", "result": "passed"}}
        for number in range(50)
    ]
    data = b"\n".join(json.dumps(document).encode() for document in documents)
    assert send(data, source="wazuh_sca").results == 50
    packed = gzip.compress(data, 0)
    cut = packed[: len(packed) - 8 - 10 * len(data) // 50 + 1]
    run = send(cut, source="wazuh_sca", now=LATER)
    assert (run.results, run.rejected >= 1) == (0, True)
    assert ConfigurationResult.objects.count() == 50
    assert send(b"\n".join(data.split(b"\n")[:40]), source="wazuh_sca").results == 10


def test_the_account_and_what_the_command_prints_name_results_and_alerts(tmp_path: Path) -> None:
    samples = Path(registry.__file__).parent / "samples"
    out = io.StringIO()
    files = [str(samples / name) for name in ("xccdf-results.xml", "wazuh_alerts.json")]
    call_command("ingest", *files, no_recompute=True, stdout=out, stderr=io.StringIO())
    printed = dict(line.rsplit(maxsplit=1) for line in out.getvalue().splitlines()[:12])
    assert (printed["Check results changed"], printed["Alerts changed"], printed["Second opinions changed"]) == ("4", "3", "0")
    run = IngestRun.objects.get(source="wazuh_alerts")
    assert (run.machines, run.results, run.alerts, run.findings) == (2, 1, 3, 0)
