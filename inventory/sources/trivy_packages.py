"""What trivy's packages become. Types: trivy's pkg/fanal/types (const.go); package URLs: its pkg/purl.

A distribution's package is the source package it was built from, where the report tells it; findings alone name the
binary package only.
"""

from __future__ import annotations

from inventory.records import InstalledSoftware
from inventory.rules import normalise_package
from inventory.sources import fields
from inventory.sources.components import Component, software_of
from inventory.sources.frame import Limits
from inventory.sources.osquery_tables import apk, deb, rpm
from inventory.sources.rows import Row, child

_DISTRIBUTIONS = {
    **dict.fromkeys(("debian", "ubuntu", "echo"), "deb"),
    **dict.fromkeys(("alpine", "wolfi", "chainguard", "minimos"), "apk"),
    **dict.fromkeys(("redhat", "centos", "rocky", "alma", "fedora", "oracle", "amazon", "photon", "cbl-mariner", "azurelinux"), "rpm"),
    **dict.fromkeys(("opensuse", "opensuse.leap", "opensuse-leap", "opensuse.tumbleweed", "opensuse-tumbleweed"), "rpm"),
    **dict.fromkeys(("suse linux enterprise server", "sles", "suse linux enterprise micro", "slem"), "rpm"),
}
_LANGUAGES = {
    **dict.fromkeys(("npm", "yarn", "pnpm", "bun", "node-pkg", "javascript"), "npm"),
    **dict.fromkeys(("pip", "pipenv", "poetry", "uv", "pylock", "python-pkg"), "pypi"),
    **dict.fromkeys(("bundler", "gemspec"), "gem"),
    **dict.fromkeys(("jar", "pom", "gradle", "gradle-lockfile", "sbt", "sbt-lockfile"), "maven"),
    **dict.fromkeys(("composer", "composer-vendor"), "composer"),
    **dict.fromkeys(("gobinary", "gomod"), "golang"),
    **dict.fromkeys(("cargo", "rustbinary", "rust-binary"), "cargo"),
    **dict.fromkeys(("nuget", "dotnet-core", "packages-props", "nuget-config"), "nuget"),
}
_OTHERS = {"conda-pkg": "conda", "conda-environment": "conda", "kubernetes": "k8s", "mix": "hex"}


def of_package(row: Row, kind: str, platform: str, limits: Limits) -> InstalledSoftware:
    """An entry of `Packages`. `kind`: its result's Type; `platform`: of a distribution's packages. Raises BadField."""
    name, version = fields.name(row.get("Name"), limits, "Name"), _full(row, "", limits)
    source, source_version = fields.text(row.get("SrcName"), "SrcName", limits), _full(row, "Src", limits)
    made = _of_distribution(child(row, "Identifier"), kind, name, version, source, source_version, platform)
    return made or _of_language(child(row, "Identifier"), kind, name, version, row.get("FilePath"), limits)


def of_finding(row: Row, kind: str, platform: str, limits: Limits) -> InstalledSoftware:
    """The package that an entry of `Vulnerabilities` is about. Raises BadField."""
    name = fields.name(row.get("PkgName"), limits, "PkgName")
    version = fields.version(row.get("InstalledVersion"), limits, "InstalledVersion")
    made = _of_distribution(child(row, "PkgIdentifier"), kind, name, version, "", "", platform)
    return made or _of_language(child(row, "PkgIdentifier"), kind, name, version, row.get("PkgPath"), limits)


def _of_distribution(
    identifier: Row, kind: str, name: str, version: str, source: str, source_version: str, platform: str
) -> InstalledSoftware | None:
    """A distribution's package, None for any other."""
    package_kind = _kind_of_package(identifier, kind)
    if package_kind == "deb":
        named = f"{source} ({source_version})" if source and source_version else source
        return deb(package=name, version=version, source=named, platform=platform)
    if package_kind == "rpm":
        epoch, separator, rest = version.partition(":")
        file = f"{source}-{source_version.rpartition(':')[2]}.src.rpm" if source else ""
        return rpm(
            package=name,
            version=rest if separator else version,
            source=file,
            epoch=epoch if separator else "",
            platform=platform,
            vendor=kind,
        )
    return apk(package=name, version=version, source=source, platform=platform, vendor=kind) if package_kind == "apk" else None


def _of_language(identifier: Row, kind: str, name: str, version: str, path: object, limits: Limits) -> InstalledSoftware:
    """Another package: by its package URL, else by the name and version beside it, which are as good."""
    purl = identifier.get("PURL")
    if isinstance(purl, str) and purl:
        try:
            made = software_of(Component(version=version, purl=purl, locations=(path,)), limits)
        except fields.BadField:
            made = None
        if made is not None:
            return made
    ecosystem = _LANGUAGES.get(kind, "other")
    vendor = _OTHERS.get(kind, kind or "trivy") if ecosystem == "other" else ""
    return InstalledSoftware(ecosystem, normalise_package(ecosystem, name), version, vendor, evidence=fields.evidence((path,)))


def _kind_of_package(identifier: Row, kind: str) -> str:
    """deb, rpm, apk, or another type of package URL, from the URL itself or from trivy's name of the distribution."""
    purl = identifier.get("PURL")
    if isinstance(purl, str) and purl.startswith("pkg:"):
        return purl[4:].partition("/")[0]
    return _DISTRIBUTIONS.get(kind, "")


def _full(row: Row, prefix: str, limits: Limits) -> str:
    """epoch:version-release of a package, or of its source (`prefix` Src), as trivy takes them apart."""
    version = fields.version(row.get(f"{prefix}Version"), limits, f"{prefix}Version")
    release = fields.version(row.get(f"{prefix}Release"), limits, f"{prefix}Release")
    epoch = row.get(f"{prefix}Epoch")
    full = f"{version}-{release}" if release else version
    return f"{epoch}:{full}" if isinstance(epoch, int) and epoch > 0 and full else full
