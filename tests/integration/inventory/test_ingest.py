"""Reports into the database: snapshots, differences, digests, groups, the account of it."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory import aliases, bulk
from inventory.actions import default_group, ingest, load_aliases
from inventory.intake import Intake
from inventory.models import DirtyMachine, IngestRun, Installation, Machine, MachineGroup, Software, SoftwareAlias, Version
from inventory.records import MachineFacts, Report
from inventory.sources.registry import SOURCES
from tests.integration.inventory.reports import (
    DEBIAN,
    NOW,
    WINDOWS,
    counts,
    debs,
    everything,
    evidence,
    installed,
    log,
    programs,
    send,
    versions,
)

pytestmark = pytest.mark.django_db
SAMPLES = sorted((Path(__file__).resolve().parents[3] / "inventory" / "sources" / "samples").iterdir())
LATER = NOW + dt.timedelta(hours=1)
REJECTED = {
    "dependency_track-findings.json": 1, "fleet-hosts.json": 2, "nessus-center.csv": 1, "nessus-results.csv": 1, "nessus-scan.nessus": 2,
    "openvas-report.xml": 2, "openvas-results.csv": 1, "qualys-vmdr.csv": 3, "trivy-cluster.json": 1, "trivy-image.json": 1,
    "wazuh_vulnerabilities-api.json": 1,
}  # fmt: skip
"""The samples that have records of no use on purpose, or kinds of findings that are left out and said so; the others have none."""


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_every_sample_is_stored_and_the_second_time_changes_nothing(sample: Path) -> None:
    data = gzip.compress(sample.read_bytes())
    first = send(data, source=None, filename=str(sample))
    assert first.source in SOURCES
    assert first.machines == Machine.objects.count() >= 1
    assert (first.machines_unchanged, first.rejected) == (0, REJECTED.get(sample.name, 0))
    assert first.added == Installation.objects.count()
    before = everything()
    again = send(data, source=None, filename=str(sample), now=LATER)
    assert counts(again) == (first.machines, first.machines, 0, 0, 0)
    assert everything() == before
    assert set(Machine.objects.values_list("last_seen", flat=True)) == {LATER}
    assert Version.objects.filter(matched_at__isnull=False).count() == 0


def test_what_is_absent_was_removed_and_another_version_is_a_change() -> None:
    send(log(DEBIAN, debs(("openssl", "3.0.1"), ("git", "2.1"), ("nano", "7"))))
    run = send(log(DEBIAN, debs(("openssl", "3.0.2"), ("nano", "7"), ("curl", "8"))))
    assert counts(run) == (1, 0, 1, 1, 1)
    assert versions() == {("debian-_-openssl", "3.0.2"), ("debian-_-nano", "7"), ("debian-_-curl", "8")}


def test_ecosystems_are_independent() -> None:
    send(log(DEBIAN, debs(("git", "2.1")), ("python_packages", [{"name": "requests", "version": "2.31"}])))
    run = send(log(("python_packages", [{"name": "flask", "version": "3.0"}])))
    assert counts(run) == (1, 0, 1, 0, 1)
    assert installed() == {
        ("deb", "debian-_-git", "2.1", "debian-12"),
        ("pypi", "pypi-_-flask", "3.0", ""),
        ("os", "debian-_-debian", "12", "debian-12"),
    }


def test_an_empty_snapshot_removes_everything_of_its_ecosystem() -> None:
    send(log(DEBIAN, debs(("git", "2.1"), ("nano", "7"))))
    assert counts(send(log(debs()))) == (1, 0, 0, 0, 2)
    assert versions() == set()


def test_dpkg_then_osquery_then_dpkg_of_one_machine() -> None:
    status = (
        b"Package: git\nStatus: install ok installed\nVersion: 2.1\n\nPackage: base-files\nStatus: install ok installed\nVersion: 12.4\n"
    )
    send(status, source="dpkg", machine="h1")
    dpkg = installed()
    assert counts(send(log(DEBIAN, debs(("git", "2.2")), programs(("Tool", "1")))))[2:] == (1, 1, 1)
    run = send(status, source="dpkg", machine="h1")
    assert counts(run) == (1, 0, 1, 1, 0)
    assert {row for row in installed() if row[0] != "cpe"} == dpkg
    assert versions(ecosystem="cpe") == {("example-_-tool", "1")}  # dpkg says nothing about it
    assert Machine.objects.count() == 1


def test_binary_packages_of_one_source_are_one_installation_with_all_their_names() -> None:
    rows = [{"name": name, "version": "3.0.1", "source": "openssl", "status": ""} for name in ("libssl3", "openssl", "libssl-dev")]
    assert counts(send(log(DEBIAN, ("deb_packages", rows))))[2] == 2  # the system is the other
    assert evidence("debian-_-openssl") == ["libssl-dev", "libssl3", "openssl"]
    run = send(log(DEBIAN, ("deb_packages", rows[:2])))
    assert counts(run) == (1, 1, 0, 0, 0)
    assert evidence("debian-_-openssl") == ["libssl3", "openssl"]


def test_a_machine_that_becomes_known_moves_its_packages_to_the_release() -> None:
    send(log(debs(("git", "2.1"))))
    assert installed() == {("deb", "debian-_-git", "2.1", "")}
    send(log(DEBIAN))
    run = send(log(debs(("git", "2.1"))))
    assert counts(run)[2:] == (0, 1, 0)
    assert ("deb", "debian-_-git", "2.1", "debian-12") in installed()
    assert len(versions()) == 1


def test_differential_rows_add_and_remove() -> None:
    send(log(WINDOWS, programs(("Tool", "1"), ("Other", "5"))))
    old, new = ({"name": "Tool", "version": version, "publisher": "Example"} for version in ("1", "2"))
    change = {"name": "programs", "hostIdentifier": "h1", "diffResults": {"added": [new], "removed": [old]}}
    run = send(json.dumps(change).encode())
    assert counts(run)[2:] == (0, 1, 0)
    assert versions(ecosystem="cpe") == {("example-_-tool", "2"), ("example-_-other", "5")}
    again = send(log(WINDOWS, programs(("Tool", "1"), ("Other", "5"))))  # as before the change: not mistaken for unchanged
    assert counts(again)[2:] == (0, 1, 0)


def test_a_binary_package_that_goes_leaves_its_source_while_another_is_there() -> None:
    rows = [{"name": name, "version": "3.0.1", "source": "openssl"} for name in ("libssl3", "openssl")]
    send(log(DEBIAN, ("deb_packages", rows)))
    for number, (row, left) in enumerate(zip(rows, (["openssl"], []), strict=True), 1):
        gone = {"name": "deb_packages", "hostIdentifier": "h1", "action": "removed", "counter": number, "columns": row}
        send(json.dumps(gone).encode())
        assert evidence("debian-_-openssl") == left
    assert versions() == set()


def test_an_empty_version_is_kept_and_never_comparable() -> None:
    send(log(WINDOWS, programs(("In-house tool", ""))))
    version = Version.objects.get(software__key="example-_-in-house_tool")
    assert (version.version, version.sort_key, version.platform) == ("", "", "windows")


def test_aliases_name_software() -> None:
    row = {"name": "Python 3.10.6 Core Interpreter (64-bit)", "version": "3.10.6150.0", "publisher": "Python Software Foundation"}
    send(
        log(
            WINDOWS,
            ("programs", [row, {**row, "name": "Python 3.10.6 Standard Library (64-bit)"}, {**row, "name": "Mozilla Firefox (x64 de)"}]),
        )
    )
    software = Software.objects.get(key="python-_-python")
    assert (software.name, software.vendor, software.category, software.ecosystem) == (
        "Python",
        "Python Software Foundation",
        "Development",
        "cpe",
    )
    assert versions(ecosystem="cpe") == {("python-_-python", "3.10.6"), ("mozilla-_-firefox", "3.10.6150.0")}


def test_a_curators_alias_wins_stays_and_changes_the_next_report() -> None:
    data = log(WINDOWS, programs(("Google Chrome", "120")))
    send(data)
    shipped = SoftwareAlias.objects.filter(shipped=True).count()
    SoftwareAlias.objects.create(
        name_pattern="google chrome", vendor_pattern="example", key="example-_-kiosk", name="Kiosk", vendor="Example"
    )
    assert load_aliases(now=NOW) == 0
    run = send(data)
    assert versions(ecosystem="cpe") == {("example-_-kiosk", "120")}
    assert counts(run)[2:] == (1, 0, 1)
    assert SoftwareAlias.objects.filter(shipped=True).count() == shipped


def test_shipped_aliases_are_brought_up_to_date() -> None:
    load_aliases(now=NOW)
    SoftwareAlias.objects.filter(name_pattern="google chrome").update(name="Old name")
    SoftwareAlias.objects.create(name_pattern="gone", key="a-_-b", name="B", vendor="A", shipped=True)
    Software.objects.create(key="google-_-chrome", ecosystem="cpe", name="Old name", first_seen=NOW)
    assert load_aliases(now=NOW) == 2
    assert Software.objects.get().name == "Google Chrome"


def test_groups_are_given_by_rank() -> None:
    web = MachineGroup.objects.create(name="Web", rank=2, rule=[{"field": "name", "operator": "starts", "value": "web"}])
    first = MachineGroup.objects.create(name="First", rank=1, rule=[{"field": "name", "operator": "equals", "value": "web01"}])
    for host in ("web01", "web02", "db01"):
        send(log(DEBIAN, host=host, name=host))
    groups = dict(Machine.objects.values_list("name", "group"))
    assert groups == {"web01": first.pk, "web02": web.pk, "db01": default_group().pk}


def test_a_group_that_is_made_while_a_file_is_stored_takes_the_machines_that_follow() -> None:
    intake = Intake(aliases=aliases.current(), now=NOW)
    early, late = (Report(machine=MachineFacts(host, platform="debian-12")) for host in ("web01", "web02"))
    intake.store([intake.prepare(early)])
    web = MachineGroup.objects.create(name="Web", rank=1, rule=[{"field": "name", "operator": "starts", "value": "web"}])
    intake.store([intake.prepare(late)])
    assert dict(Machine.objects.values_list("name", "group")) == {"web01": default_group().pk, "web02": web.pk}


def test_only_changed_machines_are_marked_dirty() -> None:
    data = log(DEBIAN, debs(("git", "2.1")))
    send(data)
    assert DirtyMachine.objects.get().since == NOW
    DirtyMachine.objects.all().delete()
    send(data, now=LATER)
    assert not DirtyMachine.objects.exists()
    send(log(DEBIAN, debs(("git", "2.1")), name="renamed"), now=LATER)
    assert not DirtyMachine.objects.exists()
    assert Machine.objects.get().name == "renamed"
    send(log(DEBIAN, debs(("git", "2.2"))), now=LATER)
    assert DirtyMachine.objects.get().since == LATER


def test_a_machine_that_was_silent_for_long_is_marked_dirty_when_it_speaks() -> None:
    data = log(DEBIAN, debs(("git", "2.1")))
    send(data)
    DirtyMachine.objects.all().delete()
    send(data, now=NOW + dt.timedelta(days=40))
    assert DirtyMachine.objects.count() == 1


def test_machines_that_carry_a_version_are_marked_dirty() -> None:
    for host in ("a", "b", "c"):
        send(log(DEBIAN, debs(("git", "2" if host == "c" else "1")), host=host))
    DirtyMachine.objects.all().delete()
    version = Version.objects.get(software__key="debian-_-git", version="1")
    assert bulk.mark_dirty(version_ids=[version.pk], now=LATER) == 2
    assert bulk.mark_dirty(machine_ids=[], now=LATER) == 0


def test_many_hosts_of_one_file_are_one_batch() -> None:
    data = b"\n".join(log(DEBIAN, debs(("git", str(number % 3)), ("nano", "7")), host=f"h{number}") for number in range(30))
    with CaptureQueriesContext(connection) as one:
        send(log(DEBIAN, debs(("x", "1")), host="x"))
    with CaptureQueriesContext(connection) as many:
        run = send(data)
    assert counts(run) == (30, 0, 90, 0, 0)
    assert len(many) <= len(one)


# --- how much is asked of the database -------------------------------------------------------------------------------


def _statements(queries: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]


def test_an_unchanged_report_takes_four_statements_and_writes_only_last_seen() -> None:
    packages = [(f"p{number}", "1") for number in range(50)]
    send(log(DEBIAN, debs(*packages)))
    with CaptureQueriesContext(connection) as queries:
        send(log(DEBIAN, debs(*reversed(packages))), now=LATER)
    statements = _statements(queries)
    assert len(statements) == 4, statements
    # The look-up of its bytes, which found nothing, its machine with the digests, that it was seen, and the account of it.
    assert sum("inventory_ingestrun" not in sql for sql in statements) == 3
    assert Machine.objects.get().last_seen == LATER


def test_what_is_remembered_of_a_record_is_not_relied_on_once_its_software_is_gone() -> None:
    packages = [(f"p{number}", "1") for number in range(5)]
    send(log(DEBIAN, debs(*packages), host="web01"))
    Software.objects.filter(name="p3").delete()
    Installation.objects.all().delete()
    send(log(DEBIAN, debs(*packages), host="web02"))
    assert len(versions("web02")) == len(packages)


def test_one_row_with_half_a_character_leaves_the_others_of_its_line() -> None:
    data = log(DEBIAN, debs(("git", "1"), ("half", "1"), ("nano", "7"))).replace(b"half", rb"half\ud800")
    run = send(data)
    assert (run.added, run.rejected) == (3, 1)  # with the operating system


def test_a_report_of_the_same_bytes_takes_one_statement() -> None:
    data = log(DEBIAN, debs(*((f"p{number}", "1") for number in range(50))))
    send(data)
    with CaptureQueriesContext(connection) as queries:
        assert counts(send(data, now=LATER)) == (1, 1, 0, 0, 0)
    assert len(queries) == 1, _statements(queries)


def test_a_changed_report_takes_the_same_statements_for_5_and_for_500_packages() -> None:
    taken = []
    for host, size in (("small", 5), ("large", 500)):
        send(log(DEBIAN, debs(*((f"{host}{number}", "1") for number in range(size))), host=host))
        with CaptureQueriesContext(connection) as queries:
            run = send(log(DEBIAN, debs(*((f"{host}{number}", "2") for number in range(size))), host=host))
        assert run.changed == size
        taken.append(len(_statements(queries)))
    assert taken[0] == taken[1] <= 17, taken  # the last one: binary packages, which a committed report makes known


def test_sequences_are_not_spent_on_known_rows() -> None:
    send(log(DEBIAN, debs(*((f"p{number}", "1") for number in range(100)))))
    highest = Version.objects.order_by("-id").values_list("id", flat=True)[0]
    for upgrade in range(2, 6):
        send(log(DEBIAN, debs(("p0", str(upgrade)), *((f"p{number}", "1") for number in range(1, 100)))))
    assert Version.objects.order_by("-id").values_list("id", flat=True)[0] == highest + 4


# --- what is wrong with files ----------------------------------------------------------------------------------------


def read(data: bytes, **more: Any) -> IngestRun:
    return ingest(stream=io.BytesIO(data), filename=more.pop("filename", "file"), now=NOW, **more)


def test_rejected_records_are_kept_with_their_place() -> None:
    run = send(log(programs(("Good", "1"), ("x" * 300, "1"))) + b"\n{broken")
    assert (run.machines, run.rejected) == (1, 2)
    rejects = list(run.rejects.order_by("id").values_list("place", "reason"))
    assert rejects[0] == ("line 1, row 2", "programs: name is longer than 200 characters")
    assert rejects[1][0] == "line 2"
    assert versions(ecosystem="cpe") == {("example-_-good", "1")}


def test_thousands_of_bad_records_are_counted_and_the_first_are_kept() -> None:
    run = read(b"\n".join([b"{}"] * 3000 + [log(programs(("Good", "1")))]), source="osquery")
    assert (run.state, run.rejected, run.rejects.count()) == ("done", 3000, 1000)


def test_a_file_that_nothing_can_be_used_of_fails_with_the_reason() -> None:
    for data, source, words in (
        (b"", None, "empty"),
        (b"hello", None, "not a supported format"),
        (b"hello", "osquery", "line 1: not valid JSON"),
        (b"x", "morse", "known are"),
        (gzip.compress(b"x" * 100)[:15], "osquery", "ends early"),
    ):
        run = read(data, source=source)
        assert run.state == "failed"
        assert words in run.error
        assert run.finished_at is not None


def test_a_truncated_file_keeps_its_good_records_and_removes_nothing() -> None:
    bill = {"bomFormat": "CycloneDX", "components": [{"type": "library", "name": n, "purl": f"pkg:npm/{n}@1"} for n in "abcdefgh"]}
    whole = json.dumps(bill).encode()
    send(whole, source=None, machine="h1")
    packed = gzip.compress(whole, 0)
    run = read(packed[: len(packed) - 120], machine="h1")
    assert run.state == "done"
    assert run.rejected == 2  # the file, and the document in it
    assert (run.added, run.removed) == (0, 0)
    assert len(versions(ecosystem="npm")) == 8


def test_an_oversized_file_is_used_up_to_the_limit(settings: Any) -> None:
    settings.INGEST_MAX_BYTES = 1000
    good = log(programs(("Good", "1")))
    run = read(gzip.compress(good + b"\n" + log(programs(*((f"x{number}", "1") for number in range(100))), host="h2")))
    assert run.state == "done"
    assert next(reject.reason for reject in run.rejects.order_by("id")).startswith("larger than 1,000 bytes")
    assert list(Machine.objects.values_list("external_id", flat=True)) == ["h1"]


def test_names_of_machines_come_from_the_caller_then_the_file() -> None:
    status = b"Package: git\nStatus: install ok installed\nVersion: 2.1\n"
    for filename, machine, name in (
        ("reports/web01.status.gz", "", "web01.status"),
        ("hosts/web02/bom.json", "", "web02"),
        ("hosts/web02/x.json", "web03", "web03"),
    ):
        run = read(status, filename=filename, machine=machine, source="dpkg")
        assert run.state == "done"
        assert Machine.objects.filter(external_id=name).exists(), name
    assert "names no machine" in read(status, filename="", source="dpkg").error
    assert "not printable" in read(status, source="dpkg", machine="a\x00b").error


def test_a_name_with_everything_postgresql_could_choke_on() -> None:
    nasty = "quote\" back\\slash {brace},comma ' tab\tnew\nline \u202e NULL \\N $1 %s %(x)s"
    row = {"name": "Tool", "version": "1;DROP", "publisher": "V", "install_location": nasty, "identifying_number": "NULL"}
    send(log(WINDOWS, ("programs", [row])))
    send(log(WINDOWS, ("programs", [{**row, "name": "Tool two"}])))
    assert evidence("v-_-tool_two") == sorted(["NULL", nasty.strip()])
