"""The osquery tables that say what is installed, and what a row of each becomes.

Columns: osquery's table specifications (specs/*.table); every column may be absent in older agents.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from inventory.records import InstalledSoftware
from inventory.rules import normalise_package
from inventory.sources import fields
from inventory.sources.frame import Limits
from inventory.sources.rows import Row

Make = Callable[[Row, Limits], InstalledSoftware | None]


@dataclass(frozen=True, slots=True)
class Table:
    """`covers`: what a snapshot of this table is complete for. `columns`: those that decide the record.

    `marks`: columns that only this table has, for queries whose name does not tell.
    """

    name: str
    covers: str
    columns: tuple[str, ...]
    marks: frozenset[str]
    make: Make


def _program(row: Row, limits: Limits) -> InstalledSoftware:
    return InstalledSoftware(
        ecosystem="cpe",
        name=fields.name(row.get("name"), limits),
        version=fields.version(row.get("version"), limits),
        vendor=fields.text(row.get("publisher"), "publisher", limits),
        evidence=fields.evidence((row.get("install_location"), row.get("identifying_number"))),
    )


def _app(row: Row, limits: Limits) -> InstalledSoftware:
    bundle = fields.text(row.get("bundle_identifier"), "bundle_identifier", limits)
    return InstalledSoftware(
        ecosystem="cpe",
        name=fields.name(row.get("display_name") or row.get("bundle_name") or row.get("name"), limits),
        version=fields.version(row.get("bundle_short_version") or row.get("bundle_version"), limits),
        vendor=_vendor_of_bundle(bundle),
        evidence=fields.evidence((row.get("path"), bundle)),
        identifier=bundle,
    )


def _vendor_of_bundle(bundle: str) -> str:
    """com.google.Chrome -> google: the second label of a bundle identifier is its maker's domain."""
    return match[1] if (match := re.match(r"[^.]+\.([^.]+)\.", bundle.lower())) else ""


_SOURCE = re.compile(r"(\S+)(?:\s+\((\S+)\))?$")
_BINARY_REBUILD = re.compile(r"\+b\d+$")
_ON_DISK = frozenset({"unpacked", "half-configured", "triggers-awaited", "triggers-pending", "installed"})


def is_on_disk(status: str) -> bool:
    """Whether a dpkg status ("install ok installed") means that the package's files are there."""
    return not status or status.rsplit(maxsplit=1)[-1] in _ON_DISK


def deb(*, package: str, version: str, source: str, platform: str = "") -> InstalledSoftware:
    """A binary Debian package as its source package. `source` is dpkg's field: name, or name (version), or empty.

    Without a source version the binary's is the source's, less the mark of a binary-only rebuild (Debian Policy 3.2.1).
    """
    match = _SOURCE.match(source)
    source_name, source_version = (match[1], match[2]) if match else (package, None)
    source_version = source_version or _BINARY_REBUILD.sub("", version)
    return InstalledSoftware(
        ecosystem="deb",
        name=normalise_package("deb", source_name),
        version=source_version,
        platform=platform,
        evidence=(package,),
        package=package if version == source_version else "",
    )


def _deb(row: Row, limits: Limits) -> InstalledSoftware | None:
    if not is_on_disk(fields.text(row.get("status"), "status", limits)):
        return None
    return deb(
        package=fields.name(row.get("name"), limits),
        version=fields.version(row.get("version"), limits),
        source=fields.text(row.get("source"), "source", limits),
    )


_SOURCE_RPM = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)-(?P<release>[^-]+?)(?:\.(?:src|nosrc))?\.rpm$")


def rpm(*, package: str, version: str, source: str, epoch: str = "", platform: str = "", vendor: str = "") -> InstalledSoftware:
    """A binary RPM as its source RPM. `version` is version-release; `source` a file name, openssl-3.0.7-24.el9.src.rpm, or empty.

    A binary package that is versioned apart from its source (perl-Carp of perl), or whose source is not told, is a software
    of its own: its version says nothing about the source's.
    """
    match = _SOURCE_RPM.match(source)
    same = match is not None and f"{match['version']}-{match['release']}" == version
    return InstalledSoftware(
        ecosystem="rpm",
        name=match["name"] if match is not None and same else package,
        version=f"{epoch}:{version}" if epoch not in {"", "0", "(none)"} else version,
        vendor=vendor,
        platform=platform,
        evidence=(package,),
        package=package if same else "",
    )


def apk(*, package: str, version: str, source: str = "", platform: str = "", vendor: str = "") -> InstalledSoftware:
    """A binary Alpine package as its source (apk's `origin`), which has its version. `vendor`: the distribution, if told."""
    name = (source or package).lower()
    return InstalledSoftware("apk", name, version, vendor, platform=platform, evidence=(package,), package=package)


