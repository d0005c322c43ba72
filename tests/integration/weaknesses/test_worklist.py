"""The worklist of unmatched software: what stands on it, what is suggested, accepting and settling, and taking that back."""

from __future__ import annotations

import pytest
from django.test import Client

from core.models import AuditEvent, User
from inventory.models import Software
from tests.integration.pages import queries, text
from tests.integration.weaknesses.world import NOW, affected, cves, version
from weaknesses import actions, worklist
from weaknesses.actions import match_versions
from weaknesses.models import Product, SoftwareProduct

pytestmark = pytest.mark.django_db
LIST = "/admin/weaknesses/unmatchedsoftware/"


def software(key: str, *, name: str = "", vendor: str | None = None, installed: int = 1, ecosystem: str = "cpe") -> Software:
    made = version(key, "1.0", ecosystem=ecosystem).software
    made.name, made.vendor, made.installed_count = name or made.name, made.vendor if vendor is None else vendor, installed
    made.save()
    return made


def known(*products: str) -> None:
    for number, product in enumerate(products):
        affected(f"CVE-2099-{number:04}", product=product, end="2")


def suggested(of: Software) -> dict[str, int]:
    return {entry.key: entry.score for entry in worklist.suggestions([of.pk]).get(of.pk, ())}


def test_what_no_range_can_hold_stands_on_it_most_installed_first(superuser_client: Client) -> None:
    known("cpe:a:acme:rocket")
    Product.objects.create(key="cpe:a:silent:thing")
    software("few-_-few", name="Few", installed=1)
    software("many-_-many", name="Many", installed=9)
    software("acme-_-rocket", name="Rocket", installed=20)
    software("silent-_-thing", name="Silent thing", installed=5)
    software("pypi-_-rocket", name="rocket package", installed=30, ecosystem="pypi")
    software("done-_-done", name="Done with", installed=30)
    Software.objects.filter(key="done-_-done").update(settled=True)
    match_versions(now=NOW, relink=True)
    words = text(superuser_client.get(LIST))
    assert [words.index(name) for name in ("Many", "Silent thing", "Few")] == sorted(
        words.index(name) for name in ("Many", "Silent thing", "Few")
    )
    assert not [name for name in ("Rocket", "rocket package", "Done with") if name in words]
    assert "Done with" in text(superuser_client.get(f"{LIST}?state=settled"))


def test_products_of_like_names_are_suggested_with_what_they_would_bring() -> None:
    known("cpe:a:foxit:pdf_editor", "cpe:a:foxit:pdf_reader", "cpe:a:adobe:acrobat_reader", "cpe:a:acme:editor")
    affected("CVE-2099-0777", product="cpe:a:foxit:pdf_editor", end="3")
    found = worklist.suggestions(
        [software("foxit_software_inc.-_-foxit_pdf_editor", name="Foxit PDF Editor", vendor="Foxit Software Inc.").pk]
    )
    [first, *others] = next(iter(found.values()))
    assert (first.key, first.weaknesses) == ("cpe:a:foxit:pdf_editor", 2)
    assert first.score >= worklist.SURE_SCORE
    assert all(entry.score < worklist.SURE_SCORE for entry in others)


@pytest.mark.parametrize(
    ("key", "name", "vendor", "product"),
    [
        ("acme-_-air", "Air", "Acme", "cpe:a:adobe:air"),
        ("unknown-_-air", "air", "", "cpe:a:adobe:adobe_air"),
        ("logitech-_-logi_bolt", "Logi Bolt", "Logitech", "cpe:a:boltcms:bolt"),
        ("acme-_-signal", "Signal Analyzer", "Acme", "cpe:a:signal:signal"),
    ],
)
def test_a_short_name_alone_is_never_a_sure_suggestion(key: str, name: str, vendor: str, product: str) -> None:
    known(product, "cpe:a:other:thing", "cpe:a:one:more")
    assert suggested(software(key, name=name, vendor=vendor)).get(product, 0) < worklist.SURE_SCORE


