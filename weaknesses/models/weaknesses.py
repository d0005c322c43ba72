"""Weaknesses (CVEs), and what is said of them: severity, likelihood, exploits."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

LISTED = models.Q(rejected=False)


class Weakness(models.Model):
    class Severity(models.IntegerChoices):
        NONE = 0, "None"
        LOW = 1, "Low"
        MEDIUM = 2, "Medium"
        HIGH = 3, "High"
        CRITICAL = 4, "Critical"

    class Exploit(models.IntegerChoices):
        NONE = 0, "No known exploit"
        PUBLIC = 1, "Public exploit"
        VERIFIED = 2, "Verified exploit"
        KIT = 3, "In an exploit kit"

    id = models.AutoField(primary_key=True)
    cve = models.CharField(max_length=24, unique=True, db_collation="C")
    title = models.CharField(max_length=300, blank=True)
    description = models.TextField(blank=True)
    severity = models.SmallIntegerField(choices=Severity, default=Severity.NONE)
    cvss = models.FloatField(null=True, blank=True, help_text="Base score: v4, else 3.1, 3.0, 2.0.")
    cvss_vector = models.CharField(max_length=200, blank=True)
    cwes = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    references = ArrayField(models.CharField(max_length=500), default=list, blank=True)
    epss = models.FloatField(default=0)
    epss_percentile = models.FloatField(default=0)
    exploit = models.SmallIntegerField(choices=Exploit, default=Exploit.NONE)
    exploited = models.BooleanField(default=False, help_text="Known to be exploited in the wild.")
    exploited_since = models.DateField(null=True, blank=True)
    ransomware = models.BooleanField(default=False)
    exploitation = models.CharField(
        max_length=10, blank=True, default="", db_default="", help_text="SSVC, as CISA assesses it: none, poc, active."
    )
    automatable = models.BooleanField(null=True, blank=True, help_text="SSVC: can be exploited without a person at each step.")
    technical_impact = models.CharField(max_length=10, blank=True, default="", db_default="", help_text="SSVC: partial, total.")
    rejected = models.BooleanField(default=False)
    published_at = models.DateTimeField(null=True, blank=True)
    modified_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=20)
    exposed_count = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name_plural = "weaknesses"
        indexes = [
            models.Index(fields=["-exposed_count", "id"], condition=models.Q(exposed_count__gt=0), name="weakness_present"),
            # What the list of all known ones is sorted by, half a million rows long.
            models.Index(models.F("cvss").desc(nulls_last=True), condition=LISTED, name="weakness_by_cvss"),
            models.Index(models.F("epss").desc(), condition=LISTED, name="weakness_by_epss"),
            models.Index(models.F("published_at").desc(nulls_last=True), condition=LISTED, name="weakness_by_published"),
            models.Index(models.F("modified_at").desc(nulls_last=True), condition=LISTED, name="weakness_by_modified"),
            models.Index(models.F("severity").desc(), models.F("exposed_count").desc(), condition=LISTED, name="weakness_by_severity"),
            models.Index(
                models.F("exposed_count").desc(),
                models.F("exploited").desc(),
                models.F("cvss").desc(nulls_last=True),
                models.F("cve").desc(),
                include=["id"],
                condition=LISTED,
                name="weakness_by_exposed",
            ),
        ]

    def __str__(self) -> str:
        return self.cve


class WeaknessAlias(models.Model):
    """A name that a weakness had before it got the one it has now (GHSA-..., TVM-2026-001). It still leads there."""

    alias = models.CharField(max_length=24, primary_key=True, db_collation="C")
    cve = models.CharField(max_length=24, db_index=True, db_collation="C")

    class Meta:
        verbose_name_plural = "weakness aliases"

    def __str__(self) -> str:
        return f"{self.alias} is {self.cve}"


class Statement(models.Model):
    """What a source last said about a weakness: when it changed it, and a digest of all of it.

    An older record of the same source never overwrites a newer one, and an unchanged one costs no write.
    """

    pk = models.CompositePrimaryKey("weakness_id", "source")
    weakness = models.ForeignKey(Weakness, on_delete=models.CASCADE, db_index=False, related_name="statements")
    source = models.CharField(max_length=20)
    modified_at = models.DateTimeField(null=True)
    digest = models.CharField(max_length=32)


class EpssScore(models.Model):
    """Today's exploit prediction for every CVE, known here or not."""

    cve = models.CharField(max_length=24, primary_key=True, db_collation="C")
    score = models.FloatField()
    percentile = models.FloatField()
    day = models.DateField()


class EpssDay(models.Model):
    """The days on which the prediction for a weakness of the organisation changed: a step function, kept for a year."""

    pk = models.CompositePrimaryKey("cve", "day")
    cve = models.CharField(max_length=24, db_collation="C")
    day = models.DateField()
    score = models.FloatField()
    percentile = models.FloatField()


class ExploitEvidence(models.Model):
    """Where an exploit, or exploitation in the wild, is recorded. Keyed by CVE, which may not be known yet."""

    class Level(models.IntegerChoices):
        PUBLIC = 1, "Public exploit"
        VERIFIED = 2, "Verified exploit"
        KIT = 3, "In an exploit kit"
        WILD = 4, "Exploited in the wild"

    cve = models.CharField(max_length=24, db_collation="C")
    source = models.CharField(max_length=20)
    reference = models.CharField(max_length=300, help_text="Its id at the source.")
    level = models.SmallIntegerField(choices=Level)
    title = models.CharField(max_length=300, blank=True)
    url = models.CharField(max_length=500, blank=True)
    day = models.DateField(null=True, blank=True)
    ransomware = models.BooleanField(default=False)
    due = models.DateField(null=True, blank=True, help_text="By when CISA wants it dealt with.")
    action = models.TextField(blank=True, default="", db_default="", help_text="What CISA wants to be done.")
    gone_at = models.DateTimeField(null=True, blank=True, help_text="No longer listed since; counts for 14 days more.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cve", "source", "reference"], name="evidence_exists_once")]

    def __str__(self) -> str:
        return f"{self.cve} {self.source} {self.reference}"


class ThreatInsight(models.Model):
    """A group, campaign or malware that a source says uses a weakness. Keyed by CVE, which may not be known yet."""

    class Kind(models.TextChoices):
        GROUP = "group", "Group"
        CAMPAIGN = "campaign", "Campaign"
        MALWARE = "malware", "Malware"
        TOOL = "tool", "Tool"
        TECHNIQUE = "technique", "Technique"

    cve = models.CharField(max_length=24, db_collation="C")
    source = models.CharField(max_length=20)
    reference = models.CharField(max_length=100, help_text="Its id at the source: G0016.")
    kind = models.CharField(max_length=10, choices=Kind)
    name = models.CharField(max_length=200)
    summary = models.TextField(blank=True)
    url = models.CharField(max_length=500, blank=True)
    techniques = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    first_seen = models.DateField(null=True, blank=True)
    last_seen = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cve", "source", "reference"], name="an_insight_exists_once")]

    def __str__(self) -> str:
        return f"{self.cve} {self.name}"
