"""What to do about a recommendation, platform by platform, in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inventory.models import Software
from recommendations.models import Recommendation

Ecosystem = Software.Ecosystem
_PACKAGES = {
    Ecosystem.DEB: "Install the distribution's updates: apt-get update && apt-get upgrade",
    Ecosystem.RPM: "Install the distribution's updates: dnf upgrade",
    Ecosystem.APK: "Install the distribution's updates: apk upgrade --update-cache, or rebuild the image",
}
_LIBRARIES = {
    Ecosystem.PYPI: 'pip install --upgrade "{name}>={version}", or raise it in the lock file and deploy anew',
    Ecosystem.NPM: "npm install {name}@{version}, or raise it in the lock file and deploy anew",
    Ecosystem.GEM: "bundle update {name}, to {version} or later, and deploy anew",
    Ecosystem.COMPOSER: "composer require {name}:^{version}, and deploy anew",
    Ecosystem.CARGO: "cargo update -p {name} --precise {version}, then build and deploy anew",
    Ecosystem.GOLANG: "go get {name}@v{version}, then build and deploy anew",
    Ecosystem.MAVEN: "Raise {name} to {version} or later in the build file, then build and deploy anew",
    Ecosystem.NUGET: "dotnet add package {name} --version {version}, then build and deploy anew",
}
_SYSTEMS = {
    "Windows": "Approve and install the update in Windows Update, or in what manages updates here; restart afterwards",
    "macOS": "Install it in Software Update, or by device management; restart afterwards",
}
_APPLICATIONS = {
    "Windows": "Deploy the vendor's installer of {version} or later with the software distribution, or let its own updater run",
    "macOS": "Deploy {version} or later by device management, or let its own updater run",
}


@dataclass(frozen=True, slots=True)
class Option:
    """`where`: a platform, or empty for all. `machines` None: not counted."""

    where: str
    text: str
    version: str = ""
    machines: int | None = None


def options_of(recommendation: Recommendation, *, targets: Sequence[tuple[str, str, int]]) -> tuple[Option, ...]:
    """`targets`: platform, version to reach, machines that run an affected one."""
    kind, software = recommendation.kind, recommendation.software
    if software is None:
        return ()
    if kind == Recommendation.Kind.UNINSTALL:
        return _endings(software)
    if kind == Recommendation.Kind.ATTENTION:
        return (
            Option("", "Apply the vendor's workaround, if there is one: see the references of its weaknesses."),
            Option("", "Until an update is out, limit who reaches it: take it off the internet, or switch off the part concerned."),
            Option("", "Where nobody needs it, uninstall it."),
        )
    found = tuple(Option(where, f"{_how(software, where, version)}.", version, machines) for where, version, machines in targets)
    if found or kind != Recommendation.Kind.UPGRADE:
        return found
    return (Option("", "Plan the move to a release line that is still supported; the installed ones get no fix any more."),)


def _endings(software: Software) -> tuple[Option, ...]:
    if software.ecosystem == Ecosystem.OS:
        return (
            Option("", "Move the machines to a system that is still supported: upgrade in place, or replace them."),
            Option("", "Until then keep them apart from the rest of the network, or buy extended support where it is sold."),
        )
    return (
        Option("", "Uninstall it where nobody needs it."),
        Option("", "Where it is needed, replace it by a product that is still maintained, or by a supported release of it."),
    )


def _how(software: Software, where: str, version: str) -> str:
    ecosystem = Ecosystem(software.ecosystem)
    if ecosystem in _PACKAGES:
        return _PACKAGES[ecosystem]
    target = version or "the fixed version"
    if ecosystem in _LIBRARIES:
        return _LIBRARIES[ecosystem].format(name=software.name, version=target.removeprefix("v"))
    if ecosystem == Ecosystem.OS:
        return _SYSTEMS.get(where, "Install the system's updates with its own tools")
    return _APPLICATIONS.get(where, "Install {version} or later as it was installed").format(version=target)
