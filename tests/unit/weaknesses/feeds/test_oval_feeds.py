"""OVAL of Ubuntu and Red Hat: criteria evaluated, documents streamed, hostile ones survived."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.weaknesses import oval_samples as samples
from tests.unit.weaknesses.feed_samples import parse
from weaknesses.errors import FeedError
from weaknesses.feeds import FEEDS, folder, oval_xml
from weaknesses.feeds.oval import Condition, Criteria, PackageTest, Test, ranges_of
from weaknesses.feeds.reading import Reading
from weaknesses.records import FeedRecord, RangeRecord, Refused, WeaknessRecord

EARLIER = PackageTest(("rocket",), end="2.5-1")


def evaluated(criteria: Criteria, tests: dict[str, Test]) -> tuple[RangeRecord, ...]:
    return ranges_of(criteria, tests, product=lambda name: f"rpm:rhel:{name}", platform="rhel-9")


def weaknesses(kind: str, content: bytes) -> list[WeaknessRecord]:
    return [found for found in parse(kind, content, "oval.xml") if isinstance(found, WeaknessRecord)]


# --- criteria ----------------------------------------------------------------------------------------------------------------


def test_a_package_test_is_a_range_for_each_of_its_packages() -> None:
    found = evaluated(Criteria(False, ("1",)), {"1": PackageTest(("rocket", "librocket"), end="2.5-1")})
    assert [(r.product, r.end, r.fixed, r.platforms) for r in found] == [
        ("rpm:rhel:rocket", "2.5-1", "2.5-1", ("rhel-9",)),
        ("rpm:rhel:librocket", "2.5-1", "2.5-1", ("rhel-9",)),
    ]


def test_a_release_in_an_and_is_the_ranges_platform_however_deep_the_package_is() -> None:
    deep = Criteria(True, ("release",), (Criteria(False, (), (Criteria(True, ("1", "signed")),)),))
    [found] = evaluated(deep, {"release": Condition(("rhel-8",)), "1": EARLIER})
    assert found.platforms == ("rhel-8",)


def test_either_of_two_releases_is_both_platforms() -> None:
    either = Criteria(False, ("eight", "nine"))
    [found] = evaluated(Criteria(True, ("1",), (either,)), {"eight": Condition(("rhel-8",)), "nine": Condition(("rhel-9",)), "1": EARLIER})
    assert found.platforms == ("rhel-8", "rhel-9")


def test_a_condition_of_one_branch_does_not_reach_another() -> None:
    tests: dict[str, Test] = {"module": Condition(stream="rocket:2"), "1": PackageTest(("a",), end="2.1-1.module+el9"), "2": EARLIER}
    both = Criteria(False, (), (Criteria(True, ("module", "1")), Criteria(True, ("2",))))
    of_module, plain = evaluated(both, tests)
    assert (of_module.qualifiers, of_module.start) == ((("module", "rocket:2"),), "2")
    assert (plain.qualifiers, plain.start) == ((), "")


def test_at_least_and_earlier_than_are_one_span() -> None:
    tests: dict[str, Test] = {"from": PackageTest(("rocket",), start="2.0-1"), "to": EARLIER}
    [found] = evaluated(Criteria(True, ("from", "to")), tests)
    assert (found.start, found.end) == ("2.0-1", "2.5-1")


def test_what_is_negated_gives_nothing() -> None:
    assert evaluated(Criteria(True, ("1",), negate=True), {"1": EARLIER}) == ()


# --- documents ---------------------------------------------------------------------------------------------------------------


def test_ubuntus_notice_gives_its_binary_packages_to_each_cve() -> None:
    [found] = weaknesses("ubuntu_oval", samples.ubuntu())
    assert (found.cve, found.part, found.cvss, found.severity) == ("CVE-2099-0001", "22.04", 9.8, 4)
    assert found.references == ("https://acme.example/USN-1-1",)
    assert found.modified_at is not None
    assert found.modified_at.date().isoformat() == "2099-02-03"
    assert [(r.product, r.fixed, r.platforms) for r in found.ranges or ()] == [
        ("deb:ubuntu:librocket1", "2.5-1ubuntu1", ("ubuntu-22.04",)),
        ("deb:ubuntu:rocket", "2.5-1ubuntu1", ("ubuntu-22.04",)),
    ]


def test_notices_about_the_running_kernel_are_counted_and_left_out() -> None:
    kernel = '<criteria operator="OR"><criteria operator="AND"><criterion test_ref="tst:9"/></criteria></criteria>'
    found = parse("ubuntu_oval", samples.ubuntu(samples.usn(1), samples.usn(2, criteria=kernel)), "oval.xml")
    assert [each.reason for each in found if isinstance(each, Refused)] == [
        "1 notices test no package (most of them the kernel that is running); left out."
    ]


def test_several_notices_about_a_cve_are_one_word() -> None:
    second = '<reference source="CVE" ref_id="CVE-2099-0002"/>'
    found = weaknesses("ubuntu_oval", samples.ubuntu(samples.usn(1), samples.usn(2, cves=second)))
    assert [each.cve for each in found] == ["CVE-2099-0001", "CVE-2099-0002"]
    assert found[0].references == ("https://acme.example/USN-1-1", "https://acme.example/USN-2-1")
    assert len(found[0].ranges or ()) == 2


NESTED = """<criteria operator="OR"><criterion comment="must be installed" test_ref="tst:must"/><criteria operator="AND">
  <criterion test_ref="tst:release"/>{module}<criteria operator="OR"><criteria operator="AND">
  <criterion test_ref="tst:1"/><criterion test_ref="tst:2"/></criteria></criteria></criteria></criteria>"""


def test_red_hats_nested_criteria_give_release_stream_and_package() -> None:
    content = samples.redhat(
        NESTED.format(module='<criterion test_ref="tst:module"/>'),
        tests=samples.rpm_test(1, "ste:1") + samples.rpm_test(2, "ste:key"),
        states=samples.rpm_state("ste:1", "less than", "1:2.5.1-3.module+el9.1.0+1"),
    )
    first, second = weaknesses("redhat_oval", content)
    assert (first.cve, first.cvss, first.severity, first.part) == ("CVE-2099-0001", 7.5, 3, "9")
    assert (second.cve, second.cvss, second.severity) == ("CVE-2099-0002", None, 2)
    assert first.ranges == (
        RangeRecord(
            product="rpm:rhel:rocket",
            start="1:2",
            end="1:2.5.1-3.module+el9.1.0+1",
            fixed="1:2.5.1-3.module+el9.1.0+1",
            platforms=("rhel-9",),
            qualifiers=(("module", "rocket:2"),),
        ),
    )


def test_an_epoch_of_zero_is_not_written() -> None:
    tests = samples.rpm_test(1, "ste:1") + samples.rpm_test(2, "ste:key")
    content = samples.redhat(NESTED.format(module=""), tests=tests, states=samples.rpm_state("ste:1", "less than", "0:2.5-1.el9"))
    assert [r.fixed for r in weaknesses("redhat_oval", content)[0].ranges or ()] == ["2.5-1.el9"]


def test_what_is_not_fixed_yet_is_affected_as_it_is() -> None:
    tests = samples.rpm_test(1, "") + samples.rpm_test(2, "ste:key")
    [found, _] = weaknesses("redhat_oval", samples.redhat(NESTED.format(module=""), kind="vulnerability", tests=tests))
    assert found.ranges == (RangeRecord(product="rpm:rhel:rocket", platforms=("rhel-9",)),)
    assert weaknesses("redhat_oval", samples.redhat(NESTED.format(module=""), tests=tests)) == []


def test_a_package_that_must_be_absent_is_no_range() -> None:
    tests = samples.rpm_test(1, "ste:1", exists="none_exist") + samples.rpm_test(2, "ste:key")
    content = samples.redhat(NESTED.format(module=""), tests=tests, states=samples.rpm_state("ste:1", "less than", "0:2.5-1"))
    assert weaknesses("redhat_oval", content) == []


def test_each_feed_recognises_its_own_documents(tmp_path: Path) -> None:
    (tmp_path / "com.acme.usn.oval.xml").write_bytes(samples.ubuntu())
    (tmp_path / "rhel-9.oval.xml").write_bytes(samples.redhat("<criteria/>"))
    found = {kind: [(path.name, stated) for stated, path in folder.files(tmp_path, FEEDS[kind])] for kind in ("ubuntu_oval", "redhat_oval")}
    assert found == {
        "ubuntu_oval": [("com.acme.usn.oval.xml", "2099-02-04T10:00:00")],
        "redhat_oval": [("rhel-9.oval.xml", "2099-02-04T10:00:00")],
    }


# --- hostile documents ---------------------------------------------------------------------------------------------------------


def read(content: bytes, kind: str = "ubuntu_oval") -> tuple[list[FeedRecord], Reading]:
    records = Reading(FEEDS[kind].parse(io.BytesIO(content), "oval.xml"), "oval.xml")
    return list(records), records


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.9])
def test_a_truncated_document_says_nothing_and_is_broken(cut: float) -> None:
    content = samples.ubuntu()
    kept, ending = read(content[: int(len(content) * cut)])
    assert kept == []
    assert "cannot be read" in ending.broken


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE x SYSTEM "http://acme.example/x.dtd">',
        '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_declarations_of_entities_are_refused(declaration: str) -> None:
    kept, ending = read(samples.ubuntu().replace(b"?>", b"?>" + declaration.encode(), 1))
    assert kept == []
    assert ending.broken


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"CVE-2099-0001", b"CVE-x"),
        (b'date="2099-02-03"', b'date="9999-99-99"'),
        (b"CVSS:3.1/AV:N", b"CVSS:3.1/AV:?"),
        (b'ref_id="CVE-2099-0001"', b""),
        (b"<title>", b"<nothing/><title>"),
    ],
)
def test_a_strange_notice_costs_itself_only(old: bytes, new: bytes) -> None:
    strange = samples.usn(7).encode().replace(old, new).decode()
    good = samples.usn(8).replace("CVE-2099-0001", "CVE-2099-0009")
    kept, ending = read(samples.ubuntu(strange, good))
    assert "CVE-2099-0009" in [found.cve for found in kept if isinstance(found, WeaknessRecord)]
    assert ending.broken == ""


@pytest.mark.parametrize(
    ("old", "new"), [(b'object_ref="obj:1"', b""), (b'id="obj:1"', b""), (b'state_ref="ste:1"', b""), (b'id="var:1"', b"")]
)
def test_what_a_notice_rests_on_may_be_missing(old: bytes, new: bytes) -> None:
    kept, ending = read(samples.ubuntu().replace(old, new))
    assert [found for found in kept if isinstance(found, WeaknessRecord) and found.ranges] == []
    assert ending.broken == ""
    assert ending.refused > 0


def test_a_nul_breaks_the_document() -> None:
    assert read(samples.ubuntu().replace(b"Rocket", b"Roc\x00ket"))[1].broken


def test_nesting_without_end_is_given_up_at_once() -> None:
    class Endless(io.RawIOBase):
        """An opening tag that never ends, as a stream."""

        def read(self, size: int = -1, /) -> bytes:
            return b"<criteria>" * 1000

    with pytest.raises(FeedError, match="40 levels"):
        list(oval_xml.read(_Chain(b"<oval_definitions><definitions><definition>", Endless())))  # type: ignore[arg-type]


def test_one_element_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oval_xml, "MOST_OF_ONE", 2**20)

    class Endless(io.RawIOBase):
        def read(self, size: int = -1, /) -> bytes:
            return b"x" * 65536

    with pytest.raises(FeedError, match="larger than"):
        list(oval_xml.read(_Chain(b"<oval_definitions><definitions><definition>", Endless())))  # type: ignore[arg-type]


class _Chain:
    def __init__(self, first: bytes, rest: io.RawIOBase) -> None:
        self._parts: Iterator[bytes] = iter([first])
        self._rest = rest

    def read(self, size: int = -1, /) -> bytes:
        return next(self._parts, b"") or self._rest.read(size) or b""


def test_memory_does_not_grow_with_the_document() -> None:
    """Ten times the notices (with long descriptions) need hardly more: they wait in a file."""
    peaks = []
    for count in (200, 2000):
        notices = "".join(samples.usn(number).replace("exploded", "exploded " * 200) for number in range(count))
        content = samples.ubuntu(notices)
        tracemalloc.start()
        found = sum(1 for _ in oval_xml.read(io.BytesIO(content)))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert found == count
    assert peaks[1] < peaks[0] + 3 * 2**20
