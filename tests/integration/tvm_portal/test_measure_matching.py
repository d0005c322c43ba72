"""`manage.py measure_matching` on a folder of our own: what it prints, what it leaves out, what it leaves alone."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from inventory.models import Machine
from tests.integration.weaknesses.world import version
from weaknesses.models import Weakness

pytestmark = pytest.mark.django_db(transaction=True)
HEADER = "package,version,source,source_version,cve,fixed_version,status\n"


def _osv(cve: str, package: str, fixed: str) -> str:
    events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
    ranges = [{"type": "ECOSYSTEM", "events": events}]
    affected = [{"package": {"ecosystem": "Debian:11", "name": package}, "ranges": ranges}]
    return json.dumps({"schema_version": "1.6.0", "id": cve, "affected": affected})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A machine with two packages of one source, of which the truth knows one CVE too many and one too few."""
    advisories = [_osv("CVE-2024-0001", "plum", "1.2-3"), _osv("CVE-2024-0002", "plum", "1.2-1"), _osv("CVE-2024-0003", "plum", "")]
    (tmp_path / "anything").mkdir()
    (tmp_path / "anything" / "debian-osv-mini.jsonl").write_text("\n".join(advisories))
    packages = [
        "base-files\t11.1\tamd64\tbase-files\t11.1\tii",
        *(f"{name}\t1.2-2\tamd64\tplum\t1.2-2\tii" for name in ("plum", "libplum")),
    ]
    (tmp_path / "anything" / "box-dpkg.tsv").write_text("\n".join(packages) + "\n")
    truth = tmp_path / "truth" / "deep"
    truth.mkdir(parents=True)
    with gzip.open(truth / "box-expected.csv.gz", "wt") as file:
        file.write(HEADER)
        file.writelines(f"{name},1.2-2,plum,1.2-2,CVE-2024-0001,1.2-3,fixed\n" for name in ("plum", "libplum"))
        file.write("plum,1.2-2,plum,1.2-2,CVE-2024-0002,1.2-1,fixed\n")
    (truth / "other-expected.csv").write_text(HEADER)
    return tmp_path


def measured(data: Path, *arguments: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("measure_matching", str(data), *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_it_counts_per_set_and_leaves_the_portals_own_data_alone(data: Path) -> None:
    version("google-_-chrome", "1.0")
    printed, said = measured(data, "--json", "--explain", "debian/box")
    assert json.loads(printed) == [
        {"set": "debian/box", "expected": 3, "found": 2, "missed": 1, "wrong": 2, "precision": 0.5, "recall": 0.6667}
    ]
    assert "missed plum: CVE-2024-0002" in said
    assert "wrong libplum: CVE-2024-0003" in said
    assert "debian/other: left out, other-expected.csv: there is no inventory of that name" in said
    assert not Weakness.objects.exists()
    assert not Machine.objects.exists()


def test_what_is_broken_is_named_and_the_rest_is_measured(data: Path) -> None:
    with gzip.open(data / "broken-expected.csv.gz", "wt") as file:
        file.write(HEADER + "plum,1,plum,1,CVE-2024-0001,,\n" * 2_000)
    packed = (data / "broken-expected.csv.gz").read_bytes()
    (data / "broken-expected.csv.gz").write_bytes(packed[: len(packed) - 20])
    (data / "broken-dpkg.tsv").write_text("plum\t1.2-2\tamd64\tplum\t1.2-2\tii\n")
    (data / "trivy-broken.tar.gz").write_bytes(b"\x1f\x8b no archive")
    host = data / "rhel-8.9"
    host.mkdir()
    (host / "software.json").write_text("[{]")
    (host / "expected_cves.csv").write_text("CVE-2024-0001\n")
    (data / "rhel_08-oval_def.json").write_text('{"Definitions": []}')
    printed, said = measured(data, "--json")
    assert [entry["set"] for entry in json.loads(printed)] == ["debian/box"]
    assert "oval-hosts/rhel-8.9: left out, software.json: not JSON" in said
    assert "trivy: left out, " in said
    assert "debian/broken: left out, broken-expected.csv.gz: " in said


def test_labels_of_images_count_what_was_found_and_what_was_avoided(data: Path) -> None:
    image = "registry.example/app@sha256:0123456789abcdef"
    said = [
        ("TP", "plum", "CVE-2024-0001"),
        ("FP", "plum", "CVE-2024-0002"),
        ("FP", "plum", "CVE-2024-0003"),
        ("TP", "fig", "CVE-2024-0009"),
    ]
    labels = [
        {
            "label": label,
            "effective_cve": cve,
            "vulnerability_id": cve,
            "package": {"name": name, "version": "1.2-2"},
            "image": {"exact": image},
        }
        for label, name, cve in said
    ]
    (data / "labels.jsonl").write_text("\n".join([*map(json.dumps, labels), "{broken"]))
    (data / "images.csv").write_text(f"image,distro_guess\n{image},debian:11\n")
    printed, explained = measured(data, "--json", "--only", "anchore", "--explain", "anchore")
    assert json.loads(printed) == [
        {"set": "anchore-labels", "expected": 1, "found": 1, "missed": 0, "wrong": 1, "precision": 0.5, "recall": 1.0},
        {"set": "anchore-labels/avoided", "expected": 2, "found": 1, "missed": 1, "wrong": 1, "precision": 0.5, "recall": 0.5},
    ]
    assert "wrong 01234567 plum 1.2-2: CVE-2024-0003 - deb:debian:plum 1.2-2: all versions, on debian-11 (debian, 98 %)" in explained
    assert "deb: 1 of 2 true ones have an advisory here" in explained


def test_the_table_has_a_line_per_set(data: Path) -> None:
    printed, _ = measured(data, "--only", "debian/box")
    assert printed.splitlines()[1].split() == ["debian/box", "3", "2", "1", "2", "0.5000", "0.6667"]


@pytest.mark.parametrize("arguments", [("--only", "nothing"), ()])
def test_a_folder_without_truth_is_named(tmp_path: Path, data: Path, arguments: tuple[str, ...]) -> None:
    folder = data if arguments else data / "anything"
    with pytest.raises(CommandError, match=r"There is no"):
        measured(folder, *arguments)
