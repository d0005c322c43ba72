"""Sources of ranges as people call them, and where each says so.

A source is a feed's kind, and where it speaks in parts the part: `almalinux/9`, `debian/dsa`. A feed that this module does not
name is called as the feeds' page calls it.
"""

from __future__ import annotations

from typing import Final

from weaknesses.feeds.registry import FEEDS

_NAMES: Final = {
    "nvd": "NVD",
    "cvelist": "the CVE list",
    "debian": "the Debian security tracker",
    "ubuntu": "the Ubuntu security tracker",
    "alpine": "the Alpine security database",
    "bitnami": "the Bitnami vulnerability database",
    "overrides": "curated configurations",
    "pypi": "PyPI advisories",
    "npm": "npm advisories",
    "golang": "Go advisories",
    "maven": "Maven advisories",
    "nuget": "NuGet advisories",
    "gem": "RubyGems advisories",
    "cargo": "Rust advisories",
    "composer": "Packagist advisories",
    "osv": "OSV",
    "starter": "the shipped intelligence",
    "curator": "a curator",
}
_PARTS: Final = {"debian/dsa": "Debian security advisories (DSA)", "ubuntu/usn": "Ubuntu security notices (USN)"}
_PAGES: Final = {
    "nvd": "https://nvd.nist.gov/vuln/detail/{cve}",
    "cvelist": "https://www.cve.org/CVERecord?id={cve}",
    "starter": "https://www.cve.org/CVERecord?id={cve}",
    "debian": "https://security-tracker.debian.org/tracker/{cve}",
    **dict.fromkeys(("ubuntu", "ubuntu_oval"), "https://ubuntu.com/security/{cve}"),
    **dict.fromkeys(("redhat", "redhat_oval"), "https://access.redhat.com/security/cve/{cve}"),
    **dict.fromkeys(("suse", "opensuse"), "https://www.suse.com/security/cve/{cve}.html"),
    "alpine": "https://security.alpinelinux.org/vuln/{cve}",
    "msrc": "https://msrc.microsoft.com/update-guide/vulnerability/{cve}",
    "osv": "https://osv.dev/vulnerability/{cve}",
    **{
        kind: f"https://osv.dev/list?q={{cve}}&ecosystem={ecosystem}"
        for kind, ecosystem in {
            "almalinux": "AlmaLinux",
            "rocky": "Rocky+Linux",
            "pypi": "PyPI",
            "npm": "npm",
            "golang": "Go",
            "maven": "Maven",
            "nuget": "NuGet",
            "gem": "RubyGems",
            "cargo": "crates.io",
            "composer": "Packagist",
            "bitnami": "Bitnami",
        }.items()
    },
}


def source_name(source: str) -> str:
    """A source of ranges as people call it inside a sentence: "NVD", "AlmaLinux security advisories, release 9"."""
    if source in _PARTS:
        return _PARTS[source]
    kind, _, part = source.partition("/")
    name = _NAMES.get(kind) or (FEEDS[kind].label if kind in FEEDS else kind.replace("_", " ").capitalize())
    return f"{name}, release {part}" if part else name


def source_address(source: str, cve: str) -> str:
    """Where the source says so: its page of the weakness, else its own; "" where it has none."""
    kind = source.partition("/")[0]
    if kind in _PAGES:
        return _PAGES[kind].format(cve=cve)
    return FEEDS[kind].home if kind in FEEDS else ""
