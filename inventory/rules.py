"""What names mean: identifiers, platforms, machine group rules, and names without their noise. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence

KEY_LIMIT = 300
DISTRIBUTIONS = {"deb": "debian", "rpm": "rpm", "apk": "alpine"}
"""Package formats whose packages belong to a distribution -> the vendor where the distribution is not known."""

_PLAIN_ECOSYSTEMS = frozenset({"pypi", "npm", "maven", "composer", "golang", "gem", "nuget", "cargo"})
_DISTRIBUTION_WORDS = (
    ("solaris", ""),  # made by Oracle, but not its Linux
    ("red hat", "rhel"),
    ("redhat", "rhel"),
    ("alma", "almalinux"),
    ("rocky", "rocky"),
    ("oracle", "ol"),
    ("centos", "centos"),
    ("fedora", "fedora"),
    ("amazon", "amzn"),
    ("tumbleweed", "opensuse-tumbleweed"),
    ("opensuse", "opensuse-leap"),
    ("suse linux enterprise micro", "sle-micro"),
    ("suse linux micro", "sle-micro"),
    ("sle-micro", "sle-micro"),
    ("sl-micro", "sle-micro"),
    ("slem", "sle-micro"),
    ("suse linux enterprise", "sles"),
    ("ubuntu", "ubuntu"),
    ("raspbian", "raspbian"),
    ("debian", "debian"),
    ("alpine", "alpine"),
    ("photon", "photon"),
    ("mariner", "mariner"),
    ("azurelinux", "azurelinux"),
    ("azure linux", "azurelinux"),
    ("wolfi", "wolfi"),
    ("chainguard", "chainguard"),
    ("openeuler", "openeuler"),
    ("bottlerocket", "bottlerocket"),
    ("rhel", "rhel"),
    ("sles", "sles"),
    ("amzn", "amzn"),
)
_DISTRIBUTION_IDS = {"ol": "ol"}
"""Ids of os-release that are too short to be looked for inside a name."""
_TWO_PART_RELEASES = frozenset({"ubuntu", "alpine", "opensuse-leap", "sles", "sle-micro", "openeuler"})
_ROLLING = frozenset({"opensuse-tumbleweed", "wolfi", "chainguard"})
"""Distributions without releases: the number that they report is the day of the image."""
_FIRST_AMAZON = dict.fromkeys(map(str, range(2011, 2019)), "1")
"""Amazon Linux 1 was numbered by its images: 2011.09 to 2018.03."""
_LINUX = frozenset(word for _, word in _DISTRIBUTION_WORDS if word) | {"linux", "arch", "gentoo"}

# --- identifiers -----------------------------------------------------------------------------------------------------


def slug(vendor: str, product: str) -> str:
    """`vendor-_-product` in lower case, spaces to `_`, `/` to `~`; over 300 characters the end becomes a digest."""
    text = f"{_slug_part(vendor) or 'unknown'}-_-{_slug_part(product)}"
    if len(text) <= KEY_LIMIT:
        return text
    return f"{text[: KEY_LIMIT - 33]}~{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}"


def _slug_part(text: str) -> str:
    return "_".join(text.lower().split()).replace("/", "~")


def package_vendor(ecosystem: str, *, platform: str, vendor: str = "") -> str:
    """The vendor of a package: its distribution, or the package registry. `vendor` is what the report says."""
    if ecosystem in DISTRIBUTIONS:
        distribution = platform if platform in _ROLLING else platform.rsplit("-", 1)[0]
        return distribution if distribution in _LINUX else vendor.lower() or DISTRIBUTIONS[ecosystem]
    return ecosystem if ecosystem in _PLAIN_ECOSYSTEMS else vendor


EXTENSION_COLLECTORS = frozenset({"chrome extension", "firefox addon", "vscode extension", "safari extension"})
"""Vendors of ecosystem "other" whose software lives in a program, and is the same on every system."""


def is_package(ecosystem: str) -> bool:
    """Packages are known by their name alone; other software by alias, name and publisher."""
    return ecosystem in DISTRIBUTIONS or ecosystem in _PLAIN_ECOSYSTEMS


def names_are_final(ecosystem: str) -> bool:
    """Language packages are what they are called; what anything else is, the alias table has a word in."""
    return ecosystem in _PLAIN_ECOSYSTEMS


# --- platforms -------------------------------------------------------------------------------------------------------


def platform_of(name: str, release: str) -> str:
    """`debian-12`, `ubuntu-22.04`, `rhel-9`, `windows`, `macos` from an operating system's name (or id) and version; "" if unknown."""
    lowered = name.lower()
    if "windows" in lowered:
        return "windows"
    if lowered in {"darwin", "macos", "mac os x", "mac_os_x"} or lowered.startswith(("macos", "mac os")):
        return "macos"
    distribution = _DISTRIBUTION_IDS.get(lowered) or next((word for part, word in _DISTRIBUTION_WORDS if part in lowered), "")
    numbers = re.match(r"\D*(\d+)(?:\.(\d+))?", release)
    if not distribution or not numbers or distribution in _ROLLING:
        return distribution
    if distribution in _TWO_PART_RELEASES and numbers[2] is not None:
        return f"{distribution}-{numbers[1]}.{numbers[2]}"
    return f"{distribution}-{_FIRST_AMAZON.get(numbers[1], numbers[1]) if distribution == 'amzn' else numbers[1]}"


