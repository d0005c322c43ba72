"""What names in vulnerability data mean: version order of a product, platforms, Windows builds, editions, sources.

Pure tables and functions. `docs/algorithms/matching.md` says why each table is as it is.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from inventory.rules import normalise_package
from inventory.versions import scheme, sort_key
from weaknesses.records import RangeRecord

# How much a source's word on a range is worth, in percent. Of two sources for the same weakness the higher one is kept.
# Distributions speak of their own packages, package registries of theirs; bitnami and overrides stand in for NVD.
SOURCE_CONFIDENCE: Final = {
    "curator": 100,
    **dict.fromkeys(("debian", "ubuntu", "redhat", "almalinux", "rocky", "suse", "opensuse", "alpine", "ubuntu_oval", "redhat_oval"), 98),
    "msrc": 97,
    **dict.fromkeys(("pypi", "npm", "golang", "maven", "nuget", "gem", "cargo", "composer"), 94),
    "nvd": 90,
    "overrides": 88,
    "bitnami": 84,
    "cvelist": 82,
    "starter": 80,
}
OTHER_SOURCE_CONFIDENCE: Final = 85
QUALIFIER_DOUBT: Final = 5  # what a match loses where a qualifier had to be proven, in percent
UNBOUNDED_DOUBT: Final = 15  # and where an NVD range has no bounds
# Sources that stand in for others, lowest first. Their ranges count only until a source of a higher rank (not listed: the highest)
# has ranges of the weakness in the same namespace: a version scheme, and of distribution packages the distribution.
STAND_INS: Final = {"starter": 0, "cvelist": 1, "bitnami": 2, "overrides": 3, "debian/dsa": 4, "ubuntu/usn": 4}
# Sources that know some products of a namespace only: for these stand-ins give way, for the others of the weakness they do not.
OF_SINGLE_PRODUCTS: Final = ("msrc",)

WINDOWS_BUILDS: Final = {
    "windows_10_1507": 10240,
    "windows_10_1511": 10586,
    "windows_10_1607": 14393,
    "windows_10_1703": 15063,
    "windows_10_1709": 16299,
    "windows_10_1803": 17134,
    "windows_10_1809": 17763,
    "windows_10_1903": 18362,
    "windows_10_1909": 18363,
    "windows_10_2004": 19041,
    "windows_10_20h2": 19042,
    "windows_10_21h1": 19043,
    "windows_10_21h2": 19044,
    "windows_10_22h2": 19045,
    "windows_11_21h2": 22000,
    "windows_11_22h2": 22621,
    "windows_11_23h2": 22631,
    "windows_11_24h2": 26100,
    "windows_11_25h2": 26200,
    "windows_11_26h1": 28000,
    "windows_server_2016": 14393,
    "windows_server_2019": 17763,
    "windows_server_2022": 20348,
    "windows_server_2022_23h2": 25398,
    "windows_server_23h2": 25398,
    "windows_server_2025": 26100,
}
"""Product of NVD -> build. NVD bounds these ranges only above, so the build is the lower bound."""

OS_CYCLES: Final = tuple(
    (f"{name}-_-{name}", slug)
    for name, slug in (
        ("debian", "debian"),
        ("ubuntu", "ubuntu"),
        ("rhel", "rhel"),
        ("almalinux", "almalinux"),
        ("rocky", "rocky-linux"),
        ("fedora", "fedora"),
        ("centos", "centos"),
        ("amzn", "amazon-linux"),
        ("alpine", "alpine-linux"),
        ("sles", "sles"),
        ("ol", "oracle-linux"),
    )
)
"""Software and product of endoflife.date, where no product key leads from one to the other. Windows has keys (feeds.endoflife_windows)."""

ENDED_ON_UNKNOWN_DAY: Final = dt.date(1970, 1, 1)
SUPPORT_ENDS_SOON: Final = dt.timedelta(days=180)

_FAMILIES: Final = {
    ("microsoft", "windows"): "windows",
    ("apple", "mac_os_x"): "macos",
    ("apple", "mac_os_x_server"): "macos",
    ("apple", "mac_os"): "macos",
    ("apple", "macos"): "macos",
    ("apple", "iphone_os"): "ios",
    ("apple", "ios"): "ios",
    ("apple", "ipados"): "ios",
    ("google", "android"): "android",
    ("google", "chrome_os"): "chromeos",
}
_LINUX_VENDORS: Final = frozenset({"linux", "gnu"})
_DISTRIBUTIONS: Final = {
    "debian_linux": "debian",
    "ubuntu_linux": "ubuntu",
    "enterprise_linux": "rhel",
    "centos": "centos",
    "centos_stream": "centos",
    "fedora": "fedora",
    "almalinux": "almalinux",
    "rocky_linux": "rocky",
    "alpine_linux": "alpine",
    "leap": "opensuse-leap",
    "amazon_linux": "amzn",
    "amazon_linux_2": "amzn",
}
_CURRENT_WINDOWS: Final = re.compile(r"windows(_server)?|windows_(8\.1|10|11|server_20(12|16|19|22|25))(_.*)?|windows_server_\d\dh\d")
_TARGETS: Final = {
    "windows": "windows",
    "mac": "macos",
    "macos": "macos",
    "mac_os": "macos",
    "mac+os": "macos",
    "mac_os_x": "macos",
    "linux": "linux",
    "linux_kernel": "linux",
    "android": "android",
    "iphone_os": "ios",
    "iphone": "ios",
    "ios": "ios",
    "ipados": "ios",
    "chrome_os": "chromeos",
    "unix": "linux",
}


@dataclass(frozen=True, slots=True)
class Edition:
    """A CPE qualifier that the version itself proves. `version` is a POSIX regular expression; empty: every version."""

    product: str
    qualifier: str
    value: str
    version: str = ""


EDITIONS: Final = (
    # Node.js: which versions are LTS is settled by their numbers, and the ranges of both lines do not overlap.
    Edition("cpe:a:nodejs:node.js", "sw_edition", "lts"),
    # Jenkins: long-term releases have three numbers, weekly ones two.
    Edition("cpe:a:jenkins:jenkins", "sw_edition", "lts", r"^[0-9]+\.[0-9]+\.[0-9]+$"),
    Edition("cpe:a:jenkins:jenkins", "sw_edition", "-", r"^[0-9]+\.[0-9]+$"),
    # Adobe numbers the builds of its continuous track from 20000 and those of its classic tracks from 30000.
    *(
        Edition(f"cpe:a:adobe:{product}", "sw_edition", track, rf"\.{digit}[0-9]{{4}}$")
        for product in ("acrobat", "acrobat_dc", "acrobat_reader", "acrobat_reader_dc", "acrobat_2020", "acrobat_reader_2020")
        for track, digit in (("continuous", "2"), ("classic", "3"))
    ),
    # Flash Player is the same player with the same numbers in every browser.
    *(
        Edition("cpe:a:adobe:flash_player", "target_sw", browser)
        for browser in ("chrome", "edge", "internet_explorer", "internet_explorer_11")
    ),
)
HOST_TARGETS: Final = {
    "chrome extension": ("chrome", "google_chrome", "chromium"),
    "firefox addon": ("firefox", "mozilla_firefox"),
    "safari extension": ("safari",),
    "vscode extension": ("visual_studio_code", "vscode"),
    "pypi": ("python",),
    "npm": ("node.js",),
    "gem": ("ruby",),
    "golang": ("go",),
    "cargo": ("rust",),
    "nuget": (".net", "asp.net"),
}
"""What a software runs in, by its ecosystem or collector: the target_sw that it proves."""
_NSS: Final = frozenset({"cpe:a:mozilla:nss", "cpe:a:mozilla:network_security_services"})
BUNDLED: Final = {
    **dict.fromkeys((f"cpe:a:mozilla:{name}" for name in ("firefox", "firefox_esr", "thunderbird", "thunderbird_esr", "seamonkey")), _NSS),
    "cpe:a:google:chrome": frozenset({"cpe:a:google:v8", "cpe:a:google:blink", "cpe:a:apple:webkit", "cpe:a:webkit:webkit"}),
    "cpe:a:apple:safari": frozenset({"cpe:a:apple:webkit", "cpe:a:webkit:webkit"}),
    "cpe:a:videolan:vlc_media_player": frozenset({"cpe:a:ffmpeg:ffmpeg"}),
}
"""Products that carry libraries of their own: who has the product has the library that NVD's AND asks for beside it."""
ASSUMED_HARDWARE: Final = frozenset({"x64", "x86_64", "amd64"})  # what a machine is taken to be where the range names a processor


