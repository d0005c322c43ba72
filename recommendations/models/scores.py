"""Recommendations, and the scores and sums of now.

Sums are additive over machines and kept per machine group, so that any choice of groups, and any
user's permitted scope, is a sum of a few rows.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from inventory.models import Configuration, Machine, MachineGroup, Software, Version


class ScoringSettings(models.Model):
    """The one row of weights. Every run keeps a copy of the row it used."""

    class NoFix(models.TextChoices):
        ALWAYS = "always", "Always"
        EXPLOITED = "exploited", "With a public exploit or worse"
        NEVER = "never", "Never"

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    floor_exploited = models.FloatField(default=1.0)
    floor_kit = models.FloatField(default=0.8)
    floor_verified = models.FloatField(default=0.6)
    floor_public = models.FloatField(default=0.3)
    floor_any = models.FloatField(default=0.01)
    peak_share = models.FloatField(default=0.9)
    sum_share = models.FloatField(default=0.1)
    likelihood_base = models.FloatField(default=0.5)
    likelihood_internet = models.FloatField(default=0.25)
    likelihood_checks = models.FloatField(default=0.25)
    pass_unknown = models.FloatField(default=0.5)
    half_hazard = models.FloatField(default=1.0, help_text="K: the hazard at which a machine scores 50.")
    value_low = models.FloatField(default=0.5)
    value_normal = models.FloatField(default=1.0)
    value_high = models.FloatField(default=3.0)
    band_medium = models.FloatField(default=30.0)
    band_high = models.FloatField(default=70.0)
    no_fix_counts = models.CharField(max_length=10, choices=NoFix, default=NoFix.EXPLOITED)

    class Meta:
        verbose_name_plural = "scoring settings"
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="one_row_of_scoring_settings"),
            models.CheckConstraint(condition=models.Q(half_hazard__gt=0), name="half_hazard_is_positive"),
        ]

    def __str__(self) -> str:
        return "Scoring settings"


class Run(models.Model):
    """One computation. `finished_at` of the last one is every page's "data as of"."""

    class Kind(models.TextChoices):
        FULL = "full", "Full"
        INCREMENTAL = "incremental", "Incremental"

    kind = models.CharField(max_length=12, choices=Kind)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    settings = models.JSONField(default=dict)
    seconds = models.FloatField(null=True, blank=True, help_text="How long it took.")
    machines = models.PositiveIntegerField(default=0)
    score = models.FloatField(null=True)
    weight = models.FloatField(default=0, help_text="sum w, of which the score is the mean.")
    step = models.BigIntegerField(default=0, help_text="Computations are numbered. 0: before score changes were recorded.")
    day = models.DateField(null=True, blank=True, help_text="The day whose history was last written from these figures.")

    class Meta:
        indexes = [models.Index(fields=["-finished_at"], name="run_newest_first")]

    def __str__(self) -> str:
        return f"{self.kind} {self.started_at:%Y-%m-%d %H:%M}"


def any_family() -> list[str]:
    return ["any"]


class Recommendation(models.Model):
    """One fix. Every (version, weakness) pair belongs to exactly one."""

    class Kind(models.TextChoices):
        UPDATE = "update", "Software update"
        UPGRADE = "upgrade", "Software upgrade"
        UNINSTALL = "uninstall", "Software uninstall"
        CONFIGURATION = "configuration", "Configuration change"
        ATTENTION = "attention", "Attention required"

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        PARTIAL = "partial", "Partial exception"
        EXCEPTION = "exception", "Exception"

    id = models.AutoField(primary_key=True)
    key = models.CharField(max_length=340, unique=True, help_text="va-_-vendor-_-product or sca-_-scid-n")
    kind = models.CharField(max_length=14, choices=Kind)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    software = models.ForeignKey(Software, on_delete=models.CASCADE, null=True, blank=True, related_name="recommendations")
    configuration = models.OneToOneField(Configuration, on_delete=models.CASCADE, null=True, blank=True, related_name="recommendation")
    title = models.CharField(max_length=300)
    component = models.CharField(max_length=200, help_text="Product, or category and sub-category.")
    category = models.CharField(max_length=12, choices=Configuration.Category)
    families = ArrayField(
        models.CharField(max_length=10), default=any_family, db_default=["any"], help_text="Of its versions: windows, macos, linux, any."
    )
    recommended_version = models.CharField(max_length=200, blank=True)
    weakness_count = models.PositiveIntegerField(default=0)
    exploit = models.SmallIntegerField(default=0, help_text="Highest Weakness.Exploit among its weaknesses.")
    exploited = models.BooleanField(default=False)
    active_alert = models.BooleanField(default=False)
    zero_day = models.BooleanField(default=False)
    top_weakness_id = models.IntegerField(null=True, help_text="The weakness with the highest severity x threat.")
    top_severity = models.FloatField(default=0)
    top_threat = models.FloatField(default=0)
    present = models.BooleanField(default=True, help_text="Some machine needs it now.")
    first_seen = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(software__isnull=False, configuration__isnull=True)
                | models.Q(software__isnull=True, configuration__isnull=False),
                name="a_recommendation_is_for_software_or_a_check",
            ),
        ]
        indexes = [models.Index(fields=["software"], name="recommendation_of_software")]

    def __str__(self) -> str:
        return self.title


