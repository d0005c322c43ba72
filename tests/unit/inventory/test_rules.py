"""Names, platforms and group rules."""

import pytest

from inventory import rules


@pytest.mark.parametrize(
    ("vendor", "product", "key"),
    [
        ("Google", "Chrome", "google-_-chrome"),
        ("Microsoft", "Windows 11", "microsoft-_-windows_11"),
        ("npm", "@babel/core", "npm-_-@babel~core"),
        ("", "In-house tool", "unknown-_-in-house_tool"),
    ],
)
def test_a_slug_is_vendor_and_product(vendor: str, product: str, key: str) -> None:
    assert rules.slug(vendor, product) == key


def test_an_overlong_slug_ends_in_a_digest_and_stays_distinct() -> None:
    one, other = rules.slug("v" * 200, "p" * 199 + "a"), rules.slug("v" * 200, "p" * 199 + "b")
    assert len(one) <= 300
    assert one != other


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Python 3.10.6 (64-bit)", "Python"),
        ("Microsoft 365 - en-us", "Microsoft 365"),
        ("Mozilla Firefox (x64 de)", "Mozilla Firefox"),
        ("Mozilla Thunderbird 115.3.1 (x86 en-US)", "Mozilla Thunderbird"),
        ("Google Chrome.app", "Google Chrome"),
        ("7-Zip 23.01 (x64)", "7-Zip"),
        ("WinRAR 6.24 (64-bit)", "WinRAR"),
        ("calibre 64bit", "calibre"),
        ("GIMP 2.10.34-1", "GIMP"),
        ("OpenVPN 2.6.6-I001 amd64", "OpenVPN"),
        ("Oh My Posh version 8.29.4", "Oh My Posh"),
        ("Notepad++ (64-bit x64)", "Notepad++"),
        ("Intel(R) Graphics Driver", "Intel Graphics Driver"),
        ("Visual Studio Community 2022", "Visual Studio Community 2022"),
        ("Windows Server 2022", "Windows Server 2022"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_a_name_loses_its_noise_only(name: str, plain: str) -> None:
    assert rules.normalise_name(name) == plain


@pytest.mark.parametrize(
    ("vendor", "plain"),
    [
        ("Google LLC", "Google"),
        ("Adobe Systems, Inc.", "Adobe Systems"),
        ("Microsoft Corporation", "Microsoft"),
        ("LLC", "LLC"),
        ("SAP SE", "SAP SE"),
    ],
)
def test_a_publisher_loses_its_legal_form(vendor: str, plain: str) -> None:
    assert rules.normalise_vendor(vendor) == plain


@pytest.mark.parametrize(
    ("name", "release", "platform"),
    [
        ("Debian GNU/Linux", "12 (bookworm)", "debian-12"),
        ("debian", "11.7", "debian-11"),
        ("Ubuntu", "22.04.4 LTS (Jammy Jellyfish)", "ubuntu-22.04"),
        ("Red Hat Enterprise Linux", "9.3 (Plow)", "rhel-9"),
        ("AlmaLinux", "9.4", "almalinux-9"),
        ("CentOS Linux", "8.3.2011", "centos-8"),
        ("alpine", "3.19.1", "alpine-3.19"),
        ("Microsoft Windows 11 Pro", "10.0.22631", "windows"),
        ("macOS", "14.2.1", "macos"),
        ("darwin", "23.1", "macos"),
        ("Debian GNU/Linux", "", "debian"),
        ("TempleOS", "5", ""),
        ("redhat", "7.7", "rhel-7"),
        ("alma", "8.5", "almalinux-8"),
        ("oracle", "8.4", "ol-8"),
        ("Oracle Solaris", "11.4", ""),
        ("amazon", "2 (Karoo)", "amzn-2"),
        ("amazon", "AMI release 2018.03", "amzn-1"),
        ("opensuse.leap", "15.5", "opensuse-leap-15.5"),
        ("openSUSE Tumbleweed", "20240612", "opensuse-tumbleweed"),
        ("suse linux enterprise server", "15.3", "sles-15.3"),
        ("SUSE Linux Enterprise Micro", "5.4", "sle-micro-5.4"),
        ("slem", "5.4", "sle-micro-5.4"),
        ("photon", "5.0", "photon-5"),
        ("cbl-mariner", "2.0", "mariner-2"),
        ("azurelinux", "3.0", "azurelinux-3"),
        ("wolfi", "20230201", "wolfi"),
        ("Raspbian GNU/Linux", "12", "raspbian-12"),
    ],
)
def test_platforms(name: str, release: str, platform: str) -> None:
    assert rules.platform_of(name, release) == platform


@pytest.mark.parametrize(
    "platform",
    ["debian-12", "ubuntu-22.04", "rhel-9", "ol-8", "amzn-2", "opensuse-leap-15.5", "sles-15.3", "sle-micro-5.4", "mariner-2", "photon-5"],
)
def test_a_platform_names_itself(platform: str) -> None:
    name, _, release = platform.rpartition("-")
    assert rules.platform_of(name, release) == platform


@pytest.mark.parametrize(
    ("platform", "family"), [("windows", "windows"), ("debian-12", "linux"), ("rhel", "linux"), ("", ""), ("beos-5", "")]
)
def test_families(platform: str, family: str) -> None:
    assert rules.family_of(platform) == family


@pytest.mark.parametrize(
    ("version", "platform"),
    [("12.4+deb12u11", "debian-12"), ("11.1+deb11u11", "debian-11"), ("13", "debian-13"), ("12ubuntu4.4", "ubuntu-22.04"), ("odd", "")],
)
def test_base_files_tell_the_release(version: str, platform: str) -> None:
    assert rules.platform_of_base_files(version) == platform


def test_an_application_is_the_same_on_every_linux_but_a_package_is_not() -> None:
    assert rules.version_platform("cpe", reported="", machine="debian-12") == "linux"
    assert rules.version_platform("cpe", reported="", machine="windows") == "windows"
    assert rules.version_platform("deb", reported="", machine="debian-12") == "debian-12"
    assert rules.version_platform("deb", reported="debian-11", machine="debian-12") == "debian-11"
    assert rules.version_platform("pypi", reported="", machine="debian-12") == ""


@pytest.mark.parametrize(
    ("platform", "ecosystem", "vendor"),
    [
        ("ubuntu-22.04", "deb", "ubuntu"),
        ("", "deb", "debian"),
        ("rhel-9", "rpm", "rhel"),
        ("", "rpm", "rpm"),
        ("windows", "pypi", "pypi"),
        ("opensuse-tumbleweed", "rpm", "opensuse-tumbleweed"),
        ("sles-15.3", "rpm", "sles"),
    ],
)
def test_a_package_belongs_to_its_distribution_or_registry(platform: str, ecosystem: str, vendor: str) -> None:
    assert rules.package_vendor(ecosystem, platform=platform) == vendor


MACHINE: dict[str, object] = {"name": "WEB01.corp.example", "domain": "corp.example", "platform": "debian-12", "tags": ["Web", "prod eu"]}


@pytest.mark.parametrize(
    ("rule", "takes"),
    [
        ([{"field": "name", "operator": "starts", "value": "web"}], True),
        ([{"field": "name", "operator": "ends", "value": ".example"}], True),
        ([{"field": "domain", "operator": "equals", "value": "CORP.example"}], True),
        ([{"field": "tag", "operator": "equals", "value": "web"}], True),
        ([{"field": "tag", "operator": "contains", "value": "eu"}], True),
        ([{"field": "platform", "operator": "starts", "value": "debian"}, {"field": "tag", "operator": "equals", "value": "lab"}], False),
        ([], False),
        ({}, False),
        ("web", False),
        ([{"field": "colour", "operator": "equals", "value": "red"}], False),
        ([{"field": "name", "operator": "resembles", "value": "web"}], False),
        ([{"field": "name", "operator": "starts", "value": ""}], False),
        ([{"field": "name", "operator": "starts", "value": 7}], False),
        ([7], False),
    ],
)
def test_group_rules(rule: object, takes: bool) -> None:
    assert rules.match_group(rule, MACHINE) is takes


def test_the_first_group_by_rank_wins_and_the_default_takes_the_rest() -> None:
    web = [{"field": "name", "operator": "starts", "value": "web"}]
    assert rules.first_group([(5, []), (7, web), (9, web)], MACHINE, default=1) == 7
    assert rules.first_group([(5, [])], MACHINE, default=1) == 1


@pytest.mark.parametrize(
    ("rule", "words"),
    [({}, "list"), ([1], "Condition 1"), ([{"field": "x"}], "field"), ([{"field": "name", "operator": "x"}], "operator"),
     ([{"field": "name", "operator": "ends", "value": ""}], "value")],
)  # fmt: skip
def test_what_is_wrong_with_a_rule_is_said(rule: object, words: str) -> None:
    assert words in rules.fault_of_rule(rule)
    assert rules.fault_of_rule([]) == ""
