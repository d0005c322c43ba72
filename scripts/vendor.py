"""Fetches the front-end files of other projects into static/vendor, for those who change a version.

    .venv/bin/python -m scripts.vendor

Needs npm. Exact versions only; each archive is checked against the digest its registry states, then
single files are taken and listed in VENDOR.json with their SHA-256, which a test checks again. Users
of the portal need neither npm nor a network.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "static" / "vendor"


@dataclass(frozen=True)
class Package:
    """`files`: name in the archive to name below static/vendor."""

    name: str
    version: str
    licence: str
    files: dict[str, str]


PACKAGES = (
    Package("htmx.org", "2.0.11", "0BSD", {"dist/htmx.min.js": "htmx/htmx.min.js", "LICENSE": "htmx/LICENSE"}),
    Package(
        "plotly.js-cartesian-dist-min",
        "4.1.1",
        "MIT",
        {"plotly-cartesian.min.js": "plotly/plotly-cartesian.min.js", "LICENSE": "plotly/LICENSE"},
    ),
    # The style sheet that the script would otherwise inject, which the content security policy forbids.
    Package("plotly.js", "4.1.1", "MIT", {"dist/plotly.css": "plotly/plotly.css"}),
    # One face on every system, so that columns are as wide everywhere as they were designed.
    Package(
        "@fontsource-variable/inter",
        "5.3.0",
        "OFL-1.1",
        {
            "files/inter-latin-wght-normal.woff2": "inter/inter-latin.woff2",
            "files/inter-latin-ext-wght-normal.woff2": "inter/inter-latin-ext.woff2",
            "LICENSE": "inter/LICENSE",
        },
    ),
)


class WrongDigest(Exception):
    """An archive is not what its registry says it is."""


def fetch(package: Package, folder: Path) -> Path:
    """Download one archive into `folder` and check its SHA-512. Raises WrongDigest."""
    packed = _npm("pack", f"{package.name}@{package.version}", "--json", "--pack-destination", str(folder))
    stated = json.loads(_npm("view", f"{package.name}@{package.version}", "dist.integrity", "--json"))
    archive = folder / str(json.loads(packed)[0]["filename"])
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != stated:
        raise WrongDigest(f"{package.name}@{package.version}: the archive's digest is {found}, the registry states {stated}")
    return archive


def take(package: Package, archive: Path) -> list[dict[str, str]]:
    """Write the package's files below static/vendor; returns their manifest entries."""
    entries = []
    with tarfile.open(archive) as tar:
        for inside, name in package.files.items():
            member = tar.extractfile(f"package/{inside}")
            if member is None:
                raise FileNotFoundError(f"{package.name}@{package.version} has no {inside}")
            content = member.read()
            target = VENDOR / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            entries.append(
                {
                    "file": name,
                    "package": f"{package.name}@{package.version}",
                    "licence": package.licence,
                    "sha256": hashlib.sha256(content).hexdigest(),
                }
            )
    return entries


def main() -> None:
    entries = []
    with tempfile.TemporaryDirectory() as folder:
        for package in PACKAGES:
            print(f"{package.name}@{package.version} ...", file=sys.stderr)
            entries += take(package, fetch(package, Path(folder)))
    entries.sort(key=lambda entry: entry["file"])
    (VENDOR / "VENDOR.json").write_text(json.dumps(entries, indent=2) + "\n")


def _npm(*arguments: str) -> str:
    return subprocess.run(["npm", *arguments], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