class VersionScore(models.Model):
    """Peak and sum of severity x threat over the weaknesses of a version that one recommendation removes."""

    pk = models.CompositePrimaryKey("version_id", "recommendation_id")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, db_index=False, related_name="scores")
    recommendation = models.ForeignKey(Recommendation, on_delete=models.CASCADE, related_name="versions")
    peak = models.FloatField()
    sum = models.FloatField()
    weaknesses = models.IntegerField()
    exploit = models.SmallIntegerField(default=0)
    exploited = models.BooleanField(default=False)


class Exposure(models.Model):
    """A machine that needs a software recommendation. `base` is its hazard before the machine's likelihood."""

    pk = models.CompositePrimaryKey("machine_id", "recommendation_id")
    machine = models.ForeignKey(Machine, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="exposures")
    recommendation = models.ForeignKey(
        Recommendation, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="exposures"
    )
    base = models.FloatField()
    relief = models.FloatField(null=True, help_text="What excepted weaknesses take off `base`. NULL: none of them is excepted.")
    cleared = models.BooleanField(null=True, help_text="Nothing but excepted weaknesses is left of it.")

    class Meta:
        indexes = [
            models.Index(fields=["recommendation", "machine"], name="exposure_of_recommendation"),
            models.Index(fields=["machine"], condition=models.Q(relief__isnull=False), name="exposure_relieved"),
        ]


class MachineScore(models.Model):
    class Level(models.IntegerChoices):
        NONE = 0, "None"
        LOW = 1, "Low"
        MEDIUM = 2, "Medium"
        HIGH = 3, "High"

    # Outlives its machine, so that the next run knows what a deleted machine took away.
    machine = models.OneToOneField(Machine, on_delete=models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="score")
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    weight = models.FloatField(help_text="w: by device value.")
    likelihood = models.FloatField(help_text="b")
    pass_share = models.FloatField(null=True, help_text="Weighted share of applicable checks that pass; NULL: nothing checked.")
    hazard = models.FloatField(help_text="H")
    hazard_after = models.FloatField(help_text="H without what mitigating exceptions cover.")
    score = models.FloatField(help_text="100 E")
    level = models.SmallIntegerField(choices=Level)
    exposures = models.IntegerField(help_text="Recommendations that apply.")

    class Meta:
        indexes = [
            models.Index(fields=["group", "-score", "machine"], name="machine_score_highest_first"),
            models.Index(fields=["-score", "machine"], name="machine_score_highest"),
            models.Index(fields=["level", "machine"], name="machine_score_by_level"),
            models.Index(fields=["exposures", "machine"], name="machine_score_by_fixes"),
        ]


class RecommendationStat(models.Model):
    """Sums of one recommendation over the machines of one group (active machines only).

    With w the machine's weight, b its likelihood, h the hazard the recommendation removes:
    impact = sum w (f(H) - f(H - h)). For a configuration check: exposed = failing, installed = applicable,
    base = sum w H/b, hazard = sum w (H - H b'/b).
    """

    pk = models.CompositePrimaryKey("recommendation_id", "group_id")
    recommendation = models.ForeignKey(Recommendation, on_delete=models.CASCADE, db_index=False, related_name="stats")
    group = models.ForeignKey(MachineGroup, on_delete=models.CASCADE, related_name="+")
    exposed = models.IntegerField(default=0)
    installed = models.IntegerField(default=0)
    weight = models.FloatField(default=0, help_text="sum w over exposed")
    base = models.FloatField(default=0, help_text="sum w base")
    hazard = models.FloatField(default=0, help_text="sum w h")
    impact = models.FloatField(default=0)
    exposed_after = models.IntegerField(default=0)
    impact_after = models.FloatField(default=0)
    alerts = models.IntegerField(default=0, help_text="Exposed machines with an active alert.")


class GroupScore(models.Model):
    """Sums of one group: its exposure score is 100 exposure / weight."""

    group = models.OneToOneField(MachineGroup, on_delete=models.CASCADE, primary_key=True, related_name="score")
    machines = models.IntegerField(default=0)
    weight = models.FloatField(default=0, help_text="sum w")
    exposure = models.FloatField(default=0, help_text="sum w E")
    exposure_after = models.FloatField(default=0)
    none = models.IntegerField(default=0)
    low = models.IntegerField(default=0)
    medium = models.IntegerField(default=0)
    high = models.IntegerField(default=0)
    unsupported_os = models.IntegerField(default=0)
    no_data = models.IntegerField(default=0, help_text="Machines without any installation.")
    inactive = models.IntegerField(default=0, help_text="Silent for too long or excluded: not in the sums.")


class WeaknessStat(models.Model):
    """Active machines of a group with at least one version that has a weakness, each counted once."""

    pk = models.CompositePrimaryKey("weakness_id", "group_id")
    weakness = models.ForeignKey("weaknesses.Weakness", on_delete=models.CASCADE, db_index=False, related_name="stats")
    group = models.ForeignKey(MachineGroup, on_delete=models.CASCADE, related_name="+")
    exposed = models.IntegerField()
