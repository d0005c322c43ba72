"""Why a match of a truth set is missing, in words."""

from __future__ import annotations

import pytest

from tests.integration.weaknesses.world import NOW, affected, version
from weaknesses.actions import match_versions
from weaknesses.measuring.reasons import of_absence
from weaknesses.models import Weakness

pytestmark = pytest.mark.django_db
CVE = "CVE-2024-0001"


def installed() -> int:
    return version("acme-_-plum", "1.4", product="cpe:a:acme:plum").pk


def test_what_is_not_installed_and_what_nobody_names() -> None:
    assert of_absence((), CVE) == "the package is not in the inventory"
    assert of_absence((installed(),), CVE) == "no advisory names it"


def test_a_rejected_weakness() -> None:
    affected(CVE, product="cpe:a:acme:plum")
    Weakness.objects.update(rejected=True)
    assert of_absence((installed(),), CVE) == "it is rejected"


def test_ranges_of_other_packages_and_bounds_that_do_not_hold_it() -> None:
    affected(CVE, product="cpe:a:acme:pear")
    pk = installed()
    assert of_absence((pk,), CVE) == "no advisory of it is about this package: cpe:a:acme:pear"
    affected(CVE, product="cpe:a:acme:plum", end="1.2", platforms=("windows",))
    assert of_absence((pk,), CVE) == "no range holds 1.4: cpe:a:acme:plum before 1.2 on windows (nvd)"


def test_a_stand_in_that_gives_way() -> None:
    pk = installed()
    affected(CVE, product="cpe:a:acme:plum", end="2", source="bitnami")
    affected(CVE, product="cpe:a:acme:plum_library", end="2")
    match_versions(now=NOW)
    assert of_absence((pk,), CVE) == ("bitnami gives way to nvd, which names other products: cpe:a:acme:plum; cpe:a:acme:plum_library")
