"""The catalogue of the demo: what its machines install, with releases taken from the shipped intelligence.

`releases.tsv` of the starter names real releases and their days. Where it has none for a product, the versions that
its weaknesses were fixed in are its releases, on the day the first of them was published.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from inventory.versions import sort_key
from tvm_portal.demo.catalogue import Catalogue, Package, Release
from weaknesses import starter
from weaknesses.starter.grammar import Entry

_FOLDER = Path(__file__).parent
_LONG_AGO = dt.date(2025, 1, 15)
SERVER_PLATFORMS = ("windows-server-2022", "windows-server-2019")
# platform of a role, product key, beginning of the versions that belong to it, name and vendor as machines report them
_SYSTEMS = (
    ("windows-11", "cpe:o:microsoft:windows_11_25h2", "10.0.26200.", "Windows 11", "Microsoft"),
    ("windows-10", "cpe:o:microsoft:windows_10_22h2", "10.0.19045.", "Windows 10", "Microsoft"),
    ("windows-server-2022", "cpe:o:microsoft:windows_server_2022", "10.0.20348.", "Windows Server 2022", "Microsoft"),
    ("windows-server-2019", "cpe:o:microsoft:windows_server_2019", "10.0.17763.", "Windows Server 2019", "Microsoft"),
    ("macos-15", "cpe:o:apple:macos", "15.", "macOS", "Apple"),
    ("macos-14", "cpe:o:apple:macos", "14.", "macOS", "Apple"),
)
_LINUX = (
    ("debian-12", "12", "Debian"),
    ("debian-11", "11", "Debian"),
    ("ubuntu-22.04", "22.04", "Ubuntu"),
    ("ubuntu-24.04", "24.04", "Ubuntu"),
    ("rhel-9", "9.5", "Red Hat Enterprise Linux"),
)
# Shares of Debian's servers that carry a package; what every server carries is in debian.tsv.
_ROLES_OF_DEBIAN = {
    "linux": 100, "apache2": 28, "nginx": 44, "php8.2": 22, "php7.4": 20, "postgresql-15": 18, "postgresql-13": 16, "mariadb": 20,
    "redis": 21, "bind9": 9, "exim4": 16, "samba": 7, "openjdk-17": 19, "openjdk-11": 14, "tomcat9": 8, "tomcat10": 7, "nodejs": 12,
    "ghostscript": 15, "imagemagick": 9, "cups": 11, "haproxy": 10, "docker.io": 17, "runc": 17, "git": 60, "unbound": 6, "dovecot": 5,
}  # fmt: skip


@cache
def catalogue() -> Catalogue:
    return Catalogue((*_systems(), *_applications(), *_debian(), *_other_linux()))


@cache
def named_products() -> frozenset[str]:
    """Product keys of the applications that the catalogue has."""
    return frozenset(row[0].partition("@")[0] for row in _rows("software.tsv"))


def _systems() -> Iterator[Package]:
    for platform, key, line, name, vendor in _SYSTEMS:
        releases = _of_line(_releases(key, "cpe"), line)
        if releases:
            yield Package("os", name, vendor, platform, 1.0, 1.0, releases)
    for platform, version, name in _LINUX:
        yield Package("os", name, name, platform, 1.0, 1.0, (Release(version, _LONG_AGO),))


def _applications() -> Iterator[Package]:
    for key, name, vendor, platforms, workstations, servers, version in _rows("software.tsv"):
        product, _, line = key.partition("@")
        releases = (Release(version, _LONG_AGO),) if key == "-" else _of_line(_releases(product, "cpe"), line)
        if not releases:
            continue
        for platform in platforms.split(","):
            yield Package("cpe", name, vendor, platform, int(workstations) / 100, int(servers) / 100, releases)


def _debian() -> Iterator[Package]:
    plain: dict[str, str] = {row[0]: row[1] for row in _rows("debian.tsv")}
    for platform in ("debian-12", "debian-11"):
        for name in sorted({*plain, *_ROLES_OF_DEBIAN}):
            releases = _releases(f"deb:debian:{name}", "deb", platform)
            if not releases and name in plain and platform == "debian-12":
                releases = (Release(plain[name], _LONG_AGO),)
            share = 1.0 if name in plain else _ROLES_OF_DEBIAN[name] / 100
            if releases:
                yield Package("deb", name, "debian", platform, share, share, releases)


def _other_linux() -> Iterator[Package]:
    """Packages of distributions that few shipped advisories speak of: mostly inventory without weaknesses."""
    for platform, ecosystem, vendor, name, version in _rows("distributions.tsv"):
        releases = _releases(f"{ecosystem}:{vendor}:{name}", ecosystem, platform) or (Release(version, _LONG_AGO),)
        yield Package(ecosystem, name, vendor, platform, 1.0, 1.0, releases)


def _of_line(releases: tuple[Release, ...], line: str) -> tuple[Release, ...]:
    """Those of one release line, without pre-releases."""
    return tuple(
        release for release in releases if release.version.startswith(line) and not re.search(r"\d(a|b|rc|-M|-rc)\d", release.version)
    )


def _releases(product: str, ecosystem: str, platform: str = "") -> tuple[Release, ...]:
    """Releases of a product in order; a version never comes before a lower one."""
    known = (
        _shipped_releases().get((product, platform))
        or _shipped_releases().get((product, "any"))
        or _fixed_versions().get((product, platform), {})
    )
    ordered: list[Release] = []
    for version, day in sorted(known.items(), key=lambda item: sort_key(ecosystem, item[0])):
        if sort_key(ecosystem, version):
            ordered.append(Release(version, max(day, ordered[-1].day) if ordered else day))
    return tuple(ordered)


@cache
def _shipped_releases() -> dict[tuple[str, str], dict[str, dt.date]]:
    found: dict[tuple[str, str], dict[str, dt.date]] = defaultdict(dict)
    path = starter.FOLDER / "releases.tsv"
    lines = path.read_text().splitlines() if path.exists() else []
    for product, version, released, platform in csv.reader(
        (line for line in lines if line and not line.startswith(("#", "product\t"))), delimiter="\t"
    ):
        found[product, platform if product.startswith("deb:") else "any"][version] = dt.date.fromisoformat(released)
    return dict(found)


@cache
def _fixed_versions() -> dict[tuple[str, str], dict[str, dt.date]]:
    found: dict[tuple[str, str], dict[str, dt.date]] = defaultdict(dict)
    for entry in starter.entries():
        if isinstance(entry, Entry):
            _add_fixed(entry, found)
    return dict(found)


def _add_fixed(entry: Entry, found: dict[tuple[str, str], dict[str, dt.date]]) -> None:
    published = entry.weakness.published_at
    for affected in entry.weakness.ranges or ():
        if affected.fixed and published:
            platforms: Iterable[str] = affected.platforms if affected.product.startswith("deb:") else ("",)
            for platform in platforms:
                known = found[affected.product, platform]
                known[affected.fixed] = min(known.get(affected.fixed, published.date()), published.date())


def _rows(file: str) -> list[list[str]]:
    lines = (_FOLDER / file).read_text().splitlines()
    return list(csv.reader((line for line in lines if not line.startswith("#")), delimiter="\t"))
