"""Curating weights, people and tokens: checked, audited, and shown once."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission
from django.forms.models import model_to_dict
from django.test import Client
from django.utils import timezone

from core.models import ApiToken, AuditEvent, User
from core.tokens import verify_token
from recommendations.models import ScoringSettings
from tests.integration.pages import text

pytestmark = pytest.mark.django_db
WEIGHTS = "/admin/recommendations/scoringsettings/"


def fields(**changes: object) -> dict[str, object]:
    return {name: value for name, value in model_to_dict(ScoringSettings(**changes)).items() if name != "id"}


def test_the_list_of_weights_is_its_one_row(superuser_client: Client) -> None:
    ScoringSettings.objects.all().delete()
    response = superuser_client.get(WEIGHTS)
    assert response["Location"] == f"{WEIGHTS}1/change/"
    assert superuser_client.get(f"{WEIGHTS}1/change/").status_code == 200
    assert superuser_client.get(f"{WEIGHTS}add/").status_code == 403


def test_a_change_of_weights_is_audited_with_before_and_after(superuser_client: Client) -> None:
    ScoringSettings.objects.get_or_create(pk=1)
    superuser_client.post(f"{WEIGHTS}1/change/", fields(floor_kit=0.85))
    assert ScoringSettings.objects.get().floor_kit == 0.85
    event = AuditEvent.objects.get(action="scoring.change")
    assert (event.actor, event.before, event.after) == ("superuser", {"floor_kit": 0.8}, {"floor_kit": 0.85})


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"floor_kit": 0.2}, "Floors rise with the evidence"),
        ({"likelihood_base": 0.9}, "add up to at most 1"),
        ({"pass_unknown": 1.5}, "from 0 to 1"),
        ({"value_low": 2.0}, "Device values rise"),
        ({"band_medium": 80.0}, "medium below high"),
        ({"half_hazard": 0.0}, "above 0"),
    ],
)
def test_weights_that_break_the_model_are_refused(changes: dict[str, float], complaint: str, superuser_client: Client) -> None:
    ScoringSettings.objects.get_or_create(pk=1)
    response = superuser_client.post(f"{WEIGHTS}1/change/", fields(**changes))
    assert complaint in text(response)
    assert model_to_dict(ScoringSettings.objects.get()) == model_to_dict(ScoringSettings())


def test_the_scoring_page_leads_those_who_may_to_the_weights(superuser_client: Client, curator: User, curator_client: Client) -> None:
    ScoringSettings.objects.get_or_create(pk=1)
    assert "Edit the weights" in text(superuser_client.get("/scoring/"))
    assert "Edit the weights" not in text(curator_client.get("/scoring/"))
    curator.user_permissions.add(Permission.objects.get(codename="change_scoringsettings"))
    assert "Edit the weights" in text(curator_client.get("/scoring/"))


def test_a_token_is_shown_once_works_and_can_be_revoked(superuser_client: Client) -> None:
    response = superuser_client.post("/admin/core/apitoken/add/", {"name": "scanner", "scope": "ingest", "days": "30"}, follow=True)
    shown = re.search(r"tvm_[\w-]{43}", text(response))
    assert shown
    now = timezone.now()
    token = verify_token(shown.group(), scope="ingest", now=now)
    assert token is not None
    assert token.expires_at is not None
    assert 29 <= (token.expires_at - now).days <= 30
    assert shown.group() not in text(superuser_client.get(f"/admin/core/apitoken/{token.pk}/change/"))
    superuser_client.post("/admin/core/apitoken/", {"action": "revoke", "_selected_action": [token.pk]})
    assert verify_token(shown.group(), scope="ingest", now=now) is None
    assert set(AuditEvent.objects.values_list("action", flat=True)) == {"token.create", "token.revoke"}


def test_two_tokens_never_share_a_name(superuser_client: Client) -> None:
    for _ in range(2):
        response = superuser_client.post("/admin/core/apitoken/add/", {"name": "scanner", "scope": "ingest"})
    assert "A token of this name exists." in text(response)
    assert ApiToken.objects.count() == 1


def test_the_audit_trail_cannot_be_edited(superuser_client: Client) -> None:
    event = AuditEvent.objects.create(at=timezone.now(), actor="a", action="b", object_type="c", object_id="d")
    assert superuser_client.get("/admin/core/auditevent/").status_code == 200
    assert superuser_client.post(f"/admin/core/auditevent/{event.pk}/change/", {"actor": "other"}).status_code == 403
    assert superuser_client.post(f"/admin/core/auditevent/{event.pk}/delete/", {"post": "yes"}).status_code == 403


def test_changes_of_users_are_audited_without_their_passwords(superuser_client: Client) -> None:
    secret = "correct-horse-9"
    superuser_client.post("/admin/core/user/add/", {"username": "new", "password1": secret, "password2": secret, "usable_password": "true"})
    assert User.objects.filter(username="new").exists()
    event = AuditEvent.objects.get(action="user.create")
    assert secret not in str(event.after)
