"""What somebody found not right, and what a curator made of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from inventory.models import Machine, Software
from recommendations.models.scores import Recommendation
from weaknesses.models import Weakness


class InaccuracyReport(models.Model):
    """Somebody says that a recommendation, a software or a weakness is not right here, and what a curator made of it."""

    class Category(models.TextChoices):
        VAGUE = "vague", "It is unclear what to do"
        INCOMPLETE = "incomplete", "Something is missing"
        WRONG = "wrong", "It is wrong"
        DONE = "done", "It is done already"
        DETAIL = "detail", "A detail is wrong"
        ABSENT = "absent", "It is not installed on any machine"
        COUNT = "count", "The number of machines is wrong"
        NOT_AFFECTED = "not_affected", "This software is not affected"
        VERSION = "version", "This version is not affected, or is mended already"
        PRODUCT = "product", "It is another product of the same name"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        CORRECTED = "corrected", "Corrected"
        DECLINED = "declined", "Is right as it is"

    recommendation = models.ForeignKey(Recommendation, on_delete=models.CASCADE, null=True, blank=True, related_name="inaccuracies")
    software = models.ForeignKey(Software, on_delete=models.CASCADE, null=True, blank=True, related_name="inaccuracies")
    weakness = models.ForeignKey(Weakness, on_delete=models.CASCADE, null=True, blank=True, related_name="inaccuracies")
    machine = models.ForeignKey(Machine, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    category = models.CharField(max_length=14, choices=Category)
    right_value = models.CharField(max_length=300, blank=True, help_text="What it should say.")
    details = models.TextField(blank=True)
    email = models.EmailField(blank=True)
    reported_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    reported_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)
    override = models.ForeignKey(
        "weaknesses.MatchOverride", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", help_text="What corrected it."
    )
    matches_changed = models.PositiveIntegerField(null=True, blank=True, help_text="Matches that the correction took away or brought.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(
                    models.Q(recommendation__isnull=False, software__isnull=True, weakness__isnull=True)
                    | models.Q(recommendation__isnull=True, software__isnull=False, weakness__isnull=True)
                    | models.Q(recommendation__isnull=True, software__isnull=True, weakness__isnull=False)
                ),
                name="an_inaccuracy_is_about_one_thing",
            ),
            models.CheckConstraint(
                condition=models.Q(state="open", answered_at__isnull=True) | models.Q(answered_at__isnull=False) & ~models.Q(state="open"),
                name="an_answered_inaccuracy_has_a_time",
            ),
        ]
        indexes = [
            models.Index(fields=["-reported_at", "-id"], name="inaccuracies_newest_first"),
            models.Index(fields=["reported_by", "-answered_at"], name="inaccuracies_of_reporter"),
        ]

    def __str__(self) -> str:
        return f"{self.subject}: {self.get_category_display()}"

    @property
    def subject(self) -> Recommendation | Software | Weakness:
        """What it is about; the database holds exactly one."""
        found = self.recommendation or self.software or self.weakness
        assert found is not None
        return found
