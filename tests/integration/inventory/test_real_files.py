"""The inventories and bills of materials of the public test data, each twice."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest
from django.core.management import call_command

from inventory.actions import ingest
from inventory.models import Configuration, ConfigurationResult, IngestRun, Installation, Machine, Software, SoftwareAlias
from tests.integration.inventory.reports import NOW

DATA = Path(os.environ.get("TVM_DATA", ""))
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.feeds,
    pytest.mark.skipif("TVM_DATA" not in os.environ, reason="TVM_DATA does not point to the public test data"),
]
EXPECTED = {
    "inventory/debian-11.11-dpkg.tsv": ("dpkg", "debian-11", 216),
    "inventory/debian-12-dpkg-status.gz": ("dpkg", "debian-12", 867),
    "inventory/debian-12-osquery-results.log.gz": ("osquery", "debian-12", 867),
    "inventory/windows_11-software.json": ("windows", "windows", 140),
    "sbom/debian-12-syft.cdx.json.gz": ("cyclonedx", "debian-12", 867),
    "sbom/debian-12-syft.spdx.json.gz": ("spdx", "debian-12", 867),
    "sbom/dropwizard-1.3.15__bom.json.gz": ("cyclonedx", "", 167),
    "sbom/dropwizard-1.3.15__bom.xml.gz": ("cyclonedx", "", 167),
    "sbom/keycloak-10.0.2__bom.json.gz": ("cyclonedx", "", 902),
    "sbom/laravel-7.12.0__bom.1.4.json.gz": ("cyclonedx", "", 62),
    "sbom/python-venv-cyclonedx-py.cdx.json.gz": ("cyclonedx", "", 74),
}


def read(path: str) -> IngestRun:
    with (DATA / path).open("rb") as stream:
        return ingest(stream=stream, filename=path, now=NOW)


@pytest.mark.parametrize("path", EXPECTED)
def test_a_file_is_stored_and_the_second_time_changes_nothing(path: str) -> None:
    source, platform, records = EXPECTED[path]
    first = read(path)
    assert (first.state, first.source, first.machines, first.rejected) == ("done", source, 1, 0), first.error
    assert Machine.objects.get().platform == platform
    assert records / 2 < first.added <= records + 1  # binary packages of one source are one installation
    again = read(path)
    assert (again.machines_unchanged, again.added, again.changed, again.removed) == (1, 0, 0, 0)


@pytest.mark.parametrize("kind", ["arf", "xccdf-results"])
def test_a_scan_of_settings_is_stored_and_the_second_time_changes_nothing(kind: str) -> None:
    path = f"config/scap/deb11-anssi_np_nt28_high-{kind}.xml.gz"
    first = read(path)
    assert (first.state, first.source, first.machines, first.results, first.rejected) == ("done", "xccdf", 1, 47, 2), first.error
    results = ConfigurationResult.objects.values_list("passed", flat=True)
    assert (list(results).count(False), list(results).count(True)) == (22, 25)
    categories = set(Configuration.objects.values_list("category", flat=True))
    assert categories == set(Configuration.Category.values)
    again = read(path)
    assert (again.machines_unchanged, again.results) == (1, 0)


def test_the_asset_report_and_the_result_file_of_one_scan_agree() -> None:
    read("config/scap/deb11-anssi_np_nt28_high-arf.xml.gz")
    assert read("config/scap/deb11-anssi_np_nt28_high-xccdf-results.xml.gz").machines_unchanged == 1


def test_a_scan_for_patches_is_taken_and_said_to_be_one() -> None:
    with tarfile.open(DATA / "peer-reports" / "defectdojo-scan-samples.tar.gz") as archive:
        member = archive.extractfile("openscap/one_vuln_rhsa.xml")
        assert member is not None
        run = ingest(stream=io.BytesIO(member.read()), filename="one_vuln_rhsa.xml", now=NOW)
    assert (run.state, run.source, run.machines, run.results, run.rejected) == ("done", "xccdf", 1, 0, 1)
    assert "8 rules look for patches" in run.rejects.get().reason


def test_every_file_of_the_bills_of_materials_is_taken() -> None:
    out = io.StringIO()
    call_command("ingest", str(DATA / "sbom"), no_recompute=True, stdout=out, stderr=io.StringIO())
    assert "Refused" not in out.getvalue()
    assert "Rejected" not in out.getvalue()
    runs = IngestRun.objects.filter(label__contains="vex-use-cases.tar.gz/")
    noted = runs.filter(error__startswith="a VEX document")
    with tarfile.open(DATA / "sbom/vex-use-cases.tar.gz") as archive:
        assert runs.count() == sum(entry.isreg() for entry in archive)
    assert noted.count() >= 15
    assert {run.machines for run in runs.exclude(pk__in=noted)} == {1}
    assert "exploitable" in noted.get(label__endswith="CISA-Use-Cases/Case-1/vex-affected.json").error
    assert " 1 of its 1 " in noted.get(label__endswith="CISA-Use-Cases/Case-1/vex-affected.json").error


def test_every_notation_agrees_on_one_machine() -> None:
    stored = []
    for path in (
        "inventory/debian-12-dpkg-status.gz",
        "inventory/debian-12-osquery-results.log.gz",
        "sbom/debian-12-syft.cdx.json.gz",
        "sbom/debian-12-syft.spdx.json.gz",
    ):
        read(path)
        rows = Installation.objects.filter(machine=Machine.objects.latest("id"))
        stored.append(set(rows.values_list("version__software__key", "version__version", "version__platform")))
    assert stored[0] == stored[1] == stored[2] == stored[3]


def test_json_and_xml_of_one_bill_agree() -> None:
    read("sbom/dropwizard-1.3.15__bom.json.gz")
    run = read("sbom/dropwizard-1.3.15__bom.xml.gz")
    assert Machine.objects.count() == 1
    assert run.machines_unchanged == 1


def test_common_windows_programs_are_known() -> None:
    read("inventory/windows_11-software.json")
    known = set(Software.objects.filter(key__in=SoftwareAlias.objects.values("key")).values_list("key", flat=True))
    assert {
        "google-_-chrome",
        "microsoft-_-edge_chromium",
        "git-scm-_-git",
        "python-_-python",
        "microsoft-_-.net",
        "videolan-_-vlc_media_player",
        "adobe-_-acrobat_dc",
        "nodejs-_-node.js",
        "zoom-_-zoom",
        "docker-_-desktop",
        "microsoft-_-visual_studio_2022",
        "microsoft-_-365_apps",
    } <= known
