"""The admin of weaknesses and feeds: looking up, overriding, linking."""

from __future__ import annotations

import pytest
from django.test import Client

from core.models import AuditEvent
from tests.integration.weaknesses.world import NOW, affected, cves, version
from weaknesses.actions import match_versions
from weaknesses.models import ExploitEvidence, Feed, FeedRun, MatchOverride, Product, SoftwareProduct, SupportCycle, VersionWeakness

pytestmark = pytest.mark.django_db

MODELS = (
    "weakness", "affectedrange", "product", "exploitevidence", "threatinsight", "supportcycle", "matchoverride", "softwareproduct", "feed",
    "feedrun",
)  # fmt: skip


def test_every_list_and_row_can_be_opened_and_searched(superuser_client: Client) -> None:
    rocket = version("acme-_-rocket", "1.0", product="cpe:a:acme:rocket")
    entry = affected("CVE-2099-0001", product="cpe:a:acme:rocket", end="2.0")
    ExploitEvidence.objects.create(cve="CVE-2099-0001", source="kev", reference="x", level=4)
    SupportCycle.objects.create(slug="rocket", cycle="1", source="endoflife")
    MatchOverride.objects.create(software=rocket.software, reason="Patched by hand")
    run = FeedRun.objects.create(feed=Feed.objects.create(kind="kev"), started_at=NOW)
    run.rejects.create(place="line 1", reason="No CVE id.")
    for model in MODELS:
        listed = superuser_client.get(
            f"/admin/weaknesses/{model}/?q=rocket" if model not in ("feed", "feedrun") else f"/admin/weaknesses/{model}/"
        )
        assert listed.status_code == 200, model
    for model, key in (("weakness", entry.weakness_id), ("affectedrange", entry.pk), ("feedrun", run.pk), ("feed", "kev")):
        assert superuser_client.get(f"/admin/weaknesses/{model}/{key}/change/").status_code == 200, model
    of_weakness = superuser_client.get(f"/admin/weaknesses/affectedrange/?weakness__id__exact={entry.weakness_id}")
    assert "before 2.0" in of_weakness.content.decode()


@pytest.mark.parametrize("model", ["weakness", "affectedrange", "exploitevidence", "threatinsight", "supportcycle", "feedrun", "product"])
def test_what_feeds_state_is_not_edited(superuser_client: Client, model: str) -> None:
    assert superuser_client.get(f"/admin/weaknesses/{model}/add/").status_code == 403


def test_an_override_takes_effect_at_once_and_can_be_revoked(superuser_client: Client) -> None:
    rocket = version("acme-_-rocket", "1.0", product="cpe:a:acme:rocket")
    entry = affected("CVE-2099-0001", product="cpe:a:acme:rocket", end="2.0")
    match_versions(now=NOW)
    assert cves(rocket) == ["CVE-2099-0001"]
    form = {"verdict": "not_affected", "software": rocket.software_id, "weakness": entry.weakness_id, "reason": "Patched by hand"}
    answer = superuser_client.post("/admin/weaknesses/matchoverride/add/", form, follow=True)
    assert "0 matches came, 1 went, in 1 versions." in answer.content.decode()
    assert cves(rocket) == []
    override = MatchOverride.objects.get()
    superuser_client.post("/admin/weaknesses/matchoverride/", {"action": "revoke", "_selected_action": [override.pk]})
    assert cves(rocket) == ["CVE-2099-0001"]
    assert list(AuditEvent.objects.order_by("id").values_list("action", flat=True)) == ["override match", "revoke match override"]
    assert superuser_client.get(f"/admin/weaknesses/matchoverride/{override.pk}/delete/").status_code == 403


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"verdict": "not_affected", "reason": "x"}, "Name a software, a version, a product or a weakness."),
        ({"verdict": "affected", "reason": "x"}, "Name a software, a version, a product or a weakness."),
    ],
)
def test_an_override_that_names_nothing_is_refused(superuser_client: Client, form: dict[str, str], sentence: str) -> None:
    answer = superuser_client.post("/admin/weaknesses/matchoverride/add/", form)
    assert sentence in answer.content.decode()
    assert not MatchOverride.objects.exists()


def test_affected_needs_a_weakness_and_something_that_is_affected(superuser_client: Client) -> None:
    rocket = version("acme-_-rocket", "1.0")
    form = {"verdict": "affected", "software": rocket.software_id, "reason": "x"}
    assert "name the weakness" in superuser_client.post("/admin/weaknesses/matchoverride/add/", form).content.decode()


def test_a_curators_link_is_matched_with_the_next_run(superuser_client: Client) -> None:
    rocket = version("acme-_-rocket", "1.0")
    affected("CVE-2099-0001", product="cpe:a:acme:rocketry", end="2.0")
    match_versions(now=NOW)
    product = Product.objects.get(key="cpe:a:acme:rocketry")
    superuser_client.post(
        "/admin/weaknesses/softwareproduct/add/", {"software": rocket.software_id, "product": product.pk, "confidence": 90}
    )
    link = SoftwareProduct.objects.get()
    assert link.origin == SoftwareProduct.Origin.CURATOR
    match_versions(now=NOW)
    assert cves(rocket) == ["CVE-2099-0001"]
    superuser_client.post(f"/admin/weaknesses/softwareproduct/{link.pk}/delete/", {"post": "yes"})
    match_versions(now=NOW)
    assert not VersionWeakness.objects.exists()
