"""Debian's package database, as dpkg keeps it and as dpkg-query prints it."""

import pytest

from inventory.records import InstalledSoftware
from inventory.sources.frame import Limits
from inventory.sources.systems import platform_of_os_release
from tests.unit.inventory.sources import named, read, sample

GOOD = b"Package: git\nStatus: install ok installed\nVersion: 1:2.39.5-0+deb12u2\n\n"


def test_the_captured_status() -> None:
    (report,), rejected = read("dpkg", sample("dpkg-status"))
    assert rejected == []
    assert report.machine.external_id == ""
    assert report.machine.platform == "debian-12"
    assert report.covers == {"deb", "os"}
    assert {record.evidence for record in named(report, "openssl")} == {("libssl3",), ("openssl",)}
    assert named(report, "bash")[0].version == "5.2.15-2"
    assert named(report, "gcc-defaults")[0].version == "1.203"  # cpp 4:12.2.0-3 is built from it
    assert named(report, "vim") == []  # only its configuration is left
    assert named(report, "debian") == [InstalledSoftware("os", "debian", "12", "debian", platform="debian-12")]


def test_the_captured_table() -> None:
    (report,), rejected = read("dpkg", sample("dpkg-query.tsv"))
    assert rejected == []
    assert report.machine.platform == "debian-12"
    assert named(report, "glibc")[0].evidence == ("libc6",)
    assert named(report, "bash")[0].version == "5.2.15-2"


def test_a_header_and_an_architecture_in_the_table() -> None:
    header = b"Package\tVersion\tArchitecture\tsource:Package\tsource:Version\tdb:Status-Abbrev\n"
    data = header + b"libc6:i386\t2.36-9\ti386\tglibc\t2.36-9\tii \nnano\t7.2-1\tamd64\tnano\t7.2-1\trc \n"
    (report,), rejected = read("dpkg", data)
    assert rejected == []
    assert report.software == (InstalledSoftware("deb", "glibc", "2.36-9", evidence=("libc6",), package="libc6"),)
    assert report.covers == {"deb"}  # no base-files: the release is not known


def test_a_binary_package_is_named_where_it_has_its_sources_version() -> None:
    status = b"Package: dmsetup\nStatus: install ok installed\nSource: lvm2 (2.03.16-2)\nVersion: 2:1.02.185-2\n"
    table = b"dmsetup\t2:1.02.185-2\tamd64\tlvm2\t2.03.16-2\tii \nlvm2\t2.03.16-2\tamd64\tlvm2\t2.03.16-2\tii \n"
    for data in (GOOD + status, table):
        (report,), _ = read("dpkg", data)
        assert [(record.evidence[0], record.package) for record in report.software if record.evidence[0] == "dmsetup"] == [("dmsetup", "")]
        assert any(record.package == record.evidence[0] for record in report.software)


@pytest.mark.parametrize(
    ("status", "there"),
    [("install ok installed", True), ("hold ok installed", True), ("install ok unpacked", True), ("install ok half-configured", True),
     ("deinstall ok config-files", False), ("install ok half-installed", False), ("purge ok not-installed", False)],
)  # fmt: skip
def test_what_is_on_disk_counts(status: str, there: bool) -> None:
    reports, _ = read("dpkg", f"Package: a\nStatus: {status}\nVersion: 1\n".encode() + b"\n" + GOOD)
    assert bool(named(reports[0], "a")) is there


@pytest.mark.parametrize(
    ("stanza", "words"),
    [
        (b"Status: install ok installed\nVersion: 1\n", "Package is missing"),
        (b"Package: a\nStatus: install ok installed\n", "Version of a is missing"),
        (b"Package: a\nVersion: 1\n", "Status is missing"),
        (b"Package: a\nStatus: install ok installed\nVersion: 1\nrubbish\n", "no field"),
        (b"Package: a\x00\nStatus: install ok installed\nVersion: 1\n", "NUL"),
        (b"Package: \xff\nStatus: install ok installed\nVersion: 1\n", "not UTF-8"),
        (b"Package: a\nStatus: install ok installed\nVersion: " + b"1" * 300 + b"\n", "longer than 200"),
        (b"Package: a\nStatus: install ok installed\nVersion: " + b"1" * 99_000 + b"\n", "longer than"),
    ],
)
def test_a_bad_stanza_is_named_and_the_good_ones_stay(stanza: bytes, words: str) -> None:
    (report,), (rejected,) = read("dpkg", GOOD + stanza + b"\n" + GOOD.replace(b"git", b"hg"))
    assert rejected.place == "line 5"
    assert words in rejected.reason
    assert [record.name for record in report.software] == ["git", "hg"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"a\t1\n", "2 columns"),
        (b"a\t\tall\ta\t1\tii\n", "missing"),
        (b"\t1\tall\ta\t1\tii\n", "Package is missing"),
        (b"a\t\xff\tall\ta\t1\tii\n", "UTF-8"),
    ],
)
def test_a_bad_line_of_the_table_is_named(line: bytes, words: str) -> None:
    (report,), (rejected,) = read("dpkg", b"git\t1:2\tamd64\tgit\t1:2\tii\n" + line)
    assert rejected.place == "line 2"
    assert words in rejected.reason
    assert len(report.software) == 1


def test_long_fields_that_are_not_read_do_no_harm() -> None:
    data = GOOD.replace(b"Version", b"Depends: " + b"a, " * 5000 + b"\nDescription: x\n " + b"y" * 9000 + b"\nVersion")
    (report,), rejected = read("dpkg", data)
    assert rejected == []
    assert named(report, "git")


def test_too_many_packages_keep_the_first_and_remove_nothing() -> None:
    data = b"".join(GOOD.replace(b"git", f"p{number}".encode()) for number in range(9))
    (report,), (rejected,) = read("dpkg", data, Limits(records=4))
    assert "more than 4 packages" in rejected.reason
    assert len(report.software) == 4
    assert report.covers == frozenset()


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ('ID=debian\nVERSION_ID="12"\n', "debian-12"),
        ("# x\nID='ubuntu'\nVERSION_ID=22.04", "ubuntu-22.04"),
        ("NAME=x", ""),
        ('ID="debian', "debian"),
    ],
)
def test_os_release(text: str, platform: str) -> None:
    assert platform_of_os_release(text) == platform