def family_of(platform: str) -> str:
    """windows, macos or linux from a platform; "" where it says none."""
    if platform in {"windows", "macos"}:
        return platform
    return "linux" if platform and (platform in _LINUX or platform.rsplit("-", 1)[0] in _LINUX) else ""


def family_of_target(target: str) -> str:
    """The family that the target software of a CPE names; "" where it is a program, a language or anything else."""
    return _TARGET_FAMILIES.get(target, "")


_TARGET_FAMILIES = {
    **dict.fromkeys(("macos", "mac_os", "mac_os_x", "mac"), "macos"),
    "windows": "windows",
    **dict.fromkeys(("linux", "linux_kernel"), "linux"),
}


def version_platform(ecosystem: str, *, reported: str, machine: str) -> str:
    """The platform that a version row is kept apart by.

    Distribution packages: distribution and release. Applications: the family, as one build serves every Linux.
    Language packages are the same everywhere.
    """
    if ecosystem in DISTRIBUTIONS:
        return reported or machine
    if ecosystem == "os":
        return machine or reported
    return "" if ecosystem in _PLAIN_ECOSYSTEMS else family_of(reported or machine)


def platform_of_base_files(version: str) -> str:
    """The release that a version of Debian's or Ubuntu's package base-files stands for; "" if unknown."""
    if "ubuntu" in version:
        return next((f"ubuntu-{release}" for start, release in _UBUNTU_BASE_FILES.items() if version.startswith(start)), "")
    major = re.match(r"(\d+)(\.\d+)?(\+deb\d+u\d+)?$", version)
    return f"debian-{major[1]}" if major else ""


_UBUNTU_BASE_FILES = {
    "10.1ubuntu2": "18.04",
    "11ubuntu5": "20.04",
    "12ubuntu4": "22.04",
    "13ubuntu10": "24.04",
    "13.5ubuntu3": "24.10",
}

# --- names -----------------------------------------------------------------------------------------------------------

_LOCALE = r"(?:[a-z]{2,3}(?:[-_][a-z]{2,4}){0,2}|x-none)"
_BITS = r"(?:(?:x|win|amd)?(?:32|64)[\s-]?(?:bits?)?|x86(?:[_-]64)?|amd64|arm64|aarch64|i[3-6]86|64-bit edition|32-bit edition)"
_NOISE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\.app$",
        r"[\u00ae\u2122\u00a9]|\((?:r|tm|c)\)",
        rf"\s*\((?:{_BITS}(?:[\s,]+{_BITS})?|{_LOCALE}|user|machine|all users|english|{_BITS}[\s,]+{_LOCALE})\)",
        rf"\s+-\s+{_LOCALE}$",
        rf"\s*[-,]?\s+{_BITS}$",
        r"\s*[-,]?\s*\b(?:version|ver\.?|v\.?)?\s*\d+(?:\.\d+){1,5}[a-z]?\d*(?:-[a-z]?\d+)?(?:\s*\([^)]*\))?$",
        r"\s*[-,]?\s*\b(?:version|release)\s+\d+$",
        r"\s+(?:user|machine)-wide installer$",
    )
)
_LEGAL_FORM = re.compile(
    r"(?:[\s,]+(?:inc|incorporated|corp|corporation|co|company|llc|ltd|limited|gmbh|ag|kg|s\.?a\.?(?:s|r\.?l)?|b\.?v|pty|plc|s\.?r\.?o|oy|ab|as)\.?)+$",
    re.IGNORECASE,
)


