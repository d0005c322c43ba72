"""Small records in the layouts of the real feeds. The ids and names are invented unless a fact is the point."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Iterable
from typing import Any

from weaknesses.feeds import FEEDS
from weaknesses.records import FeedRecord, Refused


def parse(kind: str, content: bytes, name: str = "file.json") -> list[FeedRecord]:
    """What a feed's parser makes of a file's content."""
    return list(FEEDS[kind].parse(io.BytesIO(content), name))


def usable(records: Iterable[FeedRecord]) -> list[FeedRecord]:
    return [record for record in records if not isinstance(record, Refused)]


def nvd_record(cve: str = "CVE-2099-0001", **changes: Any) -> dict[str, Any]:
    """A record of NVD 2.0: Acme Rocket before 2.5 is affected."""
    record = {
        "id": cve,
        "published": "2099-01-02T10:15:00.113",
        "lastModified": "2099-02-03T11:00:00.1234567",
        "vulnStatus": "Analyzed",
        "descriptions": [{"lang": "es", "value": "Cohete"}, {"lang": "en", "value": "A rocket of Acme explodes."}],
        "metrics": {"cvssMetricV31": [metric("Primary", 8.8, "HIGH")]},
        "weaknesses": [{"description": [{"lang": "en", "value": "CWE-79"}, {"lang": "en", "value": "NVD-CWE-noinfo"}]}],
        "configurations": [{"nodes": [{"operator": "OR", "negate": False, "cpeMatch": [cpe_match()]}]}],
        "references": [{"url": "https://acme.example/1"}, {"url": "ftp://acme.example/2"}],
    }
    return {**record, **changes}


def cpe_match(product: str = "rocket", end: str = "2.5") -> dict[str, Any]:
    return {"vulnerable": True, "criteria": f"cpe:2.3:a:acme:{product}:*:*:*:*:*:*:*:*", "versionEndExcluding": end}


def metric(kind: str, score: float, word: str) -> dict[str, Any]:
    return {"type": kind, "cvssData": {"baseScore": score, "baseSeverity": word, "vectorString": f"CVSS:3.1/{kind}"}}


def nvd_file(*records: dict[str, Any], total: int | None = None, start: int = 0, timestamp: str = "2099-02-04T00:00:00.000") -> bytes:
    envelope = {
        "resultsPerPage": len(records),
        "startIndex": start,
        "totalResults": len(records) if total is None else total,
        "format": "NVD_CVE",
        "version": "2.0",
        "timestamp": timestamp,
        "vulnerabilities": [{"cve": record} for record in records],
    }
    return json.dumps(envelope).encode()


def kev_file(*cves: str, released: str = "2099-02-04T12:00:00.000Z", ransomware: str = "Unknown") -> bytes:
    entries = [
        {"cveID": cve, "vulnerabilityName": f"Acme {cve}", "dateAdded": "2099-02-01", "knownRansomwareCampaignUse": ransomware}
        for cve in cves
    ]
    return json.dumps({"catalogVersion": released[:10], "dateReleased": released, "vulnerabilities": entries}).encode()


def epss_file(*rows: tuple[str, float, float], day: str = "2099-02-04") -> bytes:
    lines = [f"#model_version:v9,score_date:{day}T00:00:00+0000", "cve,epss,percentile", *(f"{c},{s},{p}" for c, s, p in rows)]
    return ("\n".join(lines) + "\n").encode()


EXPLOITS_HEADER = (
    "id,file,description,date_published,author,type,platform,port,date_added,date_updated,verified,codes,tags,aliases,"
    "screenshot_url,application_url,source_url"
)


def exploits_file(*rows: str) -> bytes:
    return "\n".join([EXPLOITS_HEADER, *rows, ""]).encode()


def exploit_row(number: int, codes: str, verified: int = 1) -> str:
    title = "Acme Rocket 2.4 - Launch, unasked"
    return f'{number},exploits/x/{number}.py,"{title}",2099-01-05,Someone,remote,linux,,2099-01-05,,{verified},{codes},,,,,'


def metasploit_module(name: str, *cves: str, kind: str = "exploit", rank: int | None = 600) -> dict[str, Any]:
    module = {"name": name, "fullname": f"{kind}/{name}", "ref_name": name, "type": kind, "references": [*cves, "URL-https://acme.example"]}
    return {**module, "path": f"/modules/{kind}s/{name}.rb", "disclosure_date": "2099-01-05"} | ({} if rank is None else {"rank": rank})


def osv_record(
    cve: str = "CVE-2099-0001", package: str = "rocket", fixed: str | None = "2.5-1", release: str = "Debian:12"
) -> dict[str, Any]:
    events = [{"introduced": "0"}] + ([{"fixed": fixed}] if fixed else [])
    affected = [
        {"package": {"ecosystem": release, "name": package}, "ranges": [{"type": "ECOSYSTEM", "events": events}]},
        {"package": {"ecosystem": "Alpine:v3.20", "name": package}, "ranges": [{"type": "ECOSYSTEM", "events": events}]},
        {"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]},
    ]
    severity = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
    return {
        "id": cve,
        "modified": "2099-02-03T00:00:00Z",
        "details": "A stub.",
        "affected": affected,
        "severity": severity,
        "references": [],
    }


def json_lines(*records: dict[str, Any]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def eol_product(**changes: Any) -> dict[str, Any]:
    product = {
        "product": "rocket",
        "identifiers": [{"cpe": "cpe:2.3:a:acme:rocket"}, {"cpe": "cpe:/a:acme:rocket"}, {"purl": "pkg:npm/%40acme/rocket"}],
        "releases": [
            {"releaseCycle": "2", "releaseDate": "2098-01-01", "eol": "2099-06-30", "latest": "2.5"},
            {"releaseCycle": "1", "releaseDate": "2090-01-01", "eol": True},
        ],
    }
    return {**product, **changes}


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.json", content)
    return packed.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def cve_record(
    cve: str = "CVE-2099-0001", *, cna: dict[str, Any] | None = None, adp: dict[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    """A record of the CVE list (5.1) with CISA's container: Acme Rocket before 2.5 is affected, and there is a proof of concept."""
    described = {
        "providerMetadata": {"shortName": "acme", "dateUpdated": "2099-02-01T00:00:00.000Z"},
        "title": "A rocket of Acme explodes",
        "descriptions": [{"lang": "es", "value": "Cohete"}, {"lang": "en", "value": "It explodes."}],
        "affected": [affected(versions=[{"version": "0", "lessThan": "2.5", "status": "affected", "versionType": "semver"}])],
        "metrics": [{"format": "CVSS", "cvssV3_1": {"baseScore": 8.8, "baseSeverity": "HIGH", "vectorString": "CVSS:3.1/acme"}}],
        "problemTypes": [{"descriptions": [{"cweId": "CWE-79", "description": "CWE-79 XSS"}]}],
        "references": [{"url": "https://acme.example/1"}],
    }
    options = [{"Exploitation": "PoC"}, {"Automatable": "Yes"}, {"Technical Impact": "Total"}]
    cisa = {
        "providerMetadata": {"shortName": "CISA-ADP", "dateUpdated": "2099-02-03T00:00:00.000Z"},
        "metrics": [{"other": {"type": "ssvc", "content": {"options": options}}}],
    }
    program = {"providerMetadata": {"shortName": "CVE"}, "references": [{"url": "https://acme.example/2"}]}
    record = {
        "dataType": "CVE_RECORD",
        "cveMetadata": {
            "cveId": cve,
            "state": "PUBLISHED",
            "datePublished": "2099-01-02T10:15:00.113Z",
            "dateUpdated": "2099-02-02T00:00:00Z",
        },
        "containers": {"cna": {**described, **(cna or {})}, "adp": [program, {**cisa, **(adp or {})}]},
    }
    return {**record, **changes}