def _rpm(row: Row, limits: Limits) -> InstalledSoftware:
    version = fields.version(row.get("version"), limits, "version")
    release = fields.version(row.get("release"), limits, "release")
    return rpm(
        package=fields.name(row.get("name"), limits),
        version=f"{version}-{release}" if release else version,
        source=fields.text(row.get("source"), "source", limits),
        epoch=fields.version(row.get("epoch"), limits, "epoch"),
    )


def _language(ecosystem: str, *evidence: str) -> Make:
    def make(row: Row, limits: Limits) -> InstalledSoftware:
        return InstalledSoftware(
            ecosystem=ecosystem,
            name=normalise_package(ecosystem, fields.name(row.get("name"), limits)),
            version=fields.version(row.get("version"), limits),
            evidence=fields.evidence(row.get(column) for column in evidence),
        )

    return make


def _other(vendor: str, *evidence: str, identifier: str = "identifier") -> Make:
    def make(row: Row, limits: Limits) -> InstalledSoftware:
        return InstalledSoftware(
            ecosystem="other",
            name=fields.name(row.get("name"), limits),
            version=fields.version(row.get("version"), limits),
            vendor=vendor,
            evidence=fields.evidence(row.get(column) for column in evidence),
            identifier=fields.text(row.get(identifier), identifier, limits),
        )

    return make


TABLES: tuple[Table, ...] = (
    Table("programs", "cpe", ("name", "version", "publisher", "install_location", "identifying_number"),
          frozenset({"install_location", "identifying_number", "uninstall_string"}), _program),
    Table("apps", "cpe", ("name", "display_name", "bundle_name", "bundle_short_version", "bundle_version", "bundle_identifier", "path"),
          frozenset({"bundle_identifier", "bundle_short_version"}), _app),
    Table("deb_packages", "deb", ("name", "version", "source", "status"), frozenset({"admindir", "maintainer", "section"}), _deb),
    Table("rpm_packages", "rpm", ("name", "version", "release", "source", "epoch"),
          frozenset({"release", "epoch", "package_group", "sha1"}), _rpm),
    Table("python_packages", "pypi", ("name", "version", "path", "directory"), frozenset(), _language("pypi", "directory", "path")),
    Table("npm_packages", "npm", ("name", "version", "path", "directory"), frozenset(), _language("npm", "directory", "path")),
    Table("homebrew_packages", "other/homebrew", ("name", "version", "path"), frozenset(), _other("homebrew", "path")),
    Table("chocolatey_packages", "other/chocolatey", ("name", "version", "path"), frozenset(), _other("chocolatey", "path")),
    Table("chrome_extensions", "other/chrome extension", ("name", "version", "identifier", "path"),
          frozenset({"identifier", "permissions", "browser_type"}), _other("chrome extension", "identifier", "path")),
    Table("firefox_addons", "other/firefox addon", ("name", "version", "identifier", "path"),
          frozenset({"creator", "autoupdate", "source_url"}), _other("firefox addon", "identifier", "path")),
    Table("safari_extensions", "other/safari extension", ("name", "version", "identifier", "bundle_version", "path"),
          frozenset({"identifier", "developer_id", "extension_type"}), _other("safari extension", "identifier", "path")),
    Table("vscode_extensions", "other/vscode extension", ("name", "version", "uuid", "publisher", "path"),
          frozenset({"publisher_id", "vscode_edition", "prerelease"}), _other("vscode extension", "uuid", "path", identifier="uuid")),
)  # fmt: skip

FACT_TABLES: dict[str, frozenset[str]] = {
    "os_version": frozenset({"platform_like", "codename"}),
    "system_info": frozenset({"cpu_brand", "hardware_serial"}),
    "patches": frozenset({"hotfix_id"}),
    "windows_update_history": frozenset({"hresult", "update_revision"}),
}
BY_NAME = {table.name: table for table in TABLES}


def table_of(query: str, row: Row) -> Table | str | None:
    """The table a query reads: a Table, the name of a fact table, or None. By the end of its name, else by its columns."""
    lowered = query.lower()
    for name in (*BY_NAME, *FACT_TABLES):
        if lowered == name or lowered.endswith(("_" + name, "/" + name, ":" + name, "-" + name, "." + name)):
            return BY_NAME.get(name, name)
    columns = frozenset(row)
    for name, marks in FACT_TABLES.items():
        if marks & columns:
            return name
    if "name" not in columns:
        return None
    return next((table for table in TABLES if len(table.marks & columns) >= min(2, len(table.marks)) and table.marks), None)
