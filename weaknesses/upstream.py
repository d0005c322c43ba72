"""Software that two kinds of vulnerability data know: packages that NVD gives a product name, and products that are packages.

A range is compared in the order of its own scheme. So a version is probed twice, for a package in its ecosystem's order against
the advisories of its registry and in the generic one against NVD's ranges, and what the other kind calls fixed is put back into
the software's own order.
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
    """Add to `probe` the versions that products of another scheme are compared with, in its order. Returns how many."""
    probes = [
        {"id": row["id"], "scheme": row["other"], "version": version, "sort_key": key + _AFTER * row["sort_key"].endswith(_AFTER)}
        for row in sql.rows("weaknesses/read_upstream_probes")
        if (key := sort_key(row["other"], version := upstream_version(row["scheme"], row["version"])))
    ]
    return sql.run("weaknesses/add_upstream_probes", {"probes": json.dumps(probes)})[0] if probes else 0


def order_fixes() -> None:
    """Give what ranges of another scheme call fixed, in `candidate`, the keys of the software's own order."""
    keys = [
        {"scheme": row["scheme"], "version": row["version"], "sort_key": sort_key(row["scheme"], row["version"])}
        for row in sql.rows("weaknesses/read_upstream_fixes")
    ]
    sql.run("weaknesses/order_upstream_fixes", {"keys": json.dumps(keys)})