def product_scheme(key: str) -> str:
    """The version order of a product key: cpe:a:google:chrome -> cpe, deb:debian:openssl -> deb."""
    return scheme(key.split(":", 1)[0])


def package_product(ecosystem: str, name: str, *, distribution: str = "") -> str:
    """The product key of a package, as the links derive it from a software's key: npm:@acme/rocket, rpm:rhel:networkmanager."""
    spelled = "_".join(normalise_package(ecosystem, name).lower().split())
    return ":".join(part for part in (ecosystem, distribution, spelled) if part)


@dataclass(frozen=True, slots=True)
class RangeKeys:
    """Sort keys of a range's bounds. None: open. "": a bound that cannot be compared, so that nothing matches."""

    start: str | None
    end: str | None
    fixed: str | None


# Feeds name the same versions again and again: every exact version twice, every release in many CVEs.
_known_key: Final = lru_cache(maxsize=50_000)(sort_key)


_PYTHONS: Final = frozenset({"cpe:a:python:python", "cpe:a:python:cpython", "cpe:a:python_software_foundation:cpython"})
_PYTHON_STAGE: Final = re.compile(r"(\d)(a|b)(?=\d+$)")  # 3.14.0a3 is no letter release, as 1.0.1a is of OpenSSL
_STAGES: Final = {"a": "alpha", "b": "beta"}


