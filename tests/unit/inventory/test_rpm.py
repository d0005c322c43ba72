"""RPM's package database as rpm itself printed it, what tells the release, and bad lines."""

import pytest

from inventory.records import InstalledSoftware
from inventory.sources.frame import Limits
from inventory.sources.registry import SOURCES
from tests.unit.inventory.sources import named, read, sample

BASH = b"bash\t(none)\t5.1.8\t6.el9_1\tx86_64\tbash-5.1.8-6.el9_1.src.rpm\t(none)\n"
BASH_RECORD = InstalledSoftware("rpm", "bash", "5.1.8-6.el9_1", evidence=("bash",), package="bash")


def test_the_captured_table() -> None:
    (report,), rejected = read("rpm", sample("rpm-query.tsv"))
    assert rejected == []
    assert report.machine.external_id == ""
    assert (report.machine.platform, report.machine.family) == ("rocky-9", "linux")
    assert report.covers == {"rpm", "os"}
    assert BASH_RECORD in report.software
    assert InstalledSoftware("rpm", "openssl", "1:3.0.7-24.el9", evidence=("openssl-libs",), package="openssl-libs") in report.software
    assert {record.package for record in named(report, "glibc")} == {"glibc", "glibc-common", "glibc-minimal-langpack"}
    assert named(report, "gpg-pubkey") == []
    assert named(report, "rocky") == [InstalledSoftware("os", "rocky", "9", "rocky", platform="rocky-9")]


def test_a_package_versioned_apart_from_its_source_is_a_software_of_its_own() -> None:
    (report,), _ = read("rpm", sample("rpm-query.tsv"))
    assert named(report, "perl-Carp") == [InstalledSoftware("rpm", "perl-Carp", "1.50-460.el9", evidence=("perl-Carp",))]
    assert [record.version for record in named(report, "perl")] == ["4:5.32.1-481.el9"]


def test_the_captured_list_of_names_has_the_same_packages() -> None:
    (report,), rejected = read("rpm", sample("rpm-qa.txt"))
    (table,), _ = read("rpm", sample("rpm-query.tsv"))
    assert rejected == []
    assert report.machine == table.machine
    assert {record.evidence for record in report.software} == {record.evidence for record in table.software}
    assert named(report, "openssl-libs") == [InstalledSoftware("rpm", "openssl-libs", "3.0.7-24.el9", evidence=("openssl-libs",))]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"bash\t(none)\t5.1.8\t6.el9\n", ("bash", "5.1.8-6.el9")),
        (b"bash\t\t5.1.8\t6.el9\tx86_64\n", ("bash", "5.1.8-6.el9")),
        (b"openssl-libs\t1\t3.0.7\t24.el9\tx86_64\topenssl-3.0.7-24.el9.src.rpm\n", ("openssl", "1:3.0.7-24.el9")),
        (b"bash\t0\t5.1.8\t6.el9\tx86_64\t(none)\t(none)\r\n", ("bash", "5.1.8-6.el9")),
        (b"java-1.8.0-openjdk-1:1.8.0.392.b08-4.el8.x86_64\n", ("java-1.8.0-openjdk", "1:1.8.0.392.b08-4.el8")),
        (b"libstdc++-8.5.0-20.el8.i686\n", ("libstdc++", "8.5.0-20.el8")),
        (b"NAME\tEPOCH\tVERSION\tRELEASE\n" + BASH, ("bash", "5.1.8-6.el9_1")),
        (b"gpg-pubkey-fd431d51-4ae0493b\nbash-5.1.8-6.el9_1.x86_64\n", ("bash", "5.1.8-6.el9_1")),
    ],
)
def test_lines(line: bytes, expected: tuple[str, str]) -> None:
    assert SOURCES["rpm"].detect(line, "")
    (report,), rejected = read("rpm", line)
    assert rejected == []
    assert [(record.name, record.version) for record in report.software] == [expected]
    assert report.covers == {"rpm"}


