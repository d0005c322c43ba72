"""A component of a software bill of materials as an installed software: by package URL, else CPE, else name.

Package URLs: the purl specification; qualifiers `distro` and `upstream` as syft and trivy write them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from packageurl import PackageURL

from inventory.records import InstalledSoftware
from inventory.rules import normalise_package, platform_of
from inventory.sources import fields
from inventory.sources.frame import Limits
from inventory.sources.osquery_tables import apk, deb, rpm

SOFTWARE_TYPES = frozenset({"application", "framework", "library", "container", "platform", "firmware", "device-driver"})
HOST_TYPES = frozenset({"device", "operating-system", "container"})
_LANGUAGES = {
    "pypi": "pypi",
    "npm": "npm",
    "maven": "maven",
    "composer": "composer",
    "golang": "golang",
    "gem": "gem",
    "nuget": "nuget",
    "cargo": "cargo",
}
_SEPARATORS = {"maven": ":"}


@dataclass(frozen=True, slots=True)
class Component:
    """What is used of a component, whichever notation it came in. Values are unchecked."""

    type: object = ""
    name: object = ""
    version: object = ""
    group: object = ""
    publisher: object = ""
    purl: object = ""
    cpe: object = ""
    locations: tuple[object, ...] = ()


def software_of(component: Component, limits: Limits) -> InstalledSoftware | None:
    """The software, None where the component is none (a file, data). Raises BadField."""
    purl = fields.text(component.purl, "purl", limits)
    if purl:
        return _of_purl(purl, component, limits)
    kind = fields.text(component.type, "type", limits)
    if kind and kind not in SOFTWARE_TYPES:
        return None
    cpe = fields.text(component.cpe, "cpe", limits)
    if cpe:
        return _of_cpe(cpe, component, limits)
    return InstalledSoftware(
        ecosystem="cpe",
        name=fields.name(component.name, limits),
        version=fields.version(component.version, limits),
        vendor=fields.text(component.publisher, "publisher", limits) or fields.text(component.group, "group", limits),
        evidence=fields.evidence(component.locations),
    )


def _of_purl(text: str, component: Component, limits: Limits) -> InstalledSoftware:
    try:
        purl = PackageURL.from_string(text)
    except ValueError as error:
        raise fields.BadField(f"purl is not a package URL: {str(error)[:120]}") from error
    qualifiers: Mapping[str, str] = purl.qualifiers or {}
    version = fields.version(purl.version or component.version, limits)
    fields.name(purl.name, limits)
    platform = _platform(qualifiers.get("distro", ""), purl.namespace or "")
    if purl.type == "deb":
        return deb(package=purl.name, version=version, source=_upstream(qualifiers), platform=platform)
    if purl.type == "rpm":
        source, epoch = qualifiers.get("upstream", ""), qualifiers.get("epoch", "")
        return rpm(package=purl.name, version=version, source=source, epoch=epoch, platform=platform, vendor=purl.namespace or "")
    if purl.type == "apk":
        source = _upstream(qualifiers).partition(" ")[0]
        return apk(package=purl.name, version=version, source=source, platform=platform, vendor=purl.namespace or "")
    ecosystem = _LANGUAGES.get(purl.type, "other")
    full = _SEPARATORS.get(ecosystem, "/").join(part for part in (purl.namespace, purl.name) if part)
    return InstalledSoftware(
        ecosystem=ecosystem,
        name=normalise_package(ecosystem, fields.name(full, limits)),
        version=version,
        vendor=purl.type if ecosystem == "other" else "",
        evidence=fields.evidence(component.locations),
    )


def _upstream(qualifiers: Mapping[str, str]) -> str:
    """syft's `upstream` is name or name@version; here as dpkg writes it: name (version)."""
    name, separator, version = qualifiers.get("upstream", "").partition("@")
    return f"{name} ({version})" if separator and version else name


def _platform(distro: str, namespace: str) -> str:
    """`distro` is debian-12, ubuntu-22.04, or a bare release name or number where the namespace tells the rest."""
    if not distro:
        return ""
    name, _, release = distro.rpartition("-")
    if not release[:1].isdigit():
        return ""
    return platform_of(name or namespace, release)


_CPE23 = re.compile(r"cpe:2\.3:([aoh]):((?:\\.|[^\\:])*):((?:\\.|[^\\:])*):((?:\\.|[^\\:])*)(?::((?:\\.|[^\\:])*))?")
_CPE22 = re.compile(r"cpe:/([aoh]):([^:]*):([^:]*):?([^:]*):?([^:]*)")


def _of_cpe(cpe: str, component: Component, limits: Limits) -> InstalledSoftware | None:
    match = _CPE23.match(cpe) or _CPE22.match(cpe)
    if match is None:
        raise fields.BadField("cpe is not a CPE 2.2 or 2.3 name")
    part, vendor, product, version, update = (re.sub(r"\\(.)", r"\1", group or "") for group in match.groups())
    if part == "h":
        return None
    named = fields.version(component.version, limits)
    return InstalledSoftware(
        ecosystem="cpe",
        name=fields.name(product, limits, "product of the cpe"),
        version=named or _with_update(version, update)[:200],
        vendor=vendor,
        cpe=cpe,
        evidence=fields.evidence(component.locations),
    )


def _with_update(version: str, update: str) -> str:
    """An update belongs to its version: 7.5.0 and rc.1 are "7.5.0 rc.1"."""
    if version in {"", "*", "-"}:
        return ""
    return version if update in {"", "*", "-"} else f"{version} {update}"
