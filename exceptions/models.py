"""Deciding not to fix something, for a while."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from inventory.models import MachineGroup, Software
from recommendations.models import Recommendation
from weaknesses.models import Weakness


class ExceptionSettings(models.Model):
    """The one row of rules that exceptions are granted by."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    approval_required = models.BooleanField(default=False, help_text="A second person approves before an exception takes effect.")
    longest_days = models.PositiveSmallIntegerField(default=365, validators=[MinValueValidator(1), MaxValueValidator(365)])
    growth = models.FloatField(default=0.5, help_text="Share by which the plain impact grows before it resurfaces.")
    least_growth = models.FloatField(default=1.0, help_text="Points by which it grows at least.")

    class Meta:
        verbose_name_plural = "exception settings"
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="one_row_of_exception_settings"),
            models.CheckConstraint(
                condition=models.Q(longest_days__gte=1, longest_days__lte=365), name="an_exception_lasts_a_year_at_most"
            ),
            models.CheckConstraint(condition=models.Q(growth__gte=0, least_growth__gte=0), name="growth_is_not_negative"),
        ]

    def __str__(self) -> str:
        return "Exception settings"


class RiskException(models.Model):
    """One decision about one subject: a recommendation, a weakness, or a weakness in one software."""

    class Justification(models.TextChoices):
        CONTROL = "control", "Compensating/alternate control"
        PRODUCTIVITY = "productivity", "Productivity/business need"
        ACCEPT = "accept", "Accept risk"
        PLANNED = "planned", "Planned remediation (grace)"
        OTHER = "other", "Other"
        NO_PATCH = "no_patch", "CVE with no patch"
        FALSE_POSITIVE = "false_pos", "False positive"

    class Status(models.TextChoices):
        PENDING = "pending", "Pending approval"
        IN_EFFECT = "in_effect", "In effect"
        SUSPENDED = "suspended", "Suspended"
        EXPIRED = "expired", "Expired"
        CANCELLED = "cancelled", "Cancelled"
        RESURFACED = "resurfaced", "Resurfaced"
        REJECTED = "rejected", "Rejected"

    recommendation = models.ForeignKey(Recommendation, on_delete=models.PROTECT, null=True, blank=True, related_name="exceptions")
    weakness = models.ForeignKey(Weakness, on_delete=models.PROTECT, null=True, blank=True, related_name="exceptions")
    software = models.ForeignKey(
        Software, on_delete=models.PROTECT, null=True, blank=True, related_name="exceptions", help_text="Of a weakness: in this alone."
    )
    justification = models.CharField(max_length=12, choices=Justification)
    context = models.TextField()
    status = models.CharField(max_length=10, choices=Status, default=Status.IN_EFFECT)
    all_machines = models.BooleanField(default=False, help_text="All machines now and in future.")
    impact_when_granted = models.FloatField(help_text="Plain impact in points; growing past it resurfaces the subject.")
    requested_at = models.DateTimeField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    decision_note = models.TextField(blank=True)
    asked_until = models.DateTimeField(null=True, blank=True, help_text="A renewal that waits for approval.")
    asked_context = models.TextField(blank=True)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    noticed_at = models.DateTimeField(null=True, blank=True, help_text="The requester was told that it ends soon.")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="an_exception_ends_after_it_starts"),
            models.CheckConstraint(
                condition=models.Q(recommendation__isnull=False, weakness__isnull=True, software__isnull=True)
                | models.Q(recommendation__isnull=True, weakness__isnull=False),
                name="an_exception_is_about_one_thing",
            ),
            models.UniqueConstraint(
                fields=["recommendation"], condition=models.Q(all_machines=True, status="in_effect"), name="one_global_exception_in_effect"
            ),
            models.UniqueConstraint(
                fields=["weakness", "software"],
                condition=models.Q(all_machines=True, status="in_effect", weakness__isnull=False),
                nulls_distinct=False,
                name="one_global_weakness_exception_in_effect",
            ),
        ]
        indexes = [models.Index(fields=["status", "ends_at"], name="exception_by_end")]

    def __str__(self) -> str:
        return f"{self.title} ({self.get_justification_display()})"

    @property
    def title(self) -> str:
        return title_of(self.recommendation, self.weakness, self.software)


def title_of(recommendation: Recommendation | None, weakness: Weakness | None, software: Software | None) -> str:
    """What the subject of an exception is called."""
    if recommendation is not None:
        return recommendation.title
    assert weakness is not None
    return f"{weakness.cve} in {software.name}" if software else weakness.cve


class ExceptionPart(models.Model):
    """A machine group that an exception is for. One that was cancelled is out of it."""

    exception = models.ForeignKey(RiskException, on_delete=models.CASCADE, related_name="parts")
    group = models.ForeignKey(MachineGroup, on_delete=models.SET_NULL, null=True, related_name="+", help_text="Empty: deleted since.")
    name = models.CharField(max_length=200, help_text="As it was called then.")
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["exception", "group"], name="a_group_is_in_an_exception_once")]

    def __str__(self) -> str:
        return self.name
