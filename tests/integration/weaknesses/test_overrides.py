"""A curator's word: stronger than any feed, audited, in effect at once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from core.models import AuditEvent, User
from tests.integration.weaknesses.world import NOW, affected, cves, version
from weaknesses import matching
from weaknesses.actions import add_override, match_versions, revoke_override
from weaknesses.errors import OverrideIncomplete
from weaknesses.models import MatchOverride, VersionWeakness, Weakness
from weaknesses.queries import match_reason

pytestmark = pytest.mark.django_db

CHROME = "cpe:a:google:chrome"
LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture
def curator() -> User:
    return User.objects.create(username="curator")


def test_not_affected_removes_the_match_and_survives_a_new_import(curator: User) -> None:
    held = affected("CVE-2024-0001", product=CHROME, end="9", fixed="9")
    one, two = (version("google-_-chrome", text, product=CHROME) for text in ("1.0", "2.0"))
    match_versions(now=NOW)
    _, outcome = add_override(by=curator, now=LATER, reason="Feature is compiled out", version=one, weakness=held.weakness)
    assert outcome.touched_version_ids == (one.id,)
    assert (cves(one), cves(two)) == ([], ["CVE-2024-0001"])
    held.delete()
    affected("CVE-2024-0001", product=CHROME, end="9.5", fixed="9.5")
    matching.forget([held.product_id])
    match_versions(now=LATER)
    assert (cves(one), cves(two)) == ([], ["CVE-2024-0001"])


@pytest.mark.parametrize("scope", ["software", "product", "weakness", "version", "range"])
def test_an_override_reaches_as_far_as_it_says(curator: User, scope: str) -> None:
    first = affected("CVE-2024-0001", product=CHROME)
    affected("CVE-2024-0002", product=CHROME)
    affected("CVE-2024-0001", product="cpe:a:acme:tool")
    one, two = (version("google-_-chrome", text, product=CHROME) for text in ("1.0", "2.0"))
    other = version("acme-_-tool", "1.0", product="cpe:a:acme:tool")
    match_versions(now=NOW)
    scopes: dict[str, dict[str, Any]] = {
        "software": {"software": one.software},
        "product": {"product": first.product},
        "weakness": {"weakness": first.weakness},
        "version": {"version": one},
        "range": {"product": first.product, "range_fingerprint": first.fingerprint},
    }
    override, _ = add_override(by=curator, now=LATER, reason="Checked", **scopes[scope])
    assert {name: [cve[-1] for cve in cves(found)] for name, found in (("one", one), ("two", two), ("other", other))} == {
        "software": {"one": [], "two": [], "other": ["1"]},
        "product": {"one": [], "two": [], "other": ["1"]},
        "weakness": {"one": ["2"], "two": ["2"], "other": []},
        "version": {"one": [], "two": ["1", "2"], "other": ["1"]},
        "range": {"one": ["2"], "two": ["2"], "other": ["1"]},
    }[scope]
    revoke_override(override=override, by=curator, now=LATER)
    assert [len(cves(found)) for found in (one, two, other)] == [2, 2, 1]


def test_affected_adds_a_match_with_the_fix_the_ranges_know(curator: User) -> None:
    held = affected("CVE-2024-0001", product=CHROME, start="5", end="9", fixed="9")
    found = version("google-_-chrome", "1.0", product=CHROME)
    match_versions(now=NOW)
    override, outcome = add_override(
        by=curator,
        now=LATER,
        reason="The vendor confirmed it",
        verdict=MatchOverride.Verdict.AFFECTED,
        software=found.software,
        weakness=held.weakness,
    )
    match = VersionWeakness.objects.get(version=found)
    assert outcome.touched_version_ids == (found.id,)
    assert (match.source, match.confidence, match.fix, match.fixed) == ("curator", 100, VersionWeakness.Fix.VERSION, "9")
    reason = match_reason(version_id=found.id, weakness_id=held.weakness_id)
    assert reason is not None
    assert (reason.declared, reason.would_change) == ("The vendor confirmed it", ("a curator revokes the override",))
    revoke_override(override=override, by=curator, now=LATER)
    assert cves(found) == []


def test_a_rejected_weakness_cannot_be_declared(curator: User) -> None:
    held = affected("CVE-2024-0001", product=CHROME, rejected=True)
    found = version("google-_-chrome", "1.0", product=CHROME)
    add_override(by=curator, now=NOW, reason="x", verdict=MatchOverride.Verdict.AFFECTED, version=found, weakness=held.weakness)
    assert cves(found) == []


def test_both_steps_are_audited_and_revoking_twice_changes_nothing(curator: User) -> None:
    held = affected("CVE-2024-0001", product=CHROME)
    found = version("google-_-chrome", "1.0", product=CHROME)
    override, _ = add_override(by=curator, now=NOW, reason=" Checked ", weakness=held.weakness, version=found)
    revoke_override(override=override, by=curator, now=LATER)
    revoke_override(override=override, by=curator, now=LATER)
    trail = list(AuditEvent.objects.order_by("id").values_list("actor", "action", "object_id", "at"))
    assert trail == [
        ("curator", "override match", str(override.pk), NOW),
        ("curator", "revoke match override", str(override.pk), LATER),
    ]
    assert AuditEvent.objects.order_by("id")[0].after["reason"] == "Checked"


@pytest.mark.parametrize(
    "given", [{"reason": " ", "weakness": True}, {"reason": "x"}, {"reason": "x", "verdict": "affected", "weakness": True}]
)
def test_an_override_that_says_too_little_is_refused(curator: User, given: dict[str, Any]) -> None:
    parts = {**given, **({"weakness": Weakness.objects.create(cve="CVE-2024-0001", source="nvd")} if given.get("weakness") else {})}
    with pytest.raises(OverrideIncomplete):
        add_override(by=curator, now=NOW, **parts)
    assert not MatchOverride.objects.exists()
    assert not AuditEvent.objects.exists()