@pytest.mark.parametrize("ecosystem", ["golang", "pypi", "npm", "deb", "rpm"])
def test_a_package_is_never_suggested_a_cpe_nor_on_the_list(ecosystem: str) -> None:
    known("cpe:a:adobe:air")
    package = software(f"{ecosystem}-_-air", name="air", vendor="adobe", ecosystem=ecosystem)
    assert suggested(package) == {}
    assert not worklist.unmatched(Software.objects.all()).exists()


def test_accepting_matches_at_once_is_audited_and_can_be_undone(superuser_client: Client, superuser: User) -> None:
    known("cpe:a:acme:moon_rocket")
    chosen = software("makers_of_acme-_-moon_rocket", name="Moon Rocket", vendor="Makers of Acme")
    match_versions(now=NOW)
    product = Product.objects.get()
    answer = superuser_client.post(f"{LIST}accept/", {"suggestion": f"{chosen.pk}:{product.pk}"}, follow=True)
    assert "1 matches came" in text(answer)
    assert cves(chosen.versions.get()) == ["CVE-2099-0000"]
    assert "Moon Rocket" not in text(superuser_client.get(LIST)).replace(text(answer), "")
    match_versions(now=NOW, relink=True)
    assert cves(chosen.versions.get()) == ["CVE-2099-0000"], "a curator's link survives"
    link = SoftwareProduct.objects.get()
    superuser_client.post(f"/admin/weaknesses/softwareproduct/{link.pk}/delete/", {"post": "yes"})
    assert cves(chosen.versions.get()) == []
    assert [event.action for event in AuditEvent.objects.order_by("id")][:2] == ["link product", "unlink product"]
    assert AuditEvent.objects.order_by("id")[0].after["gained"] == 1


def test_many_are_accepted_at_once_where_only_one_suggestion_is_sure(superuser: User) -> None:
    known("cpe:a:acme:moon_rocket", "cpe:a:foxit:pdf_editor", "cpe:a:foxit:pdf_editor_plus", "cpe:a:adobe:air")
    sure = software("makers_of_acme-_-moon_rocket", name="Moon Rocket", vendor="Makers of Acme")
    short = software("unknown-_-air", name="Air", vendor="")
    accepted, gained = worklist.accept_best(software=[sure, short], by=superuser, now=NOW)
    assert (accepted, gained) == (1, 1)
    assert SoftwareProduct.objects.get().software == sure


def test_settling_takes_it_off_and_back_on_and_is_audited(superuser_client: Client, superuser: User) -> None:
    chosen = [software("acme-_-one", name="One"), software("acme-_-two", name="Two")]
    marks = {"_selected_action": [entry.pk for entry in chosen]}
    superuser_client.post(LIST, {"action": "settle", **marks})
    assert Software.objects.filter(settled=True).count() == 2
    superuser_client.post(f"{LIST}?state=settled", {"action": "unsettle", **marks})
    assert not Software.objects.filter(settled=True).exists()
    assert [event.action for event in AuditEvent.objects.order_by("id")] == ["settle software"] * 2 + ["unsettle software"] * 2
    assert actions.settle_software(software=chosen[0], settled=False, by=superuser, now=NOW) is False


def test_only_those_who_may_link_see_it(curator_client: Client, viewer_client: Client) -> None:
    assert curator_client.get(LIST).status_code == 200
    for answer in (viewer_client.get(LIST), viewer_client.post(f"{LIST}accept/", {"suggestion": "1:1"})):
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/admin/login/")


def test_nonsense_accepts_nothing(superuser_client: Client) -> None:
    assert "Nothing was chosen." in text(superuser_client.post(f"{LIST}accept/", {"suggestion": "x:'"}, follow=True))
    assert superuser_client.post(f"{LIST}accept/", {"suggestion": "1:1"}).status_code == 404


def test_the_list_takes_as_many_statements_for_25_as_for_one(superuser_client: Client) -> None:
    known("cpe:a:acme:moon_rocket")
    software("acme-_-moon_rocket_0", name="Moon Rocket 0")
    few = queries(superuser_client, LIST)
    for number in range(25):
        software(f"acme-_-moon_rocket_{number + 1}", name=f"Moon Rocket {number}")
    assert queries(superuser_client, LIST) == few
