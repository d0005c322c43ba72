"""What the osquery tables os_version and system_info say about the machine itself."""

from __future__ import annotations

import re
from collections.abc import Mapping

from inventory.records import MachineFacts
from inventory.rules import family_of, platform_of
from inventory.sources import fields
from inventory.sources.rows import Row
from inventory.sources.systems import windows_name


def machine_facts(*, external_id: str, name: str, os: Row, architecture: str) -> MachineFacts:
    """What os_version and system_info say of a machine. `name`: its host name, empty where nobody said."""
    os_name, version = fields.short(os.get("name")), fields.short(os.get("version"))
    family, build = fields.short(os.get("platform")).lower(), fields.short(os.get("build"))
    label = {"windows": "windows", "darwin": "macos"}.get(family, os_name or family)
    platform = platform_of(label, version)
    if platform == "windows":
        version, os_name = _windows_version(os, version, build), windows_name(os_name, build)
    return MachineFacts(
        external_id=external_id,
        name=name or external_id,
        domain=name.partition(".")[2],
        family=family_of(platform),
        platform=platform,
        os_name=os_name,
        os_version=version,
        os_build=build[:40],
        architecture=(fields.short(os.get("arch")) or architecture)[:20],
    )


_UPDATE = re.compile(r"\bKB\d{5,9}\b")


def patch_of(table: str, row: Row) -> str:
    """The update that a row of patches names, or one of windows_update_history whose installation went well; "" for none."""
    if table == "patches":
        return fields.short(row.get("hotfix_id"))
    title = row.get("title")
    went_well = fields.short(row.get("operation")) in {"Installation", ""} and fields.short(row.get("result_code")) in {
        "Succeeded",
        "SucceededWithErrors",
    }
    match = _UPDATE.search(title[:1_000]) if went_well and isinstance(title, str) else None
    return match[0] if match else ""


def _windows_version(row: Mapping[str, object], version: str, build: str) -> str:
    """10.0.22631.3007 from version 10.0.22631, build 22631 and revision 3007."""
    revision = fields.short(row.get("revision"))
    if version.count(".") == 1 and build:
        version = f"{version}.{build}"
    return f"{version}.{revision}" if revision and version.count(".") == 2 else version
