"""Ways from a page to the Django admin, for those who may curate."""

from __future__ import annotations

from urllib.parse import urlencode

from django.db.models import Model
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from core.access import Permission, may


def admin_address(request: HttpRequest, row: Model) -> str:
    """Where the row is edited; empty for users who may not, and for rows that have no editor."""
    return _address(request, type(row), "change", [row.pk])


def add_address(request: HttpRequest, model: type[Model], **values: object) -> str:
    """Where a new row is made, its form filled with `values`; empty for users who may not."""
    address = _address(request, model, "add", [])
    return f"{address}?{urlencode(values)}" if address else ""


def _address(request: HttpRequest, model: type[Model], verb: str, arguments: list[object]) -> str:
    meta = model._meta  # noqa: SLF001 - Django documents it as public
    is_curator = may(request.user, Permission.CURATE)
    if not is_curator or not request.user.has_perm(f"{meta.app_label}.{verb}_{meta.model_name}"):
        return ""
    try:
        return reverse(f"admin:{meta.app_label}_{meta.model_name}_{verb}", args=arguments)
    except NoReverseMatch:
        return ""
