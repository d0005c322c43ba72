"""The page of one match, and what curators may do on it: overrides with preview, undo, list and audit."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from core.built_in_roles import CURATOR
from core.models import AuditEvent, User
from inventory.models import DirtyMachine, Installation, Version
from recommendations.actions import recompute
from recommendations.models import MachineScore
from tests.conftest import give
from tests.integration.pages import csv_lines, queries, text
from tests.integration.weaknesses.world import NOW, affected, cves, version
from tests.populations import Population, populate
from tests.unit.weaknesses.feed_samples import cpe_match, gzipped, nvd_file, nvd_record
from tvm_portal import pipeline, tasks
from weaknesses import actions
from weaknesses.actions import add_override, match_versions
from weaknesses.models import AffectedRange, MatchOverride, Product, VersionWeakness, Weakness

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(hours=1)
ROCKET = "cpe:a:acme:rocket"


@pytest.fixture
def made() -> Population:
    return populate(machines=9, software=3, weaknesses=2, checks=2)


def why(weakness: Weakness, **asked: int) -> str:
    return f"/weaknesses/{weakness.cve}/why/?" + "&".join(f"{name}={value}" for name, value in asked.items())


def post(client: Client, weakness: Weakness, what: str, found: Version, *, reason: str = "Built without it", **more: Any) -> Any:
    return client.post(f"/weaknesses/{weakness.cve}/override/", {"what": what, "version": found.pk, "reason": reason}, **more)


def test_a_match_is_explained_with_product_range_source_confidence_and_evidence(made: Population, viewer_client: Client) -> None:
    weakness, old, machine = made.weaknesses[0], made.versions[0], made.machines[0]
    words = text(viewer_client.get(why(weakness, machine=machine.pk)))
    for part in (
        f"Why {weakness.cve} matches Google Chrome 1.2.0",
        "According to NVD, versions before 1.3.1 are affected",
        "cpe:a:google:chrome",
        "Alias table, 100% sure",
        "1.2.0 is older than 1.3.1",
        "× 90%",
        "C:\\Program Files\\Google\\Chrome",
        "Google Chrome 1.3.1 or later is installed",
    ):
        assert part in words
    assert "Not right?" not in words
    assert f'href="https://nvd.nist.gov/vuln/detail/{weakness.cve}"' in viewer_client.get(why(weakness, version=old.pk)).content.decode()


def test_what_does_not_match_is_explained_by_the_nearest_bound(made: Population, viewer_client: Client) -> None:
    words = text(viewer_client.get(why(made.weaknesses[0], version=made.versions[1].pk)))
    assert "does not match Google Chrome 1.3.1" in words
    assert "1.3.1 is not older than 1.3.1" in words
    assert "A version of Google Chrome that is before 1.3.1 is installed." in words


def test_the_weakness_page_on_a_machine_or_version_is_the_page_of_the_match(made: Population, viewer_client: Client) -> None:
    for asked in (f"machine={made.machines[0].pk}", f"version={made.versions[0].pk}"):
        answer = viewer_client.get(f"/weaknesses/{made.weaknesses[0].cve}/?{asked}")
        assert (answer.status_code, answer["Location"]) == (302, f"/weaknesses/{made.weaknesses[0].cve}/why/?{asked}")
        assert viewer_client.get(answer["Location"]).status_code == 200


@pytest.mark.parametrize(
    "asked", ["", "?version=0", "?version=x", "?version=99999999", "?machine=99999", "?software=99999999", "?version=1%00"]
)
def test_a_question_about_nothing_is_not_found(asked: str, made: Population, viewer_client: Client) -> None:
    assert viewer_client.get(f"/weaknesses/{made.weaknesses[0].cve}/why/{asked}").status_code == 404
    assert viewer_client.get("/weaknesses/CVE-1999-9999/why/?version=1").status_code == 404


def test_a_machine_of_another_group_is_not_found(made: Population, viewer_client: Client) -> None:
    facing = next(machine for machine in made.machines if machine.internet_facing)
    assert viewer_client.get(why(made.weaknesses[0], machine=facing.pk) + f"&groups={made.groups[0].pk}").status_code == 404


def test_a_partial_is_answered_alone(made: Population, viewer_client: Client) -> None:
    address = why(made.weaknesses[0], version=made.versions[0].pk)
    flyout = viewer_client.get(address, HTTP_HX_REQUEST="true", HTTP_HX_TARGET="flyout").content.decode()
    assert 'id="flyout-title"' in flyout
    assert "<html" not in flyout
    body = viewer_client.get(address, HTTP_HX_REQUEST="true", HTTP_HX_TARGET="why").content.decode()
    assert "flyout-title" not in body
    assert "What holds" in body


def test_the_rows_of_every_page_lead_to_why(made: Population, viewer_client: Client) -> None:
    weakness, software, machine = made.weaknesses[0], made.software[0], made.machines[0]
    for page, asked in (
        (f"/weaknesses/{weakness.cve}/", f"version={made.versions[0].pk}"),
        (f"/machines/{machine.pk}/?tab=vulnerabilities", f"machine={machine.pk}"),
        (f"/software/{software.key}/?tab=vulnerabilities", f"software={software.pk}"),
        (f"/recommendations/va-_-{software.key}/", f"software={software.pk}"),
        (f"/recommendations/va-_-{software.key}/weaknesses/", f"software={software.pk}"),
    ):
        assert f'href="/weaknesses/{weakness.cve}/why/?{asked}"' in viewer_client.get(page).content.decode(), page


def test_the_page_takes_as_many_statements_for_many_ranges_as_for_few(made: Population, superuser_client: Client) -> None:
    weakness, old = made.weaknesses[0], made.versions[0]
    few = queries(superuser_client, why(weakness, version=old.pk))
    for number in range(25):
        affected(weakness.cve, product="cpe:a:google:chrome", end=f"1.{number}", fixed=f"1.{number}", source="osv")
        add_override(by=User.objects.get(), now=NOW, reason=f"r{number}", version=old, weakness=made.weaknesses[1])
    assert queries(superuser_client, why(weakness, version=old.pk)) <= few
    assert few <= 48


def test_a_curator_sees_how_much_rests_on_each_correction(made: Population, curator_client: Client) -> None:
    installed = Installation.objects.filter(version=made.versions[0]).count()
    words = text(curator_client.get(why(made.weaknesses[0], version=made.versions[0].pk)))
    machines = f"{installed} machine{'' if installed == 1 else 's'}"
    assert f"Not this product 2 matches, 1 version, {machines}" in words
    assert f"Ignore this range 1 match, 1 version, {machines}" in words


@pytest.mark.parametrize(("what", "left"), [("version", 1), ("product", 0), ("range", 1)])
def test_each_correction_repairs_the_rows_at_once_and_its_undo_puts_them_back(
    what: str, left: int, made: Population, curator_client: Client
) -> None:
    weakness, old = made.weaknesses[0], made.versions[0]
    match_versions(now=NOW, version_ids=[old.pk])
    answer = post(curator_client, weakness, what, old)
    override = MatchOverride.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"{why(weakness, version=old.pk)}&done={override.pk}")
    assert VersionWeakness.objects.filter(version=old).count() == left
    page = curator_client.get(answer["Location"])
    assert f"noted. {2 - left} match{'' if left else 'es'} went, in 1 version" in text(page)
    assert page["HX-Trigger"].startswith("match:changed") or "match:changed" in page["HX-Trigger"]
    undone = curator_client.post(f"/settings/overrides/{override.pk}/revoke/", {"next": why(weakness, version=old.pk), "here": "yes"})
    assert undone["Location"] == answer["Location"]
    assert "Undone." in text(curator_client.get(undone["Location"]))
    assert VersionWeakness.objects.filter(version=old).count() == 2
    assert list(AuditEvent.objects.order_by("id").values_list("actor", "action")) == [
        ("curator", "override match"),
        ("curator", "revoke match override"),
    ]


def test_a_curator_declares_what_no_source_says(made: Population, curator_client: Client) -> None:
    weakness, new = made.weaknesses[0], made.versions[1]
    answer = post(curator_client, weakness, "affected", new, reason="The vendor confirmed it")
    assert VersionWeakness.objects.filter(version=new, weakness=weakness, source="curator").exists()
    words = text(curator_client.get(answer["Location"]))
    assert "1 match came, in 1 version" in words
    assert "A curator declared it" in words


@pytest.mark.parametrize("target", ["", "why"])
@pytest.mark.parametrize(
    ("what", "reason", "said"), [("version", " ", "Say why"), ("galaxy", "x", "Not saved."), ("affected", "x", "Not saved.")]
)
def test_what_says_too_little_is_answered_with_the_same_page(
    what: str, reason: str, said: str, target: str, made: Population, curator_client: Client
) -> None:
    headers = {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": target} if target else {}
    answer = post(curator_client, made.weaknesses[0], what, made.versions[0], reason=reason, **headers)
    assert answer.status_code == 422
    assert said in text(answer)
    assert ("<html" in answer.content.decode()) == (not target)
    assert not MatchOverride.objects.exists()


def test_others_see_the_reason_but_may_not_correct(made: Population, viewer: User, viewer_client: Client, curator: User) -> None:
    weakness, old = made.weaknesses[0], made.versions[0]
    override, _ = add_override(by=curator, now=NOW, reason="Built without it", version=old, weakness=weakness)
    words = text(viewer_client.get(why(weakness, version=old.pk)))
    assert "Built without it" in words
    assert "Undo" not in words
    assert post(viewer_client, weakness, "version", old).status_code == 403
    assert viewer_client.post(f"/settings/overrides/{override.pk}/revoke/").status_code == 403
    give(viewer, CURATOR)
    assert viewer_client.post(f"/settings/overrides/{override.pk}/revoke/").status_code == 302
    assert post(viewer_client, weakness, "version", old).status_code == 302


def test_the_list_says_who_when_why_and_what_it_changed(made: Population, curator: User, curator_client: Client) -> None:
    weakness, old = made.weaknesses[0], made.versions[0]
    post(curator_client, weakness, "range", old, reason="The vendor says otherwise")
    words = text(curator_client.get("/settings/overrides/"))
    for part in (
        "Ignore this range",
        weakness.cve,
        "The vendor says otherwise",
        "curator",
        "1 match went, in 1 version",
        "NVD: before 1.3.1",
    ):
        assert part in words
    actions.revoke_override(override=MatchOverride.objects.get(), by=curator, now=LATER)
    assert "The vendor says otherwise" not in text(curator_client.get("/settings/overrides/"))
    assert "Undone" in text(curator_client.get("/settings/overrides/?state=all"))
    assert "Nothing found" in text(curator_client.get("/settings/overrides/?state=all&q=%25"))
    assert len(csv_lines(curator_client, "/settings/overrides/export.csv")) == 2


def test_the_list_takes_as_many_statements_for_25_as_for_one(made: Population, curator: User, curator_client: Client) -> None:
    add_override(by=curator, now=NOW, reason="x", version=made.versions[0], weakness=made.weaknesses[0])
    few = queries(curator_client, "/settings/overrides/")
    for number in range(25):
        add_override(by=curator, now=NOW, reason=f"x{number}", software=made.software[0], weakness=made.weaknesses[number % 6])
    assert queries(curator_client, "/settings/overrides/") == few


def test_overrides_survive_the_next_import(tmp_path: Path, curator: User) -> None:
    (tmp_path / "nvdcve-2.0-1.json.gz").write_bytes(gzipped(nvd_file(nvd_record(), nvd_record("CVE-2099-0002"))))
    actions.sync_feed(kind="nvd", origin=tmp_path, now=NOW)
    found = version("acme-_-rocket", "1.0", product=ROCKET)
    match_versions(now=NOW)
    assert cves(found) == ["CVE-2099-0001", "CVE-2099-0002"]
    entry = AffectedRange.objects.get(weakness__cve="CVE-2099-0001")
    by_range, _ = add_override(
        by=curator, now=NOW, reason="x", product=entry.product, weakness=entry.weakness, range_fingerprint=entry.fingerprint
    )
    by_product, _ = add_override(by=curator, now=NOW, reason="x", software=found.software, product=Product.objects.get(key=ROCKET))
    assert cves(found) == []
    changed = nvd_record(lastModified="2099-03-03T11:00:00.000", descriptions=[{"lang": "en", "value": "It explodes loudly."}])
    (tmp_path / "nvdcve-2.0-2.json.gz").write_bytes(
        gzipped(nvd_file(changed, nvd_record("CVE-2099-0003"), timestamp="2099-03-04T00:00:00.000"))
    )
    run = actions.sync_feed(kind="nvd", origin=tmp_path, now=LATER)
    assert (run.new, run.changed) == (1, 1)
    match_versions(now=LATER, relink=True)
    assert cves(found) == []
    actions.revoke_override(override=by_product, by=curator, now=LATER)
    assert cves(found) == ["CVE-2099-0002", "CVE-2099-0003"]
    other = nvd_record(
        lastModified="2099-04-03T11:00:00.000",
        configurations=[{"nodes": [{"operator": "OR", "negate": False, "cpeMatch": [cpe_match(end="3.0")]}]}],
    )
    (tmp_path / "nvdcve-2.0-3.json.gz").write_bytes(gzipped(nvd_file(other, timestamp="2099-04-04T00:00:00.000")))
    actions.sync_feed(kind="nvd", origin=tmp_path, now=LATER)
    match_versions(now=LATER)
    assert "CVE-2099-0001" in cves(found), "a range that the source states anew is another range"
    actions.revoke_override(override=by_range, by=curator, now=LATER)


def test_a_product_that_is_denied_proves_no_condition_either(curator: User) -> None:
    entry = affected("CVE-2099-0001", product="cpe:a:acme:engine", requires=(ROCKET,))
    found = version("acme-_-rocket", "1.0", product=ROCKET)
    version("acme-_-rocket", "1.0", product="cpe:a:acme:engine")
    match_versions(now=NOW)
    assert cves(found) == ["CVE-2099-0001"]
    add_override(by=curator, now=NOW, reason="x", software=found.software, product=Product.objects.get(key=ROCKET))
    assert cves(found) == []
    assert entry.weakness.cve == "CVE-2099-0001"


def test_a_denied_product_is_struck_out_among_the_names_of_the_software(made: Population, curator: User, viewer_client: Client) -> None:
    product = Product.objects.get(key="cpe:a:google:chrome")
    add_override(by=curator, now=NOW, reason="x", software=made.software[0], product=product)
    assert "a curator said that it is not this product" in text(viewer_client.get(f"/software/{made.software[0].key}/"))


def test_the_scores_follow_an_override_without_a_full_run(
    curator: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    made = populate(machines=3, software=1, weaknesses=1, checks=0)
    Version.objects.update(matched_at=None)
    moment = made.machines[0].last_seen + dt.timedelta(hours=1)
    match_versions(now=moment)
    recompute(now=moment)
    before = MachineScore.objects.get(machine=made.machines[0]).score
    assert before > 0
    sent: list[tuple[str, Any]] = []
    monkeypatch.setattr("weaknesses.actions.current_app.send_task", lambda name, kwargs: sent.append((name, kwargs)))
    with django_capture_on_commit_callbacks(execute=True):
        add_override(by=curator, now=moment, reason="x", version=made.versions[0], weakness=made.weaknesses[0])
    [(name, kwargs)] = sent
    assert name == tasks.follow_matches.name
    assert kwargs == {"version_ids": [made.versions[0].pk]}
    pipeline.follow(**kwargs, now=moment)
    pipeline.refresh(now=moment)
    assert MachineScore.objects.get(machine=made.machines[0]).score == 0
    assert not DirtyMachine.objects.exists()
