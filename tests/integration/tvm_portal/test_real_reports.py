"""Every report of the public test data through `manage.py ingest` at once, and the pages of the machines it made."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from inventory.models import Finding, IngestRun, Machine
from tests.integration.pages import text

DATA = Path(os.environ.get("TVM_DATA", ""))
FOLDERS = ("inventory", "sbom", "config/scap", "peer-reports")
TABS = ("recommendations", "software", "vulnerabilities", "updates", "configuration", "opinions", "alerts")
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.feeds,
    pytest.mark.skipif("TVM_DATA" not in os.environ, reason="TVM_DATA does not point to the public test data"),
]


def ingested() -> list[str]:
    out = io.StringIO()
    call_command("ingest", *(str(DATA / folder) for folder in FOLDERS), stdout=out, stderr=io.StringIO())
    return [" ".join(line.split()) for line in out.getvalue().splitlines()]


def files_below(path: Path) -> int:
    """Reports, and those in archives; the archive in an archive holds two."""
    found = [file for file in path.rglob("*") if file.is_file() and not file.name.endswith("os-release")]
    packed = [file for file in found if file.name.endswith(".tar.gz")]
    inner = 0
    for file in packed:
        with tarfile.open(file) as archive:
            inner += sum(entry.isreg() + entry.name.endswith(".zip") for entry in archive)
    return len(found) - len(packed) + inner


def test_every_report_is_taken_shown_and_the_second_time_nothing_changed(viewer_client: Client) -> None:
    out = ingested()
    read = sum(files_below(DATA / folder) for folder in FOLDERS)
    assert {f"Files read {read}", "Files refused 0", "Check results changed 47", "Second opinions changed 430"} <= {*out}
    assert not [line for line in out if line.startswith("Refused")]
    refused = {line.partition(", ")[0].rpartition("/")[2] for line in out if line.startswith("Rejected: ")}
    assert refused == {file.rpartition("/")[2] for file in IngestRun.objects.filter(rejected__gt=0).values_list("label", flat=True)}

    assert {*Finding.objects.values_list("source", flat=True)} == {
        "trivy", "grype", "osv-scanner", "dependency-track", "wazuh", "defender", "openvas",
    }  # fmt: skip
    for machine in Machine.objects.all():
        for tab in TABS:
            answer = viewer_client.get(f"/machines/{machine.pk}/?tab={tab}")
            assert answer.status_code == 200, (machine.name, tab)
            assert machine.name in text(answer)
    for finding in Finding.objects.order_by("source", "id").distinct("source"):
        assert finding.weakness in text(viewer_client.get(f"/machines/{finding.machine_id}/?tab=opinions&q={finding.weakness}"))

    again = ingested()
    assert again[-1] == "Nothing changed."
    assert {f"Files read {read}", "Installations added 0", "Check results changed 0", "Second opinions changed 0"} <= {*again}


def test_an_archive_gives_its_own_name_without_its_endings() -> None:
    call_command("ingest", str(DATA / "sbom" / "vex-use-cases.tar.gz"), no_recompute=True, stdout=io.StringIO(), stderr=io.StringIO())
    assert Machine.objects.filter(name="vex-use-cases").exists()
    assert not Machine.objects.filter(name__contains=".tar").exists()
