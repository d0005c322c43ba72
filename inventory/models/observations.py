"""What else reports say of machines: results of checks, alerts, second opinions."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from inventory.models.machines import Machine
from inventory.models.software import Version


class Configuration(models.Model):
    """A check of the catalogue: what should be set, and why."""

    class Category(models.TextChoices):
        APPLICATION = "application", "Application"
        OS = "os", "Operating system"
        NETWORK = "network", "Network"
        ACCOUNTS = "accounts", "Accounts"
        CONTROLS = "controls", "Security controls"

    id = models.AutoField(primary_key=True, help_text="n of scid-n")
    source = models.CharField(max_length=40)
    external_id = models.CharField(max_length=300)
    name = models.CharField(max_length=300)
    description = models.TextField(blank=True)
    risk = models.TextField(blank=True)
    remediation = models.TextField(blank=True)
    category = models.CharField(max_length=12, choices=Category)
    subcategory = models.CharField(max_length=80, blank=True)
    impact = models.PositiveSmallIntegerField(default=5)
    cce = models.CharField(max_length=30, blank=True)
    benchmarks = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    user_impact = models.CharField(max_length=200, blank=True)
    is_demo = models.BooleanField(default=False, editable=False)
    curated = ArrayField(
        models.CharField(max_length=20),
        default=list,
        db_default=[],
        editable=False,
        help_text="Fields that a curator set: reports leave them.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "external_id"], name="a_check_exists_once"),
            models.CheckConstraint(condition=models.Q(impact__range=(1, 10)), name="impact_is_1_to_10"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        return f"scid-{self.pk}"


class ConfigurationResult(models.Model):
    """An applicable check on a machine, passed or not."""

    pk = models.CompositePrimaryKey("machine_id", "configuration_id")
    machine = models.ForeignKey(
        Machine, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="configuration_results"
    )
    configuration = models.ForeignKey(
        Configuration, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="results"
    )
    passed = models.BooleanField()
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["configuration", "machine"], condition=models.Q(passed=False), name="configuration_failing")]


class Alert(models.Model):
    """An alert on a machine; active until closed. May name a weakness."""

    external_id = models.CharField(max_length=255, unique=True)
    machine = models.ForeignKey(Machine, on_delete=models.CASCADE, related_name="alerts")
    cve = models.CharField(max_length=20, blank=True)
    title = models.CharField(max_length=300)
    severity = models.CharField(max_length=10, default="high")
    source = models.CharField(max_length=40, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["machine"], condition=models.Q(closed_at__isnull=True), name="alert_active")]

    def __str__(self) -> str:
        return self.title


class Finding(models.Model):
    """What another scanner found in a version on a machine: a second opinion, shown where it differs from ours."""

    machine = models.ForeignKey(Machine, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="findings")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="findings")
    weakness = models.CharField(max_length=30, db_collation="C", help_text="CVE, else the advisory's id.")
    source = models.CharField(max_length=20)
    severity = models.CharField(max_length=20, blank=True)
    fixed = models.CharField(max_length=200, blank=True)
    first_seen = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["machine", "source", "version", "weakness"], name="a_finding_exists_once")]
        indexes = [models.Index(fields=["weakness", "version"], name="finding_of_weakness")]

    def __str__(self) -> str:
        return f"{self.weakness} {self.source}"
