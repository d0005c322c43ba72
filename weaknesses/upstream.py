"""Packages that NVD knows by a product name: their versions in the order of CPEs, and the fixes of CPE ranges in theirs.

A range is compared in the order of its own scheme. So a package's version is probed twice, in its ecosystem's order for the
advisories of its registry and in the generic one for NVD's ranges, and what NVD calls fixed is put back into the ecosystem's order.
"""

from __future__ import annotations

import json
import re
from typing import Final

from core import sql
from inventory.versions import sort_key

_EPOCH: Final = {
    "deb": re.compile(r"^\d+:"),
    "rpm": re.compile(r"^\d+:"),
    "pypi": re.compile(r"^\d+!"),
}
_REVISION: Final = re.compile(r"-[^-]*$")
_AFTER: Final = "~"  # what start_fix_targets.sql and raise_fix_targets.sql write behind a key for "after this version"


def upstream_version(scheme: str, version: str) -> str:
    """A package's version as its maker counts: without the packager's epoch and revision, "1:2.4.1-1" -> "2.4.1"."""
    text = _EPOCH[scheme].sub("", version) if scheme in _EPOCH else version
    return _REVISION.sub("", text) if scheme in {"deb", "rpm", "apk"} else text


def compared_key(ecosystem: str, version: str) -> str:
    """What of a version of this ecosystem is compared with CPE ranges."""
    return sort_key("cpe", upstream_version(ecosystem, version))


def add_probes() -> int:
    """Add to `probe` the versions of packages with an NVD name, in the order of CPEs. Returns how many."""
    probes = [
        {"id": row["id"], "version": version, "sort_key": key + _AFTER * row["sort_key"].endswith(_AFTER)}
        for row in sql.rows("weaknesses/read_upstream_probes")
        if (key := sort_key("cpe", version := upstream_version(row["scheme"], row["version"])))
    ]
    return sql.run("weaknesses/add_upstream_probes", {"probes": json.dumps(probes)})[0] if probes else 0


def order_fixes() -> None:
    """Give what CPE ranges call fixed, in `candidate`, the keys of the package's own order."""
    keys = [
        {"scheme": row["scheme"], "version": row["version"], "sort_key": sort_key(row["scheme"], row["version"])}
        for row in sql.rows("weaknesses/read_upstream_fixes")
    ]
    sql.run("weaknesses/order_upstream_fixes", {"keys": json.dumps(keys)})
