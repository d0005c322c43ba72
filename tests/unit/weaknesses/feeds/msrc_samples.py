"""Documents as the Microsoft Security Response Center publishes them, with invented weaknesses."""

from __future__ import annotations

import json
from typing import Any

PRODUCTS = {
    "1": "Windows 11 Version 23H2 for x64-based Systems",
    "2": "Windows 11 Version 24H2 for ARM64-based Systems",
    "3": "Windows Server 2025 (Server Core installation)",
    "4": "Microsoft Office LTSC 2024 for 64-bit editions",
    "5": "Windows Server 2022, 23H2 Edition (Server Core installation)",
}


def fix(kb: str, build: str, *products: str, replaces: str = "", **more: Any) -> dict[str, Any]:
    return {
        "Description": {"Value": kb},
        "URL": f"https://catalog.update.microsoft.com/v7/site/Search.aspx?q=KB{kb}",
        "Supercedence": replaces,
        "ProductID": list(products),
        "Type": 2,
        "DateSpecified": False,
        "AffectedFiles": [],
        "RestartRequired": {"Value": "Yes"},
        "SubType": "Security Update",
        "FixedBuild": build,
        **more,
    }


def weakness(cve: str, *fixes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "Title": {"Value": "Windows Example Elevation of Privilege Vulnerability"},
        "Notes": [],
        "CVE": cve,
        "ProductStatuses": [{"ProductID": list(PRODUCTS), "Type": 3}],
        "Threats": [
            {"Description": {"Value": "Important"}, "ProductID": ["1"], "Type": 3, "DateSpecified": False},
            {"Description": {"Value": "Exploited:No"}, "Type": 1, "DateSpecified": False},
        ],
        "CVSSScoreSets": [
            {
                "BaseScore": 7.8,
                "TemporalScore": 6.8,
                "Vector": "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O/RC:C",
                "ProductID": ["1"],
            }
        ],
        "Remediations": list(fixes),
        "Acknowledgments": [],
        "Ordinal": "1",
        **more,
    }


def month(*weaknesses: Any, name: str = "2099-Jul", released: str = "2099-07-08T07:00:00Z", changed: str = "2099-07-09T07:00:00Z") -> bytes:
    document = {
        "DocumentTitle": {"Value": f"{name} Security Updates"},
        "DocumentType": {"Value": "Security Update"},
        "DocumentTracking": {
            "Identification": {"ID": {"Value": name}, "Alias": {"Value": name}},
            "InitialReleaseDate": released,
            "CurrentReleaseDate": changed,
        },
        "ProductTree": {"FullProductName": [{"ProductID": key, "Value": value} for key, value in PRODUCTS.items()]},
        "Vulnerability": list(weaknesses),
    }
    return json.dumps(document).encode()
