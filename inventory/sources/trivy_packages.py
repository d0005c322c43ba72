"""What trivy's packages become. Types: trivy's pkg/fanal/types (const.go); package URLs: its pkg/purl.

A distribution's package is the source package it was built from, where the report tells it; findings alone name the
binary package only.
"""

from __future__ import annotations

from collections.abc import Mapping

from packageurl import PackageURL

from inventory.records import InstalledSoftware
from inventory.rules import normalise_package
from inventory.sources import fields
from inventory.sources.components import Component, software_of
from inventory.sources.frame import Limits
from inventory.sources.scanner_reports import Row, child

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


def of_package(row: Row, kind: str, distro: str, limits: Limits) -> InstalledSoftware:
    """An entry of `Packages`. `kind`: its result's Type; `distro`: the platform of a distribution's packages. Raises BadField."""
    identifier, name, version = child(row, "Identifier"), fields.name(row.get("Name"), limits, "Name"), _full(row, "", limits)
    upstream = ""
    if source := fields.text(row.get("SrcName"), "SrcName", limits):
        upstream = _upstream(_kind_of_package(identifier, kind), source, _full(row, "Src", limits), version)
    return _software(identifier, kind, name, version, distro=distro, upstream=upstream, path=row.get("FilePath"), limits=limits)


def of_finding(row: Row, kind: str, distro: str, limits: Limits) -> InstalledSoftware:
    """The package that an entry of `Vulnerabilities` is about. Raises BadField."""
    name = fields.name(row.get("PkgName"), limits, "PkgName")
    version = fields.version(row.get("InstalledVersion"), limits, "InstalledVersion")
    identifier = child(row, "PkgIdentifier")
    return _software(identifier, kind, name, version, distro=distro, upstream="", path=row.get("PkgPath"), limits=limits)


def _software(
    identifier: Row, kind: str, name: str, version: str, *, distro: str, upstream: str, path: object, limits: Limits
) -> InstalledSoftware:
    package_kind = _kind_of_package(identifier, kind)
    if package_kind in {"deb", "rpm", "apk"}:
        return _of_distribution(package_kind, kind, name, version, distro, upstream, limits)
    purl = identifier.get("PURL")
    if isinstance(purl, str) and purl:
        try:
            made = software_of(Component(version=version, purl=purl, locations=(path,)), limits)
        except fields.BadField:
            made = None  # the name and version beside it are as good
        if made is not None:
            return made
    ecosystem = _LANGUAGES.get(kind, "other")
    vendor = _OTHERS.get(kind, kind or "trivy") if ecosystem == "other" else ""
    return InstalledSoftware(ecosystem, normalise_package(ecosystem, name), version, vendor, evidence=fields.evidence((path,)))


def _of_distribution(
    package_kind: str, kind: str, name: str, version: str, distro: str, upstream: str, limits: Limits
) -> InstalledSoftware:
    epoch, separator, rest = version.partition(":") if package_kind == "rpm" else ("", "", "")
    qualifiers: Mapping[str, str] = {"distro": distro, "upstream": upstream, "epoch": epoch if separator else ""}
    purl = PackageURL(
        package_kind, kind or None, name, (rest if separator else version) or None, {k: v for k, v in qualifiers.items() if v}
    )
    made = software_of(Component(purl=purl.to_string()), limits)
    if made is None:
        raise fields.BadField("the package is no software")
    return made


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


def _upstream(package_kind: str, source: str, source_version: str, version: str) -> str:
    """The source package as a package URL's qualifier `upstream` has it: a file name for rpm, name@version for the others."""
    if package_kind == "rpm":
        return f"{source}-{(source_version or version).rpartition(':')[2]}.src.rpm"
    return f"{source}@{source_version}" if source_version and source_version != version else source