def normalise_name(name: str) -> str:
    """A program's name without version, bitness, locale and architecture: "Python 3.10.6 (64-bit)" -> "Python".

    The noise stacks ("x (x64 de)", "x 1.2 (64-bit)"), so it is taken off until nothing changes.
    A name that is all noise stays as it is.
    """
    text = " ".join(name.split())
    while True:
        shorter = text
        for pattern in _NOISE:
            shorter = pattern.sub("", shorter).strip(" -,")
        if shorter == text or not shorter:
            return text
        text = shorter


def normalise_vendor(vendor: str) -> str:
    """A publisher without its legal form: "Google LLC" -> "Google"."""
    text = " ".join(vendor.split())
    return _LEGAL_FORM.sub("", text).strip(" ,") or text


def normalise_version(version: str) -> str:
    """A program's version without a bracketed build and a leading v: "5.11.1 (6602)" -> "5.11.1"."""
    text = re.sub(r"\s*\([^)]*\)$", "", version.strip())
    return re.sub(r"^[vV](?=\d)", "", text)


def normalise_package(ecosystem: str, name: str) -> str:
    """A package's name as its registry compares it (PEP 503 for pypi)."""
    if ecosystem == "pypi":
        return re.sub(r"[-_.]+", "-", name).lower()
    return name.lower() if ecosystem in {"deb", "apk", "composer", "nuget"} else name


# --- groups ----------------------------------------------------------------------------------------------------------

_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "equals": lambda text, value: text == value,
    "starts": lambda text, value: text.startswith(value),
    "ends": lambda text, value: text.endswith(value),
    "contains": lambda text, value: value in text,
}
_FIELDS = frozenset({"name", "domain", "platform", "tag"})


def match_group(rule: object, machine: Mapping[str, object]) -> bool:
    """Whether a machine fits a group's rule: all conditions hold, case aside. An empty or unknown rule takes nothing.

    `machine` has name, domain, platform (text) and tags (list of text). A tag condition holds when any tag fits.
    """
    if not isinstance(rule, list) or not rule:
        return False
    return all(_holds(condition, machine) for condition in rule)


def fault_of_rule(rule: object) -> str:
    """What is wrong with a group's rule, as a sentence; "" if nothing is. An empty rule is fine and takes nothing."""
    if not isinstance(rule, list):
        return "A rule is a list of conditions."
    for number, condition in enumerate(rule, 1):
        if not isinstance(condition, Mapping):
            return f"Condition {number} is no object with field, operator and value."
        if condition.get("field") not in _FIELDS:
            return f"Condition {number}: field is one of {', '.join(sorted(_FIELDS))}."
        if condition.get("operator") not in _OPERATORS:
            return f"Condition {number}: operator is one of {', '.join(_OPERATORS)}."
        if not isinstance(condition.get("value"), str) or not condition["value"]:
            return f"Condition {number}: value is a text that is not empty."
    return ""


def _holds(condition: object, machine: Mapping[str, object]) -> bool:
    if not isinstance(condition, Mapping):
        return False
    field, value = condition.get("field"), condition.get("value")
    operator = _OPERATORS.get(str(condition.get("operator")))
    if field not in _FIELDS or operator is None or not isinstance(value, str) or not value:
        return False
    texts = machine.get("tags") if field == "tag" else [machine.get(str(field))]
    return any(operator(str(text or "").lower(), value.lower()) for text in (texts if isinstance(texts, list) else []))


def first_group(groups: Sequence[tuple[int, object]], machine: Mapping[str, object], default: int) -> int:
    """The id of the first (id, rule) whose rule takes the machine, else `default`. Give the groups by rank."""
    return next((group_id for group_id, rule in groups if match_group(rule, machine)), default)
