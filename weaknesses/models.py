"""What is wrong: weaknesses (CVEs), the versions they affect, exploits, support cycles, matches and events."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from inventory.models import Configuration, Software, Version


class Product(models.Model):
    """A name that vulnerability data uses: cpe:a:google:chrome, deb:debian:openssl, pypi:requests."""

    id = models.AutoField(primary_key=True)
    key = models.CharField(max_length=300, unique=True, db_collation="C")

    def __str__(self) -> str:
        return self.key


class SoftwareProduct(models.Model):
    """A software is known to vulnerability data by this product name."""

    class Origin(models.TextChoices):
        ALIAS = "alias", "Alias table"
        PACKAGE = "package", "Package name"
        CPE = "cpe", "CPE in the report"
        CURATOR = "curator", "Curator"

    software = models.ForeignKey(Software, on_delete=models.CASCADE, related_name="products")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="software")
    origin = models.CharField(max_length=10, choices=Origin)
    confidence = models.PositiveSmallIntegerField(default=100, help_text="Percent.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["software", "product"], name="a_link_exists_once")]

    def __str__(self) -> str:
        return f"{self.software_id} = {self.product_id}"


class UnmatchedSoftware(Software):
    """The worklist of the admin: see `weaknesses.worklist`."""

    class Meta:
        proxy = True
        verbose_name = "unmatched software"
        verbose_name_plural = "unmatched software"


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


class Feed(models.Model):
    """What is remembered of a feed between runs: validators, cursors, switches."""

    kind = models.CharField(max_length=30, primary_key=True)
    enabled = models.BooleanField(
        null=True,
        blank=True,
        choices=[(None, "As needed"), (True, "On"), (False, "Off")],
        help_text="A curator's word on the schedule; as needed: the feed and what machines report decide.",
    )
    address = models.CharField(max_length=500, blank=True, help_text="A mirror; empty: the publisher.")
    resources = models.JSONField(default=dict, editable=False, help_text="Per file: ETag, Last-Modified, digest, cursor.")
    checked_at = models.DateTimeField(null=True, editable=False)
    changed_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return self.kind


class FeedRun(models.Model):
    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        UNCHANGED = "unchanged", "Nothing new"
        FAILED = "failed", "Failed"

    feed = models.ForeignKey(Feed, on_delete=models.CASCADE, related_name="runs")
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    origin = models.CharField(max_length=500, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    read = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    removed = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["feed", "-started_at", "-id"], name="feed_run_newest_first")]

    def __str__(self) -> str:
        return f"{self.feed_id} {self.started_at:%Y-%m-%d %H:%M}"


class FeedReject(models.Model):
    """A record of a feed that could not be used."""

    run = models.ForeignKey(FeedRun, on_delete=models.CASCADE, related_name="rejects")
    place = models.CharField(max_length=200)
    reason = models.CharField(max_length=300)
    excerpt = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class Event(models.Model):
    """A line of the timeline: risk that arrived, or what was done about it."""

    class Kind(models.TextChoices):
        NEW_WEAKNESS = "new_weakness", "New vulnerability"
        NEW_EXPLOIT = "new_exploit", "New public exploit"
        VERIFIED = "verified", "Exploit was verified"
        KIT = "kit", "Exploit added to an exploit kit"
        EXPLOITED = "exploited", "Exploited in the wild"
        NEW_CONFIGURATION = "new_configuration", "New configuration assessment"
        END_OF_SUPPORT = "end_of_support", "Support ended"
        FIXED = "fixed", "Fixed"

    kind = models.CharField(max_length=20, choices=Kind)
    at = models.DateTimeField()
    software = models.ForeignKey(Software, on_delete=models.CASCADE, null=True, blank=True, related_name="events")
    configuration = models.ForeignKey(Configuration, on_delete=models.CASCADE, null=True, blank=True, related_name="events")
    weakness_ids = ArrayField(models.IntegerField(), default=list)
    machines = models.PositiveIntegerField(null=True, blank=True, help_text="Machines impacted when it happened.")
    machines_total = models.PositiveIntegerField(null=True, blank=True)
    score_change = models.FloatField(default=0, help_text="Points of the exposure score, up is worse.")

    class Meta:
        indexes = [
            models.Index(fields=["-at", "-id"], name="event_newest_first"),
            models.Index(fields=["software", "-at"], name="event_of_software"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.kind}"
