"""Which versions are affected, what mends them, and how long they are supported."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from inventory.models import Software, Version
from weaknesses.models.products import Product
from weaknesses.models.weaknesses import Weakness


class AffectedRange(models.Model):
    """Versions of a product that a weakness affects, as one source states them.

    Bounds are kept as text and as sort keys; a NULL bound is open. `platforms` empty: any platform;
    else the version's platform or family must be among them. `fixed` is the first version without the weakness.
    """

    id = models.BigAutoField(primary_key=True)
    weakness = models.ForeignKey(Weakness, on_delete=models.CASCADE, related_name="ranges")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="ranges")
    source = models.CharField(max_length=20)
    fingerprint = models.CharField(max_length=32, help_text="MD5 of everything below; a record's ranges are replaced by difference.")
    platforms = ArrayField(models.CharField(max_length=40), default=list)
    start = models.CharField(max_length=200, blank=True)
    start_key = models.CharField(max_length=800, null=True, db_collation="C")
    start_included = models.BooleanField(default=True)
    end = models.CharField(max_length=200, blank=True)
    end_key = models.CharField(max_length=800, null=True, db_collation="C")
    end_included = models.BooleanField(default=False)
    fixed = models.CharField(max_length=200, blank=True)
    fixed_key = models.CharField(max_length=800, null=True, db_collation="C")
    qualifiers = models.JSONField(default=dict, help_text="CPE update, edition, sw_edition, target_sw, target_hw that narrow the range.")
    requires = ArrayField(
        models.CharField(max_length=300), default=list, help_text="Product keys, one of which must be present too (AND nodes)."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["weakness", "source", "fingerprint"], name="a_range_exists_once")]
        indexes = [models.Index(fields=["product", "source"], name="range_of_product")]

    def __str__(self) -> str:
        return f"{self.start or '*'} - {self.end or '*'}"


class VersionWeakness(models.Model):
    """A match, with why: the range that holds the version, its source, and how sure we are."""

    class Fix(models.IntegerChoices):
        NONE = 0, "No fix available"
        VERSION = 1, "Fixed in"
        LATER = 2, "Fixed after"

    pk = models.CompositePrimaryKey("version_id", "weakness_id")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, db_index=False, related_name="matches")
    weakness = models.ForeignKey(Weakness, on_delete=models.CASCADE, related_name="matches")
    range_id = models.BigIntegerField()
    source = models.CharField(max_length=20)
    confidence = models.PositiveSmallIntegerField()
    fix = models.SmallIntegerField(choices=Fix)
    fixed = models.CharField(max_length=200, blank=True)
    fixed_key = models.CharField(max_length=800, blank=True, db_collation="C")
    first_matched_at = models.DateTimeField()


class MatchOverride(models.Model):
    """A curator's word, stronger than any feed. Empty fields stand for any."""

    class Verdict(models.TextChoices):
        NOT_AFFECTED = "not_affected", "Not affected"
        AFFECTED = "affected", "Affected"

    verdict = models.CharField(max_length=12, choices=Verdict, default=Verdict.NOT_AFFECTED)
    software = models.ForeignKey(Software, on_delete=models.CASCADE, null=True, blank=True)
    version = models.ForeignKey(Version, on_delete=models.CASCADE, null=True, blank=True)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, null=True, blank=True)
    weakness = models.ForeignKey(Weakness, on_delete=models.CASCADE, null=True, blank=True)
    range_fingerprint = models.CharField(max_length=32, blank=True)
    reason = models.CharField(max_length=300)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(software__isnull=False)
                | models.Q(version__isnull=False)
                | models.Q(product__isnull=False)
                | models.Q(weakness__isnull=False),
                name="an_override_names_something",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()}: {self.reason}"


class SecurityUpdate(models.Model):
    """A vendor's update of one product: what it brings it to, and what it replaces. Its version tells who misses it."""

    kb = models.CharField(max_length=20, help_text="KB5065429, without the prefix.")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="updates")
    source = models.CharField(max_length=20)
    title = models.CharField(max_length=300, blank=True)
    fixed = models.CharField(max_length=200, blank=True, help_text="The version, or build, that the update brings.")
    fixed_key = models.CharField(max_length=800, blank=True, db_collation="C")
    released_on = models.DateField(null=True, blank=True)
    url = models.CharField(max_length=500, blank=True)
    cves = ArrayField(models.CharField(max_length=24), default=list, blank=True)
    supersedes = ArrayField(models.CharField(max_length=20), default=list, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "kb", "source"], name="an_update_exists_once")]
        indexes = [models.Index(fields=["product", "fixed_key"], name="update_of_product")]

    def __str__(self) -> str:
        return f"KB{self.kb}"


class SupportCycle(models.Model):
    """A release line of a product and the day its support ends."""

    slug = models.CharField(max_length=100)
    cycle = models.CharField(max_length=60)
    product_keys = ArrayField(models.CharField(max_length=300), default=list)
    released_on = models.DateField(null=True, blank=True)
    ended = models.BooleanField(default=False, help_text="Ended, day unknown.")
    ends_on = models.DateField(null=True, blank=True)
    latest = models.CharField(max_length=100, blank=True)
    source = models.CharField(max_length=20)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["slug", "cycle", "source"], name="a_cycle_exists_once")]

    def __str__(self) -> str:
        return f"{self.slug} {self.cycle}"
