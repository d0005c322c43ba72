"""Deciding not to fix something, for a while."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from inventory.models import MachineGroup
from recommendations.models import Recommendation


class RiskException(models.Model):
    class Justification(models.TextChoices):
        CONTROL = "control", "Compensating/alternate control"
        PRODUCTIVITY = "productivity", "Productivity/business need"
        ACCEPT = "accept", "Accept risk"
        PLANNED = "planned", "Planned remediation (grace)"
        OTHER = "other", "Other"

    class Status(models.TextChoices):
        IN_EFFECT = "in_effect", "In effect"
        EXPIRED = "expired", "Expired"
        CANCELLED = "cancelled", "Cancelled"
        RESURFACED = "resurfaced", "Resurfaced"
        SUSPENDED = "suspended", "Suspended"

    recommendation = models.ForeignKey(Recommendation, on_delete=models.PROTECT, related_name="exceptions")
    justification = models.CharField(max_length=12, choices=Justification)
    context = models.TextField()
    status = models.CharField(max_length=10, choices=Status, default=Status.IN_EFFECT)
    all_machines = models.BooleanField(default=False, help_text="All machines now and in future.")
    groups = models.ManyToManyField(MachineGroup, blank=True, related_name="+")
    impact_when_granted = models.FloatField(help_text="Plain impact; growing past it resurfaces the recommendation.")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="an_exception_ends_after_it_starts"),
            models.UniqueConstraint(
                fields=["recommendation"], condition=models.Q(all_machines=True, status="in_effect"), name="one_global_exception_in_effect"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recommendation} ({self.get_justification_display()})"
