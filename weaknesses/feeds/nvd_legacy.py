"""The retired formats 1.0 and 1.1 of the National Vulnerability Database, turned into the shape of 2.0.

A node holds names (`cpe_match`) or, in an AND, other nodes (`children`); the score is `impact.baseMetricV3`, `baseMetricV2`.
What differs is turned round here, so that both formats are read by the same rules. A retired file never overwrites what a newer
one said: its records were modified earlier. Source: https://csrc.nist.gov/schema/nvd/feed/1.1/nvd_cve_feed_json_1.1.schema
"""

from __future__ import annotations

from typing import Any

RECORDS = "CVE_Items.item"
_BOUNDS = ("versionStartIncluding", "versionStartExcluding", "versionEndIncluding", "versionEndExcluding")
_REJECTED = "** REJECT **"


def is_legacy(head: bytes) -> bool:
    return b'"CVE_data_type"' in head and b'"CVE_Items"' in head


def modern(item: dict[str, Any]) -> dict[str, Any]:
    """A record of 2.0 from one of 1.0 or 1.1. Raises KeyError and TypeError for what has not the expected form."""
    record = item["cve"]
    descriptions = record["description"]["description_data"]
    texts = [str(entry.get("value")) for entry in descriptions]
    kinds = [{"description": part.get("description") or []} for part in (record.get("problemtype") or {}).get("problemtype_data") or []]
    return {
        "id": record["CVE_data_meta"]["ID"],
        "vulnStatus": "Rejected" if any(text.startswith(_REJECTED) for text in texts) else "Analyzed",
        "descriptions": descriptions,
        "published": item.get("publishedDate"),
        "lastModified": item.get("lastModifiedDate"),
        "references": (record.get("references") or {}).get("reference_data") or [],
        "weaknesses": kinds,
        "metrics": _metrics(item.get("impact") or {}),
        "configurations": [_configuration(node) for node in (item.get("configurations") or {}).get("nodes") or []],
    }


def _metrics(impact: dict[str, Any]) -> dict[str, Any]:
    metrics: dict[str, Any] = {}
    third, second = impact.get("baseMetricV3"), impact.get("baseMetricV2")
    if third:
        metrics["cvssMetricV31"] = [{"type": "Primary", "cvssData": third["cvssV3"]}]
    if second:
        metrics["cvssMetricV2"] = [{"type": "Primary", "cvssData": second["cvssV2"], "baseSeverity": second.get("severity")}]
    return metrics


def _configuration(node: dict[str, Any]) -> dict[str, Any]:
    """A node of its own is a configuration with one node; the children of an AND are the nodes of one."""
    children = node.get("children") or []
    if not children:
        return {"operator": "OR", "nodes": [_node(node)]}
    own = [_node(node)] if node.get("cpe_match") else []
    return {"operator": node.get("operator"), "negate": node.get("negate"), "nodes": own + [_node(child) for child in children]}


def _node(node: dict[str, Any]) -> dict[str, Any]:
    names = [
        {
            "criteria": entry["cpe23Uri"],
            "vulnerable": entry.get("vulnerable"),
            **{bound: entry[bound] for bound in _BOUNDS if bound in entry},
        }
        for entry in node.get("cpe_match") or []
    ]
    return {"operator": node.get("operator"), "negate": node.get("negate"), "cpeMatch": names}
