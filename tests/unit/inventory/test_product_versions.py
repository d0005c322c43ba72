"""Versions as vulnerability data counts them."""

import pytest

from inventory.product_versions import compared_version
from inventory.versions import sort_key


@pytest.mark.parametrize(
    ("key", "name", "reported", "compared"),
    [
        ("python-_-python", "Python 3.14.0rc1 (64-bit)", "3.14.121.0", "3.14.0 rc1"),
        ("python-_-python", "Python", "3.14.112.0", "3.14.0 beta2"),
        ("python-_-python", "Python", "3.14.101.0", "3.14.0 alpha1"),
        ("python-_-python", "Python", "3.10.6150.0", "3.10.6"),
        ("python-_-python", "Python", "3.9.13", "3.9.13"),
        ("python-_-python", "Python", "3.8.999.0", "3.8.999.0"),
        ("oracle-_-jre", "Java 8 Update 291 (64-bit)", "8.0.2910.10", "1.8.0 update 291"),
        ("oracle-_-jdk", "Java SE Development Kit 7 Update 80", "7.0.800", "1.7.0 update 80"),
        ("oracle-_-jre", "Java 8 Update 45", "", "1.8.0 update 45"),
        ("oracle-_-jdk", "Java(TM) SE Development Kit 17.0.2", "17.0.2.0", "17.0.2.0"),
        ("microsoft-_-teams", "Microsoft Teams", "1.00.622155", "1.6.00.22155"),
        ("microsoft-_-teams", "Microsoft Teams", "25016.1904.3401.2239", "25016.1904.3401.2239"),
        ("jetbrains-_-datagrip", "DataGrip 2022.2.1", "222.3345.126", "2022.2.1"),
        ("jetbrains-_-intellij_idea", "IntelliJ IDEA Community Edition 2022.3.2", "223.8617.56", "2022.3.2"),
        ("jetbrains-_-pycharm", "PyCharm", "PY-232.9559.58", "2023.2.99.9559.58"),
        ("jetbrains-_-pycharm", "PyCharm", "2019.2", "2019.2"),
        ("citrix-_-workspace", "Citrix Workspace 2309", "23.9.0.99", "2309.0"),
        ("homebrew-_-openssl", "openssl@3", "3.2.1_1", "3.2.1"),
        ("homebrew-_-minio", "minio", "RELEASE.2025-02-28T09-55-16Z_1", "RELEASE.2025-02-28T09-55-16Z"),
        ("mozilla-_-firefox", "Firefox", "120.0_1", "120.0_1"),
    ],
)
def test_what_an_installer_reports_is_put_as_the_data_counts(key: str, name: str, reported: str, compared: str) -> None:
    assert compared_version(key=key, name=name, version=reported) == compared


def test_an_aliass_version_from_the_name_goes_before_the_reported_one() -> None:
    assert compared_version(key="microsoft-_-.net", name="", version="48.27.42327", in_name="6.0.6") == "6.0.6"
    assert compared_version(key="python-_-python", name="", version="3.14.121.0", in_name="3.14.0rc1") == "3.14.0 rc1"


@pytest.mark.parametrize(
    ("key", "reported", "data"),
    [
        ("oracle-_-jre", "8.0.2910.10", "1.8.0 update_291"),
        ("oracle-_-jre", "8.0.2910.10", "1.8.0_291"),
        ("homebrew-_-minio", "RELEASE.2025-02-28T09-55-16Z_1", "2025-02-28T09-55-16Z"),
    ],
)
def test_it_orders_as_the_datas_own_version(key: str, reported: str, data: str) -> None:
    assert sort_key("cpe", compared_version(key=key, name="", version=reported)) == sort_key("cpe", data)


def test_a_build_that_names_no_release_counts_as_the_last_of_its_line() -> None:
    """So that only what every release of the line has is matched."""
    build = sort_key("cpe", compared_version(key="jetbrains-_-goland", name="GoLand", version="GO-223.8617.58"))
    assert sort_key("cpe", "2022.3.4") < build < sort_key("cpe", "2023.1")
