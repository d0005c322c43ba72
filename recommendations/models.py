"""What to do about it and what it gains: recommendations, exposures, scores and their history.

Sums are additive over machines and kept per machine group, so that any choice of groups, and any
user's permitted scope, is a sum of a few rows.
"""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from inventory.models import Configuration, Machine, MachineGroup, Software, Version
from weaknesses.models import Weakness


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
        indexes = [models.Index(fields=["group", "-score", "machine"], name="machine_score_highest_first")]


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


class ExceptionEffect(models.Model):
    """What an exception does to a recommendation: hide it, or also take it out of the sums. Written by exceptions' actions."""

    recommendation = models.ForeignKey(Recommendation, on_delete=models.CASCADE, related_name="effects")
    group = models.ForeignKey(
        MachineGroup, on_delete=models.CASCADE, null=True, blank=True, related_name="+", help_text="Empty: all, now and in future."
    )
    mitigates = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recommendation", "group"], name="one_effect_a_group", nulls_distinct=False)]


class WeaknessEffect(models.Model):
    """A weakness that an exception takes out of the sums after exceptions. Written by exceptions' actions.

    `software` empty: of every product. `group` empty: all machines, now and in future.
    """

    weakness = models.ForeignKey(Weakness, on_delete=models.CASCADE, related_name="effects")
    software = models.ForeignKey(Software, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    group = models.ForeignKey(MachineGroup, on_delete=models.CASCADE, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["weakness", "software", "group"], name="one_weakness_effect_a_group", nulls_distinct=False)
        ]


class ExceptedScore(models.Model):
    """VersionScore in a group without the weaknesses that are excepted there. Only where one is.

    `remaining`: weaknesses that count, and the end of support.
    """

    pk = models.CompositePrimaryKey("version_id", "recommendation_id", "group_id")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, db_index=False, related_name="+")
    recommendation = models.ForeignKey(Recommendation, on_delete=models.CASCADE, related_name="+")
    group = models.ForeignKey(MachineGroup, on_delete=models.CASCADE, related_name="+")
    peak = models.FloatField()
    sum = models.FloatField()
    remaining = models.IntegerField()


class RecommendationDay(models.Model):
    """A recommendation's sums in one group at the end of a day: trend and sparkline."""

    pk = models.CompositePrimaryKey("day", "recommendation_id", "group_id")
    day = models.DateField()
    recommendation = models.ForeignKey(
        Recommendation, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="days"
    )
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    exposed = models.IntegerField()
    installed = models.IntegerField()
    impact = models.FloatField()

    class Meta:
        indexes = [models.Index(fields=["recommendation", "day"], name="recommendation_trend")]


class ScoreDay(models.Model):
    """A group's sums at the end of a day."""

    pk = models.CompositePrimaryKey("day", "group_id")
    day = models.DateField()
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    machines = models.IntegerField()
    weight = models.FloatField()
    exposure = models.FloatField()
    exposure_after = models.FloatField()
    none = models.IntegerField()
    low = models.IntegerField()
    medium = models.IntegerField()
    high = models.IntegerField()


class MachineBasis(models.Model):
    """What a machine's scores were last computed from.

    A run compares `signature` with the installations and results as they are now, rebuilds the machines that
    differ, and takes exactly what they contributed before out of every sum.
    """

    # Outlives its machine, so that the next run can take a deleted machine out of the sums.
    machine = models.OneToOneField(Machine, on_delete=models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="+")
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    signature = models.BigIntegerField(help_text="Sum of hashes over installations and results; does not depend on their order.")
    versions = ArrayField(models.IntegerField(), default=list)
    passing = ArrayField(models.IntegerField(), default=list, help_text="Configuration ids.")
    failing = ArrayField(models.IntegerField(), default=list, help_text="Configuration ids.")
    check_weight = models.FloatField(default=0, help_text="Sum of the impacts of passing and failing.")
    alerted = models.BooleanField(default=False)
    likelihood_after = models.FloatField(help_text="b with what mitigating exceptions cover passing.")
    base = models.FloatField(help_text="H / b")
    exposures = models.IntegerField(help_text="Recommendations that apply.")
    exploit = models.SmallIntegerField(help_text="Highest Weakness.Exploit of what it is exposed to.")
    exploited = models.BooleanField()
    step = models.BigIntegerField(
        default=0, help_text="The computation that rebuilt it; a full run does so for all, without writing it here."
    )


class VersionBasis(models.Model):
    """What the scores of every carrier of a version were last computed from, as one number."""

    version = models.OneToOneField(Version, on_delete=models.CASCADE, primary_key=True, related_name="+")
    signature = models.BigIntegerField(help_text="Hash over its weaknesses, their risk, their exploits and their remedies.")


class PresentWeakness(models.Model):
    """A weakness of a software that some active machine has, as the last full run found it. The next one's timeline compares with it."""

    pk = models.CompositePrimaryKey("software_id", "weakness_id")
    software = models.ForeignKey(Software, on_delete=models.CASCADE, db_index=False, related_name="+")
    weakness = models.ForeignKey("weaknesses.Weakness", on_delete=models.CASCADE, related_name="+")
    exploit = models.SmallIntegerField()
    exploited = models.BooleanField()
    since = models.DateTimeField()


class WeaknessStat(models.Model):
    """Active machines of a group with at least one version that has a weakness, each counted once."""

    pk = models.CompositePrimaryKey("weakness_id", "group_id")
    weakness = models.ForeignKey("weaknesses.Weakness", on_delete=models.CASCADE, db_index=False, related_name="stats")
    group = models.ForeignKey(MachineGroup, on_delete=models.CASCADE, related_name="+")
    exposed = models.IntegerField()


