"""The weights of the model; recommendations and runs, to look things up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from core import audit
from core.admin import LookOnly, who
from recommendations import score_change_queries
from recommendations.models import Cause, InaccuracyReport, Recommendation, Run, ScoringSettings

if TYPE_CHECKING:  # the generics exist for the type checker only
    _SettingsAdmin = admin.ModelAdmin[ScoringSettings]
    _SettingsForm = forms.ModelForm[ScoringSettings]
else:
    _SettingsAdmin = admin.ModelAdmin
    _SettingsForm = forms.ModelForm

SHARES = (
    "floor_exploited",
    "floor_kit",
    "floor_verified",
    "floor_public",
    "floor_any",
    "peak_share",
    "sum_share",
    "likelihood_base",
    "likelihood_internet",
    "likelihood_checks",
    "pass_unknown",
)
HELP = {
    "floor_exploited": "Exploited in the wild, or an open alert names it.",
    "floor_any": "Any weakness, however small its EPSS.",
    "peak_share": "Of the worst weakness that a fix removes from a version.",
    "sum_share": "Of all weaknesses that a fix removes from a version, added.",
    "likelihood_base": "Any machine without an active alert; with one it is 1.",
    "likelihood_internet": "Added where the machine faces the internet.",
    "likelihood_checks": "Added by the share of failing checks.",
    "pass_unknown": "Share of passing checks where nothing was checked.",
    "band_medium": "Scores from here on are medium.",
    "band_high": "Scores from here on are high.",
    "no_fix_counts": "When a weakness without any fix counts and gets an Attention recommendation.",
}


class SettingsForm(_SettingsForm):
    def clean(self) -> dict[str, Any]:
        """The model's properties hold only for weights in order: a worse thing never weighs less than a better one."""
        values = super().clean() or self.cleaned_data
        for name in SHARES:
            if name in values and not 0 <= values[name] <= 1:
                self.add_error(name, "Write a number from 0 to 1.")
        ladder = [values.get(name, 0) for name in ("floor_any", "floor_public", "floor_verified", "floor_kit", "floor_exploited")]
        if ladder != sorted(ladder):
            raise ValidationError("Floors rise with the evidence: any, public, verified, kit, exploited.")
        if sum(values.get(name, 0) for name in ("likelihood_base", "likelihood_internet", "likelihood_checks")) > 1 + 1e-9:
            raise ValidationError("The three parts of the likelihood add up to at most 1, which is that of an active alert.")
        self._check_values(values)
        return values

    def _check_values(self, values: dict[str, Any]) -> None:
        weights = [values.get(name, 1) for name in ("value_low", "value_normal", "value_high")]
        if weights != sorted(weights) or weights[0] <= 0:
            raise ValidationError("Device values rise from low to high, all above 0.")
        if not 0 < values.get("band_medium", 30) < values.get("band_high", 70) < 100:
            raise ValidationError("Bands lie between 0 and 100, medium below high.")
        if values.get("half_hazard", 1) <= 0:
            self.add_error("half_hazard", "Write a number above 0.")


@admin.register(ScoringSettings)
class ScoringSettingsAdmin(_SettingsAdmin):
    """One row: it is there, and never goes."""

    form = SettingsForm
    fieldsets = (
        ("Threat floors", {"fields": ("floor_exploited", "floor_kit", "floor_verified", "floor_public", "floor_any", "no_fix_counts")}),
        ("Weaknesses of one fix", {"fields": ("peak_share", "sum_share")}),
        ("Likelihood", {"fields": ("likelihood_base", "likelihood_internet", "likelihood_checks", "pass_unknown")}),
        ("Machine and organisation", {"fields": ("half_hazard", "value_low", "value_normal", "value_high", "band_medium", "band_high")}),
    )

    def get_form(self, request: HttpRequest, obj: ScoringSettings | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change=change, **{**kwargs, "help_texts": HELP})

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ScoringSettings | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is nothing to list: straight to the row."""
        if not self.has_view_or_change_permission(request):
            return super().changelist_view(request, extra_context)
        row, _ = ScoringSettings.objects.get_or_create(pk=1)
        return redirect(reverse("admin:recommendations_scoringsettings_change", args=[row.pk]))

    def save_model(self, request: HttpRequest, obj: ScoringSettings, form: Any, change: bool) -> None:
        before = {name: form.initial.get(name) for name in form.changed_data}
        after = {name: form.cleaned_data[name] for name in form.changed_data}
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if after:
                audit.record(action="scoring.change", object=obj, before=before, after=after, **who(request))
        self.message_user(request, "The next full run uses these weights: tonight, or now with `manage.py recompute`.", messages.INFO)


@admin.register(Recommendation)
class RecommendationAdmin(LookOnly):
    list_display = (
        "title",
        "kind",
        "status",
        "component",
        "weakness_count",
        "exploited",
        "zero_day",
        "present",
        "first_seen",
        "resolved_at",
    )
    list_filter = ("kind", "status", "present", "category", "exploited", "zero_day")
    search_fields = ("title", "key__startswith", "component")
    ordering = ("-present", "title", "id")


@admin.register(Run)
class RunAdmin(LookOnly):
    list_display = ("started_at", "finished_at", "kind", "machines", "score")
    list_filter = ("kind", "started_at")
    ordering = ("-started_at", "-id")

    fields = ("kind", "started_at", "finished_at", "machines", "score", "why_it_moved", "weight", "step", "day", "settings")
    readonly_fields = ("why_it_moved",)

    @admin.display(description="Why the score moved")
    def why_it_moved(self, run: Run) -> str:
        """Its parts, one a line."""
        parts = [
            (Cause(part.cause).label, f"{part.points:+.4f}", f"{part.machines:,} machine{'' if part.machines == 1 else 's'}")
            for part in score_change_queries.run_parts(run)
        ]
        return format_html_join("", "<p>{}: {} points, {}</p>", parts) or "It did not move, or this was not recorded."


@admin.register(InaccuracyReport)
class InaccuracyReportAdmin(LookOnly):
    """The queue; a report is answered on its own page, beside the matches that it may be about."""

    list_display = ("__str__", "machine", "reported_by", "reported_at", "state", "answered_by", "handle")
    list_filter = ("state", "category")
    list_select_related = ("recommendation", "software", "weakness", "machine", "reported_by", "answered_by")
    ordering = ("-reported_at", "-id")

    @admin.display(description="handle")
    def handle(self, report: InaccuracyReport) -> str:
        """The way to its own page."""
        words = "Answer or correct" if report.state == InaccuracyReport.State.OPEN else "Open"
        return format_html('<a href="{}">{}</a>', reverse("recommendations:inaccuracy_report", args=[report.pk]), words)

    def get_view_on_site_url(self, obj: InaccuracyReport | None = None) -> str | None:
        return reverse("recommendations:inaccuracy_report", args=[obj.pk]) if obj else None
