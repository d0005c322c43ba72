"""Curation: a curator's word on matches and links; what feeds said, to look things up; the feeds' own settings.

What a feed states is shown but not edited: the next run would put it back. An override is how it is corrected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from core.admin import Audited
from weaknesses import actions
from weaknesses.feeds import FEEDS
from weaknesses.matching import MatchOutcome
from weaknesses.models import (
    AffectedRange,
    ExploitEvidence,
    Feed,
    FeedReject,
    FeedRun,
    MatchOverride,
    Product,
    SoftwareProduct,
    SupportCycle,
    ThreatInsight,
    Weakness,
)
from weaknesses.rules import range_text
from weaknesses.worklist_admin import UnmatchedSoftwareAdmin  # noqa: F401 - registers itself

if TYPE_CHECKING:  # the generics exist for the type checker only
    _Admin = admin.ModelAdmin[Any]
    _OverrideAdmin = admin.ModelAdmin[MatchOverride]
    _LinkAdmin = admin.ModelAdmin[SoftwareProduct]
    _RejectInline = admin.TabularInline[FeedReject, FeedRun]
    _OverrideForm = forms.ModelForm[MatchOverride]
else:
    _Admin = _OverrideAdmin = _LinkAdmin = admin.ModelAdmin
    _RejectInline = admin.TabularInline
    _OverrideForm = forms.ModelForm


class LookOnly(_Admin):
    """What feeds state: searched and read, never edited."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Weakness)
class WeaknessAdmin(LookOnly):
    list_display = ("cve", "title", "severity", "cvss", "exploit", "exploited", "rejected", "source", "modified_at")
    list_filter = ("severity", "exploit", "exploited", "ransomware", "rejected", "source")
    search_fields = ("cve__startswith", "title")
    search_help_text = "A CVE id or its beginning, or a part of the title"
    readonly_fields = ("affected",)
    ordering = ("-modified_at", "-id")

    @admin.display(description="affected versions")
    def affected(self, weakness: Weakness) -> str:
        return format_html(
            '<a href="{}?weakness__id__exact={}">{} ranges</a>',
            reverse("admin:weaknesses_affectedrange_changelist"),
            weakness.pk,
            weakness.ranges.count(),
        )


@admin.register(AffectedRange)
class AffectedRangeAdmin(LookOnly):
    list_display = ("weakness", "product", "versions", "fixed", "platforms", "source", "fingerprint")
    list_filter = ("source",)
    list_select_related = ("weakness", "product")
    search_fields = ("=weakness__cve", "=product__key", "=fingerprint")
    search_help_text = "A CVE id, a product (cpe:a:vendor:product) or a fingerprint, in full"
    ordering = ("-id",)

    @admin.display(description="versions")
    def versions(self, entry: AffectedRange) -> str:
        return range_text(start=entry.start, start_included=entry.start_included, end=entry.end, end_included=entry.end_included)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "weakness__id__exact" or super().lookup_allowed(lookup, value, request)


@admin.register(Product)
class ProductAdmin(LookOnly):
    list_display = ("key",)
    search_fields = ("key",)
    ordering = ("key",)


@admin.register(ExploitEvidence)
class ExploitEvidenceAdmin(LookOnly):
    list_display = ("cve", "level", "source", "reference", "title", "day", "ransomware", "gone_at")
    list_filter = ("level", "source", "ransomware")
    search_fields = ("cve__startswith", "reference__startswith")
    ordering = ("-id",)


@admin.register(ThreatInsight)
class ThreatInsightAdmin(LookOnly):
    list_display = ("cve", "kind", "name", "source", "techniques", "first_seen", "last_seen")
    list_filter = ("kind", "source")
    search_fields = ("cve__startswith", "name", "reference__startswith")
    ordering = ("-id",)


@admin.register(SupportCycle)
class SupportCycleAdmin(LookOnly):
    list_display = ("slug", "cycle", "released_on", "ended", "ends_on", "latest", "source")
    list_filter = ("source", "ended")
    search_fields = ("slug",)
    ordering = ("slug", "-released_on", "id")


class OverrideForm(_OverrideForm):
    class Meta:
        model = MatchOverride
        fields = ("verdict", "software", "version", "product", "weakness", "range_fingerprint", "reason")

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        named = [values.get(name) for name in ("software", "version", "product")]
        if not values.get("weakness") and not any(named):
            raise ValidationError("Name a software, a version, a product or a weakness.")
        if values.get("verdict") == MatchOverride.Verdict.AFFECTED and not (values.get("weakness") and any(named)):
            raise ValidationError("To declare something affected, name the weakness and the software, version or product.")
        return values


