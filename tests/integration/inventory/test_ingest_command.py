"""manage.py ingest and create_token."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from core.models import ApiToken
from core.tokens import verify_token
from inventory.models import IngestRun, Machine
from tests.integration.inventory.reports import DEBIAN, NOW, debs, log, programs

pytestmark = pytest.mark.django_db
STATUS = "Package: git\nStatus: install ok installed\nVersion: 2.1\n"


def run(*arguments: object, **options: Any) -> tuple[str, str]:
    out, progress = io.StringIO(), io.StringIO()
    call_command("ingest", *map(str, arguments), no_recompute=True, stdout=out, stderr=progress, **options)
    return out.getvalue(), progress.getvalue()


def figures(out: str) -> dict[str, int]:
    found = {}
    for line in out.splitlines():
        label, _, number = line.rpartition(" ")
        if number.replace(",", "").isdigit():
            found[label.strip()] = int(number.replace(",", ""))
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "one.log").write_bytes(log(DEBIAN, debs(("git", "2.1")), host="h1") + b"\n{broken")
    (tmp_path / "deep" / "er" / "two.log.gz").write_bytes(gzip.compress(log(DEBIAN, programs(("Tool", "1")), host="h2")))
    (tmp_path / "web01-dpkg.status").write_text(STATUS)
    (tmp_path / "web01-os-release").write_text("ID=ubuntu\nVERSION_ID=22.04\n")
    (tmp_path / "notes.txt").write_text("nothing to see")
    (tmp_path / ".hidden").write_text("nor here")
    return tmp_path


def test_a_folder_is_read_with_everything_in_it_and_the_second_time_nothing_changed(folder: Path) -> None:
    out, progress = run(folder)
    assert figures(out) == {
        "Files read": 3, "Files refused": 1, "Machines": 3, "unchanged": 0, "Software in inventory": 5, "Installations added": 6,
        "Installations changed": 0, "Installations removed": 0, "Check results changed": 0, "Alerts changed": 0,
        "Second opinions changed": 0, "Records rejected": 1,
    }  # fmt: skip
    assert "one.log, line 3: not valid JSON" in out
    assert "notes.txt: not a supported format" in out
    assert "Nothing changed" not in out
    assert "[1/4]" in progress
    assert Machine.objects.get(platform="ubuntu-22.04").external_id == "web01-dpkg.status"
    again, _ = run(folder)
    assert "Nothing changed." in again
    assert figures(again)["unchanged"] == 3


def test_the_machine_the_platform_and_the_format_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "x").write_text(STATUS)
    run(tmp_path / "x", machine="db01", platform="debian-12", format="dpkg")
    machine = Machine.objects.get()
    assert (machine.name, machine.platform) == ("db01", "debian-12")


def test_a_root_folder_brings_its_own_release(tmp_path: Path) -> None:
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    (tmp_path / "var/lib/dpkg/status").write_text(STATUS)
    (tmp_path / "etc/os-release").write_text('ID=debian\nVERSION_ID="11"')
    run(tmp_path / "var/lib/dpkg/status", machine="db01")
    assert Machine.objects.get().platform == "debian-11"


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "tgz", "tar.xz", "zip"])
def test_an_archive_is_read_as_the_folder_it_was(folder: Path, tmp_path: Path, kind: str) -> None:
    names = ["one.log", "deep/er/two.log.gz", "web01-dpkg.status", "web01-os-release", "notes.txt", ".hidden"]
    packed = tmp_path / f"reports.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.write(folder / name, name)
    else:
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w") as archive_of_tar:
            for name in names:
                archive_of_tar.add(folder / name, name)
        packers: dict[str, Callable[[bytes], bytes]] = {"tar": bytes, "tar.xz": lzma.compress}
        packed.write_bytes(packers.get(kind, gzip.compress)(plain.getvalue()))
    out, progress = run(packed)
    found = figures(out)
    assert (found["Files read"], found["Files refused"], found["Machines"], found["Records rejected"]) == (3, 1, 3, 1)
    assert f"{packed.name}/notes.txt: not a supported format" in out
    assert f"[1/1] {packed}/deep/er/two.log.gz: osquery, 1 machine (" in progress
    assert {"h1", "h2", "web01-dpkg.status"} == set(Machine.objects.values_list("external_id", flat=True))
    assert "Nothing changed." in run(packed)[0]


def test_an_archive_that_is_cut_off_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    packed = tmp_path / "reports.tar"
    with tarfile.open(packed, "w") as archive:
        for number in (1, 2):
            entry = tarfile.TarInfo(f"{number}.log")
            data = log(DEBIAN, debs(("git", "2.1")), host=f"h{number}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    packed.write_bytes(packed.read_bytes()[:1_100])
    out, _ = run(packed)
    assert figures(out)["Machines"] == 1
    assert "Refused" in out
    assert "cut off" in out


def test_a_compressed_file_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "one.log.xz").write_bytes(lzma.compress(log(DEBIAN, debs(("git", "2.1")))))
    (tmp_path / "two.log.bz2").write_bytes(bz2.compress(log(DEBIAN, debs(("git", "2.1")), host="h2")))
    assert figures(run(tmp_path)[0])["Machines"] == 2


def test_statements_about_weaknesses_are_accepted_and_noted(tmp_path: Path) -> None:
    vex = {"bomFormat": "CycloneDX", "specVersion": "1.4", "vulnerabilities": [{"id": "CVE-1", "analysis": {"state": "exploitable"}}]}
    (tmp_path / "vex.json").write_text(json.dumps(vex))
    out, progress = run(tmp_path)
    assert (figures(out)["Files read"], figures(out)["Machines"]) == (1, 0)
    assert "Noted:" in out
    assert "1 of its 1 statements" in progress


@pytest.mark.parametrize(
    ("release", "content", "platform"),
    [
        ("web01-os-release", "ID=rocky\nVERSION_ID=9.3\n", "rocky-9"),
        ("web01-redhat-release", "AlmaLinux release 9.3 (Shamrock Pampas Cat)\n", "almalinux-9"),
    ],
)
def test_a_list_of_rpms_takes_its_release_from_the_file_beside_it(tmp_path: Path, release: str, content: str, platform: str) -> None:
    (tmp_path / "web01-rpm.tsv").write_text("bash\t(none)\t5.1.8\t6.el9_1\tx86_64\n")
    (tmp_path / release).write_text(content)
    run(tmp_path)
    assert Machine.objects.get().platform == platform


def test_a_list_of_rpms_falls_back_on_the_tag_of_its_packages(tmp_path: Path) -> None:
    (tmp_path / "rpm-qa.txt").write_text("bash-5.1.8-6.el9_1.x86_64\n")
    run(tmp_path, machine="web01")
    assert Machine.objects.get().platform == "rhel-9"


def test_rejects_beyond_twenty_are_counted(tmp_path: Path) -> None:
    (tmp_path / "x.log").write_bytes(b"\n".join([b"{}"] * 50 + [log(DEBIAN)]))
    out, _ = run(tmp_path / "x.log", format="osquery")
    assert out.count("Rejected:") == 20
    assert "... and 30 more" in out


def test_nothing_readable_ends_with_1(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("hello")
    with pytest.raises(SystemExit) as stopped:
        run(tmp_path)
    assert stopped.value.code == 1
    with pytest.raises(SystemExit):
        run(tmp_path / "missing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CommandError, match="no file"):
        run(tmp_path / "empty")


def test_this_machines_own_database(monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path("/var/lib/dpkg/status")
    if not path.is_file():
        pytest.skip("this machine has no dpkg")
    out, _ = run(path)
    assert figures(out)["Installations added"] > 50
    assert Machine.objects.get().external_id == os.uname().nodename
    assert "Nothing changed." in run(path)[0]


def test_a_token_is_printed_once() -> None:
    out = io.StringIO()
    call_command("create_token", "agents", stdout=out)
    text = out.getvalue().strip()
    assert verify_token(text, scope=ApiToken.Scope.INGEST, now=NOW) == ApiToken.objects.get()
    with pytest.raises(CommandError, match="exists"):
        call_command("create_token", "agents", stdout=out)


def test_a_run_is_kept_for_every_file(folder: Path) -> None:
    run(folder)
    assert sorted(IngestRun.objects.values_list("state", flat=True)) == ["done", "done", "done", "failed"]