class SoftwareBasis(models.Model):
    """What the last full run found of a software, for the timeline: machines exposed by it, and points its recommendations gain."""

    software = models.OneToOneField(Software, on_delete=models.CASCADE, primary_key=True, related_name="+")
    exposed = models.IntegerField()
    impact = models.FloatField()


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


class VersionRisk(models.Model):
    """The worst of a version's weaknesses, as the last full run found it. `exploit`: see MachineRisk."""

    version = models.OneToOneField(Version, on_delete=models.CASCADE, primary_key=True, related_name="+")
    severity = models.SmallIntegerField()
    exploit = models.SmallIntegerField()
    published_on = models.DateField(null=True)


class MachineRisk(models.Model):
    """A scored machine's worst severity, highest exploit and oldest publication over all its weaknesses; NULL where it has none.

    `counted_on` is `published_on` as RiskStat counts it.
    """

    class Exploit(models.IntegerChoices):
        NONE = 0, "No known exploit"
        PUBLIC = 1, "Exploit available"
        VERIFIED = 2, "Verified, in a kit or exploited"

    machine = models.OneToOneField(Machine, on_delete=models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="risk")
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    signature = models.BigIntegerField(help_text="MachineBasis.signature of the contents that this rests on.")
    severity = models.SmallIntegerField(null=True)
    exploit = models.SmallIntegerField(null=True, choices=Exploit)
    published_on = models.DateField(null=True)
    counted_on = models.DateField()
    platform = models.CharField(max_length=40, help_text="Family or distribution, without its release.")
    release = models.CharField(max_length=120, blank=True, help_text="Feature release of Windows; empty elsewhere.")

    class Meta:
        indexes = [
            models.Index(
                fields=["-severity", "-exploit", "machine"], condition=models.Q(severity__isnull=False), name="machine_risk_worst_first"
            ),
            models.Index(fields=["published_on", "machine"], condition=models.Q(severity__isnull=False), name="machine_risk_oldest_first"),
        ]


class RiskStat(models.Model):
    """Machines of a group with weaknesses, each counted once. Days long gone are all date.min, an unknown day is date.max."""

    pk = models.CompositePrimaryKey("group_id", "severity", "exploit", "counted_on", "platform", "release")
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    severity = models.SmallIntegerField()
    exploit = models.SmallIntegerField()
    counted_on = models.DateField()
    platform = models.CharField(max_length=40)
    release = models.CharField(max_length=120)
    machines = models.IntegerField()


class RiskDay(models.Model):
    """RiskStat at the end of a day. `age`: see risk_rules.Age."""

    pk = models.CompositePrimaryKey("day", "group_id", "severity", "exploit", "age", "platform", "release")
    day = models.DateField()
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    severity = models.SmallIntegerField()
    exploit = models.SmallIntegerField()
    age = models.SmallIntegerField()
    platform = models.CharField(max_length=40)
    release = models.CharField(max_length=120)
    machines = models.IntegerField()


class WeaknessBasis(models.Model):
    """What the scores of a software take one of its weaknesses for, from a step on. Tells what was learnt from what was found.

    A full run leaves the newest row of each.
    """

    pk = models.CompositePrimaryKey("software_id", "weakness_id", "step")
    software = models.ForeignKey(Software, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    weakness = models.ForeignKey("weaknesses.Weakness", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    step = models.BigIntegerField()
    risk = models.FloatField(help_text="severity x threat")
    evident = models.BooleanField(help_text="Exploited, alerted, or with a public exploit: counts without a fix.")

    class Meta:
        indexes = [models.Index(fields=["step"], name="weakness_basis_by_step")]


class EffectBasis(models.Model):
    """The mitigating exceptions that the stored figures take into account. `group` empty: all."""

    recommendation = models.ForeignKey(Recommendation, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+")


class WeaknessEffectBasis(models.Model):
    """The excepted weaknesses that the stored figures take into account, as WeaknessEffect had them."""

    weakness = models.ForeignKey(Weakness, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    software = models.ForeignKey(Software, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+")
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, null=True, related_name="+")


class Cause(models.TextChoices):
    """Why the sums of a group moved, in the order in which one factor after the other is taken from before to after."""

    FOUND = "found", "Vulnerabilities found"
    FIXED = "fixed", "Vulnerabilities fixed"
    INTELLIGENCE = "intelligence", "Intelligence"
    CONFIGURATION = "configuration", "Configuration"
    POPULATION = "population", "Machines in and out"
    VALUE = "value", "Device value"
    EXCEPTIONS = "exceptions", "Exceptions"
    SETTINGS = "settings", "Scoring settings"


class ScoreChange(models.Model):
    """What one cause did to a group's sums in one run. Over the causes they add up to the change of GroupScore."""

    pk = models.CompositePrimaryKey("run_id", "group_id", "cause")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, db_index=False, related_name="changes")
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    cause = models.CharField(max_length=13, choices=Cause)
    machines = models.IntegerField(help_text="Machines it touched; one that several runs touched counts each time.")
    weight = models.FloatField(help_text="Change of sum w")
    exposure = models.FloatField(help_text="Change of sum w E")
    exposure_after = models.FloatField()


class ScoreChangeDay(models.Model):
    """The same for a day: over the causes, the change of ScoreDay since the recorded day before.

    What happened since the last snapshot waits under the day OPEN.
    """

    OPEN = dt.date.max

    pk = models.CompositePrimaryKey("day", "group_id", "cause")
    day = models.DateField()
    group = models.ForeignKey(MachineGroup, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    cause = models.CharField(max_length=13, choices=Cause)
    machines = models.IntegerField()
    weight = models.FloatField()
    exposure = models.FloatField()
    exposure_after = models.FloatField()
