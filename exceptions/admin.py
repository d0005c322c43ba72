"""Exceptions, to look things up: they are granted and ended by their actions, which keep the scores in step."""

from __future__ import annotations

from django.contrib import admin

from core.admin import LookOnly
from exceptions.models import RiskException


@admin.register(RiskException)
class RiskExceptionAdmin(LookOnly):
    list_display = ("title", "justification", "status", "all_machines", "starts_at", "ends_at", "requested_by", "ended_by")
    list_filter = ("status", "justification", "all_machines")
    list_select_related = ("recommendation", "weakness", "software", "requested_by")
    search_fields = ("recommendation__title", "=recommendation__key", "=weakness__cve", "context")
    ordering = ("-starts_at", "-id")
