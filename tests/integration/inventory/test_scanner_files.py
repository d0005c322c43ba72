"""The scanners' reports of the public test data: each is taken by its source, and the second time changes nothing."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from functools import cache
from pathlib import Path

import pytest

from inventory.actions import ingest
from inventory.models import IngestRun, Machine
from tests.integration.inventory.reports import NOW

DATA = Path(os.environ.get("TVM_DATA", ""))
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.feeds,
    pytest.mark.skipif("TVM_DATA" not in os.environ, reason="TVM_DATA does not point to the public test data"),
]
PEERS = "peer-reports/defectdojo-scan-samples.tar.gz"
TRIVY = "ground-truth/trivy/trivy-integration.tar.gz"
DEFENDER = "ms_defender/defender.zip"
EXPECTED = {
    # file: (source, machines, software that was new, second opinions, rejected)
    "anchore_grype/many_vulns3.json": ("grype", 1, 63, 327, 0),
    "anchore_grype/many_vulns_with_epss_values.json": ("grype", 1, 1, 15, 0),
    "dependency_track/many_findings_with_cvssV3_score.json": ("dependency_track", 1, 5, 12, 0),
    "ms_defender/report_many_vulns.json": ("ms_defender", 1, 1, 4, 0),
    "openvas/many_vuln.xml": ("openvas", 1, 0, 0, 24),
    "openvas/report_using_CVE.csv": ("openvas", 1, 1, 43, 0),
    "osv_scanner/some_findings.json": ("osv_scanner", 1, 1, 1, 0),
    "qualys_vmdr/many_vulns_cve.csv": ("qualys", 5, 4, 0, 5),
    "tenable/nessus/nessus_many_vuln.csv": ("nessus", 2, 0, 0, 3),
    "trivy/scheme_2_many_vulns.json": ("trivy", 1, 5, 5, 0),
    "wazuh/v4-7_many_findings.json": ("wazuh_vulnerabilities", 1, 12, 13, 0),
    "wazuh/v4-8_many_findings.json": ("wazuh_vulnerabilities", 2, 4, 10, 0),
}


@cache
def members(archive: str) -> dict[str, bytes]:
    with tarfile.open(DATA / archive) as packed:
        return {item.name: read.read() for item in packed if (read := packed.extractfile(item)) is not None}


def read(name: str, data: bytes) -> IngestRun:
    return ingest(stream=io.BytesIO(data), filename=name, now=NOW)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_report_is_stored_and_the_second_time_changes_nothing(name: str) -> None:
    data = members(PEERS)[name]
    first = read(name, data)
    assert first.state == "done", first.error
    assert (first.source, first.machines, first.added, first.findings, first.rejected) == EXPECTED[name]
    again = read(name, data)
    assert (again.machines_unchanged, again.added, again.changed, again.removed, again.findings) == (first.machines, 0, 0, 0, 0)


def test_defenders_machines_and_vulnerabilities_are_of_the_same_machines() -> None:
    with zipfile.ZipFile(io.BytesIO(members(PEERS)[DEFENDER])) as packed:
        runs = [read(item.filename, packed.read(item)) for item in packed.infolist() if not item.is_dir()]
    assert [(run.state, run.source) for run in runs] == [("done", "ms_defender")] * 2
    assert Machine.objects.count() == 2
    assert {machine.name for machine in Machine.objects.all()} == {"wjeriowerjoiewrjoweirjeowij", "afjweiofwejfio.com"}


def test_every_report_of_trivys_own_tests_is_read_whole() -> None:
    read_whole = 0
    for name, data in members(TRIVY).items():
        if not name.endswith(".json.golden") or b'"bomFormat"' in data or b'"spdxVersion"' in data:
            continue
        run = read(name, data)
        assert (run.state, run.source, run.machines) == ("done", "trivy", 1), f"{name}: {run.error}"
        reasons = {reject.reason for reject in run.rejects.all()}
        assert reasons <= {"licences: 3 left out"}, name
        read_whole += 1
    assert read_whole == 44