def range_keys(record: RangeRecord) -> RangeKeys:
    """Keys of the bounds. deb and OSV write "0" for "from the first version on"; that is an open start."""
    order = product_scheme(record.product)
    python = record.product in _PYTHONS

    def key(text: str) -> str | None:
        return (
            _known_key(order, _PYTHON_STAGE.sub(lambda stage: f"{stage[1]} {_STAGES[stage[2]]}", text) if python else text)
            if text
            else None
        )

    return RangeKeys(None if record.start == "0" else key(record.start), key(record.end), key(record.fixed))


def platform_of(vendor: str, product: str, version: str) -> str:
    """The platform that an operating system's CPE stands for; its own name, which no machine has, where it is unknown or too old."""
    family = _FAMILIES.get((vendor, product))
    if family:
        return family
    if vendor == "microsoft" and product.startswith("windows"):
        return "windows" if _CURRENT_WINDOWS.fullmatch(product) else product
    distribution = _distribution(product)
    if distribution:
        release = version if distribution == "ubuntu" else version.split(".", 1)[0]
        return f"{distribution}-{release}" if release not in ("*", "-", "") else distribution
    return "linux" if vendor in _LINUX_VENDORS or product.startswith("linux") else product


def _distribution(product: str) -> str:
    if product.startswith("enterprise_linux"):
        return "rhel"
    return _DISTRIBUTIONS.get(product, "")


def platform_of_target(text: str) -> str:
    """The platform that target_sw or an old edition names; "" where it names something else (wordpress, esr)."""
    return _TARGETS.get(text.replace("\\", ""), "")


def windows_window(product: str) -> tuple[str, str] | None:
    """First version of a Windows release and the first one after it: windows_11_23h2 -> 10.0.22631, 10.0.22632."""
    build = WINDOWS_BUILDS.get(product)
    return (f"10.0.{build}", f"10.0.{build + 1}") if build else None


def windows_release(product: str) -> str:
    """A Windows product as people call it: cpe:o:microsoft:windows_11_23h2 -> Windows 11 23H2."""
    words = product.rsplit(":", 1)[-1].split("_")
    return " ".join(word.upper() if re.fullmatch(r"\d\dh\d", word) else word.capitalize() for word in words)


def range_text(*, start: str, start_included: bool, end: str, end_included: bool) -> str:
    """A range as people write it: "from 3.0 before 3.0.7", "up to 2.4.1", "exactly 1.0", "all versions"."""
    if start and start == end:
        return f"exactly {start}"
    low = "" if start in ("", "0") else f"from {start}" if start_included else f"after {start}"
    high = "" if not end else f"up to {end}" if end_included else f"before {end}"
    return " ".join(part for part in (low, high) if part) or "all versions"


def source_confidence(source: str) -> int:
    """What a source's word on a range is worth, in percent; a part of a source (`debian/dsa`) is worth what the source is."""
    return SOURCE_CONFIDENCE.get(source.partition("/")[0], OTHER_SOURCE_CONFIDENCE)