def affected(vendor: str = "Acme", product: str = "Rocket", **changes: Any) -> dict[str, Any]:
    """An entry of `affected[]`."""
    return {"vendor": vendor, "product": product, **changes}


def repository(full_name: str = "someone/CVE-2099-0001-exploit", **changes: Any) -> dict[str, Any]:
    """A repository as GitHub describes it: well kept, and named after the weakness."""
    name = full_name.partition("/")[2]
    facts = {"full_name": full_name, "name": name, "description": "PoC", "stargazers_count": 50, "forks_count": 12}
    return {**facts, "html_url": f"https://github.com/{full_name}", "fork": False, "created_at": "2099-01-05T00:00:00Z", **changes}


def stix_object(kind: str, number: str, name: str, **changes: Any) -> dict[str, Any]:
    """An object of ATT&CK; its id is the kind and its number."""
    folder = {"intrusion-set": "groups", "campaign": "campaigns", "attack-pattern": "techniques"}.get(kind, "software")
    page = {"source_name": "mitre-attack", "external_id": number, "url": f"https://attack.mitre.org/{folder}/{number}"}
    return {"type": kind, "id": f"{kind}--{number}", "name": name, "description": "", "external_references": [page], **changes}


def stix_use(source: dict[str, Any], target: dict[str, Any], description: str = "", kind: str = "uses") -> dict[str, Any]:
    ends = {"source_ref": source["id"], "target_ref": target["id"]}
    return {"type": "relationship", "id": "relationship--x", "relationship_type": kind, "description": description, **ends}


def stix_bundle(*objects: dict[str, Any]) -> bytes:
    return json.dumps({"type": "bundle", "id": "bundle--x", "objects": list(objects)}).encode()


def misp_galaxy(galaxy: str, *clusters: dict[str, Any]) -> bytes:
    return json.dumps({"authors": ["Someone"], "category": "actor", "name": galaxy, "type": galaxy, "values": list(clusters)}).encode()


def misp_cluster(name: str = "Acme Panda", **changes: Any) -> dict[str, Any]:
    facts = {"value": name, "uuid": "00000000-0000-4000-8000-000000000001", "description": "They exploit CVE-2099-0001."}
    return {**facts, "meta": {"refs": ["https://acme.example/report"], "synonyms": [name, "G9999", "Rocket Cat"]}, **changes}
