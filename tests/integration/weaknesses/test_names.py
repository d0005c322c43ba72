"""From a reported name to its weaknesses, by the way every report takes; above all what must not be taken for what."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from inventory import aliases
from inventory.intake import Intake
from inventory.models import Installation, Software, Version
from inventory.records import InstalledSoftware, MachineFacts, Report
from inventory.rules import family_of
from inventory.sources.components import Component, software_of
from inventory.sources.frame import Limits
from tests.integration.weaknesses.world import NOW, affected, cves
from weaknesses.actions import match_versions
from weaknesses.models import SoftwareProduct, VersionWeakness
from weaknesses.queries import fix_targets

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shipped() -> Iterator[None]:
    aliases.load()
    yield
    aliases._book.cache_clear()


def matched(record: InstalledSoftware, *, platform: str) -> Version:
    """Report the software on a machine of the platform, match, and give the version back."""
    facts = MachineFacts(external_id="box", family=family_of(platform), platform=platform)
    intake = Intake(aliases=aliases.current(), now=NOW)
    intake.store([intake.prepare(Report(machine=facts, software=(record,)))])
    match_versions(now=NOW, relink=True)
    return Version.objects.select_related("software").exclude(software__ecosystem="os").get()


def program(name: str, version: str, vendor: str = "", *, platform: str = "windows", identifier: str = "") -> list[str]:
    return cves(matched(InstalledSoftware("cpe", name, version, vendor, identifier=identifier), platform=platform))


def collected(collector: str, name: str, version: str, *, platform: str = "macos", identifier: str = "") -> list[str]:
    return cves(matched(InstalledSoftware("other", name, version, collector, identifier=identifier), platform=platform))


def component(cpe: str, platform: str = "") -> list[str]:
    record = software_of(Component(type="application", cpe=cpe), Limits())
    assert record is not None
    return cves(matched(record, platform=platform))


def forget_software() -> None:
    """As if nothing had been reported yet."""
    Installation.objects.all().delete()
    Software.objects.all().delete()


CVE = "CVE-2024-0001"


def test_gos_air_is_not_adobe_air() -> None:
    for product in ("cpe:a:adobe:air", "cpe:a:adobe:adobe_air", "cpe:a:cosmtrek:air"):
        affected(CVE, product=product, end="99", end_included=True)
    assert collected("homebrew", "air", "1.52.3") == []


def test_gos_air_as_a_module_is_not_adobe_air() -> None:
    affected(CVE, product="cpe:a:adobe:air", end="99", end_included=True)
    assert cves(matched(InstalledSoftware("golang", "github.com/cosmtrek/air", "1.52.3"), platform="debian-12")) == []


def test_a_program_called_air_of_nobody_known_is_not_adobe_air() -> None:
    affected(CVE, product="cpe:a:adobe:air", end="99", end_included=True)
    assert program("air", "1.52.3") == []


def test_adobe_air_is() -> None:
    affected(CVE, product="cpe:a:adobe:air", end="99", end_included=True)
    assert program("Adobe AIR", "32.0.0.125", "Adobe Systems Incorporated") == [CVE]


def test_logi_bolt_is_not_boltcms() -> None:
    for product in ("cpe:a:boltcms:bolt", "cpe:a:bolt:bolt", "cpe:a:logitech:logi_bolt"):
        affected(CVE, product=product, end="99", end_included=True)
    assert program("Logi Bolt", "1.2.6024.0", "Logi") == []


@pytest.mark.parametrize("product", ["sql_server", "sql_server_2019"])
def test_sql_server_with_an_empty_version_matches_nothing(product: str) -> None:
    affected(CVE, product=f"cpe:a:microsoft:{product}")
    assert program("Microsoft SQL Server 2019 (64-bit)", "", "Microsoft Corporation") == []


def test_sql_servers_builds_are_compared_within_their_release() -> None:
    affected(CVE, product="cpe:a:microsoft:sql_server_2019", start="15.0.2000.5", end="15.0.4382.1", fixed="15.0.4382.1")
    assert program("Microsoft SQL Server 2019 (64-bit)", "15.0.4153.1", "Microsoft Corporation") == [CVE]


@pytest.mark.parametrize("name", ["Microsoft SQL Server Management Studio - 18.12.1", "Microsoft ODBC Driver 17 for SQL Server"])
def test_tools_for_sql_server_are_not_sql_server(name: str) -> None:
    for product in ("sql_server", "sql_server_2017", "sql_server_2019"):
        affected(CVE, product=f"cpe:a:microsoft:{product}", end="99", end_included=True)
    assert program(name, "15.0.18424.0", "Microsoft Corporation") == []


def test_exchanges_builds_are_not_its_marketing_names() -> None:
    affected(
        CVE,
        product="cpe:a:microsoft:exchange_server",
        start="2019 cumulative_update_13",
        end="2019 cumulative_update_13",
        end_included=True,
    )
    affected("CVE-2024-0002", product="cpe:a:microsoft:exchange_server", start="2016", end="2016", end_included=True)
    assert program("Microsoft Exchange Server 2019 Cumulative Update 13", "15.2.1258.12", "Microsoft Corporation") == []


@pytest.mark.parametrize(
    ("name", "reported", "product", "fixed", "affects"),
    [
        ("Microsoft Edge", "115.0.1901.188", "cpe:a:microsoft:edge_chromium", "115.0.1901.200", True),
        ("Microsoft Edge", "115.0.1901.188", "cpe:a:microsoft:edge_chromium", "115.0.1901", False),
        ("Google Chrome", "104.0.5112.81", "cpe:a:google:chrome", "104.0.5112.101", True),
        ("Google Chrome", "104.0.5112.101", "cpe:a:google:chrome", "104.0.5112.101", False),
        ("Adobe Acrobat DC (64-bit)", "22.001.20169", "cpe:a:adobe:acrobat_dc", "22.002.20191", True),
        ("Adobe Acrobat DC (64-bit)", "22.002.20191", "cpe:a:adobe:acrobat_dc", "22.002.20191", False),
        ("7-Zip 23.01 (x64)", "23.01", "cpe:a:7-zip:7-zip", "23.00", False),
        ("WinRAR 6.22 (64-bit)", "6.22.0", "cpe:a:rarlab:winrar", "6.23", True),
    ],
)
def test_four_part_file_versions_are_numbers(name: str, reported: str, product: str, fixed: str, affects: bool) -> None:
    affected(CVE, product=product, end=fixed, fixed=fixed)
    assert program(name, reported) == ([CVE] if affects else [])


def test_jetbrains_builds_are_their_releases() -> None:
    affected(CVE, product="cpe:a:jetbrains:intellij_idea", end="2022.3.2", fixed="2022.3.2")
    affected("CVE-2024-0002", product="cpe:a:jetbrains:intellij_idea", end="2022.3.3", fixed="2022.3.3")
    assert program("IntelliJ IDEA Community Edition 2022.3.2", "223.8617.56", "JetBrains s.r.o.") == ["CVE-2024-0002"]


@pytest.mark.parametrize(("reported", "affects"), [("8.0.2810.9", True), ("8.0.2910.10", False), ("11.0.11.0", False)])
def test_java_8_updates(reported: str, affects: bool) -> None:
    affected(CVE, product="cpe:a:oracle:jre", start="1.8.0", end="1.8.0 update_290", end_included=True)
    assert program(f"Java 8 Update {reported[4:7]} (64-bit)", reported, "Oracle Corporation") == ([CVE] if affects else [])


@pytest.mark.parametrize(("reported", "affects"), [("9.5p1", True), ("9.6p1", False), ("9.6", False), ("9.5", True)])
def test_opensshs_portable_releases(reported: str, affects: bool) -> None:
    affected(CVE, product="cpe:a:openbsd:openssh", end="9.6", fixed="9.6")
    assert collected("homebrew", "openssh", f"{reported}_1") == ([CVE] if affects else [])


def test_firefox_and_its_extended_support_release() -> None:
    affected(CVE, product="cpe:a:mozilla:firefox", end="116.0", fixed="116.0")
    affected("CVE-2024-0002", product="cpe:a:mozilla:firefox", end="115.1", fixed="115.1", qualifiers=(("sw_edition", "esr"),))
    assert program("Mozilla Firefox ESR (x64 de)", "115.0.2", "Mozilla") == ["CVE-2024-0002"]


def test_firefox_itself_has_not_what_only_its_extended_support_release_has() -> None:
    affected(CVE, product="cpe:a:mozilla:firefox", end="116.0", fixed="116.0")
    affected("CVE-2024-0002", product="cpe:a:mozilla:firefox", end="115.1", fixed="115.1", qualifiers=(("sw_edition", "esr"),))
    assert program("Mozilla Firefox (x64 de)", "115.0.2", "Mozilla") == [CVE]


def test_office_click_to_run_and_its_components() -> None:
    affected(CVE, product="cpe:a:microsoft:office", end="16.0.20000", fixed="16.0.20000")
    affected(CVE, product="cpe:a:microsoft:365_apps", start="-", end="-", end_included=True)
    assert program("Office 16 Click-to-Run Licensing Component", "16.0.15427.20148", "Microsoft Corporation") == []


def test_office_365_is_not_what_nvd_names_without_a_version() -> None:
    affected(CVE, product="cpe:a:microsoft:365_apps", start="-", end="-", end_included=True)
    assert program("Microsoft 365 - en-us", "16.0.15427.20194", "Microsoft Corporation") == []


@pytest.mark.parametrize(("reported", "affects"), [("16.16.0", True), ("18.0.0", False), ("20.1.0", False)])
def test_lines_of_nodejs(reported: str, affects: bool) -> None:
    affected(CVE, product="cpe:a:nodejs:node.js", start="16.13.0", end="16.17.1", fixed="16.17.1", qualifiers=(("sw_edition", "lts"),))
    affected(CVE, product="cpe:a:nodejs:node.js", start="18.1.0", end="18.9.1", fixed="18.9.1")
    assert program("Node.js", reported, "Node.js Foundation") == ([CVE] if affects else [])


@pytest.mark.parametrize(
    ("name", "reported", "affects"),
    [
        ("Microsoft .NET Runtime - 6.0.6 (x64)", "48.27.42327", True),
        ("Microsoft .NET Host - 6.0.6 (x64)", "48.27.42327", True),
        ("Microsoft Windows Desktop Runtime - 6.0.12 (arm64)", "48.51.48160", False),
        ("Microsoft .NET AppHost Pack - 6.0.6 (x64)", "48.27.42327", False),
        ("Microsoft .NET Targeting Pack - 6.0.6 (x64)", "48.27.42327", False),
    ],
)
def test_net_runtimes_have_their_version_in_the_name(name: str, reported: str, affects: bool) -> None:
    affected(CVE, product="cpe:a:microsoft:.net", start="6.0.0", end="6.0.8", fixed="6.0.8")
    assert program(name, reported, "Microsoft Corporation") == ([CVE] if affects else [])


def test_aspnet_core_has_its_version_in_the_name() -> None:
    affected(CVE, product="cpe:a:microsoft:asp.net_core", start="6.0.0", end="6.0.7", fixed="6.0.7")
    assert program("Microsoft ASP.NET Core 6.0.6 Shared Framework (x64)", "6.0.6.22268", "Microsoft Corporation") == [CVE]


@pytest.mark.parametrize(
    "name", ["Python 3.10.6 (64-bit)", "Python 3.10.6 Core Interpreter (64-bit)", "Python 3.10.6 pip Bootstrap (64-bit)"]
)
def test_names_with_version_and_locale_noise(name: str) -> None:
    affected(CVE, product="cpe:a:python:python", start="3.10.0", end="3.10.7", fixed="3.10.7")
    assert program(name, "3.10.6150.0") == [CVE]


def test_the_python_launcher_is_not_python() -> None:
    affected(CVE, product="cpe:a:python:python", end="99", end_included=True)
    assert program("Python Launcher", "3.10.7882.0", "Python Software Foundation") == []


def test_an_app_is_known_by_its_bundle_whatever_it_is_called() -> None:
    affected(CVE, product="cpe:a:jetbrains:pycharm", end="2020", fixed="2020")
    assert program("User PyCharm Custom Name.app", "2019.2", "jetbrains", platform="macos", identifier="com.jetbrains.pycharm") == [CVE]


@pytest.mark.parametrize(
    ("name", "version", "identifier", "product"),
    [
        ("Microsoft Excel.app", "16.69.1", "com.microsoft.Excel", "cpe:a:microsoft:excel"),
        ("Microsoft Excel.app", "16.69.1", "com.microsoft.Excel", "cpe:a:microsoft:excel_for_mac"),
        ("UTM.app", "3.2.4", "com.utmapp.UTM", "cpe:a:utm:utm"),
        ("Steam.app", "2.10.91", "com.valvesoftware.steam", "cpe:a:valvesoftware:steam_client"),
    ],
)
def test_apps_that_no_product_of_nvd_is_about(name: str, version: str, identifier: str, product: str) -> None:
    affected(CVE, product=product, end="99", end_included=True)
    assert program(name, version, identifier.split(".")[1], platform="macos", identifier=identifier) == []
    assert not SoftwareProduct.objects.exists()


@pytest.mark.parametrize("name", ["Docs", "Sheets", "Slides"])
def test_generic_names_of_extensions_are_nobodys_products(name: str) -> None:
    affected(CVE, product=f"cpe:a:google:{name.lower()}", end="99", end_included=True)
    assert collected("chrome extension", name, "0.10") == []


def test_an_extension_is_not_the_program_of_its_name() -> None:
    affected(CVE, product="cpe:a:bitwarden:bitwarden", end="2023.8", fixed="2023.8", platforms=("windows",))
    affected("CVE-2024-0002", product="cpe:a:bitwarden:bitwarden", end="2023.8", fixed="2023.8")
    affected("CVE-2024-0003", product="cpe:a:bitwarden:bitwarden", end="2023.8", fixed="2023.8", qualifiers=(("target_sw", "firefox"),))
    affected("CVE-2024-0004", product="cpe:a:bitwarden:bitwarden", end="2023.8", fixed="2023.8", qualifiers=(("target_sw", "chrome"),))
    assert collected("firefox addon", "Bitwarden - Free Password Manager", "1.55.0", platform="windows") == ["CVE-2024-0003"]


def test_a_product_that_only_an_extension_is_needs_no_host() -> None:
    affected(CVE, product="cpe:a:microsoft:visual_studio_code_eslint_extension", end="2.1.7", fixed="2.1.7")
    assert collected("vscode extension", "dbaeumer.vscode-eslint", "2.0.0") == [CVE]


def test_what_a_cpe_runs_in_narrows_it() -> None:
    affected(CVE, product="cpe:a:citrix:workspace", end="2402", fixed="2402", platforms=("windows",))
    name = "cpe:2.3:a:citrix:workspace:2309.0:*:*:*:*:{}:*:*"
    assert component(name.format("macos")) == []
    forget_software()
    assert component(name.format("windows")) == [CVE]


def test_an_extension_named_by_its_cpe_is_not_the_program() -> None:
    affected(CVE, product="cpe:a:bitwarden:bitwarden", end="2023.8", fixed="2023.8")
    affected("CVE-2024-0002", product="cpe:a:bitwarden:bitwarden", end="2023.8", fixed="2023.8", qualifiers=(("target_sw", "firefox"),))
    assert component("cpe:2.3:a:bitwarden:bitwarden:1.55.0:*:*:*:*:firefox:*:*", "windows") == ["CVE-2024-0002"]


def test_a_cpes_update_belongs_to_its_version() -> None:
    affected(CVE, product="cpe:a:python:python", end="3.14.0 alpha3", fixed="3.14.0 alpha3")
    assert component("cpe:2.3:a:python:python:3.14.0:alpha1:*:*:*:macos:*:*") == [CVE]


@pytest.mark.parametrize(("update", "affects"), [("alpha1", True), ("alpha3", False), ("-", False)])
def test_pythons_stages_come_before_its_release_however_they_are_written(update: str, affects: bool) -> None:
    affected(CVE, product="cpe:a:python:python", start="3.14.0a1", end="3.14.0a3", fixed="3.14.0a3")
    assert component(f"cpe:2.3:a:python:python:3.14.0:{update}:*:*:*:macos:*:*") == ([CVE] if affects else [])


# --- packages that NVD knows by a product name -----------------------------------------------------------------------


def test_a_python_package_is_matched_by_its_registry_and_by_nvd() -> None:
    affected(CVE, product="pypi:pillow", end="9.1.0", fixed="9.1.0", source="pypi")
    affected(CVE, product="cpe:a:python:pillow", end="9.1.1", fixed="9.1.1")
    affected("CVE-2024-0002", product="cpe:a:python:pillow", end="9.2", fixed="9.2", qualifiers=(("target_sw", "python"),))
    affected("CVE-2024-0003", product="cpe:a:python:pillow", start="9.1", end="9.2", fixed="9.2")
    found = matched(InstalledSoftware("pypi", "pillow", "9.0.1"), platform="debian-12")
    assert cves(found) == [CVE, "CVE-2024-0002"]
    fixes = dict(VersionWeakness.objects.filter(version=found).values_list("weakness__cve", "fixed"))
    assert fixes["CVE-2024-0002"] == "9.2"
    assert [(target.version, target.exact) for target in fix_targets().values()] == [("9.2", True)]


def test_what_to_update_to_is_chosen_in_the_packages_own_order() -> None:
    """10.0 comes after 9.2 in every order, but as texts of different schemes they must not be compared."""
    affected(CVE, product="pypi:pillow", end="10.0", fixed="10.0", source="pypi")
    affected("CVE-2024-0002", product="cpe:a:python:pillow", end="9.2", fixed="9.2")
    affected("CVE-2024-0003", product="cpe:a:python:pillow", end="10.1", end_included=True)
    matched(InstalledSoftware("pypi", "pillow", "9.0.1"), platform="debian-12")
    assert [(target.version, target.exact) for target in fix_targets().values()] == [("10.1", False)]


@pytest.mark.parametrize("cpe", ["pypa:pip:9.0.3:*:*:*:*:python", "pypa:pip:9.0.3:*:*:*:*:*"])
def test_a_cpe_of_a_python_package_is_matched_by_its_registry_too(cpe: str) -> None:
    affected(CVE, product="pypi:pip", end="19.2", fixed="19.2", source="pypi")
    affected("CVE-2024-0002", product="cpe:a:pypa:pip", end="21.1", fixed="21.1")
    affected("CVE-2024-0003", product="pypi:pip", end="9.0.3", fixed="9.0.3", source="pypi")
    assert component(f"cpe:2.3:a:{cpe}:*:*") == [CVE, "CVE-2024-0002"]
    assert [(target.version, target.exact) for target in fix_targets().values()] == [("21.1", True)]


def test_a_package_of_its_name_is_not_linked_without_an_alias() -> None:
    affected(CVE, product="cpe:a:nobody:plumtree", end="99", end_included=True)
    assert cves(matched(InstalledSoftware("pypi", "plumtree", "1.0"), platform="debian-12")) == []


def test_a_makers_own_package_is_its_product_and_the_distributions_is_not() -> None:
    affected(CVE, product="cpe:a:github:cli", end="2.62.0", fixed="2.62.0")
    record = InstalledSoftware("deb", "gh", "2.61.0", platform="ubuntu-22.04", evidence=("gh",))
    assert cves(matched(record, platform="ubuntu-22.04")) == [CVE]
    forget_software()
    packaged = InstalledSoftware("deb", "gh", "2.45.0-1ubuntu0.3", platform="ubuntu-22.04", evidence=("gh",))
    assert cves(matched(packaged, platform="ubuntu-22.04")) == []


def test_a_publisher_written_out_is_the_vendor_nvd_abbreviates() -> None:
    affected(CVE, product="cpe:a:examplesoft:orchard_manager", end="2.0", fixed="2.0")
    assert program("Orchard Manager 1.2", "1.2", "Example Soft Ltd.") == [CVE]
    assert SoftwareProduct.objects.get().confidence == 75


def test_a_name_without_a_publisher_is_nobodys_product() -> None:
    affected(CVE, product="cpe:a:orchard_manager:orchard_manager", end="2.0", fixed="2.0")
    affected(CVE, product="cpe:a:unknown:orchard_manager", end="2.0", fixed="2.0")
    assert program("Orchard Manager", "1.2") == []
