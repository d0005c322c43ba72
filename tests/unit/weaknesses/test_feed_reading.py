"""Hostile and broken files: what can be used is kept, what cannot is named."""

from __future__ import annotations

import io
import json
import tracemalloc
from pathlib import Path

import pytest

from tests.unit.weaknesses import feed_samples as samples
from weaknesses.errors import FeedError
from weaknesses.feeds import FEEDS, folder, reading
from weaknesses.feeds.reading import Reading
from weaknesses.records import FeedRecord, RangeRecord, WeaknessRecord


def read(kind: str, content: bytes, name: str = "file.json") -> tuple[list[FeedRecord], Reading]:
    records = Reading(FEEDS[kind].parse(io.BytesIO(content), name), name)
    return list(records), records


def read_file(kind: str, path: Path) -> tuple[list[FeedRecord], Reading]:
    with reading.unpacked(path) as stream:
        records = Reading(FEEDS[kind].parse(stream, path.name), path.name)
        return list(records), records


def test_a_truncated_gzip_keeps_what_came_before(tmp_path: Path) -> None:
    records = [
        samples.nvd_record(f"CVE-2099-{number:05}", references=[{"url": f"https://acme.example/{number * 7919}"}]) for number in range(3000)
    ]
    path = tmp_path / "nvdcve-2.0-2099.json.gz"
    packed = samples.gzipped(samples.nvd_file(*records))
    path.write_bytes(packed[: len(packed) * 3 // 4])
    kept, ending = read_file("nvd", path)
    assert 1000 < len(kept) < 3000
    assert path.name in ending.broken


def test_an_intact_file_is_not_broken(tmp_path: Path) -> None:
    path = tmp_path / "nvdcve-2.0-2099.json.gz"
    path.write_bytes(samples.gzipped(samples.nvd_file(samples.nvd_record())))
    kept, ending = read_file("nvd", path)
    assert (len(kept), ending.broken) == (1, "")


@pytest.mark.parametrize(
    "bad",
    [
        {"id": 7},
        {"id": "CVE-20x9-1"},
        {"id": "CVE-2099-0002", "configurations": "none"},
        {"id": "CVE-2099-0002", "descriptions": [7]},
        {"id": "CVE-2099-0002", "published": 20990101},
        {"id": "CVE-2099-0002", "lastModified": "yesterday"},
        {"id": "CVE-2099-0002", "metrics": {"cvssMetricV31": [7]}},
        [],
        None,
        "text",
    ],
)
def test_one_bad_record_does_not_sink_the_file(bad: object) -> None:
    good = samples.nvd_record()
    content = json.dumps({"vulnerabilities": [{"cve": good}, {"cve": bad}, {"cve": good}]}).encode()
    kept, ending = read("nvd", content)
    assert (len(kept), ending.refused, ending.broken) == (2, 1, "")
    assert ending.refusals[0].reason


def test_nul_and_lone_surrogates_are_taken_out_of_text() -> None:
    record = samples.nvd_record(descriptions=[{"lang": "en", "value": "a\x00b\ud800c"}])
    [kept], _ = read("nvd", samples.nvd_file(record))
    assert isinstance(kept, WeaknessRecord)
    assert kept.description == "ab?c"


def test_a_nul_byte_costs_only_its_line() -> None:
    content = (
        samples.json_lines(samples.osv_record())
        + b'{"id": "CVE-2099-0002"\x00}\n'
        + samples.json_lines(samples.osv_record("CVE-2099-0003"))
    )
    kept, ending = read("debian", content, "debian-osv.jsonl")
    assert [record.cve for record in kept if isinstance(record, WeaknessRecord)] == ["CVE-2099-0001", "CVE-2099-0003"]
    assert ending.refusals[0].place == "line 2"


def test_a_huge_line_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST_LINE", 4096)
    content = samples.json_lines(samples.osv_record()) + b"x" * 50_000 + b"\n" + samples.json_lines(samples.osv_record("CVE-2099-0003"))
    kept, ending = read("debian", content, "debian-osv.jsonl")
    assert len(kept) == 2
    assert (ending.refused, ending.refusals[0].place) == (1, "line 2")


def test_a_file_that_unpacks_to_too_much_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "bomb.json.gz"
    path.write_bytes(samples.gzipped(b" " * 10_000_000))
    with pytest.raises(FeedError, match="unpacks to more"), reading.unpacked(path, most=1_000_000) as stream:
        stream.read()


def test_ranges_that_do_not_fit_are_left_out_and_the_weakness_is_kept() -> None:
    fits, too_long, broken = RangeRecord("cpe:a:a:b", end="2"), RangeRecord("cpe:a:a:b", end="9" * 201), RangeRecord("cpe:a:a:b\x00")
    records = Reading(iter([WeaknessRecord("CVE-2099-0001", ranges=(fits, too_long, broken))]), "x")
    [kept] = list(records)
    assert isinstance(kept, WeaknessRecord)
    assert kept.ranges == (fits,)
    assert records.refused == 1


def test_refusals_are_counted_beyond_those_that_are_kept() -> None:
    content = json.dumps({"vulnerabilities": [{"cve": None}] * 1500}).encode()
    _, ending = read("nvd", content)
    assert (ending.refused, len(ending.refusals)) == (1500, 1000)


@pytest.mark.parametrize("kind", list(FEEDS))
@pytest.mark.parametrize("content", [b"", b"<html>busy</html>", b"\x00" * 100, b"[1, 2", b'{"a": "b"}', b"PK\x03\x04junk", b"7"])
def test_rubbish_never_raises_and_never_yields(kind: str, content: bytes) -> None:
    for name in ("file.json", "file.jsonl", "file.csv", "file.zip", "file.tar.gz"):
        kept, _ = read(kind, content, name)
        assert kept == []


def test_a_folder_is_searched_by_name_and_content(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "nvdcve-2.0-2099.json").write_bytes(samples.nvd_file(samples.nvd_record()))
    (tmp_path / "nvdcve-notes.json").write_text('{"CVE_notes": []}')
    (tmp_path / "notes.json").write_bytes(samples.nvd_file())
    assert [delivery.name for delivery in folder.deliveries(tmp_path, FEEDS["nvd"])] == ["deep/er/nvdcve-2.0-2099.json"]


def test_of_a_listing_only_the_newest_file_counts(tmp_path: Path) -> None:
    (tmp_path / "known_exploited_vulnerabilities.json").write_bytes(samples.kev_file("CVE-2099-0001", released="2099-01-01T00:00:00Z"))
    (tmp_path / "known_exploited_vulnerabilities-new.json").write_bytes(samples.kev_file("CVE-2099-0002", released="2099-02-01T00:00:00Z"))
    [delivery] = folder.deliveries(tmp_path, FEEDS["kev"])
    assert (delivery.name, delivery.stated) == ("known_exploited_vulnerabilities-new.json", "2099-02-01T00:00:00Z")


def test_a_folder_without_files_of_the_feed_says_what_it_looked_for(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=r"known_exploited_vulnerabilities\*\.json"):
        list(folder.deliveries(tmp_path, FEEDS["kev"]))
    with pytest.raises(FeedError, match="no folder"):
        list(folder.deliveries(tmp_path / "nowhere", FEEDS["kev"]))


@pytest.mark.parametrize("kind", ["nvd", "kev", "pocs", "metasploit", "msfdb", "attack", "attack_mappings", "misp_tool", "endoflife"])
@pytest.mark.parametrize("content", [b"[" * 200_000, b'{"a":' * 200_000, b'{"vulnerabilities":' + b"[" * 200_000])
def test_a_document_that_nests_without_end_is_given_up_at_once(kind: str, content: bytes) -> None:
    tracemalloc.start()
    kept, ending = read(kind, content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept == []
    assert ending.broken
    assert peak < 20 * 2**20


def test_what_came_before_endless_nesting_is_kept() -> None:
    content = samples.nvd_file(samples.nvd_record()).rstrip().rstrip(b"}").rstrip().rstrip(b"]") + b"," + b'{"cve":' * 100_000
    kept, ending = read("nvd", content)
    assert len(kept) == 1
    assert "128 levels" in ending.broken


def test_a_malformed_product_name_is_refused_and_the_weakness_kept() -> None:
    names = [{"vulnerable": True, "criteria": name} for name in ("cpe:2.3:a:acme:editor:1.0:*:*:*:*:*:*:*", "cpe:2.3:nonsense")]
    record = samples.nvd_record(configurations=[{"nodes": [{"operator": "OR", "negate": False, "cpeMatch": names}]}])
    kept, ending = read("nvd", samples.nvd_file(record))
    (weakness,) = kept
    assert isinstance(weakness, WeaknessRecord)
    assert [found.product for found in weakness.ranges or ()] == ["cpe:a:acme:editor"]
    assert ending.refused == 1
    assert "nonsense" in ending.refusals[0].reason


@pytest.mark.parametrize(("kind", "name"), [("cvelist", "cvelist.jsonl"), ("poc_in_github", "poc-in-github.jsonl")])
def test_a_million_records_in_one_line_cost_no_memory(kind: str, name: str) -> None:
    content = b'{"repositories":[' + b"{}," * 4_000_000 + b"{}]}"
    tracemalloc.start()
    kept, ending = read(kind, content, name)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept == []
    assert ending.refusals[0].reason == "The record is too long."
    assert peak < 40 * 2**20
