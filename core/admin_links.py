"""Ways from a page to the Django admin, for those who may curate."""

from __future__ import annotations

from django.db.models import Model
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse


def admin_address(request: HttpRequest, row: Model) -> str:
    """Where the row is edited; empty for users who may not, and for rows that have no editor."""
    meta = row._meta
    if not request.user.is_staff or not request.user.has_perm(f"{meta.app_label}.change_{meta.model_name}"):
        return ""
    try:
        return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
    except NoReverseMatch:
        return ""