@admin.register(MatchOverride)
class MatchOverrideAdmin(_OverrideAdmin):
    """Overrides are made and revoked, never edited or deleted: why a match was overruled stays readable."""

    form = OverrideForm
    list_display = ("verdict", "software", "version", "product", "weakness", "reason", "by", "created_at", "revoked_at")
    list_filter = ("verdict", ("revoked_at", admin.EmptyFieldListFilter))
    list_select_related = ("software", "version", "product", "weakness", "by")
    raw_id_fields = ("software", "version", "product", "weakness")
    search_fields = ("=weakness__cve", "reason", "software__key", "=product__key")
    ordering = ("-id",)
    actions = ("revoke",)

    def has_change_permission(self, request: HttpRequest, obj: MatchOverride | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def has_view_permission(self, request: HttpRequest, obj: MatchOverride | None = None) -> bool:
        return super().has_view_permission(request, obj) or super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: MatchOverride | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: MatchOverride, form: forms.ModelForm[MatchOverride], change: bool) -> None:
        made, outcome = actions.add_override(
            by=_curator(request),
            now=timezone.now(),
            reason=obj.reason,
            verdict=obj.verdict,
            software=obj.software,
            version=obj.version,
            product=obj.product,
            weakness=obj.weakness,
            range_fingerprint=obj.range_fingerprint,
            address=request.META.get("REMOTE_ADDR", ""),
        )
        obj.pk = made.pk
        self.message_user(request, f"{_said(outcome)} The scores follow within seconds.")

    @admin.action(description="Revoke", permissions=["add"])
    def revoke(self, request: HttpRequest, overrides: QuerySet[MatchOverride]) -> None:
        for override in overrides.filter(revoked_at=None).order_by("id"):
            actions.revoke_override(
                override=override, by=_curator(request), now=timezone.now(), address=request.META.get("REMOTE_ADDR", "")
            )
        self.message_user(request, "What the feeds say holds again.", messages.SUCCESS)


@admin.register(SoftwareProduct)
class SoftwareProductAdmin(_LinkAdmin):
    """Which product of vulnerability data a software is. A curator's link survives every import."""

    list_display = ("software", "product", "origin", "confidence")
    list_filter = ("origin",)
    list_select_related = ("software", "product")
    raw_id_fields = ("software", "product")
    fields = ("software", "product", "confidence")
    search_fields = ("software__key", "=product__key")
    ordering = ("-id",)

    def has_change_permission(self, request: HttpRequest, obj: SoftwareProduct | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: SoftwareProduct | None = None) -> bool:
        curated = obj is not None and obj.origin == SoftwareProduct.Origin.CURATOR
        return curated and super().has_delete_permission(request, obj)

    def save_model(
        self,
        request: HttpRequest,
        obj: SoftwareProduct,
        form: forms.ModelForm[SoftwareProduct],
        change: bool,
    ) -> None:
        made, outcome = actions.link_product(software=obj.software, product=obj.product, confidence=obj.confidence, **_who(request))
        obj.pk = made.pk
        self.message_user(request, f"{_said(outcome)} The scores follow within seconds.")

    def delete_model(self, request: HttpRequest, obj: SoftwareProduct) -> None:
        outcome = actions.unlink_product(link=obj, **_who(request))
        self.message_user(request, f"{_said(outcome)} The scores follow within seconds.")

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SoftwareProduct]) -> None:
        for link in queryset.filter(origin=SoftwareProduct.Origin.CURATOR).select_related("software", "product"):
            self.delete_model(request, link)


@admin.register(Feed)
class FeedAdmin(Audited):
    """Mirrors and switches. A feed has a row from its first run on, or from when a curator makes one."""

    audited_as = "feed"
    list_display = ("kind", "enabled", "address", "checked_at", "changed_at")
    readonly_fields = ("checked_at", "changed_at")
    ordering = ("kind",)

    def get_readonly_fields(self, request: HttpRequest, obj: Feed | None = None) -> tuple[str, ...]:
        return ("kind", *self.readonly_fields) if obj else self.readonly_fields

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "kind":
            return forms.ChoiceField(choices=[(name, feed.label) for name, feed in FEEDS.items()])
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Feed | None = None) -> bool:
        return False


class RejectInline(_RejectInline):
    model = FeedReject
    fields = readonly_fields = ("place", "reason", "excerpt")
    can_delete = False
    max_num = 0
    ordering = ("id",)


@admin.register(FeedRun)
class FeedRunAdmin(LookOnly):
    list_display = ("feed", "state", "started_at", "finished_at", "read", "new", "changed", "removed", "rejected", "origin")
    list_filter = ("feed", "state")
    inlines = (RejectInline,)
    ordering = ("-started_at", "-id")


def _curator(request: HttpRequest) -> Any:
    return request.user


def _who(request: HttpRequest) -> dict[str, Any]:
    """Actor, time and address, as the actions take them."""
    return {"by": request.user, "now": timezone.now(), "address": request.META.get("REMOTE_ADDR", "")}


def _said(outcome: MatchOutcome) -> str:
    return f"{outcome.gained:,} matches came, {outcome.lost:,} went, in {len(outcome.touched_version_ids):,} versions."
