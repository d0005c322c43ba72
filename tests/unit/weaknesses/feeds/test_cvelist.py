"""The CVE list and what CISA adds to it."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from typing import Any

import pytest

from tests.unit.weaknesses import feed_samples as samples
from tests.unit.weaknesses.feed_samples import parse, usable
from weaknesses.records import Refused, WeaknessRecord


def read(*records: dict[str, Any]) -> list[WeaknessRecord]:
    found = usable(parse("cvelist", samples.json_lines(*records), "cvelist.jsonl"))
    assert all(isinstance(record, WeaknessRecord) for record in found)
    return found  # type: ignore[return-value]


def test_a_record_gives_what_the_publisher_and_cisa_say() -> None:
    [record] = read(samples.cve_record())
    assert (record.cve, record.title, record.description) == ("CVE-2099-0001", "A rocket of Acme explodes", "It explodes.")
    assert (record.cvss, record.cvss_vector, record.severity, record.cwes) == (8.8, "CVSS:3.1/acme", 3, ("CWE-79",))
    assert record.references == ("https://acme.example/1", "https://acme.example/2")
    assert (record.exploitation, record.automatable, record.technical_impact) == ("poc", True, "total")
    assert [(entry.product, entry.end) for entry in record.ranges or ()] == [("cpe:a:acme:rocket", "2.5")]


def test_a_record_is_as_new_as_the_newest_word_in_it() -> None:
    [record] = read(samples.cve_record())
    assert record.modified_at == dt.datetime(2099, 2, 3, tzinfo=dt.UTC)


def test_the_newest_cvss_wins_and_the_publishers_before_cisas() -> None:
    cisa = [{"cvssV3_1": {"baseScore": 5.0, "baseSeverity": "MEDIUM", "vectorString": "CVSS:3.1/cisa"}}]
    [record] = read(samples.cve_record(adp={"metrics": cisa}))
    assert (record.cvss_vector, record.exploitation, record.automatable) == ("CVSS:3.1/acme", "", None)
    [record] = read(samples.cve_record(cna={"metrics": []}, adp={"metrics": cisa}))
    assert (record.cvss, record.severity) == (5.0, 2)
    newest = [{"cvssV4_0": {"baseScore": 9.1, "vectorString": "CVSS:4.0/cisa"}}]
    [record] = read(samples.cve_record(adp={"metrics": newest}))
    assert (record.cvss_vector, record.severity) == ("CVSS:4.0/cisa", 4)


def test_a_rejected_record_withdraws_its_ranges() -> None:
    metadata = {"cveId": "CVE-2099-0001", "state": "REJECTED", "dateUpdated": "2099-03-01T00:00:00Z"}
    cna = {"rejectedReasons": [{"lang": "en", "value": "Not a weakness."}], "providerMetadata": {}}
    [record] = read({"cveMetadata": metadata, "containers": {"cna": cna}})
    assert (record.rejected, record.ranges, record.description) == (True, (), "Not a weakness.")


@pytest.mark.parametrize("option", [{"Exploitation": "rumoured"}, {"Exploitation": 7}, {"Automatable": "maybe"}, {}])
def test_an_assessment_in_unknown_words_says_nothing(option: dict[str, Any]) -> None:
    metrics = [{"other": {"type": "ssvc", "content": {"options": [option]}}}, {"other": {"type": "kev", "content": {}}}]
    [record] = read(samples.cve_record(adp={"metrics": metrics}))
    assert (record.exploitation, record.automatable, record.technical_impact) == ("", None, "")


def test_what_cannot_be_compared_is_counted_for_the_whole_file() -> None:
    vague = samples.affected(versions=[{"version": "all versions", "status": "affected"}])
    records = [samples.cve_record(f"CVE-2099-000{number}", cna={"affected": [vague]}) for number in (1, 2)]
    found = parse("cvelist", samples.json_lines(*records), "cvelist.jsonl")
    assert [record.ranges for record in usable(found) if isinstance(record, WeaknessRecord)] == [(), ()]
    [refusal] = [record for record in found if isinstance(record, Refused)]
    assert refusal.reason == "2 versions in words; left out."


@pytest.mark.parametrize(
    "bad",
    [
        {"cveMetadata": {}},
        {"cveMetadata": {"cveId": "CVE-20x9-1"}},
        {"containers": []},
        {"containers": {"cna": 7}},
        {"containers": {"cna": {"metrics": 7}}},
        {"containers": {"cna": {}, "adp": [7]}},
    ],
)
def test_one_bad_record_does_not_sink_the_file(bad: dict[str, Any]) -> None:
    content = samples.json_lines(samples.cve_record(), {**samples.cve_record("CVE-2099-0002"), **bad}, samples.cve_record("CVE-2099-0003"))
    found = parse("cvelist", content, "cvelist.jsonl")
    assert [record.cve for record in usable(found) if isinstance(record, WeaknessRecord)] == ["CVE-2099-0001", "CVE-2099-0003"]
    assert [record.place for record in found if isinstance(record, Refused)] == ["line 2"]


def archive(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as writer:
        for name, content in files.items():
            writer.writestr(name.replace("__", "/").replace("_json", ".json").replace("_zip", ".zip"), content)
    return packed.getvalue()


def test_a_release_is_an_archive_in_an_archive() -> None:
    record = json.dumps(samples.cve_record()).encode()
    inner = archive(**{"cves__2099__0xxx__CVE-2099-0001_json": record, "cves__delta_json": b"{}"})
    assert len(usable(parse("cvelist", archive(cves_zip=inner), "2099-02-04_all_CVEs_at_midnight.zip.zip"))) == 1
    assert len(usable(parse("cvelist", inner, "cvelist.zip"))) == 1
    deeper = archive(cves_zip=archive(cves_zip=inner))
    assert parse("cvelist", deeper, "cvelist.zip") == []


def test_nesting_without_end_costs_only_its_record() -> None:
    content = (
        samples.json_lines(samples.cve_record())
        + b'{"containers":'
        + b"[" * 100_000
        + b"\n"
        + samples.json_lines(samples.cve_record("CVE-2099-0003"))
    )
    found = parse("cvelist", content, "cvelist.jsonl")
    assert len(usable(found)) == 2
