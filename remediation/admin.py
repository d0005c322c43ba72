"""Activities, tickets and deliveries, to look things up: they change by their actions only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from core.admin import LookOnly
from remediation.models import Activity, Delivery, Ticket

if TYPE_CHECKING:  # the generics exist for the type checker only
    _TicketInline = admin.TabularInline[Ticket, Activity]
else:
    _TicketInline = admin.TabularInline


class TicketInline(_TicketInline):
    model = Ticket
    fields = readonly_fields = ("provider", "state", "external_id", "url", "updated_at")
    extra = 0
    can_delete = False
    ordering = ("id",)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Activity)
class ActivityAdmin(LookOnly):
    list_display = ("title", "kind", "status", "priority", "due_on", "requested_by", "created_at", "fixed_count", "target_count")
    list_filter = ("status", "priority", "kind")
    list_select_related = ("requested_by",)
    search_fields = ("title", "=recommendation__key")
    ordering = ("-created_at", "id")
    inlines = (TicketInline,)


@admin.register(Delivery)
class DeliveryAdmin(LookOnly):
    list_display = ("key", "ticket", "verb", "state", "due_at")
    list_filter = ("state", "verb")
    list_select_related = ("ticket",)
    search_fields = ("=key",)
    ordering = ("-due_at", "-id")
