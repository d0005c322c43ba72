"""Of what kind a package of a container image is, where only its name and version are known.

Versions of distributions are told by their form: `3.0.7-25.el9`, `1.1.1d-r2`, `2.31-13+deb11u6`. What remains is a runtime that
a scanner knows by its file (node, python), a package of the registry that its name has the form of (Go, Maven, npm scopes),
of the one that most names of its image have the form of (a bare `mercurial` among Java archives is one), or of the first
registry whose advisories know the name; else it is of a kind that no advisory here is about.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from inventory.records import InstalledSoftware
from inventory.rules import normalise_package, platform_of
from inventory.sources.osquery_tables import deb, rpm
from weaknesses.rules import package_product

_RPM = re.compile(r"-\S*\.(el|amzn|cm|fc)([0-9]+)|\.module\+el([0-9]+)")
_RPM_DISTRIBUTIONS = {"el": "rhel", "amzn": "amzn", "cm": "mariner", "fc": "fedora"}
_ALPINE = re.compile(r"-r[0-9]+$")
_DEBIAN_REVISION = re.compile(r"[0-9][^-]*-[0-9][0-9A-Za-z.+~]*$|[0-9][0-9.]*(?:\+deb[0-9]+u[0-9]+)?$")
_NATIVE = frozenset(
    {"apt", "dpkg", "base-files", "debianutils", "adduser", "sensible-utils", "debconf", "perl-base", "init-system-helpers"}
)
_NATIVE_LIBRARY = re.compile(r"libapt-(pkg|inst)[0-9.]+$|apt-")
_SUSE_REVISION = re.compile(r"-[0-9]+(?:\.[0-9]+)+$")
_RUNTIMES = {
    "node": "cpe:2.3:a:nodejs:node.js",
    "python": "cpe:2.3:a:python:python",
    "go": "cpe:2.3:a:golang:go",
    "ruby": "cpe:2.3:a:ruby-lang:ruby",
    "busybox": "cpe:2.3:a:busybox:busybox",
    "nginx": "cpe:2.3:a:f5:nginx",
    "stdlib": "cpe:2.3:a:golang:go",
}
_GO = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+/")
_JAVA_VERSION = re.compile(r"\.(Final|RELEASE|GA|v[0-9]{8})$|-(jre|android|jenkins-\d+|shaded\S*)$")
_MANY = 3
_REGISTRIES = ("pypi", "npm", "gem", "nuget", "cargo", "composer")


@dataclass(frozen=True, slots=True)
class Kind:
    """`scope`: how the product keys begin that advisories about it have; `platform`: the release they must be about, "" for any."""

    installed: InstalledSoftware
    scope: str
    platform: str = ""


def platform_of_guess(guess: str) -> str:
    """debian:11 -> debian-11; rhel-like:8 -> rhel-8; alpine -> alpine (no release is known)."""
    name, _, release = guess.partition(":")
    return platform_of("rhel" if name == "rhel-like" else name, release)


def kind_of(name: str, version: str, platform: str, *, usual: str, registries: Mapping[str, Collection[str]]) -> Kind:
    """`platform`: the image's, as far as known. `usual`: see `usual_registry`. `registries`: names that advisories know, by ecosystem."""
    return _of_distribution(name, version, platform) or _of_runtime(name, version) or _of_registry(name, version, usual, registries)


def usual_registry(packages: Iterable[tuple[str, str]]) -> str:
    """The registry that most of an image's packages, as name and version, have the form of; "" where hardly any has one."""
    forms = Counter(form for name, version in set(packages) if (form := _form(name, version)))
    ecosystem, count = forms.most_common(1)[0] if forms else ("", 0)
    return ecosystem if count >= _MANY else ""


def _of_distribution(name: str, version: str, platform: str) -> Kind | None:
    distribution = platform.rsplit("-", 1)[0]
    if found := _RPM.search(version):
        own = f"{_RPM_DISTRIBUTIONS[found[1] or 'el']}-{found[2] or found[3]}"
        return _rpm(name, version, own)
    if distribution == "alpine" and _ALPINE.search(version):
        return Kind(InstalledSoftware("apk", name, version, "alpine", platform=platform, evidence=(name,)), "apk:alpine:", platform)
    if distribution == "sles" and _SUSE_REVISION.search(version):
        return _rpm(name, version, platform)
    if distribution in {"debian", "ubuntu"} and _is_debian(name, version):
        return Kind(deb(package=name, version=version, source="", platform=platform), f"deb:{distribution}:", platform)
    return None


def _rpm(name: str, version: str, platform: str) -> Kind:
    epoch, _, rest = version.rpartition(":")
    installed = rpm(package=name, version=rest, source="", epoch=epoch, platform=platform)
    return Kind(installed, f"rpm:{platform.rsplit('-', 1)[0]}:", platform)


def _is_debian(name: str, version: str) -> bool:
    """With a revision as Debian writes it, or one of its native packages, which have none."""
    if "ubuntu" in version or re.search(r"deb[0-9]+u[0-9]|~deb|\+b[0-9]", version):
        return True
    if name in _NATIVE or _NATIVE_LIBRARY.match(name):
        return True
    return bool(
        "-" in version and _DEBIAN_REVISION.match(version.rpartition(":")[2]) and not _JAVA_VERSION.search(version) and ":" not in name
    )


def _of_runtime(name: str, version: str) -> Kind | None:
    cpe = _RUNTIMES.get(name)
    if cpe is None:
        return None
    part, vendor, product = cpe.split(":")[2:5]
    number = version.removeprefix("go")
    return Kind(InstalledSoftware("cpe", product, number, vendor, cpe=f"{cpe}:{number}:*:*:*:*:*:*:*"), f"cpe:{part}:{vendor}:{product}")


def _of_registry(name: str, version: str, usual: str, registries: Mapping[str, Collection[str]]) -> Kind:
    ecosystem = _form(name, version) or usual or _known(name, registries)
    spelled = normalise_package(ecosystem, name)
    if ecosystem == "other":
        return Kind(InstalledSoftware("other", name, version, "unknown"), f"other:unknown:{name}")
    return Kind(InstalledSoftware(ecosystem, spelled, version), package_product(ecosystem, spelled))


def _form(name: str, version: str) -> str:
    if _GO.match(name):
        return "golang"
    if ":" in name or _JAVA_VERSION.search(version):
        return "maven"
    return "npm" if name.startswith("@") else ""


def _known(name: str, registries: Mapping[str, Collection[str]]) -> str:
    for ecosystem in _REGISTRIES:
        if package_product(ecosystem, name).partition(":")[2] in registries.get(ecosystem, ()):
            return ecosystem
    return "other"