@pytest.mark.parametrize(
    ("package", "version", "release", "platform"),
    [
        ("rocky-release", "9.3", "1.3.el9", "rocky-9"),
        ("almalinux-release", "8.9", "1.el8", "almalinux-8"),
        ("centos-release", "7", "9.2009.1.el7.centos", "centos-7"),
        ("centos-stream-release", "9.0", "23.el9", "centos-9"),
        ("redhat-release", "8.9", "0.1.el8", "rhel-8"),
        ("redhat-release-server", "7.9", "6.el7_9", "rhel-7"),
        ("oraclelinux-release", "8.9", "1.0.2.el8", "ol-8"),
        ("fedora-release-common", "40", "39", "fedora-40"),
        ("system-release", "2023.3.20240108", "1.amzn2023", "amzn-2023"),
        ("system-release", "2", "16.amzn2", "amzn-2"),
        ("sles-release", "15.5", "150500.61.4", "sles-15.5"),
        ("openSUSE-release", "15.5", "lp155.286.1", "opensuse-leap-15.5"),
    ],
)
def test_the_release_package_tells_the_release(package: str, version: str, release: str, platform: str) -> None:
    (report,), _ = read("rpm", BASH + f"{package}\t(none)\t{version}\t{release}\tnoarch\n".encode())
    assert report.machine.platform == platform
    assert "os" in report.covers


def test_a_clones_own_release_goes_before_the_one_it_is_built_from() -> None:
    both = [b"oraclelinux-release\t8\t8.9\t1.0.2.el8\tx86_64\n", b"redhat-release\t3\t8.9\t0.1.0.1.el8\tx86_64\n"]
    for lines in (both, both[::-1]):
        (report,), _ = read("rpm", b"".join(lines))
        assert report.machine.platform == "ol-8"


@pytest.mark.parametrize(("tag", "platform"), [("el8_10", "rhel-8"), ("fc40", "fedora-40"), ("amzn2", "amzn-2"), ("amzn2023", "amzn-2023")])
def test_the_tag_of_most_packages_stands_in_where_nothing_tells_the_release(tag: str, platform: str) -> None:
    data = f"a\t(none)\t1\t1.{tag}\tx86_64\nb\t(none)\t1\t1.{tag}\tx86_64\nc\t(none)\t1\t1.el6\tx86_64\n".encode()
    (report,), _ = read("rpm", data)
    assert report.machine.platform == ""
    assert report.fallback_platform == platform


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"a\tb\n", "2 columns"),
        (b"a\t1\t1\t1\tx86_64\ta\tb\tc\n", "8 columns"),
        (b"a\tx\t1\t1\n", "EPOCH is no number"),
        (b"a\t(none)\t\t1\n", "VERSION is missing"),
        (b"a\t(none)\t1\t(none)\n", "RELEASE is missing"),
        (b"\t(none)\t1\t1\n", "NAME is missing"),
        (b"a\t(none)\t" + b"1" * 201 + b"\t1\n", "longer than 200"),
        (b"a\x00\t(none)\t1\t1\n", "NUL"),
        (b"\xff\t(none)\t1\t1\n", "UTF-8"),
        (b"what is this\n", "no name-version-release.arch"),
        (b"a-" * 100_000 + b"\n", "no name-version-release.arch"),
    ],
)
def test_a_bad_line_is_named_and_the_good_ones_stay(bad: bytes, words: str) -> None:
    (report,), (rejected,) = read("rpm", BASH + bad + BASH)
    assert rejected.place == "line 2"
    assert words in rejected.reason
    assert report.software == (BASH_RECORD,)
    assert report.covers == {"rpm"}


def test_a_list_cut_off_in_its_last_line_only_adds() -> None:
    (report,), (rejected,) = read("rpm", BASH + b"perl\t4\t5.3")
    assert rejected.place == "line 2"
    assert report.covers == frozenset()


def test_too_many_packages_keep_the_first_and_remove_nothing() -> None:
    (report,), (rejected,) = read("rpm", sample("rpm-query.tsv"), Limits(records=3))
    assert "more than 3 packages" in rejected.reason
    assert len(report.software) == 3
    assert report.covers == frozenset()


def test_an_overlong_line_is_passed_over_without_being_read_whole() -> None:
    (report,), (rejected,) = read("rpm", b"x" * 5000 + b"\n" + BASH, Limits(line=1000))
    assert "longer than 1,000 bytes" in rejected.reason
    assert report.software == (BASH_RECORD,)


@pytest.mark.parametrize("text", [b"hello\n", b"a-1-2.x86_64 and more\n", b"- list-of-words.txt\n", sample("dpkg-query.tsv"), b"\n"])
def test_other_texts_are_not_taken(text: bytes) -> None:
    assert not SOURCES["rpm"].detect(text, "")
